//! A bucket that cannot hold evidence is not written to.

use aws_sdk_s3::types::{BucketVersioningStatus, VersioningConfiguration};

use crate::support::bench::Bucket;
use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::records::Journal;
use crate::support::{Bench, Service, eventually};

#[tokio::test]
async fn a_bucket_without_object_lock_is_refused_and_nothing_is_consumed() {
    let bench = Bench::with(Bucket::Unlocked, 1).await;
    bench.send(&Journal::of("gateway-1").lines(3)).await;
    let service = Service::start(&bench, &[]).await;
    service.until_unready("archive", "has no Object Lock").await;
    service.until_unready("s3", "has no Object Lock").await;
    assert_eq!(bench.committed(0).await, None);
    assert_eq!(bench.versions("").await, 0);
    let token = service
        .issuer
        .token(&service.url, "system", "system:audit.read");
    let answer = service
        .get_with("/v1/counts?from=2026-03-01&to=2026-03-01", Some(&token))
        .await;
    assert_eq!(answer.status(), 503);
}

#[tokio::test]
async fn a_bucket_that_versions_without_locking_is_refused() {
    let bench = Bench::with(Bucket::Unlocked, 1).await;
    let versioning = VersioningConfiguration::builder()
        .status(BucketVersioningStatus::Enabled)
        .build();
    bench
        .s3
        .put_bucket_versioning()
        .bucket(&bench.bucket)
        .versioning_configuration(versioning)
        .send()
        .await
        .unwrap();
    let service = Service::start(&bench, &[]).await;
    service.until_unready("archive", "has no Object Lock").await;
}

#[tokio::test]
async fn a_bucket_that_does_not_exist_is_named_and_used_once_it_does() {
    let bench = Bench::new().await;
    let later = format!("{}-later", bench.bucket);
    let service = Service::start(&bench, &[("S3_BUCKET", &later)]).await;
    service.until_unready("archive", "does not exist").await;
    bench
        .s3
        .create_bucket()
        .bucket(&later)
        .object_lock_enabled_for_bucket(true)
        .send()
        .await
        .unwrap();
    service.until_ready().await;
}

#[tokio::test]
async fn a_store_that_does_not_keep_the_lock_it_accepted_halts_the_intake() {
    let bench = Bench::new().await;
    let proxy = FaultProxy::start(&bench, Fault::WeakLock).await;
    let service = Service::start(&bench, &[("S3_ENDPOINT", &proxy.url)]).await;
    service.until_ready().await;
    bench.send(&Journal::of("gateway-1").lines(3)).await;
    service
        .until_unready("archive", "halted: the store does not keep")
        .await;
    assert_eq!(bench.committed(0).await, None);
}

#[tokio::test]
async fn missing_settings_are_all_named_at_once() {
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_audit-pipeline"))
        .env_clear()
        .env("RETENTION_DAYS", "0")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8_lossy(&output.stderr);
    for name in [
        "LISTEN",
        "KAFKA_BROKERS",
        "S3_ENDPOINT",
        "S3_SECRET_KEY",
        "ISSUER",
        "a retention is",
    ] {
        assert!(text.contains(name), "{name} is not in: {text}");
    }
}

#[tokio::test]
async fn a_store_that_goes_away_delays_and_loses_nothing() {
    let bench = Bench::new().await;
    let proxy = FaultProxy::start(&bench, Fault::None).await;
    let service = Service::start(&bench, &[("S3_ENDPOINT", &proxy.url)]).await;
    service.until_ready().await;
    proxy.set(Fault::Down);
    let lines = Journal::of("gateway-1").lines(20);
    bench.send(&lines).await;
    service
        .until_unready("archive", "the object store failed")
        .await;
    assert_eq!(bench.committed(0).await, None);
    proxy.set(Fault::None);
    eventually("the records are not archived", || async {
        let archived = bench.archived().await;
        (archived == lines)
            .then_some(())
            .ok_or(format!("{} lines", archived.len()))
    })
    .await;
    service.until_ready().await;
}
