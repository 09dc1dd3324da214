//! What opens something: for enrolled patients and for the organisations themselves, within limits.

use std::cell::Cell;

use crate::support::sign::{granting, request, revocation, scope};
use crate::support::{Patient, Relay, World, bound, relay, until};
use alloy::primitives::Address;
use serde_json::{Value, json};

const CLINIC: Address = Address::repeat_byte(0xc1);
const SCOPE: &str = "provider:consent.request";

#[tokio::test]
async fn a_patient_without_a_coin_grants() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let patient = Patient::new(1);
    world.neighbours.enrol(patient.address());
    let grant = patient.grant(CLINIC, scope(1), 1, world.anvil.now().await);
    let digest = relay.accepted(&grant).await;
    relay.reaches(&digest, "final").await;
    assert_eq!(
        world
            .anvil
            .status(patient.address(), CLINIC, scope(1))
            .await,
        2
    );
    // Only stops go to gateways before the block.
    let events = sqlx::query("select from outbox").fetch_all(&world.database.pool);
    assert!(events.await.unwrap().is_empty());
}

#[tokio::test]
async fn a_grant_for_somebody_who_is_not_enrolled_is_refused_and_its_stop_is_not() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let patient = Patient::new(1);
    let now = world.anvil.now().await;
    let grant = patient.grant(CLINIC, scope(1), 1, now);
    assert_eq!(relay.post(&grant).await.problem(), (403, "forbidden"));
    world.neighbours.set_down(true);
    assert_eq!(relay.post(&grant).await.problem(), (503, "unavailable"));
    relay.accepted(&patient.revoke(CLINIC, scope(1), 1)).await;
}

#[tokio::test]
async fn a_clinic_requests_with_its_own_token_only() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let (clinic, patient) = (Patient::new(9), Patient::new(1));
    world.anvil.verify_organization(clinic.address()).await;
    let now = world.anvil.now().await;
    let body = clinic.sign(request(patient.address(), clinic.address(), scope(1), now));

    let reply = relay.post(&body).await;
    assert_eq!(reply.problem(), (401, "unauthenticated"));
    assert!(reply.headers.contains_key("www-authenticate"));
    let other = world.neighbours.provider(SCOPE, &[CLINIC]);
    assert_eq!(relay.post_as(&other, &body).await.status, 403);
    let other = world
        .neighbours
        .provider("provider:records.read", &[clinic.address()]);
    assert_eq!(relay.post_as(&other, &body).await.status, 403);

    let token = world.neighbours.provider(SCOPE, &[clinic.address()]);
    let reply = relay.post_as(&token, &body).await;
    assert_eq!(reply.status, 202, "{}", reply.body);
    relay.reaches(&reply.digest(), "final").await;
    assert_eq!(
        world
            .anvil
            .status(patient.address(), clinic.address(), scope(1))
            .await,
        1
    );
}

#[tokio::test]
async fn what_the_registry_would_refuse_is_refused_at_once_by_its_name() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let patient = Patient::new(1);
    world.neighbours.enrol(patient.address());
    let now = world.anvil.now().await;
    let mut far = granting(patient.address(), CLINIC, scope(1), 1, now);
    far.deadline = alloy::primitives::aliases::U40::MAX;
    let mut over = granting(patient.address(), CLINIC, scope(1), 1, now);
    over.deadline = alloy::primitives::aliases::U40::from(1);
    let wrong_signature = {
        let mut body = patient.grant(CLINIC, scope(1), 1, now);
        body["proof"] = Patient::new(2).grant(CLINIC, scope(1), 1, now)["proof"].clone();
        body
    };
    for (body, slug, says) in [
        (
            patient.grant(CLINIC, scope(1), 2, now),
            "refused-by-registry",
            "WrongVersion",
        ),
        (patient.sign(far), "refused-by-registry", "DeadlineTooFar"),
        (patient.sign(over), "deadline-passed", "deadline"),
        (wrong_signature, "refused-by-registry", "BadSignature"),
    ] {
        let reply = relay.post(&body).await;
        assert_eq!(reply.problem(), (422, slug), "{}", reply.body);
        assert!(reply.body["detail"].as_str().unwrap().contains(says));
    }
}

#[tokio::test]
async fn a_wallet_that_burns_gas_is_refused() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let bomb = Address::repeat_byte(0xbb);
    world.anvil.set_code(bomb, "0x5b600056").await;
    world.neighbours.enrol(bomb);
    let grant = granting(bomb, CLINIC, scope(1), 1, world.anvil.now().await);
    let reply = relay.post(&bound(grant, vec![1; 65])).await;
    assert_eq!(reply.problem(), (422, "refused-by-registry"));
    assert_eq!(world.anvil.count(relay::account()).await, 0);
}

