//! What is promised. A step that breaks a promise yields a [`Violation`].

use super::scenario::{
    CONSENT, DELEGATE, GRANTEE, OTHER_CONSENT, OTHER_KEY, RECOVERER, RELAYER, SUBJECT, StopReach,
};
use crate::command::{
    Batch, BatchMode, Call, Command, Grant, Intent, Op, ProposeRecovery, SetDelegate, SetRecovery,
};
use crate::event::Event;
use crate::registry::Registry;
use crate::words::{Address, FOR_EVER, Status, Window, right};

/// A broken promise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub law: &'static str,
    /// How.
    pub detail: String,
}

pub(super) const STOP_WINS: &str = "a stop wins over every grant signed before it";
pub(super) const REMOVAL_WINS: &str = "a removal wins over every setting signed before it";
pub(super) const VOID_IS_VOID: &str = "what was signed for a seq that a rotation, invalidation, freeze or revokeAll raised opens nothing after it";
pub(super) const ONCE: &str = "each signature changes state at most once";
const CAN_REVOKE: &str = "the subject can always revoke";
const MONOTONE: &str = "counters never decrease";
const REPLAY: &str = "events replay to identical state";
const THIRD_PARTIES: &str = "third parties can only expire";
const GRANTEE_NEVER: &str = "a grantee never causes Active";
const EXHAUSTED: &str = "nothing is active once a counter is used up";

pub(super) type Law = Result<(), Violation>;

pub(super) fn broken(law: &'static str, detail: impl Into<String>) -> Violation {
    Violation {
        law,
        detail: detail.into(),
    }
}

fn require(holds: bool, law: &'static str, detail: impl FnOnce() -> String) -> Law {
    if holds {
        Ok(())
    } else {
        Err(broken(law, detail()))
    }
}

/// Laws of one transition that was carried out.
pub(super) fn of_transition(
    before: &Registry,
    after: &Registry,
    now: u64,
    decided_by: Address,
    events: &[Event],
) -> Law {
    let mut folded = before.clone();
    for event in events {
        folded.fold(now, event);
    }
    require(folded == *after, REPLAY, || format!("{events:?}"))?;
    never_decreases(before, after)?;
    let opened = before.status_of(&CONSENT, now) != Status::Active
        && after.status_of(&CONSENT, now) == Status::Active;
    require(!opened || decided_by != GRANTEE, GRANTEE_NEVER, || {
        format!("{events:?}")
    })
}

fn never_decreases(before: &Registry, after: &Registry) -> Law {
    let counters = |registry: &Registry| {
        let subject = registry.subject(SUBJECT);
        [
            registry.consent(&CONSENT).version,
            registry.consent(&OTHER_CONSENT).version,
            subject.epoch,
            subject.auth_epoch,
            subject.seq,
            registry.delegate(SUBJECT, DELEGATE).nonce,
            registry.recovery(SUBJECT).nonce,
            registry.proposal(SUBJECT).id,
        ]
    };
    let (old, new) = (counters(before), counters(after));
    let fine = old.iter().zip(&new).all(|(old, new)| old <= new);
    require(fine, MONOTONE, || format!("{old:?} became {new:?}"))
}

/// Laws of one state: what the controller can do, and what others cannot.
pub(super) fn of_state(registry: &Registry, now: u64, reach: StopReach) -> Law {
    subject_can_revoke(registry, now, reach)?;
    others_cannot(registry, now, RELAYER)?;
    others_cannot(registry, now, GRANTEE)?;
    let (limits, consent) = (registry.limits(), registry.consent(&CONSENT));
    let state = registry.subject(SUBJECT);
    let used_up = consent.version >= limits.version || state.epoch >= limits.epoch;
    let active = registry.status_of(&CONSENT, now) == Status::Active;
    require(!(used_up && active), EXHAUSTED, || format!("{consent:?}"))
}

