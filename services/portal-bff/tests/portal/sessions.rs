//! How sessions end.

use axum::http::Method;
use test_support::until;

use crate::support::World;

const CONSENTS: &str = "/api/indexer/v1/consents";

#[tokio::test]
async fn ending_a_session_ends_all_that_came_of_it() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    browser.calls(Method::GET, CONSENTS).await;
    let session = browser.issuer_session.clone().unwrap();
    assert_eq!(world.issuer.standing(&session).await, (1, 1));
    let kept = browser.cookies.clone();
    let answer = browser.calls(Method::POST, "/session/end").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let cleared = answer.cookie("__Host-patient-portal").unwrap();
    assert!(cleared.contains("Max-Age=0"), "{cleared}");
    until("the sign-in and the grant to end", || async {
        world.issuer.standing(&session).await == (0, 0)
    })
    .await;
    // The cookie opens nothing any more, whoever kept it.
    browser.cookies = kept;
    assert_eq!(browser.calls(Method::GET, CONSENTS).await.status, 401);
    // And nobody is asked on the way back.
    let way_out = answer.json()["url"].as_str().unwrap().to_owned();
    assert!(!way_out.contains("token"), "{way_out}");
    let back = browser.at_the_issuer(&way_out).await;
    assert_eq!(back.location(), world.origin);
}

#[tokio::test]
async fn a_sign_in_that_was_ended_elsewhere_ends_here() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    browser.calls(Method::GET, CONSENTS).await;
    let token = world.services.last().token().unwrap().to_owned();
    let session = browser.issuer_session.clone().unwrap();
    world.issuer.ends(&session).await;
    // As services do that follow the issuer's revocations.
    world.services.refuses(&token);
    let answer = browser.calls(Method::GET, CONSENTS).await;
    assert_eq!(answer.problem(), (401, "session-ended".into()));
    // It is not only this call: the session is gone.
    let asked = world.issuer.token_requests();
    let answer = browser.calls(Method::GET, "/api/audit/v1/accesses").await;
    assert_eq!(answer.problem(), (401, "session-ended".into()));
    assert_eq!(browser.get("/session").await.status, 401);
    assert_eq!(world.issuer.token_requests(), asked);
}

#[tokio::test]
async fn who_does_nothing_is_signed_out_and_asking_who_is_there_is_nothing() {
    let world = World::with(&[("SESSION_IDLE_SECONDS", "2")]).await;
    let mut browser = world.signed_in().await;
    let before = browser.reads_session().await;
    browser.calls(Method::GET, CONSENTS).await;
    let used = browser.reads_session().await;
    assert!(used["idleEndsAt"].as_i64() >= before["idleEndsAt"].as_i64());
    until("the session to end", || async {
        let request = browser.request(Method::GET, "/session");
        request.send().await.unwrap().status() == 401
    })
    .await;
    assert_eq!(browser.calls(Method::GET, CONSENTS).await.status, 401);
}

#[tokio::test]
async fn no_session_outlives_its_longest_time() {
    let world = World::with(&[("SESSION_SECONDS", "2")]).await;
    let mut browser = world.signed_in().await;
    let view = browser.reads_session().await;
    assert_eq!(view["idleEndsAt"], view["endsAt"]);
    until("the session to end", || async {
        let call = browser.call(Method::GET, CONSENTS);
        call.send().await.unwrap().status() == 401
    })
    .await;
}

#[tokio::test]
async fn with_too_many_sessions_the_least_used_ends_and_the_newcomer_stays() {
    let world = World::with(&[("MAX_SESSIONS", "2")]).await;
    let mut first = world.signed_in().await;
    let mut second = world.signed_in().await;
    second.calls(Method::GET, CONSENTS).await;
    let mut third = world.signed_in().await;
    assert_eq!(first.get("/session").await.status, 401);
    assert_eq!(third.calls(Method::GET, CONSENTS).await.status, 202);
    assert_eq!(second.calls(Method::GET, CONSENTS).await.status, 202);
}
