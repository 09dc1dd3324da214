//! How events change a consent: the registry's own rules, and what cannot have come from it.

use crate::support::{GRANTEE, SUBJECT};
use consent_core::EventKind::{Created, Denied, Expired, Requested, Revoked};
use consent_core::consent::TransitionError;
use consent_core::subject::MAX_COUNTER;
use consent_core::{
    Address, Consent, ConsentEvent, EffectiveStatus, EventKind, Hash32, StoredStatus, UNTIL_REVOKED,
};
use proptest::prelude::*;

const SCOPE: Hash32 = Hash32([3; 32]);

fn event(kind: EventKind) -> ConsentEvent {
    ConsentEvent {
        subject: SUBJECT,
        grantee: GRANTEE,
        scope_id: SCOPE,
        kind,
    }
}

fn untouched() -> Consent {
    Consent::untouched(Hash32([5; 32]), SUBJECT, GRANTEE, SCOPE)
}

/// Folds events, each a second after the one before, the first one at 1.
fn fold(kinds: &[EventKind]) -> Result<Consent, TransitionError> {
    fold_at(&(1..).zip(kinds.iter().copied()).collect::<Vec<_>>())
}

/// Folds events at the times given, in epoch 0.
fn fold_at(events: &[(u64, EventKind)]) -> Result<Consent, TransitionError> {
    let step =
        |consent: Consent, (time, kind): &(u64, EventKind)| consent.apply(&event(*kind), 0, *time);
    events.iter().try_fold(untouched(), step)
}

fn requested(version: u32) -> EventKind {
    Requested {
        valid_from: 10,
        valid_to: 20,
        respond_by: 15,
        version,
        actor: GRANTEE,
    }
}

fn created(version: u32) -> EventKind {
    Created {
        valid_from: 10,
        valid_to: 20,
        version,
        actor: SUBJECT,
    }
}

fn denied(version: u32) -> EventKind {
    Denied {
        version,
        actor: SUBJECT,
    }
}

fn revoked(version: u32) -> EventKind {
    Revoked {
        version,
        actor: SUBJECT,
    }
}

#[test]
fn the_walk_from_request_to_revocation() {
    let consent = fold(&[requested(1), created(1), revoked(2)]).unwrap();
    assert_eq!(
        (consent.status, consent.version, consent.changed_at),
        (StoredStatus::Revoked, 2, 3)
    );
    assert_eq!(
        (consent.valid_from, consent.valid_to),
        (10, 20),
        "a stop keeps the window, as the registry's word does"
    );
}

#[test]
fn what_the_registry_can_emit_is_followed() {
    for kinds in [
        vec![created(1)],
        vec![created(1), created(2)],
        vec![requested(1), denied(2), requested(3)],
        vec![requested(1), revoked(2), requested(3)],
        vec![revoked(1), revoked(2), created(3)],
        vec![requested(1), revoked(9), created(10)],
    ] {
        assert!(fold(&kinds).is_ok(), "{kinds:?}");
    }
}

#[test]
fn what_it_cannot_emit_is_refused() {
    for kinds in [
        vec![created(2)],
        vec![requested(1), requested(2)],
        vec![created(1), requested(2)],
        vec![requested(1), created(2)],
        vec![created(1), created(1)],
        vec![denied(1)],
        vec![created(1), denied(2)],
        vec![created(1), revoked(1)],
        vec![Expired { version: 0 }],
        vec![created(1), Expired { version: 1 }],
        vec![Created {
            valid_from: 5,
            valid_to: 5,
            version: 1,
            actor: SUBJECT,
        }],
        vec![Created {
            valid_from: 0,
            valid_to: 1,
            version: 1,
            actor: SUBJECT,
        }],
        vec![Created {
            valid_from: 10,
            valid_to: 20,
            version: 1,
            actor: GRANTEE,
        }],
        vec![Requested {
            valid_from: 10,
            valid_to: 20,
            respond_by: 15,
            version: 1,
            actor: SUBJECT,
        }],
        vec![Requested {
            valid_from: 10,
            valid_to: 20,
            respond_by: 1,
            version: 1,
            actor: GRANTEE,
        }],
    ] {
        assert!(fold(&kinds).is_err(), "{kinds:?}");
    }
    let stranger = ConsentEvent {
        subject: Address([8; 20]),
        ..event(created(1))
    };
    assert_eq!(
        untouched().apply(&stranger, 0, 1),
        Err(TransitionError::OtherConsent)
    );
}

#[test]
fn a_stop_always_works_even_at_the_last_version() {
    let last = Consent {
        version: u32::MAX,
        status: StoredStatus::Revoked,
        ..untouched()
    };
    for stopped in [revoked(u32::MAX), revoked(u32::MAX)] {
        let stopped = last.apply(&event(stopped), 0, 1).unwrap();
        assert_eq!(stopped.status, StoredStatus::Revoked);
    }
    assert!(
        last.apply(&event(created(u32::MAX)), 0, 1).is_err(),
        "the last version means closed"
    );
    let last_but_one = Consent {
        version: u32::MAX - 1,
        ..last
    };
    assert!(last_but_one.apply(&event(created(u32::MAX)), 0, 1).is_err());
    assert!(
        untouched()
            .apply(&event(created(1)), MAX_COUNTER, 1)
            .is_err(),
        "so does the last epoch"
    );
}