fn subject_can_revoke(registry: &Registry, now: u64, reach: StopReach) -> Law {
    let controller = registry.subject(SUBJECT).controller;
    let (version, epoch) = (
        registry.consent(&CONSENT).version,
        registry.subject(SUBJECT).epoch,
    );
    let signed = |intent| Command::Signed {
        actor: controller,
        deadline: FOR_EVER,
        intent,
    };
    let ahead = match reach {
        StopReach::Ahead(margin) => margin,
        StopReach::Remembering => 1,
    };
    let closed = version >= registry.limits().version;
    let all_closed = epoch >= registry.limits().epoch;
    let ways = [
        (Command::Direct(Call::Revoke(CONSENT)), controller, false),
        (Command::Direct(Call::Deny(CONSENT)), controller, false),
        (
            Command::Direct(Call::RevokeAll {
                subject: SUBJECT,
                drop_delegates: true,
            }),
            controller,
            false,
        ),
        (
            signed(Intent::Revoke {
                key: CONSENT,
                through_version: version.saturating_add(ahead),
            }),
            RELAYER,
            closed,
        ),
        (
            signed(Intent::RevokeAll {
                subject: SUBJECT,
                through_epoch: epoch,
                through_seq: registry.subject(SUBJECT).seq,
                drop_delegates: false,
            }),
            RELAYER,
            all_closed,
        ),
    ];
    for (command, sender, may_be_stale) in ways {
        let mut after = registry.clone();
        let outcome = after.apply(now, sender, &command);
        let accepted = outcome.is_ok() || may_be_stale;
        let ended = after.status_of(&CONSENT, now) != Status::Active;
        require(accepted && ended, CAN_REVOKE, || {
            format!("{command:?}: {outcome:?}")
        })?;
    }
    Ok(())
}

/// Everything an outsider could try for itself, with the right counters.
fn others_cannot(registry: &Registry, now: u64, who: Address) -> Law {
    let state = registry.subject(SUBJECT);
    let version = registry.consent(&CONSENT).version;
    let window = Window {
        from: 0,
        to: FOR_EVER,
    };
    let seq = state.seq;
    let subject = SUBJECT;
    let by = |intent| Command::Signed {
        actor: who,
        deadline: now,
        intent,
    };
    let mut tries = vec![
        Command::Direct(Call::Deny(CONSENT)),
        Command::Direct(Call::Revoke(CONSENT)),
        Command::Direct(Call::RevokeAll {
            subject,
            drop_delegates: true,
        }),
        by(Intent::Invalidate {
            subject,
            through_seq: seq,
        }),
        by(Intent::Rotate {
            subject,
            new_controller: who,
            seq,
            acceptance: None,
        }),
        by(Intent::SetDelegate(SetDelegate {
            subject,
            delegate: OTHER_KEY,
            rights: right::ALL,
            mandate: window,
            nonce: registry.delegate(subject, OTHER_KEY).nonce + 1,
            seq,
        })),
        by(Intent::RemoveDelegate {
            subject,
            delegate: DELEGATE,
            through_nonce: registry.delegate(subject, DELEGATE).nonce,
        }),
        by(Intent::SetRecovery(SetRecovery {
            subject,
            recoverer: who,
            delay: registry.limits().min_delay,
            nonce: registry.recovery(subject).nonce.saturating_add(1),
            seq,
        })),
        by(Intent::ProposeRecovery(ProposeRecovery {
            subject,
            new_controller: who,
            proposal_id: registry.proposal(subject).id.saturating_add(1),
        })),
        by(Intent::Veto {
            subject,
            proposal_id: registry.proposal(subject).id,
        }),
        by(Intent::Freeze { subject, seq }),
        by(Intent::Unfreeze { subject, seq }),
    ];
    for version in [version, version.saturating_add(1)] {
        tries.push(Command::Direct(Call::Grant(Grant {
            key: CONSENT,
            window,
            version,
            seq,
        })));
        for mode in [BatchMode::Atomic, BatchMode::Try] {
            tries.push(by(Intent::Batch(Batch {
                subject,
                mode,
                seq,
                ops: vec![Op::Grant {
                    grantee: GRANTEE,
                    scope_id: CONSENT.scope_id,
                    window,
                    version,
                }],
            })));
        }
    }
    debug_assert!(who != state.controller && who != DELEGATE && who != RECOVERER);
    for command in tries {
        let outcome = registry.clone().apply(now, who, &command);
        require(outcome.is_err(), THIRD_PARTIES, || format!("{command:?}"))?;
    }
    let mut after = registry.clone();
    if after
        .apply(now, who, &Command::Direct(Call::Expire(CONSENT)))
        .is_ok()
    {
        let unchanged = after.status_of(&CONSENT, now) == registry.status_of(&CONSENT, now);
        require(unchanged, THIRD_PARTIES, || "expire".to_owned())?;
    }
    Ok(())
}
