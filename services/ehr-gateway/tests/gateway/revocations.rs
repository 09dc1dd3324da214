//! Tokens that the issuer took back, and a feed that is not heard of.

use std::sync::atomic::Ordering;

use crate::support::*;
use access_token::revocation::Kind;
use audit_core::Outcome;
use serde_json::{Value, json};

const SEARCH: &str = "/fhir/R4/Observation?patient=p1";

async fn world() -> World {
    World::sharing(shared(&["Observation"]), vec![observation("o1", PATIENT)]).await
}

/// A token with something for every kind of revocation to name.
fn of_a_person(world: &World) -> String {
    world.token_with(
        json!({"sub": "account-1", "client_id": "app-1", "jti": "token-1", "sid": "session-1",
        "auth_time": 1_000, "acr": "aal2", "amr": ["pop"], "sv": 1}),
    )
}

fn names() -> [(Kind, String); 6] {
    [
        (Kind::Session, "session-1".to_owned()),
        (Kind::Token, "token-1".to_owned()),
        (Kind::Client, "app-1".to_owned()),
        (Kind::Account, "account-1".to_owned()),
        (Kind::Organization, "clinic-a".to_owned()),
        (Kind::Key, key(7).kid().to_owned()),
    ]
}

fn question() -> Value {
    json!({"subject": {"type": "organization", "id": "clinic-a"}, "action": {"name": "search"},
        "resource": {"type": "Observation", "properties": {"patient": "p1"}}})
}

fn assert_invalid_token(answer: &Answer) {
    assert_eq!(answer.status.as_u16(), 401, "{}", answer.body);
    let challenge = answer.headers["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains(r#"error="invalid_token""#),
        "{challenge}"
    );
    answer.assert_no_phi();
}

#[tokio::test]
async fn a_token_revoked_by_any_of_its_names_is_refused_before_any_decision() {
    for (kind, id) in names() {
        let world = world().await;
        let token = of_a_person(&world);
        world.neighbours.revoke(kind, "somebody-else");
        until(|| world.gateway.tokens.revocations.len() == 1).await;
        assert_eq!(world.get_with(SEARCH, &token).await.status, 200, "{kind:?}");
        let (calls, fetched) = (world.neighbours.calls(), world.fhir.paths().len());
        world.neighbours.revoke(kind, &id);
        until(|| world.gateway.tokens.revocations.len() == 2).await;
        assert_invalid_token(&world.get_with(SEARCH, &token).await);
        assert_invalid_token(&world.evaluate(question(), &token).await);
        assert_eq!(world.records().len(), 1, "no decision, hence no record");
        assert_eq!(
            (world.neighbours.calls(), world.fhir.paths().len()),
            (calls, fetched)
        );
    }
}

#[tokio::test]
async fn a_token_issued_after_the_revocation_is_good_unless_its_key_is_the_one_revoked() {
    for (kind, id) in names() {
        let world = world().await;
        world.neighbours.revoke(kind, &id);
        until(|| world.gateway.tokens.revocations.len() == 1).await;
        world.clock_offset.fetch_add(2, Ordering::SeqCst);
        let answer = world.get_with(SEARCH, &of_a_person(&world)).await;
        match kind {
            Kind::Key => assert_invalid_token(&answer),
            _ => assert_eq!(answer.status, 200, "{kind:?}"),
        }
    }
}

#[tokio::test]
async fn when_the_feed_is_not_heard_of_nothing_is_decided_until_it_is_again() {
    let world = world().await;
    world
        .neighbours
        .revocations_down
        .store(true, Ordering::SeqCst);
    assert_eq!(world.get(SEARCH).await.status, 200, "one poll may fail");
    world.clock_offset.fetch_add(11, Ordering::SeqCst);
    for path in [SEARCH, "/fhir/R4/Observation/o1"] {
        let answer = world.get(path).await;
        answer.assert_denied(503, "revocations-stale");
        assert!(answer.headers.contains_key("retry-after"));
    }
    let evaluated = world.evaluate(question(), &world.token()).await;
    assert_eq!(evaluated.status, 503);
    assert!(evaluated.body.contains("revocations-stale"));
    let token = world.token_with(
        json!({"persona": "system", "org": null, "grantees": null, "scope": "system:audit.read"}),
    );
    let counts = "/v1/counts?from=2026-01-01&to=2026-01-02";
    assert_eq!(world.get_with(counts, &token).await.status, 503);
    world
        .neighbours
        .revocations_down
        .store(false, Ordering::SeqCst);
    world.until_ready().await;
    assert_eq!(world.get(SEARCH).await.status, 200);
    assert_eq!(world.get_with(counts, &token).await.status, 200);
}

#[tokio::test]
async fn a_feed_that_begins_anew_is_read_anew_and_what_was_revoked_stays_so() {
    let world = world().await;
    let tokens = ["token-1", "token-2", "token-3"].map(|jti| world.token_with(json!({"jti": jti})));
    world.neighbours.revoke(Kind::Token, "token-1");
    world.neighbours.revoke(Kind::Token, "token-2");
    until(|| world.gateway.tokens.revocations.len() == 2).await;
    // Its place 2 is gone, and place 1 is another entry.
    world.neighbours.revocations.lock().unwrap().clear();
    world.neighbours.revoke(Kind::Token, "token-3");
    until(|| world.gateway.tokens.revocations.len() == 3).await;
    for token in tokens {
        assert_invalid_token(&world.get_with(SEARCH, &token).await);
    }
    world.until_ready().await;
    assert_eq!(world.get(SEARCH).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_while_the_server_answers_releases_nothing_and_is_on_record() {
    for path in [
        SEARCH,
        "/fhir/R4/Observation/o1",
        "/fhir/R4/Observation/absent",
    ] {
        let world = world().await;
        let (neighbours, gateway) = (world.neighbours.clone(), world.gateway.clone());
        world.fhir.script(move |_| {
            neighbours.revoke(Kind::Token, "j1");
            let heard = until(|| !gateway.tokens.revocations.is_empty());
            tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(heard));
            None
        });
        assert_invalid_token(&world.get(path).await);
        let record = world.only_record();
        assert_eq!(
            (record.result, record.rule.as_str()),
            (Outcome::Deny, "token-revoked")
        );
    }
}
