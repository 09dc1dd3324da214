//! How events change a verified organisation or practitioner.

use consent_core::grantee::{GranteeError, GranteeEventKind as Kind};
use consent_core::{Address, Grantee, GranteeEvent, GranteeStatus, Hash32};

const CLINIC: Address = Address([1; 20]);
const HOSPITAL: Address = Address([2; 20]);
const REASON: Hash32 = Hash32([9; 32]);

fn verified(valid_to: u64) -> Kind {
    Kind::Verified {
        credential: Hash32([3; 32]),
        valid_to,
    }
}

const SUSPENDED: Kind = Kind::Suspended { reason: REASON };
const REINSTATED: Kind = Kind::Reinstated { reason: REASON };
const REMOVED: Kind = Kind::Removed {
    reason: Hash32::ZERO,
};

fn event(kind: Kind) -> GranteeEvent {
    GranteeEvent {
        grantee: CLINIC,
        organization: HOSPITAL,
        kind,
    }
}

fn fold(kinds: &[Kind]) -> Result<Grantee, GranteeError> {
    (1..)
        .zip(kinds)
        .try_fold(Grantee::untouched(CLINIC), |grantee, (time, kind)| {
            grantee.apply(&event(*kind), time)
        })
}

#[test]
fn what_a_registry_can_emit_is_followed() {
    for (kinds, status) in [
        (vec![verified(9)], GranteeStatus::Verified),
        (vec![verified(9), verified(99)], GranteeStatus::Verified),
        (vec![verified(9), SUSPENDED], GranteeStatus::Suspended),
        (
            vec![verified(9), SUSPENDED, REINSTATED],
            GranteeStatus::Verified,
        ),
        (
            vec![verified(9), SUSPENDED, REMOVED],
            GranteeStatus::Removed,
        ),
        (
            vec![verified(9), REMOVED, verified(9)],
            GranteeStatus::Verified,
        ),
    ] {
        let grantee = fold(&kinds).unwrap();
        assert_eq!(grantee.status, status, "{kinds:?}");
        assert_eq!(grantee.changed_at, kinds.len() as u64);
        assert_eq!(grantee.organization, HOSPITAL);
    }
}

#[test]
fn what_it_cannot_emit_is_refused() {
    for kinds in [
        vec![SUSPENDED],
        vec![REMOVED],
        vec![REINSTATED],
        vec![verified(9), REINSTATED],
        vec![verified(9), SUSPENDED, SUSPENDED],
        vec![verified(9), SUSPENDED, verified(9)],
        vec![verified(9), REMOVED, REMOVED],
        vec![verified(1)],
    ] {
        assert!(fold(&kinds).is_err(), "{kinds:?}");
    }
    let moved = GranteeEvent {
        organization: CLINIC,
        ..event(SUSPENDED)
    };
    assert!(fold(&[verified(9)]).unwrap().apply(&moved, 5).is_err());
    let other = GranteeEvent {
        grantee: HOSPITAL,
        ..event(verified(9))
    };
    assert_eq!(
        Grantee::untouched(CLINIC).apply(&other, 1),
        Err(GranteeError::OtherGrantee)
    );
}

#[test]
fn a_verification_ends_before_its_last_moment_and_while_suspended() {
    let grantee = fold(&[verified(9)]).unwrap();
    assert!(grantee.is_verified(8) && !grantee.is_verified(9));
    let suspended = fold(&[verified(9), SUSPENDED]).unwrap();
    assert!(!suspended.is_verified(5));
    assert_eq!(suspended.valid_to, 9, "it stays");
}
