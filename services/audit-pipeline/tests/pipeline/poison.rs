//! Records that are none are kept like the others, apart from them.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::message::{Headers as _, Message as _};

use crate::support::records::Journal;
use crate::support::{Bench, Service, eventually};

#[tokio::test]
async fn poison_is_quarantined_under_the_same_lock_and_the_records_around_it_are_archived() {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let mut journal = Journal::of("gateway-1");
    let (before, after) = (journal.lines(4), journal.lines(4));
    let poison = b"\xff not a record".to_vec();
    let pretty = [&before[0][..1], b"\n", &before[0][1..]].concat();
    let mut values = before.clone();
    values.extend([poison.clone(), pretty.clone(), Vec::new()]);
    values.extend(after.clone());
    bench.send(&values).await;

    eventually("not all is committed", || async {
        let committed = bench.committed(0).await;
        (committed == Some(11))
            .then_some(())
            .ok_or(format!("{committed:?}"))
    })
    .await;
    assert_eq!(bench.archived().await, [before, after].concat());
    let quarantined = bench.store().list("quarantine/").await.unwrap();
    let mut bodies = Vec::new();
    for object in &quarantined {
        assert!(
            bench.lock(object).await.is_some_and(|lock| lock.compliance),
            "{object:?}"
        );
        bodies.push(bench.body(object).await);
    }
    assert_eq!(bodies, [poison, pretty, Vec::new()]);
    assert!(
        quarantined[0]
            .key
            .ends_with("/p=000/00000000000000000004.bin"),
        "{quarantined:?}"
    );
    assert_eq!(
        service.metric("audit_records_quarantined_total").await,
        Some(3.0)
    );
}

#[tokio::test]
async fn the_dead_letter_topic_gets_the_poison_with_its_reason_and_place() {
    let bench = Bench::new().await;
    let _service = Service::ready(&bench).await;
    bench
        .send(&[b"{\"v\":1,\"name\":\"Jane Doe\"}".to_vec()])
        .await;

    let consumer: StreamConsumer = ClientConfig::new()
        .set("bootstrap.servers", &bench.brokers)
        .set("group.id", format!("{}-reader", bench.group()))
        .set("auto.offset.reset", "earliest")
        .create()
        .unwrap();
    consumer
        .subscribe(&[&format!("{}.dlq", bench.topic)])
        .unwrap();
    let message = tokio::time::timeout(Duration::from_secs(60), consumer.recv())
        .await
        .expect("nothing arrives in the dead-letter topic")
        .unwrap();
    assert_eq!(
        message.payload(),
        Some(&b"{\"v\":1,\"name\":\"Jane Doe\"}"[..])
    );
    let header = |name: &str| {
        let headers = message.headers().unwrap();
        let found = headers.iter().find(|header| header.key == name);
        String::from_utf8(found.unwrap().value.unwrap().to_vec()).unwrap()
    };
    assert!(
        header("reason").starts_with("not a record of schema v1"),
        "{}",
        header("reason")
    );
    assert!(!header("reason").contains("Jane"));
    assert_eq!(header("source-offset"), "0");
    assert!(header("object").starts_with("quarantine/"));
}

#[tokio::test]
async fn the_value_of_a_poison_record_is_not_logged() {
    let bench = Bench::new().await;
    let service = Service::start(&bench, &[("LOG", "debug")]).await;
    bench.send(&[b"{\"name\":\"Jane Doe\"}".to_vec()]).await;
    eventually("the poison is not committed", || async {
        let committed = bench.committed(0).await;
        (committed == Some(1))
            .then_some(())
            .ok_or(format!("{committed:?}"))
    })
    .await;
    assert!(!service.log().contains("Jane"));
}
