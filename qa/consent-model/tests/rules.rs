//! The registry's rules, one at a time.

mod support;

use std::collections::BTreeSet;

use consent_model::words::right;
use consent_model::{
    Acceptance, Address, Call, Command, ConsentKey, Event, FOR_EVER, Grant, Intent, Limits,
    ProposeRecovery, Refusal, Registry, SetDelegate, Status, Window,
};
use support::*;

#[test]
fn a_request_is_approved_at_its_own_version_and_renewed_at_the_next() {
    let mut registry = after(&[(CLINIC, request(1, NOW + 1)), (PATIENT, grant(1, 0))]);
    assert_eq!(registry.consent(&KEY).version, 1);
    let refusal = registry.apply(NOW, PATIENT, &grant(1, 0)).unwrap_err();
    let expected = 2;
    assert_eq!(refusal, Refusal::WrongVersion { given: 1, expected });
    registry.apply(NOW, PATIENT, &grant(2, 0)).unwrap();
    assert!(registry.is_active(&KEY, NOW));
}

#[test]
fn a_stop_applies_through_its_version_from_every_status_and_then_is_stale() {
    for commands in [
        vec![],
        vec![(CLINIC, request(1, NOW + 1))],
        vec![(PATIENT, grant(1, 0))],
        vec![(PATIENT, revoke(0))],
    ] {
        let mut registry = after(&commands);
        registry.apply(NOW, ANYONE, &revoke(5)).unwrap();
        assert_eq!(registry.status_of(&KEY, NOW), Status::Revoked);
        assert_eq!(registry.consent(&KEY).version, 6);
        let refusal = registry.apply(NOW, ANYONE, &revoke(5)).unwrap_err();
        assert!(refusal.is_stale_stop());
    }
}

#[test]
fn deny_refuses_a_request_and_revokes_anything_else() {
    let deny = Command::Direct(Call::Deny(KEY));
    let mut requested = after(&[(CLINIC, request(1, NOW + 1))]);
    requested.apply(NOW, PATIENT, &deny).unwrap();
    assert_eq!(requested.consent(&KEY).status, Status::Denied);
    let mut lapsed = after(&[(CLINIC, request(1, NOW + 1))]);
    let events = lapsed.apply(NOW + 1, PATIENT, &deny).unwrap();
    assert!(matches!(
        events[0],
        Event::ConsentExpired { version: 1, .. }
    ));
    assert!(matches!(
        events[1],
        Event::ConsentRevoked { version: 2, .. }
    ));
}

#[test]
fn windows_are_half_open() {
    let mut registry = Registry::default();
    let mut given = grant_of(1, 0);
    given.window = Window {
        from: NOW + 5,
        to: NOW + 7,
    };
    let command = Command::Direct(Call::Grant(given));
    registry.apply(NOW, PATIENT, &command).unwrap();
    let active: Vec<_> = (4..=7)
        .map(|offset| registry.is_active(&KEY, NOW + offset))
        .collect();
    assert_eq!(active, [false, true, true, false]);
    assert_eq!(registry.status_of(&KEY, NOW), Status::Active);
    assert_eq!(registry.status_of(&KEY, NOW + 7), Status::Expired);
}

#[test]
fn anyone_records_a_lapse_once() {
    let mut registry = after(&[(CLINIC, request(1, NOW + 1))]);
    let expire = Command::Direct(Call::Expire(KEY));
    let status = Status::Requested;
    assert_eq!(
        registry.apply(NOW, ANYONE, &expire),
        Err(Refusal::NotLapsed { status })
    );
    registry.apply(NOW + 1, ANYONE, &expire).unwrap();
    assert_eq!(registry.consent(&KEY).version, 1);
    let status = Status::Expired;
    assert_eq!(
        registry.apply(NOW + 1, ANYONE, &expire),
        Err(Refusal::NotLapsed { status })
    );
}

