//! How honest people turn what they decide into what they sign.

use super::scenario::{
    CONSENT, DELEGATE, Decision, Form, OTHER_CONSENT, OTHER_KEY, Person, RECOVERER, RELAYER,
    SUBJECT, Scenario, Seen, StopReach,
};
use crate::command::{
    Acceptance, Batch, BatchMode, Call, Command, Grant, Intent, Op, ProposeRecovery, SetDelegate,
};
use crate::registry::Registry;
use crate::words::{Address, ConsentKey, FOR_EVER, Status, Window, right};

/// The counters that an opening names, or the highest that several do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Names {
    /// Of the consent.
    pub(super) version: u32,
    /// Of the subject.
    pub(super) seq: u32,
    /// Of the delegate.
    pub(super) nonce: u32,
}

impl Names {
    /// The higher of each.
    pub(super) fn or_higher(self, other: Self) -> Self {
        Self {
            version: self.version.max(other.version),
            seq: self.seq.max(other.seq),
            nonce: self.nonce.max(other.nonce),
        }
    }
}

/// A decision on its way: the relayer may deliver it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) command: Command,
    /// Who sends it.
    pub(super) sender: Address,
    /// Whether it is a transaction of who decides, which lands once, and not a signature.
    pub(super) is_direct: bool,
    /// Whether it is an opening, and what it names.
    pub(super) opens: Option<Names>,
    /// Whether it gives rights to a delegate.
    pub(super) empowers: bool,
    /// Whether its delivery must end consents that grants signed earlier made active.
    pub(super) stops_consents: bool,
    /// Whether its delivery must end rights that were signed earlier.
    pub(super) stops_delegates: bool,
}

impl Held {
    /// The epoch that a signed revokeAll leads to; 0 for anything else.
    pub(super) fn leads_to_epoch(&self) -> u32 {
        match &self.command {
            Command::Signed {
                intent: Intent::RevokeAll { through_epoch, .. },
                ..
            } => through_epoch + 1,
            _ => 0,
        }
    }
}

