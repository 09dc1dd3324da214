//! How events change a subject: who decides for it, until when, and what cannot have come from the registry.

use consent_core::subject::{
    Counters, MAX_COUNTER, Proposal, Recovery, Subject, SubjectError, SubjectEvent,
    SubjectEventKind as Kind, rights,
};
use consent_core::{Address, Delegate, UNTIL_REVOKED};
use proptest::prelude::*;

const PATIENT: Address = Address([1; 20]);
const PARENT: Address = Address([2; 20]);
const CLINIC: Address = Address([3; 20]);
const NEW_KEY: Address = Address([4; 20]);
const DELAY: u32 = 48 * 3600;

fn counters(epoch: u32, auth_epoch: u32, seq: u32) -> Counters {
    Counters {
        epoch,
        auth_epoch,
        seq,
    }
}

fn event(actor: Address, counters: Counters, kind: Kind) -> SubjectEvent {
    SubjectEvent {
        subject: PATIENT,
        counters,
        actor,
        kind,
    }
}

fn untouched() -> Subject {
    Subject::untouched(PATIENT)
}

/// Folds events of the patient as they stand, each at its time.
fn fold(events: &[(u64, SubjectEvent)]) -> Result<Subject, SubjectError> {
    events
        .iter()
        .try_fold(untouched(), |subject, (time, event)| {
            subject.apply(event, *time)
        })
}

fn set_delegate(nonce: u32) -> Kind {
    Kind::DelegateSet {
        delegate: PARENT,
        rights: rights::GRANT | rights::REVOKE,
        valid_from: 10,
        valid_to: 20,
        nonce,
    }
}

fn set_recovery(nonce: u32) -> Kind {
    Kind::RecoverySet {
        recoverer: PARENT,
        delay: DELAY,
        nonce,
    }
}

fn proposed(proposal_id: u32, time: u64) -> Kind {
    Kind::RecoveryProposed {
        new_controller: NEW_KEY,
        proposal_id,
        ready_at: time + u64::from(DELAY),
    }
}

fn frozen(time: u64) -> Kind {
    let delay = u64::from(DELAY);
    Kind::SubjectFrozen {
        frozen_until: time + delay,
        next_freeze_at: time + 2 * delay,
    }
}

const STILL: Counters = Counters {
    epoch: 0,
    auth_epoch: 0,
    seq: 0,
};

#[test]
fn a_delegate_has_its_rights_within_its_mandate_and_until_it_is_removed() {
    let set = (5, event(PATIENT, STILL, set_delegate(1)));
    let subject = fold(&[set]).unwrap();
    let given = rights::GRANT | rights::REVOKE;
    for (now, expected) in [
        (9, (0, 0)),
        (10, (given, 20)),
        (19, (given, 20)),
        (20, (0, 0)),
    ] {
        assert_eq!(subject.rights_of(PARENT, now), expected, "{now}");
    }
    assert_eq!(subject.rights_of(CLINIC, 10), (0, 0));
    assert_eq!(subject.rights_of(PATIENT, 10), (rights::ALL, UNTIL_REVOKED));

    let delegate = PARENT;
    let removed = Kind::DelegateRemoved { delegate, nonce: 9 };
    let subject = fold(&[set, (11, event(PATIENT, STILL, removed))]).unwrap();
    assert_eq!(subject.rights_of(PARENT, 12), (0, 0));
    let left = Delegate {
        nonce: 9,
        ..Delegate::default()
    };
    assert_eq!(subject.delegates[&PARENT], left);
    // What was signed for a lower number cannot follow.
    let late = event(PATIENT, STILL, set_delegate(2));
    assert!(subject.apply(&late, 12).is_err());
    assert!(
        subject
            .apply(&event(PATIENT, STILL, set_delegate(10)), 12)
            .is_ok()
    );
}

#[test]
fn a_new_controller_voids_delegates_and_recovery_and_ends_a_freeze() {
    let subject = fold(&[
        (5, event(PATIENT, STILL, set_delegate(1))),
        (5, event(PATIENT, STILL, set_recovery(1))),
        (6, event(PARENT, counters(0, 0, 1), frozen(6))),
        (7, event(PARENT, counters(0, 0, 1), proposed(1, 7))),
    ])
    .unwrap();
    assert!(subject.frozen(12).is_some() && subject.proposed().is_some());

    let handed_over = Kind::ControllerChanged {
        controller: NEW_KEY,
    };
    let subject = subject
        .apply(&event(PATIENT, counters(0, 1, 2), handed_over), 12)
        .unwrap();
    assert_eq!(subject.controller, NEW_KEY);
    assert_eq!(subject.rights_of(PARENT, 12), (0, 0));
    assert_eq!(subject.rights_of(PATIENT, 12), (0, 0));
    assert_eq!(subject.recoverer(), None);
    assert_eq!(subject.proposed(), None);
    assert_eq!((subject.frozen(12), subject.frozen_until), (None, 0));
    assert_eq!(
        subject.proposal.new_controller, NEW_KEY,
        "stored as it was, and void"
    );
    assert_eq!(subject.next_freeze_at, 6 + 2 * u64::from(DELAY));
}

