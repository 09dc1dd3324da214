//! From the journal to the bus: every acknowledged line, its exact bytes, in order; after a restart none is left out.
//! The broker is librdkafka's own in-process one; a real one is used end to end.

use std::collections::HashSet;
use std::time::Duration;

use crate::support::*;
use audit_core::Record;
use ehr_gateway::journal::Journal;
use ehr_gateway::journal::ship::{Shipper, TOPIC};
use rdkafka::Message as _;
use rdkafka::consumer::Consumer as _;
use rdkafka::mocking::MockCluster;
use rdkafka::producer::DefaultProducerContext;
use service_kit::Shutdown;
use service_kit::bus::{Producer, attribute, consumer};
use test_support::EventSchema;

const PATIENCE: Duration = Duration::from_secs(30);

struct Bus {
    cluster: MockCluster<'static, DefaultProducerContext>,
}

impl Bus {
    fn new() -> Self {
        let cluster = MockCluster::new(1).unwrap();
        cluster.create_topic(TOPIC, 1, 1).unwrap();
        Self { cluster }
    }

    fn brokers(&self) -> String {
        self.cluster.bootstrap_servers()
    }

    /// Reads from the beginning until `enough` says so.
    async fn read(&self, enough: impl Fn(&[Vec<u8>]) -> bool) -> Vec<Vec<u8>> {
        let reader = consumer(&self.brokers(), "test", &uuid::Uuid::now_v7().to_string()).unwrap();
        reader.subscribe(&[TOPIC]).unwrap();
        let schema = EventSchema::of(TOPIC);
        let mut bodies = Vec::new();
        while !enough(&bodies) {
            let message = tokio::time::timeout(PATIENCE, reader.recv())
                .await
                .expect("lines are missing")
                .unwrap();
            let body = message.payload().unwrap().to_vec();
            assert_eq!(schema.check(&body), Ok(()));
            let record = Record::from_line(&body).unwrap();
            let headers = message.headers().unwrap();
            assert_eq!(message.key(), Some(&b"gateway-1"[..]));
            assert_eq!(
                attribute(headers, "ce_id"),
                Some(record.event_id.to_string().as_str())
            );
            assert_eq!(
                attribute(headers, "ce_corrid"),
                Some(record.corr_id.as_str())
            );
            bodies.push(body);
        }
        bodies
    }
}

fn ship(
    journal: &Journal,
    brokers: &str,
) -> (Shutdown, tokio::task::JoinHandle<anyhow::Result<()>>) {
    let shutdown = Shutdown::default();
    let shipper = Shipper::new(
        journal.clone(),
        Producer::new(brokers, "gateway-1").unwrap(),
        "gateway-1",
    );
    let task = tokio::spawn(shipper.run(shutdown.clone()));
    (shutdown, task)
}

async fn decide(world: &World, times: usize) {
    for _ in 0..times {
        world.get("/fhir/R4/Observation?patient=p1").await;
    }
}

fn lines(world: &World) -> Vec<Vec<u8>> {
    world
        .records()
        .iter()
        .map(|record| record.to_line().unwrap())
        .collect()
}

#[tokio::test]
async fn every_line_arrives_with_its_exact_bytes_and_in_order() {
    let bus = Bus::new();
    let world = World::new().await;
    decide(&world, 3).await;
    let (shutdown, task) = ship(&world.journal, &bus.brokers());
    assert_eq!(bus.read(|bodies| bodies.len() == 3).await, lines(&world));
    decide(&world, 4).await;
    assert_eq!(bus.read(|bodies| bodies.len() == 7).await, lines(&world));
    while world.journal.unshipped() > 0 {
        tokio::task::yield_now().await;
    }
    shutdown.trigger();
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn after_a_restart_the_rest_is_shipped_and_nothing_is_left_out() {
    let bus = Bus::new();
    let dir = tempfile::TempDir::new().unwrap();
    let journal = Journal::open(journal_settings(&dir)).unwrap();
    let world = World::with_journal(dir, journal).await;
    decide(&world, 3).await;
    let (_, task) = ship(&world.journal, &bus.brokers());
    bus.read(|bodies| bodies.len() == 3).await;
    // Ends as abruptly as a kill: perhaps before the position was kept.
    task.abort();
    let _ = task.await;
    decide(&world, 2).await;
    let dir = world.end();
    let journal = loop {
        match Journal::open(journal_settings(&dir)) {
            Ok(journal) => break journal,
            Err(_) => tokio::task::yield_now().await,
        }
    };
    let world = World::with_journal(dir, journal).await;
    decide(&world, 2).await;
    let (shutdown, task) = ship(&world.journal, &bus.brokers());
    let all = lines(&world);
    let bodies = bus
        .read(|bodies| all.iter().all(|line| bodies.contains(line)))
        .await;
    assert_eq!(bodies.iter().collect::<HashSet<_>>().len(), all.len());
    shutdown.trigger();
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_bus_that_is_away_delays_and_loses_nothing() {
    let bus = Bus::new();
    bus.cluster.broker_down(1).unwrap();
    let world = World::new().await;
    let (shutdown, task) = ship(&world.journal, &bus.brokers());
    let answer = world.get("/fhir/R4/Observation?patient=p1").await;
    answer.assert_denied(403, "no-consent");
    assert!(world.journal.unshipped() > 0);
    bus.cluster.broker_up(1).unwrap();
    assert_eq!(bus.read(|bodies| bodies.len() == 1).await, lines(&world));
    shutdown.trigger();
    task.await.unwrap().unwrap();
}