#[test]
fn revoke_all_leaves_none_active_and_twice_changes_no_status() {
    let all = |drop_delegates| {
        Command::Direct(Call::RevokeAll {
            subject: PATIENT,
            drop_delegates,
        })
    };
    let mut registry = after(&[
        (PATIENT, set_delegate(right::ALL, 1, 0)),
        (PATIENT, grant(1, 0)),
        (PATIENT, all(false)),
    ]);
    assert_eq!(registry.consent(&KEY).status, Status::Active);
    assert_eq!(registry.status_of(&KEY, NOW), Status::Revoked);
    assert_eq!(registry.rights_of(PATIENT, PARENT, NOW).0, right::ALL);
    registry.apply(NOW, PATIENT, &all(true)).unwrap();
    assert_eq!(registry.status_of(&KEY, NOW), Status::Revoked);
    assert_eq!(registry.rights_of(PATIENT, PARENT, NOW).0, 0);
    registry.apply(NOW, PATIENT, &grant(2, 2)).unwrap();
    assert!(registry.is_active(&KEY, NOW));
}

#[test]
fn a_signed_revoke_all_lifts_seq_above_the_one_signed() {
    let invalidate = Intent::Invalidate {
        subject: PATIENT,
        through_seq: 0,
    };
    let mut registry = after(&[(ANYONE, signed(PATIENT, invalidate))]);
    let intent = Intent::RevokeAll {
        subject: PATIENT,
        through_epoch: 0,
        through_seq: 4,
        drop_delegates: false,
    };
    let command = signed(PATIENT, intent);
    registry.apply(NOW, ANYONE, &command).unwrap();
    let state = registry.subject(PATIENT);
    assert_eq!((state.epoch, state.seq), (1, 5));
    let refusal = registry.apply(NOW, ANYONE, &command).unwrap_err();
    assert!(refusal.is_stale_stop());
}

#[test]
fn at_the_largest_version_direct_stops_succeed_and_nothing_opens() {
    let limits = Limits {
        version: 3,
        ..Limits::default()
    };
    let mut registry = small(limits);
    registry
        .apply(NOW, ANYONE, &revoke(FOR_EVER as u32))
        .unwrap();
    assert_eq!(registry.consent(&KEY).version, 3);
    let refusals = registry.refusals(NOW, PATIENT, &grant(4, 0));
    assert!(refusals.contains(&Refusal::VersionExhausted));
    assert!(registry.apply(NOW, ANYONE, &revoke(3)).is_err());
    let direct = Command::Direct(Call::Revoke(KEY));
    registry.apply(NOW, PATIENT, &direct).unwrap();
    assert_eq!(registry.consent(&KEY).version, 3);
}

#[test]
fn at_the_largest_seq_a_grantee_may_still_request_but_nobody_grants() {
    let limits = Limits {
        seq: 1,
        ..Limits::default()
    };
    let mut registry = small(limits);
    let invalidate = Intent::Invalidate {
        subject: PATIENT,
        through_seq: 0,
    };
    let command = signed(PATIENT, invalidate);
    registry.apply(NOW, PATIENT, &command).unwrap();
    registry.apply(NOW, CLINIC, &request(1, NOW + 1)).unwrap();
    assert_eq!(
        registry.refusals(NOW, PATIENT, &grant(1, 1)),
        [Refusal::SeqExhausted]
    );
}

#[test]
fn at_the_largest_epoch_nobody_requests_or_grants() {
    let limits = Limits {
        epoch: 1,
        ..Limits::default()
    };
    let mut registry = small(limits);
    let all = Command::Direct(Call::RevokeAll {
        subject: PATIENT,
        drop_delegates: false,
    });
    registry.apply(NOW, PATIENT, &all).unwrap();
    let exhausted = [Refusal::EpochExhausted];
    assert_eq!(
        registry.refusals(NOW, CLINIC, &request(1, NOW + 1)),
        exhausted
    );
    assert_eq!(registry.refusals(NOW, PATIENT, &grant(1, 1)), exhausted);
}