#[test]
fn a_recovery_waits_out_its_delay_and_a_veto_ends_it() {
    let ready = 7 + u64::from(DELAY);
    let start = [
        (5, event(PATIENT, STILL, set_recovery(1))),
        (7, event(PARENT, STILL, proposed(1, 7))),
    ];
    let subject = fold(&start).unwrap();
    let recovered = event(
        PARENT,
        counters(0, 1, 1),
        Kind::ControllerChanged {
            controller: NEW_KEY,
        },
    );
    assert!(subject.apply(&recovered, ready - 1).is_err());
    assert_eq!(
        subject.apply(&recovered, ready).unwrap().controller,
        NEW_KEY
    );
    let other = Kind::ControllerChanged { controller: CLINIC };
    assert!(
        subject
            .apply(&event(PARENT, counters(0, 1, 1), other), ready)
            .is_err(),
        "nobody but who was proposed"
    );

    let veto = event(PATIENT, STILL, Kind::RecoveryVetoed { proposal_id: 1 });
    let vetoed = subject.apply(&veto, 8).unwrap();
    assert!(vetoed.apply(&recovered, ready).is_err());
    assert!(vetoed.apply(&veto, 9).is_err(), "it is gone");
    let cancelled = subject
        .apply(&event(PATIENT, STILL, set_recovery(2)), 8)
        .unwrap();
    assert_eq!(cancelled.proposed(), None);
    let expected = Proposal {
        new_controller: Address::ZERO,
        ready_at: ready,
        id: 1,
        auth_epoch: 0,
    };
    assert_eq!(cancelled.proposal, expected);
    // Naming nobody takes any higher number.
    let nobody = Kind::RecoverySet {
        recoverer: Address::ZERO,
        delay: 0,
        nonce: 7,
    };
    let subject = subject.apply(&event(PATIENT, STILL, nobody), 8).unwrap();
    let left = Recovery {
        nonce: 7,
        ..Recovery::default()
    };
    assert_eq!((subject.recovery, subject.recoverer()), (left, None));
}

#[test]
fn a_freeze_ends_by_itself_or_by_the_controller_and_the_next_one_waits() {
    let delay = u64::from(DELAY);
    let subject = fold(&[
        (5, event(PATIENT, STILL, set_recovery(1))),
        (6, event(PARENT, counters(0, 0, 1), frozen(6))),
    ])
    .unwrap();
    assert_eq!(subject.frozen(5 + delay), Some(6 + delay));
    assert_eq!(subject.frozen(6 + delay), None);
    let again = |time| event(PARENT, counters(0, 0, 2), frozen(time));
    let next = 6 + 2 * delay;
    assert!(subject.apply(&again(next - 1), next - 1).is_err());
    assert!(subject.apply(&again(next), next).is_ok());

    let lifted = event(PATIENT, counters(0, 0, 1), Kind::SubjectUnfrozen);
    let free = subject.apply(&lifted, 7).unwrap();
    assert_eq!((free.frozen_until, free.next_freeze_at), (0, next));
    assert!(
        subject.apply(&lifted, 6 + delay).is_err(),
        "nothing is left to end"
    );
    let delegate = event(PATIENT, counters(0, 0, 1), set_delegate(1));
    assert!(subject.apply(&delegate, 8).is_err(), "not while frozen");
    assert!(free.apply(&delegate, 8).is_ok());
}

#[test]
fn counters_move_only_as_their_event_says() {
    let invalidated = Kind::SignaturesInvalidated;
    let revoked = Kind::AllConsentsRevoked;
    let changed = Kind::ControllerChanged { controller: CLINIC };
    for (kind, after, possible) in [
        (invalidated, counters(0, 0, 1), true),
        (invalidated, counters(0, 0, 900), true),
        (invalidated, counters(0, 0, MAX_COUNTER), true),
        (invalidated, counters(0, 0, MAX_COUNTER + 1), false),
        (invalidated, counters(0, 0, 0), false),
        (invalidated, counters(1, 0, 1), false),
        (invalidated, counters(0, 1, 1), false),
        (revoked, counters(1, 0, 1), true),
        (revoked, counters(5, 1, 9), true),
        (revoked, counters(1, 2, 1), false),
        (revoked, counters(0, 0, 1), false),
        (revoked, counters(1, 0, 0), false),
        (changed, counters(0, 1, 1), true),
        (changed, counters(0, 0, 1), false),
        (changed, counters(0, 1, 2), false),
        (changed, counters(1, 1, 1), false),
        (set_delegate(1), counters(0, 0, 1), false),
    ] {
        let outcome = untouched().apply(&event(PATIENT, after, kind), 5);
        assert_eq!(outcome.is_ok(), possible, "{kind:?} {after:?}");
    }
    let mut last = untouched();
    last.counters = counters(MAX_COUNTER, MAX_COUNTER, MAX_COUNTER);
    let still = event(PATIENT, last.counters, revoked);
    assert!(last.apply(&still, 5).is_ok(), "a stop always works");
    assert!(
        last.apply(&event(PATIENT, last.counters, changed), 5)
            .is_err()
    );
}

