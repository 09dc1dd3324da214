use std::collections::HashMap;

use consent_core::Hash32;
use consent_core::subject::rights;

use super::*;
use crate::decision::facts::authority::Needs;

const SUBJECT: Address = Address([1; 20]);
const GRANTEE: Address = Address([2; 20]);
const STRANGER: Address = Address([7; 20]);

fn subject(n: u32) -> Address {
    let mut bytes = [9; 20];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    Address(bytes)
}

fn one(subject: Address, scope: u8, through_version: u32) -> Stop {
    Stop::Consent {
        subject,
        grantee: GRANTEE,
        scope_id: Hash32([scope; 32]),
        through_version,
    }
}

fn signed(actor: Address, stops: Vec<Stop>) -> Candidate {
    let (Stop::Consent { subject, .. } | Stop::All { subject, .. }) = stops[0];
    Candidate {
        actor,
        subject,
        needs: Needs::Rights(rights::REVOKE),
        stops,
        unproven: None,
    }
}

fn itself(subject: Address) -> Authority {
    Authority {
        controller: subject,
        delegates: HashMap::new(),
    }
}

fn settle(kept: &mut Kept, subject: Address) -> Settled {
    let actors = kept.undecided_actors(subject);
    kept.settle(subject, &actors, &itself(subject), &HashMap::new())
}

#[test]
fn the_farthest_stop_of_each_consent_is_kept_in_whatever_order_they_come() {
    let mut kept = Kept::new(10);
    for through in [3, 7, 5] {
        kept.hold(signed(SUBJECT, vec![one(SUBJECT, 1, through)]))
            .unwrap();
        settle(&mut kept, SUBJECT);
    }
    let all = |through_epoch| Stop::All {
        subject: SUBJECT,
        through_epoch,
    };
    for through in [2, 1] {
        kept.hold(signed(SUBJECT, vec![all(through)])).unwrap();
        settle(&mut kept, SUBJECT);
    }
    assert_eq!(
        kept.about(SUBJECT, &[GRANTEE]).unwrap(),
        [all(2), one(SUBJECT, 1, 7)]
    );
    assert_eq!(kept.about(SUBJECT, &[STRANGER]).unwrap(), [all(2)]);
    assert_eq!(kept.about(STRANGER, &[GRANTEE]).unwrap(), []);
    assert_eq!(kept.len(), 2);
}

#[test]
fn a_stop_of_a_stranger_is_dropped_and_leaves_nothing() {
    let mut kept = Kept::new(10);
    kept.hold(signed(STRANGER, vec![one(SUBJECT, 1, 3)]))
        .unwrap();
    assert_eq!(kept.undecided_actors(SUBJECT), [STRANGER]);
    let settled = settle(&mut kept, SUBJECT);
    assert_eq!((settled.kept, settled.refused), (0, 1));
    assert_eq!(kept.about(SUBJECT, &[GRANTEE]).unwrap(), []);
    assert!(kept.subjects.is_empty() && kept.waiting.is_empty() && kept.undecided == 0);
}

#[test]
fn what_only_the_chain_can_judge_counts_when_it_was_asked_and_said_yes() {
    let claimed = |signature: u8| Claimed {
        digest: Default::default(),
        signer: Default::default(),
        signature: vec![signature].into(),
    };
    let unproven = |scope: u8, signature: u8| Candidate {
        unproven: Some(Box::new(claimed(signature))),
        ..signed(SUBJECT, vec![one(SUBJECT, scope, 3)])
    };
    let mut kept = Kept::new(10);
    kept.hold(unproven(1, 1)).unwrap();
    kept.hold(unproven(2, 2)).unwrap();
    let stranger = Candidate {
        actor: STRANGER,
        ..unproven(4, 4)
    };
    kept.hold(stranger).unwrap();
    let actors = kept.undecided_actors(SUBJECT);
    let questions = kept.unproven(SUBJECT, &itself(SUBJECT));
    assert_eq!(
        questions,
        [(SUBJECT, claimed(1)), (SUBJECT, claimed(2))],
        "nobody is asked about who may not stop"
    );
    kept.hold(unproven(3, 3)).unwrap();
    let asked = HashMap::from([(claimed(1), true), (claimed(2), false)]);
    let settled = kept.settle(SUBJECT, &actors, &itself(SUBJECT), &asked);
    let expected = Settled {
        kept: 1,
        unsigned: 1,
        refused: 1,
        spilled: 0,
    };
    assert_eq!(settled, expected);
    let about = kept.about(SUBJECT, &[GRANTEE]).unwrap();
    assert_eq!(about, [one(SUBJECT, 1, 3)]);
    assert_eq!(kept.undecided_actors(SUBJECT), [SUBJECT], "it waits on");
}

