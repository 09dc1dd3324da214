//! What is away.

use axum::http::Method;

use crate::support::World;

const CONSENTS: &str = "/api/indexer/v1/consents";

#[tokio::test]
async fn a_service_that_is_away_or_silent_is_named_a_problem_and_nobody_is_signed_out() {
    let address = test_support::free_address();
    let nobody = format!("http://{address}");
    let world = World::with(&[("RELAY_URL", &nobody), ("UPSTREAM_TIMEOUT_MS", "300")]).await;
    let mut browser = world.signed_in().await;
    let answer = browser.calls(Method::POST, "/api/relay/v1/intents").await;
    assert_eq!(answer.problem(), (502, "service-unavailable".into()));
    assert!(!answer.text.contains(&nobody), "{}", answer.text);
    let answer = browser
        .calls(Method::GET, &format!("{CONSENTS}/silence"))
        .await;
    assert_eq!(answer.problem(), (504, "service-unavailable".into()));
    assert_eq!(browser.calls(Method::GET, CONSENTS).await.status, 202);
}

#[tokio::test]
async fn while_the_issuer_is_away_sessions_stay_and_a_stop_goes_through() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    browser.calls(Method::GET, CONSENTS).await;
    world.issuer.is_away(true);
    // What it has a token for.
    assert_eq!(browser.calls(Method::GET, CONSENTS).await.status, 202);
    let answer = browser.calls(Method::GET, "/api/audit/v1/accesses").await;
    assert_eq!(answer.problem(), (503, "unavailable".into()));
    // What needs none.
    let answer = browser.calls(Method::POST, "/api/relay/v1/intents").await;
    assert_eq!(answer.status, 202);
    assert_eq!(world.services.last().token(), None);
    assert_eq!(browser.get("/session").await.status, 200);
    let answer = browser.get("/session/start").await;
    assert_eq!(answer.problem(), (503, "unavailable".into()));

    world.issuer.is_away(false);
    let answer = browser.calls(Method::GET, "/api/audit/v1/accesses").await;
    assert_eq!(answer.status, 202);
}

#[tokio::test]
async fn who_signs_out_while_the_issuer_is_away_is_signed_out_here() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    let kept = browser.cookies.clone();
    world.issuer.is_away(true);
    let answer = browser.calls(Method::POST, "/session/end").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    browser.cookies = kept;
    assert_eq!(browser.calls(Method::GET, CONSENTS).await.status, 401);
}
