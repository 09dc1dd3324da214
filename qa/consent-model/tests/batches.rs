//! The rules of a batch.

mod support;

use consent_model::words::right;
use consent_model::{
    Address, BatchMode, Command, Event, Limits, Op, Refusal, Registry, Rules, ScopeId, Status,
    Window,
};
use support::*;

const BOTH_MODES: [BatchMode; 2] = [BatchMode::Atomic, BatchMode::Try];

#[test]
fn an_atomic_batch_is_all_or_nothing_but_stops_alone_skip_what_is_stale() {
    let mut registry = after(&[(PATIENT, grant(1, 0))]);
    let before = registry.clone();
    let mixed = batch(BatchMode::Atomic, 0, vec![grant_op(8, 1), revoke_op(9, 0)]);
    assert!(registry.apply(NOW, PATIENT, &mixed).is_err());
    assert_eq!(registry, before);
    let stops = batch(BatchMode::Atomic, 7, vec![revoke_op(8, 0), revoke_op(9, 0)]);
    let events = registry.apply(NOW, PATIENT, &stops).unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!(registry.status_of(&key(8), NOW), Status::Revoked);
}

#[test]
fn a_try_batch_with_grants_skips_what_is_stale_and_uses_up_seq() {
    let mut registry = after(&[(PATIENT, grant(1, 0))]);
    let command = batch(BatchMode::Try, 0, vec![grant_op(8, 1), grant_op(9, 1)]);
    let events = registry.apply(NOW, PATIENT, &command).unwrap();
    assert!(matches!(
        events[1],
        Event::ConsentCreated { version: 1, .. }
    ));
    assert!(matches!(events[0], Event::SignaturesInvalidated { .. }));
    assert_eq!(registry.subject(PATIENT).seq, 1);
    assert_eq!(registry.apply(NOW, PATIENT, &command), Ok(vec![]));
    let malformed = batch(
        BatchMode::Try,
        1,
        vec![Op::Deny {
            grantee: Address::ZERO,
            scope_id: ScopeId::default(),
            through_version: 0,
        }],
    );
    let refusal = registry.apply(NOW, PATIENT, &malformed).unwrap_err();
    assert_eq!(refusal, Refusal::ZeroGrantee);
}

#[test]
fn a_try_batch_delivered_during_a_freeze_does_nothing_after_it() {
    let mut registry = after(&[(PATIENT, set_recovery()), (FRIEND, freeze(0))]);
    let command = batch(BatchMode::Try, 1, vec![grant_op(8, 1), revoke_op(9, 1)]);
    let events = registry.apply(NOW, ANYONE, &command).unwrap();
    assert!(
        events
            .iter()
            .any(|event| matches!(event, Event::ConsentRevoked { .. }))
    );
    let before = registry.clone();
    assert_eq!(registry.apply(NOW + 2 * DAY, ANYONE, &command), Ok(vec![]));
    assert_eq!(
        registry, before,
        "each signature changes state at most once"
    );
}

#[test]
fn items_stand_in_strictly_ascending_order_of_grantee_and_then_scope() {
    let stop = |grantee, scope| Op::Revoke {
        grantee: Address::of(grantee),
        scope_id: ScopeId([scope; 32]),
        through_version: 0,
    };
    let unordered = |index| vec![Refusal::UnorderedOps { index }];
    let cases = [
        (vec![stop(5, 9), stop(6, 1)], vec![]),
        (vec![stop(5, 1), stop(5, 2), stop(6, 1)], vec![]),
        (vec![stop(5, 9), stop(5, 9)], unordered(1)),
        (vec![stop(6, 1), stop(5, 9)], unordered(1)),
        (vec![stop(5, 1), stop(5, 3), stop(5, 2)], unordered(2)),
    ];
    for (ops, expected) in cases {
        for mode in BOTH_MODES {
            let command = batch(mode, 0, ops.clone());
            let refusals = Registry::default().refusals(NOW, PATIENT, &command);
            assert_eq!(refusals, expected, "{ops:?}");
        }
    }
}

#[test]
fn no_consent_stands_twice_in_a_batch_whatever_is_done_to_it() {
    for ops in [
        vec![grant_op(9, 1), grant_op(9, 2)],
        vec![revoke_op(9, 0), grant_op(9, 2)],
        vec![grant_op(9, 1), revoke_op(9, 1)],
    ] {
        for mode in BOTH_MODES {
            let command = batch(mode, 0, ops.clone());
            let refusal = Registry::default()
                .apply(NOW, PATIENT, &command)
                .unwrap_err();
            assert_eq!(refusal, Refusal::UnorderedOps { index: 1 });
            let rules = Rules {
                batches_stand_in_order: false,
                ..Rules::default()
            };
            let mut lax = Registry::new(Limits::default(), rules);
            assert!(lax.apply(NOW, PATIENT, &command).is_ok(), "{ops:?}");
        }
    }
}

