//! Killed at the worst moment, the pipeline goes on without losing or doubling a record.

use std::collections::HashSet;

use audit_pipeline::archive::{PutOutcome, Segment, SegmentKey};
use time::OffsetDateTime;

use crate::support::records::Journal;
use crate::support::{Bench, Service, eventually};

/// Stores what a predecessor stored before it died without committing.
async fn store_as_predecessor(bench: &Bench, lines: &[Vec<u8>], start: u64, at: OffsetDateTime) {
    let mut segment = Segment::open(SegmentKey::of(0, start, at), &lines[0]);
    for line in &lines[1..] {
        segment.push(line);
    }
    let sealed = segment.seal();
    let until = OffsetDateTime::now_utc() + time::Duration::days(2);
    let outcome = bench
        .store()
        .put_once(
            &sealed.key.to_string(),
            sealed.body.clone(),
            &sealed.metadata(),
            until,
        )
        .await
        .unwrap();
    assert!(matches!(outcome, PutOutcome::Written(_)));
}

async fn until_committed(bench: &Bench, offset: i64) {
    eventually("not all is committed", || async {
        let committed = bench.committed(0).await;
        (committed == Some(offset))
            .then_some(())
            .ok_or(format!("{committed:?}"))
    })
    .await;
}

#[tokio::test]
async fn an_object_stored_but_not_committed_is_adopted_and_continued() {
    let bench = Bench::new().await;
    let now = OffsetDateTime::now_utc();
    let lines = Journal::of("gateway-1").lines(30);
    bench.send(&lines).await;
    store_as_predecessor(&bench, &lines[..7], 0, now).await;

    let service = Service::ready(&bench).await;
    until_committed(&bench, 30).await;
    assert_eq!(bench.archived().await, lines);
    let objects = bench.objects().await;
    assert_eq!(bench.versions("events/").await, objects.len());
    assert!(objects[0].key.ends_with("/00000000000000000000.ndjson"));
    assert!(
        objects[1].key.ends_with("/00000000000000000007.ndjson"),
        "{objects:?}"
    );
    assert_eq!(
        service.metric("audit_objects_adopted_total").await,
        Some(1.0)
    );
}

#[tokio::test]
async fn several_uncommitted_objects_are_adopted_one_after_the_other_across_days() {
    let bench = Bench::new().await;
    let now = OffsetDateTime::now_utc();
    let lines = Journal::of("gateway-1").lines(12);
    bench.send(&lines).await;
    store_as_predecessor(&bench, &lines[..5], 0, now - time::Duration::days(1)).await;
    store_as_predecessor(&bench, &lines[5..9], 5, now).await;

    let service = Service::ready(&bench).await;
    until_committed(&bench, 12).await;
    assert_eq!(bench.archived().await, lines);
    assert_eq!(
        service.metric("audit_objects_adopted_total").await,
        Some(2.0)
    );
}

#[tokio::test]
async fn an_object_that_contradicts_the_topic_halts_the_intake_with_its_place() {
    let bench = Bench::new().await;
    let lines = Journal::of("gateway-1").lines(10);
    let mut other = lines[..5].to_vec();
    other[3] = Journal::of("gateway-2").lines(1).remove(0);
    store_as_predecessor(&bench, &other, 0, OffsetDateTime::now_utc()).await;
    bench.send(&lines).await;

    let service = Service::start(&bench, &[]).await;
    service
        .until_unready("archive", "halted: the record at offset 3 of partition 0")
        .await;
    assert_eq!(bench.committed(0).await, None);
    assert_eq!(bench.versions("events/").await, 1);
}

#[tokio::test]
async fn repeated_sigkill_under_load_loses_and_doubles_nothing() {
    let bench = Bench::new().await;
    let mut journal = Journal::of("gateway-1");
    let mut all = Vec::new();
    for round in 0..4 {
        let settings = [("FLUSH_MS", "10"), ("FLUSH_RECORDS", "40")];
        let service = Service::start(&bench, &settings).await;
        let lines = journal.lines(400);
        let sending = bench.send(&lines);
        all.extend(lines.clone());
        let enough = all.len() - 300;
        let (_, ()) = tokio::join!(
            sending,
            eventually("nothing is archived", || async {
                let archived = bench.archived().await.len();
                (archived >= enough)
                    .then_some(())
                    .ok_or(format!("round {round}: {archived}"))
            })
        );
        service.kill();
    }
    let service = Service::ready(&bench).await;
    until_committed(&bench, 1600).await;
    let archived = bench.archived().await;
    assert_eq!(
        archived.len(),
        archived.iter().collect::<HashSet<_>>().len(),
        "doubled"
    );
    assert_eq!(archived, all);
    assert_eq!(bench.versions("events/").await, bench.objects().await.len());
    let continuity = service.get("/v1/continuity").await;
    assert_eq!(continuity["gateways"][0]["breakCount"], 0);
    assert_eq!(continuity["gateways"][0]["records"], 1600);
}

#[tokio::test]
async fn a_second_instance_takes_over_without_losing_or_doubling_a_record() {
    let bench = Bench::new().await;
    let first = Service::ready(&bench).await;
    let mut journal = Journal::of("gateway-1");
    let mut all = journal.lines(50);
    bench.send(&all).await;
    until_committed(&bench, 50).await;
    let second = Service::ready(&bench).await;
    let more = journal.lines(50);
    bench.send(&more).await;
    all.extend(more);
    assert!(first.stop().await);
    let last = journal.lines(50);
    bench.send(&last).await;
    all.extend(last);
    until_committed(&bench, 150).await;
    assert_eq!(bench.archived().await, all);
    assert!(second.stop().await);
}

#[tokio::test]
async fn stopping_writes_what_is_held() {
    let bench = Bench::new().await;
    let service = Service::start(&bench, &[("FLUSH_MS", "600000")]).await;
    service.until_ready().await;
    let lines = Journal::of("gateway-1").lines(5);
    bench.send(&lines).await;
    eventually("the records are not held", || async {
        let held = service.metric("audit_held_records").await;
        (held == Some(5.0)).then_some(()).ok_or(format!("{held:?}"))
    })
    .await;
    assert_eq!(bench.objects().await.len(), 0);
    assert!(service.stop().await);
    assert_eq!(bench.archived().await, lines);
    assert_eq!(bench.committed(0).await, Some(5));
}
