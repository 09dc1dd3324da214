//! Tokens: asked for once, renewed when they are refused.

use axum::http::Method;
use futures::future::join_all;

use crate::support::World;

const CONSENTS: &str = "/api/indexer/v1/consents";

#[tokio::test]
async fn calls_at_the_same_time_refresh_once() {
    let world = World::start().await;
    let browser = world.signed_in().await;
    let before = world.issuer.token_requests();
    let calls = (0..20).map(|_| browser.call(Method::GET, CONSENTS).send());
    for answer in join_all(calls).await {
        assert_eq!(answer.unwrap().status(), 202);
    }
    assert_eq!(world.issuer.token_requests() - before, 1);
    let tokens: Vec<String> = world
        .services
        .seen()
        .iter()
        .map(|seen| seen.token().unwrap().to_owned())
        .collect();
    assert_eq!(tokens.len(), 20);
    assert!(tokens.iter().all(|token| *token == tokens[0]));

    // Another audience is another token, out of the same family, which lives on.
    let names = ["audit/v1/accesses", "indexer/v1/chain", "auth/v1/sessions"];
    for _ in 0..3 {
        let calls = names.map(|name| browser.call(Method::GET, &format!("/api/{name}")).send());
        for answer in join_all(calls).await {
            assert!(answer.unwrap().status().is_success());
        }
    }
    assert_eq!(world.issuer.token_requests() - before, 2);
}

#[tokio::test]
async fn a_token_that_is_refused_is_renewed_once_and_the_call_made_again() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    let call = || {
        browser
            .call(Method::PUT, "/api/indexer/v1/policies/0xab")
            .body("{}")
    };
    assert_eq!(call().send().await.unwrap().status(), 202);
    let first = world.services.last();
    let before = world.issuer.token_requests();
    world.services.refuses(first.token().unwrap());
    let calls = (0..5).map(|_| call().send());
    for answer in join_all(calls).await {
        assert_eq!(answer.unwrap().status(), 202);
    }
    assert_eq!(world.issuer.token_requests() - before, 1);
    let last = world.services.last();
    assert_ne!(last.token(), first.token());
    assert_eq!(last.body, "{}");
    // A sign-in that is too weak is not cured by another token: the page is told.
    let before = world.issuer.token_requests();
    let answer = browser
        .calls(Method::GET, &format!("{CONSENTS}/step-up"))
        .await;
    assert_eq!(answer.status, 401);
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("acr_values=\"aal2\""), "{challenge}");
    assert_eq!(world.issuer.token_requests(), before);
}

#[tokio::test]
async fn what_a_token_says_is_asked_anew_after_something_changed_at_the_issuer() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    browser.calls(Method::GET, CONSENTS).await;
    let first = world.services.last();
    let sessions = browser.calls(Method::GET, "/api/auth/v1/sessions").await;
    assert_eq!(sessions.status, 200, "{}", sessions.text);
    browser.calls(Method::GET, CONSENTS).await;
    assert_eq!(world.services.last().token(), first.token());
    let stop = browser
        .call(Method::POST, "/api/auth/v1/stop")
        .header("content-type", "application/json")
        .body("{}");
    let stop = browser.send(stop).await;
    assert!(stop.status.is_success(), "{} {}", stop.status, stop.text);
    browser.calls(Method::GET, CONSENTS).await;
    assert_ne!(world.services.last().token(), first.token());
}