#[test]
fn a_lapse_is_recorded_before_anything_else_happens() {
    let lapse = Expired { version: 1 };
    for (opened, end) in [(requested(1), 15), (created(1), 20)] {
        let consent = fold_at(&[(1, opened), (end, lapse)]).unwrap();
        assert_eq!(
            (consent.status, consent.version, consent.changed_at),
            (StoredStatus::Expired, 1, end)
        );
        assert!(fold_at(&[(1, opened), (end - 1, lapse)]).is_err());
        let window = Created {
            valid_from: 10,
            valid_to: 90,
            version: 2,
            actor: SUBJECT,
        };
        assert!(fold_at(&[(1, opened), (end, lapse), (end, window)]).is_ok());
        assert!(fold_at(&[(1, opened), (end, lapse), (end, lapse)]).is_err());
        for unrecorded in [window, revoked(2), denied(2), requested(2)] {
            assert_eq!(
                fold_at(&[(1, opened), (end, unrecorded)]),
                Err(TransitionError::Unrecorded(unrecorded.name()))
            );
        }
    }
}

#[test]
fn after_everything_was_revoked_an_open_consent_reads_revoked_and_may_be_opened_anew() {
    for opened in [requested(1), created(1)] {
        let consent = fold(&[opened]).unwrap();
        assert_eq!(
            consent.effective(1, 12, true),
            Some(EffectiveStatus::Revoked)
        );
        assert_eq!(consent.effective_until(1, 12), None);
        assert_eq!(
            consent.effective(1, 25, true),
            Some(EffectiveStatus::Revoked),
            "also past its time"
        );
        // Neither a lapse nor a denial nor an approval of it is possible any more.
        for kind in [Expired { version: 1 }, denied(2), created(1)] {
            assert!(consent.apply(&event(kind), 1, 16).is_err(), "{kind:?}");
        }
        let again = consent.apply(&event(created(2)), 1, 16).unwrap();
        assert_eq!((again.status, again.epoch), (StoredStatus::Active, 1));
        assert_eq!(again.effective(1, 16, true), Some(EffectiveStatus::Active));
        assert!(consent.apply(&event(requested(2)), 1, 12).is_ok());
        let stopped = consent.apply(&event(revoked(2)), 1, 30).unwrap();
        assert_eq!((stopped.status, stopped.epoch), (StoredStatus::Revoked, 0));
        assert_eq!(
            stopped.effective(7, 30, true),
            Some(EffectiveStatus::Revoked)
        );
    }
    let denied = fold(&[requested(1), denied(2)]).unwrap();
    assert_eq!(denied.effective(9, 3, true), Some(EffectiveStatus::Denied));
}

#[test]
fn effective_status_follows_time_and_finality() {
    let active = fold(&[created(1)]).unwrap();
    for (now, is_final, expected, until) in [
        (9, true, EffectiveStatus::Scheduled, Some(10)),
        (9, false, EffectiveStatus::Confirming, Some(10)),
        (10, true, EffectiveStatus::Active, Some(20)),
        (10, false, EffectiveStatus::Confirming, Some(20)),
        (19, true, EffectiveStatus::Active, Some(20)),
        (20, true, EffectiveStatus::Expired, None),
        (20, false, EffectiveStatus::Expired, None),
    ] {
        assert_eq!(
            active.effective(0, now, is_final),
            Some(expected),
            "{now} {is_final}"
        );
        assert_eq!(active.effective_until(0, now), until, "{now}");
    }
    let asked = fold(&[requested(1)]).unwrap();
    assert_eq!(
        asked.effective(0, 14, false),
        Some(EffectiveStatus::Requested)
    );
    assert_eq!(asked.effective_until(0, 14), Some(15));
    assert_eq!(asked.effective(0, 15, true), Some(EffectiveStatus::Expired));
    assert_eq!(untouched().effective(0, 1, true), None);
    let forever = Consent {
        valid_to: UNTIL_REVOKED,
        ..active
    };
    assert_eq!(
        forever.effective(0, u64::MAX, true),
        Some(EffectiveStatus::Active)
    );
    assert_eq!(forever.effective_until(0, 11), None);
}

fn any_kind() -> impl Strategy<Value = EventKind> {
    (0_u8..5, 0_u32..6).prop_map(|(kind, version)| match kind {
        0 => requested(version),
        1 => created(version),
        2 => denied(version),
        3 => revoked(version),
        _ => Expired { version },
    })
}

proptest! {
    #[test]
    fn a_version_never_falls_and_after_a_stop_only_a_new_grant_is_active(
        kinds in proptest::collection::vec((any_kind(), 0_u64..3, 0_u32..5), 0..24)
    ) {
        let mut consent = untouched();
        let (mut time, mut epoch) = (1, 0);
        for (kind, passing, raise) in kinds {
            time += passing;
            epoch += u32::from(raise == 0);
            let Ok(next) = consent.apply(&event(kind), epoch, time) else { continue };
            prop_assert!(next.version >= consent.version);
            if next.effective(epoch, time, true) != consent.effective(epoch, time, true)
                && next.status == StoredStatus::Active
            {
                let is_grant = matches!(kind, Created { .. });
                prop_assert!(is_grant);
            }
            consent = next;
        }
    }
}
