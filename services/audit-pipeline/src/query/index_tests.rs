use super::*;
use audit_core::record::SCHEMA_VERSION;
use audit_core::{Action, Gateway, Outcome};
use proptest::prelude::*;
use time::macros::{date, datetime};

use crate::query::continuity::BreakKind;

fn record(seq: u64, prev_hash: Digest) -> Record {
    Record {
        v: SCHEMA_VERSION,
        event_id: Uuid::from_u128(u128::from(seq)),
        ts: datetime!(2026-03-01 12:00 UTC) + time::Duration::seconds(seq as i64),
        tenant: "hospital".into(),
        gateway: Gateway {
            id: "gateway-1".into(),
            epoch: 1,
            seq,
            prev_hash,
        },
        actor: "clinic".into(),
        requester: None,
        role: "provider".into(),
        action: Action::Read,
        resource_type: None,
        categories: vec![],
        subject: Some(format!("patient-{}", seq % 2)),
        purpose: None,
        scopes: vec![],
        result: Outcome::Deny,
        rule: "no-consent".into(),
        obligations: vec![],
        policy_hash: None,
        chain_ref: None,
        corr_id: String::new(),
        latency_us: 0,
        gap: None,
    }
}

fn chain(count: u64) -> Vec<Vec<u8>> {
    let mut digest = Digest::ZERO;
    (0..count)
        .map(|seq| {
            let line = record(seq, digest).to_line().unwrap();
            digest = Digest::of(&line);
            line
        })
        .collect()
}

fn stored(start: u64) -> StoredObject {
    StoredObject {
        key: SegmentKey::of(0, start, datetime!(2026-03-01 12:00 UTC)).to_string(),
        version: "v".into(),
        size: 0,
        stored_at: OffsetDateTime::UNIX_EPOCH,
        hidden: false,
        replaced: 0,
    }
}

fn contents(lines: &[Vec<u8>]) -> Object {
    let body = Bytes::from(lines.join(&b'\n'));
    Object {
        sha256: Some(hex::encode(sha256(&body))),
        body,
    }
}

fn total(index: &Index) -> u64 {
    let day = date!(2026 - 03 - 01);
    index
        .counts(Some("hospital"), day, day)
        .iter()
        .map(|row| row.count)
        .sum()
}

#[test]
fn records_sent_twice_are_counted_once_and_break_no_chain() {
    let lines = chain(6);
    let mut index = Index::default();
    index.add(&stored(0), &contents(&lines[..4]));
    index.add(&stored(4), &contents(&lines[2..]));
    assert_eq!(total(&index), 6);
    let gateways = index.continuity().gateways(Some("hospital"));
    assert_eq!(
        (
            gateways[0].break_count,
            gateways[0].seq,
            gateways[0].records
        ),
        (0, 5, 6)
    );
}

#[test]
fn an_object_is_taken_in_once() {
    let lines = chain(3);
    let mut index = Index::default();
    index.add(&stored(0), &contents(&lines));
    index.add(&stored(0), &contents(&lines));
    assert_eq!(total(&index), 3);
}

#[test]
fn a_missing_record_shows_with_its_place_and_the_chain_is_followed_on() {
    let mut lines = chain(6);
    lines.remove(2);
    let mut index = Index::default();
    index.add(&stored(0), &contents(&lines));
    let gateway = &index.continuity().gateways(None)[0];
    assert_eq!(gateway.break_count, 1);
    let found = &gateway.breaks[0];
    assert_eq!(
        (found.kind, found.epoch, found.seq),
        (BreakKind::Missing, 1, 2)
    );
    assert_eq!(gateway.seq, 5);
}

#[test]
fn another_record_under_a_known_event_id_is_noted_and_not_counted() {
    let lines = chain(2);
    let mut forged = record(1, Digest::of(&lines[0]));
    forged.result = Outcome::Permit;
    let mut index = Index::default();
    index.add(&stored(0), &contents(&lines));
    index.add(&stored(2), &contents(&[forged.to_line().unwrap()]));
    let day = date!(2026 - 03 - 01);
    let rows = index.counts(None, day, day);
    assert_eq!(
        (rows.len(), rows[0].result, rows[0].count),
        (1, Outcome::Deny, 2)
    );
    assert_eq!(
        index.continuity().gateways(None)[0].breaks[0].kind,
        BreakKind::Conflict
    );
}

#[test]
fn an_object_with_a_changed_byte_is_left_out_and_noted() {
    let mut changed = contents(&chain(3));
    let mut body = changed.body.to_vec();
    let place = body.windows(4).position(|bytes| bytes == b"deny").unwrap();
    body[place..place + 4].copy_from_slice(b"DENY");
    changed.body = body.into();
    let mut index = Index::default();
    index.add(&stored(0), &changed);
    assert_eq!((index.events(), index.findings().len()), (0, 1));
    assert!(index.covering(0, 0).is_none());
}

#[test]
fn a_hidden_object_counts_and_is_noted() {
    let mut object = stored(0);
    object.hidden = true;
    let mut index = Index::default();
    index.add(&object, &contents(&chain(3)));
    assert_eq!((index.events(), index.findings().len()), (3, 1));
}

#[test]
fn the_object_that_holds_an_offset_is_found() {
    let lines = chain(6);
    let mut index = Index::default();
    index.add(&stored(10), &contents(&lines[..3]));
    index.add(&stored(20), &contents(&lines[3..]));
    let start = |offset| index.covering(0, offset).map(|(key, _)| key.start);
    assert_eq!(
        [9, 10, 12, 13, 19, 20, 22, 23].map(start),
        [
            None,
            Some(10),
            Some(10),
            None,
            None,
            Some(20),
            Some(20),
            None
        ]
    );
    assert!(index.covering(1, 10).is_none());
}

proptest! {
    #[test]
    fn pages_of_any_size_show_every_access_of_the_patient_once_newest_first(count in 1u64..40, limit in 1usize..10) {
        let mut index = Index::default();
        index.add(&stored(0), &contents(&chain(count)));
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = index.accesses("hospital", "patient-0", before, limit);
            let Some(last) = page.last() else { break };
            before = Some(*last);
            seen.extend(page);
        }
        let expected: Vec<u128> = (0..count).filter(|seq| seq % 2 == 0).map(u128::from).rev().collect();
        prop_assert_eq!(seen.iter().map(|(_, id)| id.as_u128()).collect::<Vec<_>>(), expected);
        prop_assert!(index.accesses("other", "patient-0", None, limit).is_empty());
    }

    #[test]
    fn every_event_is_found_at_its_exact_bytes(count in 1u64..20) {
        let lines = chain(count);
        let object = contents(&lines);
        let mut index = Index::default();
        index.add(&stored(0), &object);
        for (seq, line) in lines.iter().enumerate() {
            let place = index.place(Uuid::from_u128(seq as u128)).unwrap();
            prop_assert_eq!(&object.body[place.start..place.start + place.length], &line[..]);
        }
    }
}
