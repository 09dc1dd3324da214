//! How events change a consent: the registry's own rules, and what cannot have come from it.

mod common;

use common::{GRANTEE, SUBJECT};
use consent_core::EventKind::{Created, Denied, Expired, Requested, Revoked};
use consent_core::consent::TransitionError;
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

fn fold(kinds: &[EventKind]) -> Result<Consent, TransitionError> {
    let step = |consent: Consent, (time, kind): (usize, &EventKind)| {
        consent.apply(&event(*kind), 100 + time as u64)
    };
    kinds.iter().enumerate().try_fold(untouched(), step)
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
        (StoredStatus::Revoked, 2, 102)
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
        vec![requested(1), Expired { version: 1 }, created(2)],
        vec![created(1), Expired { version: 1 }, revoked(2)],
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
        vec![created(1), Expired { version: 2 }],
        vec![Created {
            valid_from: 5,
            valid_to: 5,
            version: 1,
            actor: SUBJECT,
        }],
    ] {
        assert!(fold(&kinds).is_err(), "{kinds:?}");
    }
    let stranger = ConsentEvent {
        subject: Address([8; 20]),
        ..event(created(1))
    };
    assert_eq!(
        untouched().apply(&stranger, 1),
        Err(TransitionError::OtherConsent)
    );
}

#[test]
fn a_stop_always_works_even_at_the_last_version() {
    let last = Consent {
        version: u32::MAX,
        status: StoredStatus::Active,
        ..untouched()
    };
    assert_eq!(
        last.apply(&event(revoked(u32::MAX)), 1).unwrap().status,
        StoredStatus::Revoked
    );
    assert!(
        last.apply(&event(created(u32::MAX)), 1).is_err(),
        "the last version means closed"
    );
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
            active.effective(now, is_final),
            Some(expected),
            "{now} {is_final}"
        );
        assert_eq!(active.effective_until(now), until, "{now}");
    }
    let asked = fold(&[requested(1)]).unwrap();
    assert_eq!(asked.effective(14, false), Some(EffectiveStatus::Requested));
    assert_eq!(asked.effective_until(14), Some(15));
    assert_eq!(asked.effective(15, true), Some(EffectiveStatus::Expired));
    assert_eq!(untouched().effective(1, true), None);
    let forever = Consent {
        valid_to: UNTIL_REVOKED,
        ..active
    };
    assert_eq!(
        forever.effective(u64::MAX, true),
        Some(EffectiveStatus::Active)
    );
    assert_eq!(forever.effective_until(11), None);
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
    fn a_version_never_falls_and_after_a_stop_only_a_new_grant_is_active(kinds in proptest::collection::vec(any_kind(), 0..24)) {
        let mut consent = untouched();
        for kind in kinds {
            let Ok(next) = consent.apply(&event(kind), 1) else { continue };
            prop_assert!(next.version >= consent.version);
            if next.status == StoredStatus::Active {
                let is_grant = matches!(kind, Created { .. });
                prop_assert!(is_grant);
            }
            consent = next;
        }
    }
}
