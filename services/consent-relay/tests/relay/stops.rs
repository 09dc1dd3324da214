//! A stop is taken from anyone, at once, for nothing, and gets there.

use crate::support::anvil::registry;
use crate::support::sign::{Passkey, revocation, scope};
use crate::support::{Anvil, Patient, Relay, World, bound, free_address, relay, until};
use alloy::primitives::Address;
use contract_bindings::registry::ConsentRegistry;
use serde_json::{Value, json};
use sqlx::Row as _;
use test_support::EventSchema;

const CLINIC: Address = Address::repeat_byte(0xc1);

/// The events that wait to be published: key and body, which is as the committed schema says.
async fn published(world: &World) -> Vec<(String, Value)> {
    let rows = sqlx::query("select key, kind, topic, body from outbox order by id");
    let rows = rows.fetch_all(&world.database.pool).await.unwrap();
    let schema = EventSchema::of("consent.intents.v1");
    rows.iter()
        .map(|row| {
            assert_eq!(schema.check(row.get("body")), Ok(()));
            assert_eq!(row.get::<&str, _>("topic"), "consent.intents.v1");
            assert_eq!(row.get::<&str, _>("kind"), "consentry.consent.stop.v1");
            let body = serde_json::from_slice(row.get("body")).unwrap();
            (row.get("key"), body)
        })
        .collect()
}

async fn transactions(world: &World) -> i64 {
    let row = sqlx::query("select count(*) from transactions");
    row.fetch_one(&world.database.pool).await.unwrap().get(0)
}

#[tokio::test]
async fn a_stop_of_an_unenrolled_subject_without_a_coin_or_a_token_becomes_final() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let patient = Patient::new(1);
    let stop = patient.revoke(CLINIC, scope(1), 5);
    let reply = relay.post(&stop).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    assert_eq!(
        reply.headers["location"].to_str().unwrap(),
        format!("/v1/intents/{}", reply.digest())
    );

    // Published at acceptance, with the signature, for gateways that deny before the block.
    let events = published(&world).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].0, format!("{:#x}", patient.address()));
    assert_eq!(events[0].1["digest"], reply.body["digest"]);
    assert_eq!(events[0].1["acceptedAt"], reply.body["acceptedAt"]);
    assert_eq!(events[0].1["stop"], stop);

    let done = relay.reaches(&reply.digest(), "final").await;
    assert!(done["blockNumber"].is_u64() && done["transaction"].is_string());
    let stored = world
        .anvil
        .stored(patient.address(), CLINIC, scope(1))
        .await;
    assert_eq!((stored.status, stored.version), (4, 6));
    assert_eq!(world.anvil.count(patient.address()).await, 0);
}

#[tokio::test]
async fn the_same_stop_again_is_answered_and_costs_nothing() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let stop = Patient::new(1).revoke(CLINIC, scope(1), 5);
    let digest = relay.accepted(&stop).await;
    relay.reaches(&digest, "final").await;
    let again = relay.post_request().header("idempotency-key", "k");
    let again = relay.send(again.body(stop.to_string())).await;
    assert_eq!((again.status, again.digest()), (200, digest));
    assert_eq!(
        (transactions(&world).await, published(&world).await.len()),
        (1, 1)
    );
}

#[tokio::test]
async fn a_stop_that_has_had_its_effect_is_final_without_a_transaction() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let patient = Patient::new(1);
    let first = relay.accepted(&patient.revoke(CLINIC, scope(1), 5)).await;
    relay.reaches(&first, "final").await;
    let later = relay.post(&patient.revoke(CLINIC, scope(1), 4)).await;
    assert_eq!(later.status, 200, "{}", later.body);
    assert_eq!(later.body["state"], "final");
    assert_eq!(later.body["reason"], "StaleStop");
    assert_eq!(later.body["transaction"], Value::Null);
    assert_eq!(transactions(&world).await, 1);
    // Whoever hears of it only now still does.
    assert_eq!(published(&world).await.len(), 2);
}

