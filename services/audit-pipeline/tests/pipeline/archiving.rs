//! Decisions end up locked away, byte for byte.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use time::OffsetDateTime;

use crate::support::bench::Bucket;
use crate::support::records::Journal;
use crate::support::{Bench, Service, eventually};

async fn until_archived(bench: &Bench, count: usize) -> Vec<Vec<u8>> {
    eventually("not all records are archived", || async {
        let archived = bench.archived().await;
        if archived.len() == count {
            Ok(archived)
        } else {
            Err(format!("{} of {count}", archived.len()))
        }
    })
    .await
}

#[tokio::test]
async fn decisions_end_up_locked_and_byte_exact() {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let before = OffsetDateTime::now_utc();
    let lines = Journal::of("gateway-1").lines(250);
    bench.send(&lines).await;

    assert_eq!(until_archived(&bench, 250).await, lines);
    for object in bench.objects().await {
        let lock = bench.lock(&object).await.expect("a lock");
        assert!(lock.compliance, "{object:?}");
        let kept = lock.until - before;
        assert!(
            kept > time::Duration::hours(47) && kept < time::Duration::hours(49),
            "{kept}"
        );
        assert!(object.key.starts_with("events/v=1/dt="), "{}", object.key);
        assert!(object.key.contains("/p=000/") && object.key.ends_with(".ndjson"));
    }
    eventually("the offsets are not committed", || async {
        let committed = bench.committed(0).await;
        (committed == Some(250))
            .then_some(())
            .ok_or(format!("{committed:?}"))
    })
    .await;
    assert_eq!(
        service.metric("audit_records_archived_total").await,
        Some(250.0)
    );
    assert!(
        service
            .metric("audit_last_archive_timestamp_seconds")
            .await
            .unwrap()
            > 1e9
    );
    assert!(service.stop().await);
}

#[tokio::test]
async fn the_metadata_of_an_object_says_what_is_in_it() {
    let bench = Bench::new().await;
    let _service = Service::start(&bench, &[("FLUSH_RECORDS", "5")]).await;
    bench.send(&Journal::of("gateway-1").lines(10)).await;
    until_archived(&bench, 10).await;
    let objects = bench.objects().await;
    assert_eq!(objects.len(), 2, "{objects:?}");
    let head = bench
        .s3
        .head_object()
        .bucket(&bench.bucket)
        .key(&objects[1].key)
        .send()
        .await
        .unwrap();
    let metadata = head.metadata().unwrap();
    let named = ["count", "first-offset", "last-offset"].map(|name| metadata[name].as_str());
    assert_eq!(named, ["5", "5", "9"]);
    assert!(
        objects[1].key.ends_with("/00000000000000000005.ndjson"),
        "{objects:?}"
    );
}

#[tokio::test]
async fn the_store_refuses_to_delete_an_archived_version_and_to_shorten_its_lock() {
    let bench = Bench::new().await;
    let _service = Service::ready(&bench).await;
    let lines = Journal::of("gateway-1").lines(3);
    bench.send(&lines).await;
    until_archived(&bench, 3).await;
    for object in bench.objects().await {
        let refusal = bench
            .s3
            .delete_object()
            .bucket(&bench.bucket)
            .key(&object.key)
            .version_id(&object.version)
            .bypass_governance_retention(true)
            .send()
            .await
            .expect_err("the store deleted evidence");
        assert_eq!(refusal.code(), Some("AccessDenied"));
    }
    assert_eq!(bench.archived().await, lines);
}

#[tokio::test]
async fn a_delete_marker_neither_hides_the_evidence_nor_lets_it_be_written_again() {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let lines = Journal::of("gateway-1").lines(3);
    bench.send(&lines).await;
    until_archived(&bench, 3).await;
    let key = bench.objects().await[0].key.clone();
    assert!(service.stop().await);
    bench
        .s3
        .delete_object()
        .bucket(&bench.bucket)
        .key(&key)
        .send()
        .await
        .unwrap();

    let service = Service::ready(&bench).await;
    let counts = service
        .get("/v1/counts?from=2026-03-01&to=2026-03-02")
        .await;
    let total: u64 = counts["counts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["count"].as_u64().unwrap())
        .sum();
    assert_eq!(total, 3);
    assert_eq!(bench.versions(&key).await, 1);
    assert!(service.log().contains("a delete marker hides it"));
}

#[tokio::test]
async fn every_partition_is_archived_under_its_own_number() {
    let bench = Bench::with(Bucket::Locked, 3).await;
    let _service = Service::ready(&bench).await;
    let mut all = Vec::new();
    for partition in 0..3 {
        let lines = Journal::of(&format!("gateway-{partition}")).lines(20);
        bench.send_to(partition, &lines).await;
        all.extend(lines);
    }
    assert_eq!(until_archived(&bench, 60).await, all);
    for partition in 0..3 {
        let objects = bench.objects().await;
        assert!(
            objects
                .iter()
                .any(|o| o.key.contains(&format!("/p=00{partition}/")))
        );
    }
}
