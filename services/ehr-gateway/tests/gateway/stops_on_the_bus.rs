//! The topic of stops, on a real broker (`TEST_KAFKA`): read whole before anything is decided, and never held up by what
//! is no stop. A bus that goes away is librdkafka's own in-process one.

use std::time::Duration;

use crate::support::neighbours::subject;
use crate::support::stops::*;
use crate::support::*;
use alloy::signers::local::PrivateKeySigner;
use consent_core::Policy;
use contract_bindings::intent::SignedIntent;
use ehr_gateway::stops::read::{KIND, Reader, TOPIC};
use futures::FutureExt as _;
use futures::future::join_all;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::mocking::MockCluster;
use service_kit::Shutdown;
use service_kit::bus::{Event, Producer};
use time::OffsetDateTime;
use uuid::Uuid;

const SEARCH: &str = "/fhir/R4/Observation?patient=p1";

/// A topic of its own on the broker.
struct Bus {
    brokers: String,
    topic: String,
    producer: Producer,
}

impl Bus {
    fn new() -> Self {
        let brokers =
            std::env::var("TEST_KAFKA").expect("TEST_KAFKA: run this under `local-stack exec`");
        Self::at(brokers, &format!("test-stops-{}", Uuid::now_v7()))
    }

    fn at(brokers: String, topic: &str) -> Self {
        let producer = Producer::new(&brokers, "test").unwrap();
        Self {
            brokers,
            topic: topic.to_owned(),
            producer,
        }
    }

    async fn with_topic() -> Self {
        let bus = Self::new();
        bus.create().await;
        bus
    }

    async fn create(&self) {
        let admin: AdminClient<DefaultClientContext> = ClientConfig::new()
            .set("bootstrap.servers", &self.brokers)
            .create()
            .unwrap();
        let topic = NewTopic::new(&self.topic, 3, TopicReplication::Fixed(1));
        let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(20)));
        let made = admin.create_topics(&[topic], &options).await.unwrap();
        made.into_iter().for_each(|topic| _ = topic.unwrap());
    }

    async fn publish(&self, stop: &SignedIntent) {
        self.publish_as(KIND, bytes(&body(stop))).await;
    }

    async fn publish_as(&self, kind: &str, body: Vec<u8>) {
        let event = Event {
            topic: self.topic.clone(),
            // Spread over the partitions; whatever the key says, the signed subject counts.
            key: Uuid::now_v7().to_string(),
            id: Uuid::now_v7(),
            kind: kind.to_owned(),
            source: "test".to_owned(),
            time: OffsetDateTime::now_utc(),
            tenant: None,
            corr_id: "test".to_owned(),
            body,
        };
        self.producer.publish(&event).await.unwrap();
    }

    fn read_into(&self, world: &World) -> Reading {
        let stops = world.gateway.authorizer.stops.clone();
        let reader = Reader::new(&self.brokers, "test", CHAIN_ID, REGISTRY, stops);
        let shutdown = Shutdown::default();
        tokio::spawn(reader.topic(&self.topic).run(shutdown.clone()));
        Reading(shutdown)
    }
}

struct Reading(Shutdown);

impl Drop for Reading {
    fn drop(&mut self) {
        self.0.trigger();
    }
}

async fn world() -> (World, Policy) {
    let terms = shared(&["Observation"]);
    let world = World::before_stops().await;
    world.fill(terms.clone(), vec![observation("o1", PATIENT)]);
    (world, policy(terms))
}

async fn replayed(world: &World) {
    until(|| world.gateway.authorizer.stops.is_replayed()).await;
}

async fn until_stopped(world: &World) {
    let stopped = async { while world.get(SEARCH).await.rule_if_denied() != "stopped" {} };
    tokio::time::timeout(Duration::from_secs(30), stopped)
        .await
        .expect("never stopped");
}