#[tokio::test]
async fn a_passkeys_stop_is_taken_in_without_the_chain_and_believed_by_it() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let passkey = Passkey::new(3);
    let stop = passkey.sign(revocation(passkey.address(), CLINIC, scope(1), 1));
    let digest = relay.accepted(&stop).await;
    relay.reaches(&digest, "final").await;
    assert_eq!(
        world
            .anvil
            .status(passkey.address(), CLINIC, scope(1))
            .await,
        4
    );
    relay.kill();

    let without_chain = world.settings().with("CHAIN_RPC_URL", "http://127.0.0.1:9");
    let relay = Relay::start(&without_chain).await;
    let stop = passkey.sign(revocation(passkey.address(), CLINIC, scope(2), 1));
    assert_eq!(relay.post(&stop).await.status, 202);
}

#[tokio::test]
async fn while_the_node_is_down_a_stop_is_taken_in_durably_and_sent_when_it_is_back() {
    let world = World::new(&[]).await;
    let patient = Patient::new(1);
    world.neighbours.enrol(patient.address());
    let at = free_address();
    let settings = world
        .settings()
        .with("CHAIN_RPC_URL", format!("http://{at}"));
    let relay = Relay::start(&settings).await;
    let digest = relay.accepted(&patient.revoke_all()).await;
    assert_eq!(published(&world).await.len(), 1);
    assert_eq!(relay.intent(&digest).await["state"], "accepted");
    let ready = relay.get("/health/ready").await;
    assert_eq!(ready.status, 200, "a balancer must not turn stops away");
    assert_ne!(ready.body["checks"]["chain"], "ok");
    // What opens something waits for somebody who can judge it; so does a signature that only the chain can check.
    let grant = patient.grant(CLINIC, scope(1), 1, world.anvil.now().await);
    assert_eq!(relay.post(&grant).await.status, 503);
    let by_wallet = bound(
        revocation(patient.address(), CLINIC, scope(1), 1),
        vec![1; 80],
    );
    assert_eq!(relay.post(&by_wallet).await.status, 503);
    relay.kill();

    let relay = Relay::start(&settings).await;
    let anvil = Anvil::start_at(at, &[]).await;
    anvil.deploy().await;
    anvil.fund(relay::account()).await;
    relay.reaches(&digest, "final").await;
    let subject = patient.address();
    let state = anvil.view(ConsentRegistry::subjectsCall { subject }).await;
    assert_eq!(state.epoch, alloy::primitives::aliases::U24::from(1));
}

#[tokio::test]
async fn only_without_its_database_a_stop_is_turned_away() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let stop = Patient::new(1).revoke(CLINIC, scope(1), 5);
    world.database.shut().await;
    assert_eq!(relay.post(&stop).await.problem(), (503, "unavailable"));
    assert_eq!(relay.get("/health/ready").await.status, 503);
    world.database.open().await;
    until("the database to be back", async || {
        relay.post(&stop).await.status == 202
    })
    .await;
    let digest = relay.post(&stop).await.digest();
    relay.reaches(&digest, "final").await;
}

#[tokio::test]
async fn a_stop_overtakes_what_waits() {
    let world = World::new(&[]).await;
    // Of nine places, one is for what opens something.
    let relay = Relay::start(&world.settings().with("MAX_IN_FLIGHT", 9)).await;
    let now = world.anvil.now().await;
    world.anvil.automine(false).await;
    let patients: Vec<Patient> = (1..=4).map(Patient::new).collect();
    let mut grants = Vec::new();
    for patient in &patients {
        world.neighbours.enrol(patient.address());
        let grant = patient.grant(CLINIC, scope(1), 1, now);
        grants.push(relay.accepted(&grant).await);
    }
    relay.reaches(&grants[0], "submitted").await;
    let stop = relay
        .accepted(&patients[3].revoke(CLINIC, scope(1), 1))
        .await;
    relay.reaches(&stop, "submitted").await;
    assert_eq!(relay.intent(&grants[1]).await["state"], "accepted");
    world.anvil.automine(true).await;
    world.anvil.mine(1).await;
    relay.reaches(&stop, "final").await;
    for digest in &grants[..3] {
        relay.reaches(digest, "final").await;
    }
    // The stop covers the grant that came before it and was sent after it.
    let failed = relay.reaches(&grants[3], "failed").await;
    assert_eq!(failed["reason"], "WrongVersion");
    assert_eq!(
        world
            .anvil
            .status(patients[3].address(), CLINIC, scope(1))
            .await,
        4
    );
}

