//! Tokens that the issuer took back, and a feed that is not heard of. Stops need neither token nor feed.

use access_token::revocation::Kind;
use serde_json::Value;

use crate::support::sign::{request, scope};
use crate::support::{Patient, Relay, World, until};

const SCOPE: &str = "provider:consent.request";

/// A clinic on chain, and a request of it.
async fn requesting(world: &World) -> (Patient, Value) {
    let (clinic, patient) = (Patient::new(9), Patient::new(1));
    world.anvil.verify_organization(clinic.address()).await;
    let now = world.anvil.now().await;
    let body = clinic.sign(request(patient.address(), clinic.address(), scope(1), now));
    (clinic, body)
}

#[tokio::test]
async fn a_revoked_token_brings_no_request_and_another_of_the_same_clinic_does() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let (clinic, body) = requesting(&world).await;
    let revoked = world.neighbours.provider(SCOPE, &[clinic.address()]);
    let other = world.neighbours.provider(SCOPE, &[clinic.address()]);
    // What is good but for its signer: answered 403 as long as the token is believed, and taken in by nobody.
    let foreign = Patient::new(8);
    let now = world.anvil.now().await;
    let probe = foreign.sign(request(
        Patient::new(1).address(),
        foreign.address(),
        scope(2),
        now,
    ));
    assert_eq!(relay.post_as(&revoked, &probe).await.status, 403);
    world.neighbours.feed.revoke(Kind::Token, &jti(&revoked));
    until("the revocation to be heard of", async || {
        relay.post_as(&revoked, &probe).await.status == 401
    })
    .await;
    let reply = relay.post_as(&revoked, &body).await;
    assert_eq!(reply.problem(), (401, "unauthenticated"));
    let challenge = reply.headers["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );
    assert_eq!(relay.post_as(&other, &body).await.status, 202);
}

#[tokio::test]
async fn when_the_feed_is_not_heard_of_requests_wait_and_stops_are_taken_in() {
    let world = World::new(&[]).await;
    let settings = world.settings().with("MAX_REVOCATIONS_AGE_MS", 1_000);
    let relay = Relay::start(&settings).await;
    let (clinic, body) = requesting(&world).await;
    world.neighbours.feed.set_down(true);
    let token = world.neighbours.provider(SCOPE, &[clinic.address()]);
    let mangled = format!("{token}x");
    until("no token to be believed", async || {
        let ready = relay.get("/health/ready").await;
        ready.body["checks"]["revocations"] == "not heard of recently"
    })
    .await;
    assert_eq!(
        relay.post_as(&token, &body).await.problem(),
        (503, "unavailable")
    );
    assert_eq!(relay.post_as(&mangled, &body).await.status, 401);
    let ready = relay.get("/health/ready").await;
    assert_eq!(ready.status, 200, "a balancer must not turn stops away");
    let patient = Patient::new(1);
    let digest = relay
        .accepted(&patient.revoke(clinic.address(), scope(5), 1))
        .await;
    relay.reaches(&digest, "final").await;
    // Nor does a token that nobody can judge stand in a stop's way.
    let stop = patient.revoke(clinic.address(), scope(6), 1);
    assert_eq!(relay.post_as(&token, &stop).await.status, 202);

    world.neighbours.feed.set_down(false);
    until("the request to be taken in", async || {
        relay.post_as(&token, &body).await.status == 202
    })
    .await;
}

/// The token's id.
fn jti(token: &str) -> String {
    use base64::Engine as _;
    let payload = token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(payload)
        .unwrap();
    let claims: Value = serde_json::from_slice(&payload).unwrap();
    claims["jti"].as_str().unwrap().to_owned()
}