#[test]
fn a_batch_of_grants_is_refused_before_its_seq_in_both_modes() {
    for mode in BOTH_MODES {
        let mut registry = Registry::default();
        let command = batch(mode, 1, vec![revoke_op(8, 0), grant_op(9, 1)]);
        let expected = 0;
        assert_eq!(
            registry.apply(NOW, ANYONE, &command),
            Err(Refusal::WrongSeq { given: 1, expected })
        );
        // Stops alone do not look at it.
        let stops = batch(mode, 1, vec![revoke_op(8, 0)]);
        registry.apply(NOW, ANYONE, &stops).unwrap();
    }
}

#[test]
fn after_its_seq_a_try_batch_skips_its_grants_and_raises_nothing() {
    let used = batch(BatchMode::Try, 0, vec![grant_op(7, 1)]);
    let mut registry = after(&[(ANYONE, used)]);
    let late = vec![grant_op(8, 1), revoke_op(9, 0)];
    let events = registry
        .apply(NOW, ANYONE, &batch(BatchMode::Try, 0, late.clone()))
        .unwrap();
    assert!(
        matches!(events[..], [Event::ConsentRevoked { .. }]),
        "{events:?}"
    );
    assert_eq!(registry.subject(PATIENT).seq, 1);
    let refusals = registry.refusals(NOW, ANYONE, &batch(BatchMode::Atomic, 0, late));
    let expected = 1;
    assert!(refusals.contains(&Refusal::WrongSeq { given: 0, expected }));
}

#[test]
fn a_try_batch_raises_seq_though_all_its_grants_are_skipped() {
    let mut registry = after(&[(PATIENT, grant(1, 0))]);
    let command = batch(BatchMode::Try, 0, vec![grant_op(9, 1)]);
    let events = registry.apply(NOW, ANYONE, &command).unwrap();
    assert!(matches!(events[..], [Event::SignaturesInvalidated { .. }]));
    assert_eq!(registry.subject(PATIENT).seq, 1);
}

#[test]
fn at_the_largest_seq_a_try_batch_still_stops() {
    let limits = Limits {
        seq: 0,
        ..Limits::default()
    };
    let mut registry = small(limits);
    let command = batch(BatchMode::Try, 0, vec![grant_op(8, 1), revoke_op(9, 0)]);
    let events = registry.apply(NOW, ANYONE, &command).unwrap();
    assert!(matches!(events[..], [Event::ConsentRevoked { .. }]));
    assert_eq!(registry.subject(PATIENT).seq, 0);
}

#[test]
fn malformed_grants_revert_a_try_batch_whose_grants_cannot_apply() {
    let frozen = after(&[(PATIENT, set_recovery()), (FRIEND, freeze(0))]);
    let grants = |grantee, window| {
        let scope_id = ScopeId::default();
        let version = 1;
        vec![Op::Grant {
            grantee,
            scope_id,
            window,
            version,
        }]
    };
    let empty = Window { from: 5, to: 5 };
    let cases = [
        (grants(Address::ZERO, ALWAYS), "ZeroGrantee"),
        (grants(PATIENT, ALWAYS), "SelfConsent"),
        (grants(PATIENT, ALWAYS), "GranteeCannotGrant"),
        (grants(CLINIC, empty), "EmptyWindow"),
    ];
    for (ops, name) in cases {
        // Frozen at seq 1; used up at seq 0.
        for seq in [0, 1] {
            let command = batch(BatchMode::Try, seq, ops.clone());
            let refusals = frozen.refusals(NOW, ANYONE, &command);
            assert!(
                refusals.iter().any(|refusal| refusal.name() == name),
                "{name}: {refusals:?}"
            );
        }
    }
    let over = grants(CLINIC, Window { from: 1, to: NOW });
    let command = batch(BatchMode::Try, 1, over);
    assert_eq!(frozen.refusals(NOW, ANYONE, &command), []);
}

#[test]
fn a_batch_without_the_right_to_each_of_its_items_reverts() {
    let registry = after(&[(PATIENT, set_delegate(right::GRANT, 1, 0))]);
    let ops = vec![grant_op(8, 1), revoke_op(9, 0)];
    let Command::Signed {
        deadline, intent, ..
    } = batch(BatchMode::Try, 0, ops)
    else {
        unreachable!("a batch is signed")
    };
    let by_parent = Command::Signed {
        actor: PARENT,
        deadline,
        intent,
    };
    let (actor, subject) = (PARENT, PATIENT);
    assert_eq!(
        registry.refusals(NOW, ANYONE, &by_parent),
        [Refusal::NotAuthorized { actor, subject }]
    );
}

#[test]
fn all_reasons_against_an_atomic_batch_are_told() {
    let registry = after(&[(PATIENT, grant(1, 0))]);
    let command = batch(BatchMode::Atomic, 4, vec![revoke_op(9, 0), grant_op(8, 3)]);
    let names: Vec<_> = registry
        .refusals(NOW, ANYONE, &command)
        .iter()
        .map(Refusal::name)
        .collect();
    assert_eq!(
        names,
        ["UnorderedOps", "StaleStop", "WrongSeq", "WrongVersion"]
    );
}
