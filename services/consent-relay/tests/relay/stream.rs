//! What others learn: state changes as a stream, stops on the bus.

use std::time::Duration;

use crate::support::sign::scope;
use crate::support::{PATIENCE, Patient, Relay, World, required};
use alloy::primitives::Address;
use rdkafka::Message as _;
use rdkafka::consumer::Consumer as _;
use serde_json::Value;
use service_kit::bus;

const CLINIC: Address = Address::repeat_byte(0xc1);

#[tokio::test]
async fn a_stream_tells_every_state_and_ends() {
    let world = World::new(&[]).await;
    let relay = Relay::start(&world.settings().with("FINALITY", "finalized")).await;
    world.anvil.mine(5).await;
    world.anvil.automine(false).await;
    let stop = relay
        .accepted(&Patient::new(1).revoke(CLINIC, scope(1), 1))
        .await;
    relay.reaches(&stop, "submitted").await;
    let mut stream = relay
        .http
        .get(format!("{}/v1/intents/{stop}", relay.url))
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    let mut states = Vec::new();
    let reading = async {
        while let Some(chunk) = stream.chunk().await.unwrap() {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
            while let Some((event, rest)) = text.split_once("\n\n") {
                if let Some(data) = event.lines().find_map(|line| line.strip_prefix("data: ")) {
                    assert!(event.contains("event: state"));
                    let body: Value = serde_json::from_str(data).unwrap();
                    states.push(body["state"].as_str().unwrap().to_owned());
                    match states.last().unwrap().as_str() {
                        "submitted" => world.anvil.mine(1).await,
                        "included" => world.anvil.mine(5).await,
                        _ => {}
                    }
                }
                text = rest.to_owned();
            }
        }
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .expect("the stream does not end");
    assert_eq!(states, ["submitted", "included", "final"]);
}

#[tokio::test]
async fn only_so_many_streams_are_open_at_once() {
    let world = World::new(&[]).await;
    let relay = Relay::start(&world.settings().with("MAX_STREAMS", 1)).await;
    world.anvil.automine(false).await;
    let stop = relay
        .accepted(&Patient::new(1).revoke(CLINIC, scope(1), 1))
        .await;
    let open = || {
        let url = format!("{}/v1/intents/{stop}", relay.url);
        let request = relay.http.get(url).header("accept", "text/event-stream");
        request.send()
    };
    let first = open().await.unwrap();
    assert_eq!(first.status(), 200);
    assert_eq!(open().await.unwrap().status(), 503);
    drop(first);
    crate::support::until("the place to be free", async || {
        open().await.unwrap().status() == 200
    })
    .await;
}

#[tokio::test]
async fn a_stop_is_on_the_bus_with_its_signature_while_nothing_is_mined() {
    let world = World::new(&[]).await;
    let brokers = required("TEST_KAFKA");
    let relay = Relay::start(&world.settings().with("KAFKA_BROKERS", &brokers)).await;
    world.anvil.automine(false).await;
    // A patient of this run's own: the broker is shared.
    let patient = Patient(alloy::signers::local::PrivateKeySigner::random());
    let stop = patient.revoke(CLINIC, scope(1), 1);
    let digest = relay.accepted(&stop).await;

    let group = format!("test-{}", uuid::Uuid::now_v7());
    let consumer = bus::consumer(&brokers, "test", &group).unwrap();
    consumer.subscribe(&["consent.intents.v1"]).unwrap();
    let key = format!("{:#x}", patient.address());
    let reading = async {
        loop {
            let message = consumer.recv().await.unwrap();
            if message.key() == Some(key.as_bytes()) {
                let kind = bus::attribute(message.headers().unwrap(), "ce_type");
                assert_eq!(kind, Some("consentry.consent.stop.v1"));
                return serde_json::from_slice::<Value>(message.payload().unwrap()).unwrap();
            }
        }
    };
    let body = tokio::time::timeout(Duration::from_secs(60), reading)
        .await
        .expect("the stop is not on the bus");
    assert_eq!(
        (&body["digest"], &body["stop"]),
        (&digest.as_str().into(), &stop)
    );
    assert_eq!(relay.intent(&digest).await["state"], "submitted");
}