#[test]
fn a_delegate_grants_within_its_mandate_and_never_to_itself() {
    let set = |delegate, to| {
        let set = SetDelegate {
            subject: PATIENT,
            delegate,
            rights: right::GRANT,
            mandate: Window { from: NOW, to },
            nonce: 1,
            seq: 0,
        };
        signed(PATIENT, Intent::SetDelegate(set))
    };
    let mut registry = after(&[
        (PATIENT, set(PARENT, NOW + 10)),
        (PATIENT, set(CLINIC, FOR_EVER)),
    ]);
    let refusal = registry.apply(NOW, PARENT, &grant(1, 0)).unwrap_err();
    assert_eq!(
        refusal,
        Refusal::BeyondMandate {
            valid_to: FOR_EVER,
            mandate_end: NOW + 10
        }
    );
    let refusal = registry.apply(NOW, CLINIC, &grant(1, 0)).unwrap_err();
    assert_eq!(refusal, Refusal::GranteeCannotGrant { grantee: CLINIC });
    let stop = Command::Direct(Call::Revoke(KEY));
    let refusal = registry.apply(NOW, PARENT, &stop).unwrap_err();
    assert_eq!(refusal.name(), "NotAuthorized");
}

#[test]
fn a_removal_beats_a_setting_held_back() {
    let mut registry = Registry::default();
    let removal = signed(
        PATIENT,
        Intent::RemoveDelegate {
            subject: PATIENT,
            delegate: PARENT,
            through_nonce: 1,
        },
    );
    registry.apply(NOW, ANYONE, &removal).unwrap();
    let refusal = registry
        .apply(NOW, PATIENT, &set_delegate(right::ALL, 1, 0))
        .unwrap_err();
    let expected = 3;
    assert_eq!(refusal, Refusal::WrongNonce { given: 1, expected });
}

#[test]
fn a_rotation_needs_the_new_key_and_voids_delegates() {
    let mut registry = after(&[(PATIENT, set_delegate(right::ALL, 1, 0))]);
    let rotate = |acceptance| {
        let rotate = Intent::Rotate {
            subject: PATIENT,
            new_controller: NEW_KEY,
            seq: 0,
            acceptance,
        };
        signed(PATIENT, rotate)
    };
    let refused = Err(Refusal::BadSignature { actor: NEW_KEY });
    assert_eq!(registry.apply(NOW, PATIENT, &rotate(None)), refused);
    let of_another_seq = Some(Acceptance {
        seq: 1,
        deadline: NOW,
    });
    assert_eq!(
        registry.apply(NOW, PATIENT, &rotate(of_another_seq)),
        refused
    );
    let accepted = Some(Acceptance {
        seq: 0,
        deadline: NOW,
    });
    registry.apply(NOW, PATIENT, &rotate(accepted)).unwrap();
    assert_eq!(registry.rights_of(PATIENT, PARENT, NOW).0, 0);
    assert_eq!(registry.rights_of(PATIENT, PATIENT, NOW).0, 0);
    registry.apply(NOW, NEW_KEY, &grant(1, 1)).unwrap();
}

#[test]
fn a_recovery_waits_for_its_delay_and_falls_to_a_veto() {
    let propose = |proposal_id| {
        let proposal = ProposeRecovery {
            subject: PATIENT,
            new_controller: NEW_KEY,
            proposal_id,
        };
        signed(FRIEND, Intent::ProposeRecovery(proposal))
    };
    let recover = |proposal_id| {
        Command::Direct(Call::Recover {
            subject: PATIENT,
            proposal_id,
            acceptance: None,
        })
    };
    let veto = signed(
        PATIENT,
        Intent::Veto {
            subject: PATIENT,
            proposal_id: 1,
        },
    );
    let mut registry = after(&[(PATIENT, set_recovery()), (FRIEND, propose(1))]);
    let ready_at = NOW + 2 * DAY;
    assert_eq!(
        registry.apply(ready_at - 1, NEW_KEY, &recover(1)),
        Err(Refusal::NotReady { ready_at })
    );
    registry.apply(NOW, ANYONE, &veto).unwrap();
    let refusal = registry.apply(ready_at, NEW_KEY, &recover(1)).unwrap_err();
    assert_eq!(refusal.name(), "NoProposal");
    registry.apply(NOW, FRIEND, &propose(2)).unwrap();
    registry.apply(ready_at, NEW_KEY, &recover(2)).unwrap();
    assert_eq!(registry.subject(PATIENT).controller, NEW_KEY);
    assert_eq!(registry.recoverer_of(PATIENT), None);
}