#[test]
fn what_came_while_the_indexer_was_asked_stays_undecided() {
    let mut kept = Kept::new(10);
    kept.hold(signed(SUBJECT, vec![one(SUBJECT, 1, 3)]))
        .unwrap();
    let asked = kept.undecided_actors(SUBJECT);
    kept.hold(signed(STRANGER, vec![one(SUBJECT, 2, 3)]))
        .unwrap();
    let settled = kept.settle(SUBJECT, &asked, &itself(SUBJECT), &HashMap::new());
    assert_eq!((settled.kept, settled.refused), (1, 0));
    assert_eq!(kept.undecided_actors(SUBJECT), [STRANGER]);
}

#[test]
fn without_room_nothing_is_known_of_those_subjects_and_all_of_the_others() {
    let mut kept = Kept::new(100);
    for n in 0..110 {
        kept.hold(signed(subject(n), vec![one(subject(n), 1, 3)]))
            .unwrap();
        let spilled = settle(&mut kept, subject(n)).spilled;
        assert_eq!(spilled, u64::from(n >= 100), "{n}");
    }
    let unknown = |n| kept.about(subject(n), &[GRANTEE]).is_none();
    assert!((100..110).all(unknown));
    // Ten among eight million places.
    assert!((0..100).filter(|n| unknown(*n)).count() <= 1);
    assert!((1000..2000).filter(|n| unknown(*n)).count() <= 1);
    assert_eq!(kept.len(), 100);
    // What is kept can still reach farther.
    kept.hold(signed(subject(0), vec![one(subject(0), 1, 9)]))
        .unwrap();
    assert_eq!(settle(&mut kept, subject(0)).kept, 1);
}

#[test]
fn too_many_undecided_ones_are_given_back_until_some_are_decided() {
    let mut kept = Kept::new(10);
    for n in 0..MAX_UNDECIDED as u32 {
        kept.hold(signed(STRANGER, vec![one(subject(n), 1, 3)]))
            .unwrap();
    }
    let more = signed(STRANGER, vec![one(SUBJECT, 1, 3)]);
    let more = kept.hold(more).unwrap_err();
    settle(&mut kept, subject(5));
    kept.hold(more).unwrap();
}

#[test]
fn what_is_held_or_kept_already_takes_no_room_again() {
    let mut kept = Kept::new(10);
    let stop = || signed(SUBJECT, vec![one(SUBJECT, 1, 3)]);
    kept.hold(stop()).unwrap();
    kept.hold(stop()).unwrap();
    assert_eq!(kept.undecided, 1);
    settle(&mut kept, SUBJECT);
    kept.hold(stop()).unwrap();
    assert_eq!((kept.undecided, kept.waiting.len()), (0, 0));
}

#[test]
fn everyone_undecided_gets_a_turn() {
    let mut kept = Kept::new(10);
    for n in 0..5 {
        kept.hold(signed(STRANGER, vec![one(subject(n), 1, 3)]))
            .unwrap();
    }
    let (mut last, mut seen) = (Address([0; 20]), Vec::new());
    for _ in 0..3 {
        let turn = kept.undecided_after(last, 2);
        last = *turn.last().unwrap();
        seen.extend(turn);
    }
    assert_eq!(seen, [0, 1, 2, 3, 4, 0].map(subject));
}