/// What somebody who decides can see.
pub(super) struct View<'a> {
    pub(super) latest: (&'a Registry, u64),
    pub(super) last_final: (&'a Registry, u64),
    /// The highest counters that openings signed so far name.
    pub(super) signed: Names,
    /// The highest epoch that any stop signed so far leads to.
    pub(super) epoch: u32,
}

/// The deadline of what is no stop: as far ahead as every world's limits allow at its beginning.
fn deadline(scenario: &Scenario) -> u64 {
    scenario.limits.signature_life
}

/// What is signed or sent for a decision; `None` if it makes no sense to its maker.
pub(super) fn write(scenario: &Scenario, decision: Decision, view: &View<'_>) -> Option<Held> {
    let opens_on = match scenario.openings_on {
        Seen::Final => view.last_final,
        Seen::Latest => view.latest,
    };
    let (registry, now) = if decision.is_opening() {
        opens_on
    } else {
        view.latest
    };
    let state = registry.subject(SUBJECT);
    let version = registry.consent(&CONSENT).version;
    let nonce = registry.delegate(SUBJECT, DELEGATE).nonce + 1;
    let seq = state.seq;
    let through_version = match scenario.stop_reach {
        StopReach::Ahead(margin) => version.saturating_add(margin),
        StopReach::Remembering => version.saturating_add(1).max(view.signed.version),
    };
    let (through_epoch, through_seq) = match scenario.stop_reach {
        StopReach::Ahead(_) => (state.epoch, seq),
        StopReach::Remembering => (state.epoch.max(view.epoch), seq.max(view.signed.seq)),
    };
    let through_nonce = match scenario.stop_reach {
        StopReach::Ahead(_) => nonce,
        StopReach::Remembering => nonce.max(view.signed.nonce),
    };
    let who = |person| match person {
        Person::Controller => state.controller,
        Person::Delegate => DELEGATE,
    };
    let window = Window {
        from: 0,
        to: scenario.valid_to,
    };
    let grant = Grant {
        key: CONSENT,
        window,
        version: next_version(registry, &CONSENT, now),
        seq,
    };
    let grant_op = |key: ConsentKey, version| Op::Grant {
        grantee: key.grantee,
        scope_id: key.scope_id,
        window,
        version,
    };
    let grant_next = |key| grant_op(key, next_version(registry, &key, now));
    let revoke_op = |key: ConsentKey, through_version| Op::Revoke {
        grantee: key.grantee,
        scope_id: key.scope_id,
        through_version,
    };
    let revoke_other = || {
        let seen = registry.consent(&OTHER_CONSENT).version;
        revoke_op(OTHER_CONSENT, seen.saturating_add(1))
    };
    let batch_for = |seq, mode, ops| {
        Intent::Batch(Batch {
            subject: SUBJECT,
            mode,
            seq,
            ops,
        })
    };
    let batch = |mode, ops| batch_for(seq, mode, ops);
    let subject = SUBJECT;
    let controller = state.controller;
    let letter = Letter {
        scenario,
        decision,
        names: Names {
            version: grant.version,
            seq,
            nonce: 0,
        },
    };
    Some(match decision {
        Decision::Grant(by, Form::Direct) => letter.direct(who(by), Call::Grant(grant)),
        Decision::Grant(by, Form::Signed) => letter.signed(who(by), Intent::Grant(grant)),
        Decision::GrantInBatch(by, mode) => {
            letter.signed(who(by), batch(mode, vec![grant_next(CONSENT)]))
        }
        Decision::GrantBothInBatch(mode) => {
            let ops = vec![grant_next(CONSENT), grant_next(OTHER_CONSENT)];
            letter.signed(controller, batch(mode, ops))
        }
        Decision::MixedBatch(mode) => {
            let ops = vec![grant_next(CONSENT), revoke_other()];
            letter.signed(controller, batch(mode, ops))
        }
        Decision::MixedBatchForNextSeq(mode) => {
            let ops = vec![grant_next(CONSENT), revoke_other()];
            letter.signed(controller, batch_for(seq + 1, mode, ops))
        }
        Decision::GrantTwiceInBatch(mode) => {
            let ops = vec![grant_next(CONSENT), grant_op(CONSENT, grant.version + 1)];
            letter.signed(controller, batch(mode, ops))
        }
        Decision::RevokeAndGrantInBatch(mode) => {
            let ops = vec![
                revoke_op(CONSENT, through_version),
                grant_op(CONSENT, through_version + 2),
            ];
            letter.signed(controller, batch(mode, ops))
        }
        Decision::Revoke(by, Form::Direct) => letter.direct(who(by), Call::Revoke(CONSENT)),
        Decision::Revoke(by, Form::Signed) => letter.signed(
            who(by),
            Intent::Revoke {
                key: CONSENT,
                through_version,
            },
        ),
        Decision::Deny(by, Form::Direct) => letter.direct(who(by), Call::Deny(CONSENT)),
        Decision::Deny(by, Form::Signed) => letter.signed(
            who(by),
            Intent::Deny {
                key: CONSENT,
                through_version,
            },
        ),
        Decision::StopBatch(by) => {
            let deny_op = Op::Deny {
                grantee: CONSENT.grantee,
                scope_id: CONSENT.scope_id,
                through_version,
            };
            let ops = vec![deny_op, revoke_other()];
            letter.signed(who(by), batch(BatchMode::Atomic, ops))
        }
        Decision::RevokeAll {
            form: Form::Direct,
            drop_delegates,
        } => letter.direct(
            controller,
            Call::RevokeAll {
                subject,
                drop_delegates,
            },
        ),
        Decision::RevokeAll {
            form: Form::Signed,
            drop_delegates,
        } => letter.signed(
            controller,
            Intent::RevokeAll {
                subject,
                through_epoch,
                through_seq,
                drop_delegates,
            },
        ),
        Decision::Invalidate(form) => letter.intent(
            form,
            controller,
            Intent::Invalidate {
                subject,
                through_seq,
            },
        ),
        Decision::Rotate(form) => {
            let new_controller = if controller == SUBJECT {
                OTHER_KEY
            } else {
                SUBJECT
            };
            let acceptance = Some(Acceptance {
                seq,
                deadline: deadline(scenario),
            });
            let rotate = Intent::Rotate {
                subject,
                new_controller,
                seq,
                acceptance,
            };
            letter.intent(form, controller, rotate)
        }
        Decision::SetDelegate(form) => {
            let set = SetDelegate {
                subject,
                delegate: DELEGATE,
                rights: right::ALL,
                mandate: window,
                nonce,
                seq,
            };
            letter.intent(form, controller, Intent::SetDelegate(set))
        }
        Decision::RemoveDelegate(form) => letter.intent(
            form,
            controller,
            Intent::RemoveDelegate {
                subject,
                delegate: DELEGATE,
                through_nonce,
            },
        ),
        Decision::Freeze(form) => letter.intent(form, RECOVERER, Intent::Freeze { subject, seq }),
        Decision::Unfreeze(form) => {
            letter.intent(form, controller, Intent::Unfreeze { subject, seq })
        }
        Decision::Propose => letter.signed(
            RECOVERER,
            Intent::ProposeRecovery(ProposeRecovery {
                subject,
                new_controller: OTHER_KEY,
                proposal_id: registry.proposal(subject).id + 1,
            }),
        ),
        Decision::Veto => {
            let proposal_id = registry.live_proposal(subject)?.id;
            letter.signed(
                controller,
                Intent::Veto {
                    subject,
                    proposal_id,
                },
            )
        }
    })
}

fn next_version(registry: &Registry, key: &ConsentKey, now: u64) -> u32 {
    let version = registry.consent(key).version;
    match registry.status_of(key, now) {
        Status::Requested => version,
        _ => version.saturating_add(1),
    }
}

struct Letter<'a> {
    scenario: &'a Scenario,
    decision: Decision,
    names: Names,
}

