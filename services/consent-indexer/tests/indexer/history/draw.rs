//! Random commands: mostly such as the state allows, and often enough others.

use std::collections::BTreeMap;

use consent_model::{
    Acceptance, Address, Batch, BatchMode, Call, Command, ConsentKey, FOR_EVER, Grant, Intent, Op,
    ProposeRecovery, Registry, Request, SetDelegate, SetRecovery, Status, Window,
};
use contract_bindings::Deployment;
use contract_bindings::intent::domain;

use super::cast::Cast;
use super::wire::{Vouch, Wire};
use super::{DAY, Sending};
use crate::support::Random;

/// What a command is drawn from.
pub struct Draw<'a> {
    pub random: &'a mut Random,
    pub cast: &'a Cast,
    pub model: &'a Registry,
    pub now: u64,
}

impl Draw<'_> {
    /// A transaction, and whether somebody else could send it again.
    pub fn sending(&mut self) -> (Sending, bool) {
        let subject = self.random.pick(&self.cast.subjects);
        let (actor, intent) = self.intent(subject);
        let direct = self.direct(&intent);
        let plain = match direct {
            Some(Call::Recover { .. }) if self.now < self.model.proposal(subject).ready_at => 20,
            Some(Call::Recover { .. }) => 90,
            _ => 50,
        };
        let (sender, command, vouch) = match direct {
            Some(call) if self.random.percent(plain) => {
                (actor, Command::Direct(call), Vouch::Sends)
            }
            _ => {
                let deadline = self.deadline(intent.is_stop());
                let command = Command::Signed {
                    actor,
                    deadline,
                    intent,
                };
                match self.random.below(100) {
                    0..40 => (actor, command, Vouch::Sends),
                    40..97 => (self.cast.relayer(), command, Vouch::Signs),
                    _ => (self.cast.relayer(), command, Vouch::Forged),
                }
            }
        };
        // Anyone may carry a recovery out.
        let is_recovery = matches!(command, Command::Direct(Call::Recover { .. }));
        let sender = if is_recovery && self.random.percent(50) {
            self.model.proposal(subject).new_controller
        } else {
            sender
        };
        let sender = if sender.is_zero() { actor } else { sender };
        let registry = Deployment::local_registry().unwrap();
        let wire = Wire {
            cast: self.cast,
            domain: domain(registry.chain_id, registry.address),
            vouch,
            proposed: match self.model.proposal(subject).new_controller {
                Address::ZERO => self.cast.people[0],
                proposed => proposed,
            },
            now: self.now,
        };
        let sending = Sending {
            sender,
            data: wire.write(&command),
            command,
            forged: vouch == Vouch::Forged,
        };
        (sending, vouch == Vouch::Signs)
    }

    /// A value near the right one, mostly the right one.
    fn near(&mut self, right: u32) -> u32 {
        match self.random.below(100) {
            0..85 => right,
            85..92 => right + 1,
            92..97 => right.saturating_sub(1),
            _ => self.random.below(6) as u32,
        }
    }

    /// What a stop signs: what is there plus one, mostly.
    fn through(&mut self, current: u32) -> u32 {
        match self.random.below(100) {
            0..50 => current + 1,
            50..75 => current,
            75..85 => current + self.random.below(40) as u32,
            _ => current.saturating_sub(1),
        }
    }

    fn deadline(&mut self, is_stop: bool) -> u64 {
        match self.random.below(100) {
            0..70 if is_stop => FOR_EVER,
            0..92 => self.now + 100 + self.random.below(10 * DAY),
            92..96 => self.now.saturating_sub(self.random.below(100)),
            _ => self.now + 80 * DAY + self.random.below(20 * DAY),
        }
    }

    fn window(&mut self) -> Window {
        let from = (self.now + self.random.below(2000)).saturating_sub(1000);
        let to = match self.random.below(10) {
            0..4 => FOR_EVER,
            4..6 => self.now + self.random.below(20 * DAY),
            6..9 => self.now + 1 + self.random.below(2000),
            _ => self.now.saturating_sub(self.random.below(3)),
        };
        Window { from, to }
    }

    /// The controller mostly; else a delegate or anyone.
    fn decider(&mut self, subject: Address) -> Address {
        if self.random.percent(75) {
            return self.model.subject(subject).controller;
        }
        let delegates = self.model.delegates().keys();
        let own: Vec<_> = delegates.filter(|(of, _)| *of == subject).collect();
        if own.is_empty() || self.random.percent(25) {
            self.random.pick(&self.cast.people)
        } else {
            self.random.pick(&own).1
        }
    }

    fn controller(&mut self, subject: Address) -> Address {
        if self.random.percent(92) {
            self.model.subject(subject).controller
        } else {
            self.random.pick(&self.cast.people)
        }
    }

    fn recoverer(&mut self, subject: Address) -> Address {
        match self.model.recoverer_of(subject) {
            Some((recoverer, _)) if self.random.percent(94) => recoverer,
            _ => self.random.pick(&self.cast.people),
        }
    }

    fn key(&mut self, subject: Address) -> ConsentKey {
        ConsentKey {
            subject,
            grantee: self.random.pick(&self.cast.grantees),
            scope_id: self.random.pick(&self.cast.scopes),
        }
    }

    /// One in a state, if there is one; else any.
    fn key_in(&mut self, subject: Address, fits: impl Fn(Status, Status) -> bool) -> ConsentKey {
        let fitting: Vec<ConsentKey> = self
            .model
            .consents()
            .iter()
            .filter(|(key, consent)| {
                key.subject == subject && fits(consent.status, self.model.status_of(key, self.now))
            })
            .map(|(key, _)| *key)
            .collect();
        if fitting.is_empty() || self.random.percent(15) {
            self.key(subject)
        } else {
            self.random.pick(&fitting)
        }
    }

    /// The version that a grant leads to.
    fn grant_version(&mut self, key: &ConsentKey) -> u32 {
        let current = self.model.consent(key).version;
        let is_requested = self.model.status_of(key, self.now) == Status::Requested;
        self.near(current + u32::from(!is_requested))
    }

    fn intent(&mut self, subject: Address) -> (Address, Intent) {
        let state = self.model.subject(subject);
        let kind = match self.random.below(100) {
            // What can be done only now, or so much later that it would hardly ever happen.
            0..12 if state.is_frozen(self.now) => 98,
            0..30 if self.model.live_proposal(subject).is_some() => 90,
            0..8 if self.model.recoverer_of(subject).is_some() => 84,
            kind => kind,
        };
        match kind {
            0..14 => {
                let key = self.key(subject);
                let request = Request {
                    key,
                    window: self.window(),
                    respond_by: match self.random.below(10) {
                        0..4 => (self.now + self.random.below(4000)).saturating_sub(20),
                        4..9 => self.now + self.random.below(40 * DAY),
                        _ => self.now + 89 * DAY + self.random.below(2 * DAY),
                    },
                    version: {
                        let next = self.model.consent(&key).version + 1;
                        self.near(next)
                    },
                };
                (self.grantee(&key), Intent::Request(request))
            }
            14..30 => {
                let key = if self.random.percent(40) {
                    self.key_in(subject, |_, status| status == Status::Requested)
                } else {
                    self.key(subject)
                };
                let grant = Grant {
                    key,
                    window: self.window(),
                    version: self.grant_version(&key),
                    seq: self.near(state.seq),
                };
                (self.decider(subject), Intent::Grant(grant))
            }
            30..36 => {
                let key = self.key_in(subject, |_, status| status == Status::Requested);
                let through_version = self.through(self.model.consent(&key).version);
                let intent = Intent::Deny {
                    key,
                    through_version,
                };
                (self.decider(subject), intent)
            }
            36..42 => {
                let key = self.key_in(subject, |_, status| status == Status::Active);
                let through_version = self.through(self.model.consent(&key).version);
                let intent = Intent::Revoke {
                    key,
                    through_version,
                };
                (self.decider(subject), intent)
            }
            42..47 => {
                let key = self.key_in(subject, |_, status| {
                    matches!(status, Status::Requested | Status::Active)
                });
                let version = self.near(self.model.consent(&key).version);
                (self.grantee(&key), Intent::Relinquish { key, version })
            }
            47..56 => (self.decider(subject), self.batch(subject, state.seq)),
            56..61 => {
                let intent = Intent::RevokeAll {
                    subject,
                    through_epoch: self.through(state.epoch).saturating_sub(1),
                    through_seq: self.through(state.seq).saturating_sub(1),
                    drop_delegates: self.random.percent(20),
                };
                (self.controller(subject), intent)
            }
            61..64 => {
                let through_seq = self.through(state.seq).saturating_sub(1);
                let intent = Intent::Invalidate {
                    subject,
                    through_seq,
                };
                (self.controller(subject), intent)
            }
            64..68 => {
                let new_controller = self.random.pick(&self.cast.people);
                let intent = Intent::Rotate {
                    subject,
                    new_controller,
                    seq: self.near(state.seq),
                    acceptance: self.acceptance(state.seq),
                };
                (self.controller(subject), intent)
            }
            68..76 => {
                let delegate = self.random.pick(&self.cast.people);
                let nonce = self.model.delegate(subject, delegate).nonce + 1;
                let set = SetDelegate {
                    subject,
                    delegate,
                    rights: self.random.below(9) as u8,
                    mandate: self.window(),
                    nonce: self.near(nonce),
                    seq: self.near(state.seq),
                };
                (self.controller(subject), Intent::SetDelegate(set))
            }
            76..79 => {
                let delegate = self.random.pick(&self.cast.people);
                let through_nonce = self.through(self.model.delegate(subject, delegate).nonce);
                let intent = Intent::RemoveDelegate {
                    subject,
                    delegate,
                    through_nonce,
                };
                (self.controller(subject), intent)
            }
            79..84 => (
                self.controller(subject),
                self.set_recovery(subject, state.seq),
            ),
            84..89 => {
                let id = self.model.proposal(subject).id + 1;
                let proposal = ProposeRecovery {
                    subject,
                    new_controller: self.random.pick(&self.cast.people),
                    proposal_id: self.near(id),
                };
                (self.recoverer(subject), Intent::ProposeRecovery(proposal))
            }
            89..93 => {
                let proposal_id = self.near(self.model.proposal(subject).id);
                let intent = Intent::Veto {
                    subject,
                    proposal_id,
                };
                (self.controller(subject), intent)
            }
            93..97 => {
                let seq = self.near(state.seq);
                (self.recoverer(subject), Intent::Freeze { subject, seq })
            }
            _ => {
                let seq = self.near(state.seq);
                (self.controller(subject), Intent::Unfreeze { subject, seq })
            }
        }
    }

    fn grantee(&mut self, key: &ConsentKey) -> Address {
        if self.random.percent(95) {
            key.grantee
        } else {
            self.random.pick(&self.cast.people)
        }
    }

    fn acceptance(&mut self, seq: u32) -> Option<Acceptance> {
        self.random.percent(90).then(|| Acceptance {
            seq: self.near(seq),
            deadline: self.deadline(false),
        })
    }

    fn set_recovery(&mut self, subject: Address, seq: u32) -> Intent {
        let current = self.model.recovery(subject).nonce;
        let nobody = self.random.percent(15);
        Intent::SetRecovery(SetRecovery {
            subject,
            recoverer: if nobody {
                Address::ZERO
            } else {
                self.random.pick(&self.cast.people)
            },
            delay: match self.random.below(10) {
                _ if nobody => 0,
                0..8 => 2 * DAY + self.random.below(100),
                _ => self.random.below(100 * DAY),
            },
            nonce: if nobody {
                self.through(current)
            } else {
                self.near(current + 1)
            },
            seq: self.near(seq),
        })
    }

    /// Mostly items in order, none about the same consent as another.
    fn batch(&mut self, subject: Address, seq: u32) -> Intent {
        let of_stops = self.random.percent(30);
        let mut ops = BTreeMap::new();
        for _ in 0..1 + self.random.below(5) {
            let key = self.key(subject);
            let (grantee, scope_id) = (key.grantee, key.scope_id);
            let through_version = self.through(self.model.consent(&key).version);
            let op = match self.random.below(6) {
                0..4 if !of_stops => Op::Grant {
                    grantee,
                    scope_id,
                    window: self.window(),
                    version: self.grant_version(&key),
                },
                0..2 => Op::Deny {
                    grantee,
                    scope_id,
                    through_version,
                },
                _ => Op::Revoke {
                    grantee,
                    scope_id,
                    through_version,
                },
            };
            ops.insert((grantee, scope_id), op);
        }
        let mut ops: Vec<_> = ops.into_values().collect();
        if self.random.percent(5) {
            ops.reverse();
        }
        Intent::Batch(Batch {
            subject,
            mode: self.random.pick(&[BatchMode::Atomic, BatchMode::Try]),
            seq: self.near(seq),
            ops,
        })
    }

    /// The plain form of what is decided, if there is one; sometimes something else that anyone may do.
    fn direct(&mut self, intent: &Intent) -> Option<Call> {
        Some(match intent {
            Intent::Request(request) => Call::Request(*request),
            Intent::Grant(grant) => Call::Grant(*grant),
            Intent::Deny { key, .. } => Call::Deny(*key),
            Intent::Revoke { key, .. } => Call::Revoke(*key),
            Intent::Relinquish { key, .. } if self.random.percent(50) => Call::Relinquish(*key),
            Intent::Relinquish { key, .. } => {
                Call::Expire(self.key_in(key.subject, |stored, status| {
                    status == Status::Expired && stored != Status::Expired
                }))
            }
            Intent::RevokeAll {
                subject,
                drop_delegates,
                ..
            } => Call::RevokeAll {
                subject: *subject,
                drop_delegates: *drop_delegates,
            },
            Intent::Veto { subject, .. } if self.model.live_proposal(*subject).is_some() => {
                let seq = self.model.subject(*subject).seq;
                Call::Recover {
                    subject: *subject,
                    proposal_id: self.near(self.model.proposal(*subject).id),
                    acceptance: self.acceptance(seq),
                }
            }
            _ => return None,
        })
    }
}