#[test]
fn only_who_may_decide_appears_as_actor() {
    let recovered = fold(&[(5, event(PATIENT, STILL, set_recovery(1)))]).unwrap();
    for (kind, after) in [
        (Kind::AllConsentsRevoked, counters(1, 0, 1)),
        (
            Kind::ControllerChanged {
                controller: NEW_KEY,
            },
            counters(0, 1, 1),
        ),
        (set_delegate(1), STILL),
        (set_recovery(2), STILL),
    ] {
        assert!(recovered.apply(&event(PATIENT, after, kind), 6).is_ok());
        for stranger in [PARENT, CLINIC, Address::ZERO] {
            let outcome = recovered.apply(&event(stranger, after, kind), 6);
            assert_eq!(outcome, Err(SubjectError::Actor(kind.name())));
        }
    }
    for (kind, after) in [(proposed(1, 6), STILL), (frozen(6), counters(0, 0, 1))] {
        assert!(recovered.apply(&event(PARENT, after, kind), 6).is_ok());
        let by_controller = recovered.apply(&event(PATIENT, after, kind), 6);
        assert_eq!(by_controller, Err(SubjectError::Actor(kind.name())));
    }
    let foreign = SubjectEvent {
        subject: CLINIC,
        ..event(CLINIC, counters(0, 0, 1), Kind::SignaturesInvalidated)
    };
    assert_eq!(
        untouched().apply(&foreign, 1),
        Err(SubjectError::OtherSubject)
    );
}

#[test]
fn an_event_survives_being_written_down() {
    for kind in [set_delegate(1), proposed(4, 6), Kind::AllConsentsRevoked] {
        let event = event(PATIENT, counters(1, 2, 3), kind);
        let text = serde_json::to_string(&event).unwrap();
        assert!(text.contains(&format!("\"kind\":\"{}\"", kind.name())));
        assert_eq!(serde_json::from_str::<SubjectEvent>(&text).unwrap(), event);
    }
}

fn any_event() -> impl Strategy<Value = SubjectEvent> {
    let actor = prop_oneof![Just(PATIENT), Just(PARENT), Just(NEW_KEY)];
    let kind = (0_u8..10, 0_u32..4, 0_u64..3).prop_map(|(kind, number, time)| match kind {
        0 => Kind::AllConsentsRevoked,
        1 => Kind::SignaturesInvalidated,
        2 => Kind::ControllerChanged {
            controller: NEW_KEY,
        },
        3 => set_delegate(number),
        4 => Kind::DelegateRemoved {
            delegate: PARENT,
            nonce: number,
        },
        5 => set_recovery(number),
        6 => proposed(number, time),
        7 => Kind::RecoveryVetoed {
            proposal_id: number,
        },
        8 => frozen(time),
        _ => Kind::SubjectUnfrozen,
    });
    let after = (0_u32..3, 0_u32..3, 0_u32..4).prop_map(|(e, a, s)| counters(e, a, s));
    (actor, after, kind).prop_map(|(actor, after, kind)| event(actor, after, kind))
}

proptest! {
    #[test]
    fn no_counter_ever_falls_and_only_a_new_controller_or_a_delegate_gains_rights(
        events in proptest::collection::vec(any_event(), 0..60)
    ) {
        let mut subject = untouched();
        for (time, event) in (0..).map(|step| step / 20).zip(events) {
            let Ok(next) = subject.apply(&event, time) else { continue };
            let (from, to) = (subject.counters, next.counters);
            prop_assert!(to.epoch >= from.epoch && to.auth_epoch >= from.auth_epoch && to.seq >= from.seq);
            if next.controller != subject.controller {
                prop_assert!(to.auth_epoch > from.auth_epoch && to.seq > from.seq);
            }
            for who in [PATIENT, PARENT, NEW_KEY] {
                if next.rights_of(who, 15).0 > subject.rights_of(who, 15).0 {
                    let is_set = matches!(event.kind, Kind::DelegateSet { delegate, .. } if delegate == who);
                    prop_assert!(is_set || next.controller == who);
                }
            }
            subject = next;
        }
    }
}