impl Letter<'_> {
    fn direct(&self, sender: Address, call: Call) -> Held {
        self.held(sender, true, Command::Direct(call))
    }

    fn signed(&self, actor: Address, intent: Intent) -> Held {
        self.intent(Form::Signed, actor, intent)
    }

    fn intent(&self, form: Form, actor: Address, intent: Intent) -> Held {
        let deadline = match intent.is_stop() {
            true => FOR_EVER,
            false => deadline(self.scenario),
        };
        let command = Command::Signed {
            actor,
            deadline,
            intent,
        };
        match form {
            Form::Direct => self.held(actor, true, command),
            Form::Signed => self.held(RELAYER, false, command),
        }
    }

    fn held(&self, sender: Address, is_direct: bool, command: Command) -> Held {
        let opens = match &command {
            Command::Signed {
                intent: Intent::Batch(batch),
                ..
            } => batch
                .ops
                .iter()
                .filter_map(|op| match op {
                    Op::Grant { version, .. } if op.key(SUBJECT) == CONSENT => Some(Names {
                        version: *version,
                        seq: batch.seq,
                        nonce: 0,
                    }),
                    _ => None,
                })
                .reduce(Names::or_higher),
            Command::Signed {
                intent: Intent::SetDelegate(set),
                ..
            } => Some(Names {
                version: 0,
                seq: set.seq,
                nonce: set.nonce,
            }),
            _ if self.decision.is_opening() => Some(self.names),
            _ => None,
        };
        Held {
            command,
            sender,
            is_direct,
            opens,
            empowers: matches!(self.decision, Decision::SetDelegate(_)),
            stops_consents: self.decision.stops_consents(),
            stops_delegates: self.decision.stops_delegates(),
        }
    }
}