#[tokio::test]
async fn everything_that_was_there_is_read_before_anything_is_decided() {
    let (bus, (world, policy)) = (Bus::with_topic().await, world().await);
    // Enough that reading them takes a while, and about others.
    let others: Vec<_> = (0..600)
        .map(|_| revoke_own(&PrivateKeySigner::random()))
        .collect();
    join_all(others.iter().map(|stop| bus.publish(stop))).await;
    bus.publish(&revoke(&policy, 4, &patient_key())).await;
    world.get(SEARCH).await.assert_denied(503, "stops-unknown");
    let _reading = bus.read_into(&world);
    replayed(&world).await;
    // At this very moment it is there, though nobody has been asked yet whether its signer may stop.
    let stops = &world.gateway.authorizer.stops;
    let now = world.gateway.clock.now();
    let patient = [subject(PATIENT)];
    let known = stops.between(&patient, &[GRANTEE], now).now_or_never();
    assert!(known.is_none(), "{known:?}");
    world.get(SEARCH).await.assert_denied(403, "stopped");
}

#[tokio::test]
async fn a_stop_published_later_counts_and_an_empty_topic_holds_nothing_up() {
    let (bus, (world, _)) = (Bus::with_topic().await, world().await);
    let _reading = bus.read_into(&world);
    replayed(&world).await;
    assert_eq!(world.get(SEARCH).await.status, 200);
    bus.publish(&revoke_all(2, &patient_key())).await;
    until_stopped(&world).await;
}

#[tokio::test]
async fn what_is_no_stop_is_passed_over_and_denies_nobody() {
    let (bus, (world, policy)) = (Bus::with_topic().await, world().await);
    let good = bytes(&body(&revoke(&policy, 4, &patient_key())));
    let mut changed = body(&revoke(&policy, 2, &patient_key()));
    changed["stop"]["intent"]["throughVersion"] = serde_json::json!(4);
    for (kind, body) in [
        (KIND, Vec::new()),
        (KIND, b"{".to_vec()),
        (KIND, b"\xff\xfe".to_vec()),
        (KIND, bytes(&changed)),
        (KIND, vec![b'['; 200_000]),
        ("consentry.consent.other.v1", good),
    ] {
        bus.publish_as(kind, body).await;
    }
    bus.publish(&revoke(&policy, 4, &PrivateKeySigner::random()))
        .await;
    let _reading = bus.read_into(&world);
    replayed(&world).await;
    assert_eq!(world.get(SEARCH).await.status, 200);
    bus.publish(&revoke(&policy, 4, &patient_key())).await;
    until_stopped(&world).await;
}

#[tokio::test]
async fn a_gateway_that_starts_again_reads_all_of_it_again() {
    let (bus, (world, policy)) = (Bus::with_topic().await, world().await);
    bus.publish(&revoke(&policy, 4, &patient_key())).await;
    let reading = bus.read_into(&world);
    replayed(&world).await;
    drop((reading, world));
    let (world, _) = self::world().await;
    let _reading = bus.read_into(&world);
    replayed(&world).await;
    world.get(SEARCH).await.assert_denied(403, "stopped");
}

#[tokio::test]
async fn without_the_topic_nothing_is_decided_until_it_is_there() {
    let (bus, (world, _)) = (Bus::new(), world().await);
    let _reading = bus.read_into(&world);
    world.get(SEARCH).await.assert_denied(503, "stops-unknown");
    bus.create().await;
    replayed(&world).await;
    assert_eq!(world.get(SEARCH).await.status, 200);
}

#[tokio::test]
async fn a_bus_that_goes_away_keeps_no_one_from_care_and_loses_no_stop() {
    let cluster = MockCluster::new(1).unwrap();
    cluster.create_topic(TOPIC, 3, 1).unwrap();
    let bus = Bus::at(cluster.bootstrap_servers(), TOPIC);
    let (world, policy) = world().await;
    let _reading = bus.read_into(&world);
    replayed(&world).await;
    cluster.broker_down(1).unwrap();
    assert_eq!(world.get(SEARCH).await.status, 200);
    cluster.broker_up(1).unwrap();
    bus.publish(&revoke(&policy, 4, &patient_key())).await;
    until_stopped(&world).await;
    cluster.broker_down(1).unwrap();
    world.get(SEARCH).await.assert_denied(403, "stopped");
}