#[tokio::test]
async fn a_rotation_waits_for_the_stops_of_its_subject() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let (patient, next) = (Patient::new(1), Patient::new(2));
    world.neighbours.enrol(patient.address());
    let now = world.anvil.now().await;
    world.anvil.automine(false).await;
    let stop = relay.accepted(&patient.revoke(CLINIC, scope(1), 1)).await;
    relay.reaches(&stop, "submitted").await;
    let rotation = relay.accepted(&patient.rotate_to(&next, now)).await;
    // Another's intent goes past it meanwhile.
    let other = relay.accepted(&next.revoke(CLINIC, scope(1), 1)).await;
    relay.reaches(&other, "submitted").await;
    let waits = relay.intent(&rotation).await;
    assert_eq!(
        (&waits["state"], &waits["transaction"]),
        (&json!("accepted"), &Value::Null)
    );
    world.anvil.automine(true).await;
    world.anvil.mine(1).await;
    relay.reaches(&rotation, "final").await;
    relay.reaches(&stop, "final").await;
    assert_eq!(
        world.anvil.controller(patient.address()).await,
        next.address()
    );
    assert_eq!(
        world
            .anvil
            .status(patient.address(), CLINIC, scope(1))
            .await,
        4
    );
}

#[tokio::test]
async fn a_stop_takes_the_place_of_a_rotation_that_is_not_mined_yet() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let (patient, next) = (Patient::new(1), Patient::new(2));
    world.neighbours.enrol(patient.address());
    let now = world.anvil.now().await;
    world.anvil.automine(false).await;
    let rotation = relay.accepted(&patient.rotate_to(&next, now)).await;
    relay.reaches(&rotation, "submitted").await;
    // Signed by the key that the rotation takes its say from.
    let stop = relay.accepted(&patient.revoke(CLINIC, scope(1), 1)).await;
    let hash = relay.transaction(&stop).await;
    assert_eq!(world.anvil.transaction(&hash).await["nonce"], "0x0");
    assert_eq!(relay.intent(&rotation).await["state"], "accepted");
    world.anvil.automine(true).await;
    world.anvil.mine(1).await;
    relay.reaches(&stop, "final").await;
    relay.reaches(&rotation, "final").await;
    assert_eq!(
        world
            .anvil
            .status(patient.address(), CLINIC, scope(1))
            .await,
        4
    );
    let controller = world.anvil.controller(patient.address()).await;
    assert_eq!(controller, next.address());
    assert_eq!(world.anvil.count(relay::account()).await, 2);
}

#[tokio::test]
async fn a_stop_by_one_who_may_not_decide_is_refused() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let (patient, stranger) = (Patient::new(1), Patient::new(2));
    let mut intent = revocation(patient.address(), CLINIC, scope(1), 1);
    intent.actor = stranger.address();
    let reply = relay.post(&stranger.sign(intent)).await;
    assert_eq!(reply.problem(), (422, "refused-by-registry"));
    assert!(
        reply.body["detail"]
            .as_str()
            .unwrap()
            .contains("NotAuthorized")
    );
    assert!(published(&world).await.is_empty());
    assert_eq!(world.anvil.count(registry()).await, 1);
}

#[tokio::test]
async fn a_wallets_stop_is_taken_if_the_wallet_says_so_at_little_cost() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let (wallet, bomb) = (Address::repeat_byte(0xaa), Address::repeat_byte(0xbb));
    // Says yes to everything.
    world
        .anvil
        .set_code(wallet, "0x631626ba7e60e01b60005260206000f3")
        .await;
    // Burns all the gas it gets.
    world.anvil.set_code(bomb, "0x5b600056").await;
    let stop = bound(revocation(wallet, CLINIC, scope(1), 1), vec![1; 80]);
    let digest = relay.accepted(&stop).await;
    relay.reaches(&digest, "final").await;
    assert_eq!(world.anvil.status(wallet, CLINIC, scope(1)).await, 4);

    let stop = bound(revocation(bomb, CLINIC, scope(1), 1), vec![1; 80]);
    assert_eq!(
        relay.post(&stop).await.problem(),
        (422, "refused-by-registry")
    );
    assert_eq!(transactions(&world).await, 1);
}
