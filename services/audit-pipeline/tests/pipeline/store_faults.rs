//! Writes whose outcome is unclear, and somebody else's writes, on stores of both kinds.

use crate::support::fault_proxy::{Fault, FaultProxy};
use crate::support::records::Journal;
use crate::support::{Bench, Service, eventually};

/// Sends ten records through a store with this fault; all must be archived once, in order.
async fn survives(fault: impl FnOnce(&[Vec<u8>]) -> Fault) -> Bench {
    let bench = Bench::new().await;
    let proxy = FaultProxy::start(&bench, Fault::None).await;
    // A batch is always the whole ten, so that it meets the fault.
    let settings = [
        ("S3_ENDPOINT", proxy.url.as_str()),
        ("FLUSH_RECORDS", "10"),
        ("FLUSH_MS", "60000"),
    ];
    let service = Service::start(&bench, &settings).await;
    service.until_ready().await;
    let lines = Journal::of("gateway-1").lines(20);
    proxy.set(fault(&lines));
    bench.send(&lines[..10]).await;
    eventually("the fault does not happen", || async {
        match proxy.fault() {
            Fault::None | Fault::Refused(0) | Fault::Ambiguous(0) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    bench.send(&lines[10..]).await;
    // What a shorter object left over waits for the batch to fill; stopping writes it.
    eventually("the records are not taken in", || async {
        let archived = bench.archived().await.len();
        let held = service
            .metric("audit_held_records")
            .await
            .unwrap_or_default();
        let all = archived + held as usize == 20;
        all.then_some(())
            .ok_or(format!("{archived} archived, {held} held"))
    })
    .await;
    assert!(service.stop().await);
    assert!(
        bench.archived().await == lines,
        "other lines than were sent"
    );
    assert_eq!(bench.committed(0).await, Some(20));
    bench
}

#[tokio::test]
async fn refused_writes_are_tried_again() {
    let bench = survives(|_| Fault::Refused(2)).await;
    assert_eq!(bench.versions("events/").await, 2);
}

#[tokio::test]
async fn a_write_that_was_done_but_reported_failed_is_not_done_twice() {
    let bench = survives(|_| Fault::Ambiguous(1)).await;
    assert_eq!(bench.versions("events/").await, 2);
}

#[tokio::test]
async fn a_shorter_object_of_somebody_else_is_adopted_where_the_condition_is_honoured() {
    let bench = survives(|lines| Fault::Rival {
        lines: lines[..4].to_vec(),
        honours: true,
    })
    .await;
    assert_eq!(bench.versions("events/").await, bench.objects().await.len());
}

#[tokio::test]
async fn a_shorter_object_of_somebody_else_is_adopted_where_the_condition_is_ignored() {
    let bench = survives(|lines| Fault::Rival {
        lines: lines[..4].to_vec(),
        honours: false,
    })
    .await;
    // Ours was stored on top; the older one counts, and the difference can be seen.
    let replaced: usize = bench
        .objects()
        .await
        .iter()
        .map(|object| object.replaced)
        .sum();
    assert_eq!(replaced, 1);
}

#[tokio::test]
async fn a_contradicting_object_of_somebody_else_halts_the_intake() {
    let bench = Bench::new().await;
    let proxy = FaultProxy::start(&bench, Fault::None).await;
    let service = Service::start(&bench, &[("S3_ENDPOINT", &proxy.url)]).await;
    service.until_ready().await;
    proxy.set(Fault::Rival {
        lines: Journal::of("gateway-2").lines(2),
        honours: true,
    });
    bench.send(&Journal::of("gateway-1").lines(3)).await;
    service
        .until_unready("archive", "halted: the record at offset 0")
        .await;
    assert_eq!(bench.committed(0).await, None);
}
