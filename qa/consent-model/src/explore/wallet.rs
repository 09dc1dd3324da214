//! How honest people turn what they decide into what they sign.

use super::scenario::{
    CONSENT, DELEGATE, Decision, Form, GRANTEE, OTHER_KEY, Person, RECOVERER, RELAYER, SUBJECT,
    Scenario, Seen, StopReach,
};
use crate::command::{
    Acceptance, Batch, BatchMode, Call, Command, Grant, Intent, Op, ProposeRecovery, SetDelegate,
};
use crate::registry::Registry;
use crate::words::{Address, FOR_EVER, Status, Window, right};

/// A decision on its way: the relayer may deliver it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Held {
    pub(super) command: Command,
    /// Who sends it.
    pub(super) sender: Address,
    /// Whether it is a transaction of who decides, which lands once, and not a signature.
    pub(super) is_direct: bool,
    /// Whether it is an opening, and the highest version and seq that it names.
    pub(super) opens: Option<(u32, u32)>,
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
    /// The highest version and seq of any opening signed so far.
    pub(super) signed: (u32, u32),
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
    let next = next_version(registry, now);
    let seq = state.seq;
    let through_version = match scenario.stop_reach {
        StopReach::Ahead(margin) => version.saturating_add(margin),
        StopReach::Remembering => version.saturating_add(1).max(view.signed.0),
    };
    let (through_epoch, through_seq) = match scenario.stop_reach {
        StopReach::Ahead(_) => (state.epoch, seq),
        StopReach::Remembering => (state.epoch.max(view.epoch), seq.max(view.signed.1)),
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
        version: next,
        seq,
    };
    let grant_op = |version| Op::Grant {
        grantee: GRANTEE,
        scope_id: CONSENT.scope_id,
        window,
        version,
    };
    let revoke_op = Op::Revoke {
        grantee: GRANTEE,
        scope_id: CONSENT.scope_id,
        through_version,
    };
    let batch = |mode, ops| {
        Intent::Batch(Batch {
            subject: SUBJECT,
            mode,
            seq,
            ops,
        })
    };
    let subject = SUBJECT;
    let controller = state.controller;
    let letter = Letter {
        scenario,
        decision,
        names: (next, seq),
    };
    Some(match decision {
        Decision::Grant(by, Form::Direct) => letter.direct(who(by), Call::Grant(grant)),
        Decision::Grant(by, Form::Signed) => letter.signed(who(by), Intent::Grant(grant)),
        Decision::GrantInBatch(by, mode) => {
            letter.signed(who(by), batch(mode, vec![grant_op(next)]))
        }
        Decision::GrantTwiceInBatch => {
            let ops = vec![grant_op(next), grant_op(next + 1)];
            letter.signed(controller, batch(BatchMode::Atomic, ops))
        }
        Decision::RevokeAndGrantInBatch(mode) => {
            let ops = vec![revoke_op, grant_op(through_version + 2)];
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
                grantee: GRANTEE,
                scope_id: CONSENT.scope_id,
                through_version,
            };
            letter.signed(who(by), batch(BatchMode::Atomic, vec![deny_op, revoke_op]))
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
                nonce: registry.delegate(subject, DELEGATE).nonce + 1,
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
                through_nonce: registry.delegate(subject, DELEGATE).nonce + 1,
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

fn next_version(registry: &Registry, now: u64) -> u32 {
    let version = registry.consent(&CONSENT).version;
    match registry.status_of(&CONSENT, now) {
        Status::Requested => version,
        _ => version.saturating_add(1),
    }
}

struct Letter<'a> {
    scenario: &'a Scenario,
    decision: Decision,
    names: (u32, u32),
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
        // What a batch names is what its last grant names.
        let named = |version: &u32| (*version, self.names.1);
        let opens = match &command {
            Command::Signed {
                intent: Intent::Batch(batch),
                ..
            } => batch
                .ops
                .iter()
                .filter_map(|op| match op {
                    Op::Grant { version, .. } => Some(named(version)),
                    _ => None,
                })
                .max(),
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