#[test]
fn a_freeze_stops_grants_for_the_delay_and_not_again_before_twice_that() {
    let mut registry = after(&[(PATIENT, set_recovery()), (FRIEND, freeze(0))]);
    let until = NOW + 2 * DAY;
    let refusals = registry.refusals(until - 1, PATIENT, &grant(1, 1));
    assert_eq!(refusals, [Refusal::Frozen { until }]);
    let next_freeze_at = NOW + 4 * DAY;
    assert_eq!(
        registry.apply(next_freeze_at - 1, FRIEND, &freeze(1)),
        Err(Refusal::FreezeTooSoon { next_freeze_at })
    );
    registry.apply(until, PATIENT, &grant(1, 1)).unwrap();
    registry.apply(next_freeze_at, FRIEND, &freeze(1)).unwrap();
}

#[test]
fn only_a_stop_may_be_signed_for_ever() {
    let mut registry = Registry::default();
    let endless = |intent| Command::Signed {
        actor: PATIENT,
        deadline: FOR_EVER,
        intent,
    };
    let refusal = registry
        .apply(NOW, ANYONE, &endless(Intent::Grant(grant_of(1, 0))))
        .unwrap_err();
    assert_eq!(refusal.name(), "DeadlineTooFar");
    let stop = Intent::Revoke {
        key: KEY,
        through_version: 1,
    };
    registry.apply(NOW, ANYONE, &endless(stop)).unwrap();
    let late = Command::Signed {
        actor: PATIENT,
        deadline: NOW,
        intent: Intent::Grant(grant_of(3, 0)),
    };
    assert_eq!(
        registry.apply(NOW + 1, ANYONE, &late).unwrap_err().name(),
        "DeadlinePassed"
    );
}

#[test]
fn a_registry_of_grantees_is_asked_for_requests_alone() {
    let mut registry = Registry::default();
    registry.set_verified(Some(BTreeSet::new()));
    assert_eq!(
        registry.apply(NOW, CLINIC, &request(1, NOW + 1)),
        Err(Refusal::GranteeNotVerified { grantee: CLINIC })
    );
    registry.apply(NOW, PATIENT, &grant(1, 0)).unwrap();
    registry.set_verified(Some(BTreeSet::from([CLINIC])));
    let revoke = Command::Direct(Call::Revoke(KEY));
    registry.apply(NOW, PATIENT, &revoke).unwrap();
    registry.apply(NOW, CLINIC, &request(3, NOW + 1)).unwrap();
}

#[test]
fn all_reasons_against_a_command_are_told() {
    let nobody = ConsentKey {
        grantee: Address::ZERO,
        ..KEY
    };
    let grant = Call::Grant(Grant {
        key: nobody,
        window: Window { from: 5, to: 5 },
        version: 3,
        seq: 3,
    });
    let names: Vec<_> = Registry::default()
        .refusals(NOW, ANYONE, &Command::Direct(grant))
        .iter()
        .map(Refusal::name)
        .collect();
    let expected = [
        "ZeroGrantee",
        "NotAuthorized",
        "EmptyWindow",
        "WindowOver",
        "WrongSeq",
        "WrongVersion",
    ];
    for name in expected {
        assert!(names.iter().any(|told| told == name), "{name}: {names:?}");
    }
}