#[tokio::test]
async fn one_subject_is_limited_and_its_stops_never_are() {
    let world = World::new(&[]).await;
    let relay = Relay::start(&world.settings().with("SUBJECT_PER_MINUTE", 2)).await;
    let (patient, other) = (Patient::new(1), Patient::new(2));
    world.neighbours.enrol(patient.address());
    world.neighbours.enrol(other.address());
    let now = world.anvil.now().await;
    // What is not the patient's own does not use up the patient's.
    for n in 0..5 {
        let grant = granting(patient.address(), CLINIC, scope(n), 1, now);
        let reply = relay.post(&bound(grant, vec![1; 65])).await;
        assert_eq!(reply.status, 422);
    }
    for n in 0..2 {
        relay
            .accepted(&patient.grant(CLINIC, scope(n), 1, now))
            .await;
    }
    let reply = relay.post(&patient.grant(CLINIC, scope(2), 1, now)).await;
    assert_eq!(reply.problem(), (429, "too-many-requests"));
    assert!(reply.headers.contains_key("retry-after"));
    relay.accepted(&other.grant(CLINIC, scope(2), 1, now)).await;
    for n in 10..20 {
        relay.accepted(&patient.revoke(CLINIC, scope(n), 1)).await;
    }
}

#[tokio::test]
async fn whoever_sends_rubbish_has_to_wait_and_a_valid_stop_from_there_does_not() {
    let world = World::new(&[]).await;
    let relay = Relay::start(&world.settings().with("INVALID_PER_MINUTE", 3)).await;
    let patient = Patient::new(1);
    for _ in 0..3 {
        assert_eq!(relay.post(&json!({})).await.status, 400);
    }
    assert_eq!(relay.post(&json!({})).await.status, 429);
    let by_wallet = bound(
        revocation(patient.address(), CLINIC, scope(1), 1),
        vec![1; 80],
    );
    assert_eq!(relay.post(&by_wallet).await.status, 429);
    relay.accepted(&patient.revoke(CLINIC, scope(1), 1)).await;
}

#[tokio::test]
async fn with_few_coins_left_only_stops_are_taken() {
    let world = World::new(&[]).await;
    let relay = Relay::start(&world.settings().with("MIN_BALANCE", 10u64.pow(18))).await;
    let patient = Patient::new(1);
    world.neighbours.enrol(patient.address());
    let now = world.anvil.now().await;
    world
        .anvil
        .set_balance(relay::account(), 9 * 10u128.pow(17))
        .await;
    until("the alarm", async || {
        relay.metric("relay_balance_low").await == Some(1.0)
    })
    .await;
    let ready = relay.get("/health/ready").await;
    assert_eq!(
        (ready.status, &ready.body["checks"]["balance"]),
        (200, &json!("low"))
    );
    assert_eq!(relay.metric("relay_balance_wei").await, Some(9e17));
    relay
        .accepted(&patient.grant(CLINIC, scope(1), 1, now))
        .await;

    world
        .anvil
        .set_balance(relay::account(), 4 * 10u128.pow(17))
        .await;
    // A new one each time: what was taken in before the balance was seen stays so.
    let last = Cell::new(2);
    until("grants to be turned away", async || {
        last.set(last.get() + 1);
        let grant = patient.grant(CLINIC, scope(last.get()), 1, now);
        relay.post(&grant).await.status == 503
    })
    .await;
    let stop = relay.accepted(&patient.revoke(CLINIC, scope(2), 3)).await;
    relay.reaches(&stop, "final").await;
}

#[tokio::test]
async fn rubbish_is_refused_without_an_echo() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let good = Patient::new(1).revoke(CLINIC, scope(1), 1).to_string();
    let canary = "CANARY-4711";
    let canary_member = good.replacen("\"action\"", &format!("\"{canary}\":1,\"action\""), 1);
    let canary_value = good.replace("Revoke", canary);
    for body in [
        "",
        "{",
        "null",
        "[]",
        "1",
        "\"x\"",
        "{}",
        canary,
        &canary_member,
        &canary_value,
        &good[..good.len() - 1],
        &good.replace("throughVersion\":1", "throughVersion\":4294967296"),
        &"[".repeat(20_000),
    ] {
        let reply = relay
            .post_request()
            .body(body.to_owned())
            .send()
            .await
            .unwrap();
        assert_eq!(reply.status(), 400, "{body}");
        let text = reply.text().await.unwrap();
        assert!(
            text.contains("invalid-intent") && !text.contains(canary),
            "{text}"
        );
    }
    let huge = relay
        .send(relay.post_request().body("x".repeat(200_000)))
        .await;
    assert_eq!(huge.status, 413);
    let plain = relay
        .http
        .post(format!("{}/v1/intents", relay.url))
        .body(good);
    assert_eq!(
        relay.send(plain).await.problem(),
        (415, "unsupported-media-type")
    );

    for path in ["x", "0x", "0x00", canary, "%00", &"0".repeat(64)] {
        let reply = relay.get(&format!("/v1/intents/{path}")).await;
        assert_eq!(reply.problem(), (400, "invalid-id"), "{path}");
        assert!(!reply.body.to_string().contains(canary));
    }
    let unknown = format!("/v1/intents/0x{}", "0".repeat(64));
    assert_eq!(relay.get(&unknown).await.problem(), (404, "not-found"));
    assert_eq!(
        relay.get("/v1/intents").await.body["status"],
        Value::from(405)
    );
}
