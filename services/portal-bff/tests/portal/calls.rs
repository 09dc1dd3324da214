//! What goes on to a service, and what comes back.

use axum::http::{Method, header};

use crate::support::World;

#[tokio::test]
async fn a_call_goes_on_with_the_persons_token_and_without_what_is_the_browsers() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    let call = browser
        .call(Method::PUT, "/api/indexer/v1/policies/0xab?dry=1&x=a%20b")
        .header(header::AUTHORIZATION, "Bearer forged")
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", "k-1")
        .header("x-forwarded-for", "10.0.0.1")
        .header("connection", "x-forwarded-for")
        .body("{\"a\":1}");
    let answer = browser.send(call).await;
    assert_eq!(answer.status, 202);
    let seen = world.services.last();
    assert_eq!(seen.method, Method::PUT);
    assert_eq!(seen.path, "/indexer/v1/policies/0xab?dry=1&x=a%20b");
    assert_eq!(seen.body, "{\"a\":1}");
    assert_eq!(seen.headers["idempotency-key"], "k-1");
    assert_eq!(seen.headers["content-type"], "application/json");
    for dropped in [
        "cookie",
        "origin",
        "x-csrf-token",
        "x-forwarded-for",
        "sec-fetch-site",
    ] {
        assert!(!seen.headers.contains_key(dropped), "{dropped}");
    }
    let claims = seen.claims();
    assert_eq!(claims["aud"], world.services.url("indexer"));
    assert_eq!(claims["client_id"], "patient-portal");
    assert_eq!(claims["patient"], "p-1");
    // One id through every hop.
    let corr_id = answer.header("x-correlation-id");
    assert_eq!(seen.headers["x-correlation-id"], corr_id);

    browser.calls(Method::GET, "/api/audit/v1/accesses").await;
    let claims = world.services.last().claims();
    assert_eq!(claims["aud"], world.services.url("audit"));
}

#[tokio::test]
async fn an_answer_comes_back_without_what_is_for_nobody_elses_page() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    let answer = browser.calls(Method::POST, "/api/relay/v1/intents").await;
    assert_eq!(
        (answer.status.as_u16(), answer.text.as_str()),
        (202, "{\"done\":true}")
    );
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.location(), "/api/relay/v1/intents/0x12");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("server"), "");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    assert!(answer.cookie("session").is_none());
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    let answer = browser
        .calls(Method::GET, "/api/indexer/v1/consents/busy")
        .await;
    assert_eq!(answer.status, 429);
    assert_eq!(answer.header("retry-after"), "7");
    assert_eq!(answer.header("content-type"), "application/problem+json");
}

#[tokio::test]
async fn a_stream_is_passed_on_as_it_comes_and_a_session_has_few_of_them() {
    let world = World::with(&[("MAX_STREAMS", "1")]).await;
    let mut browser = world.signed_in().await;
    let path = "/api/relay/v1/intents/stream";
    let call = |browser: &crate::support::Browser<'_>| {
        let call = browser.call(Method::GET, path);
        call.header(header::ACCEPT, "text/event-stream")
    };
    let mut stream = call(&browser).send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    for n in 0..3 {
        let piece = stream.chunk().await.unwrap().unwrap();
        assert_eq!(piece, format!("event: state\ndata: {n}\n\n"));
        world.services.go_on();
    }
    let second = call(&browser);
    let answer = browser.send(second).await;
    assert_eq!(answer.problem(), (429, "too-many-streams".into()));
    drop(stream);
    test_support::until("the place to be free", || async {
        let answer = call(&browser).send().await.unwrap();
        answer.status() == 200
    })
    .await;
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let world = World::with(&[("MAX_ANSWER_BYTES", "20000")]).await;
    let mut browser = world.signed_in().await;
    let answer = browser
        .calls(Method::GET, "/api/indexer/v1/consents/flood")
        .await;
    assert_eq!(answer.problem(), (502, "answer-too-long".into()));
    let call = browser.call(Method::GET, "/api/indexer/v1/consents/endless");
    let mut answer = call.send().await.unwrap();
    let mut length = 0;
    let error = loop {
        match answer.chunk().await {
            Ok(Some(piece)) => length += piece.len(),
            Ok(None) => panic!("as if it had been the whole"),
            Err(error) => break error,
        }
    };
    assert!(length <= 20_000, "{length} bytes, {error}");
}

#[tokio::test]
async fn a_body_that_is_too_large_goes_nowhere() {
    let world = World::with(&[("MAX_BODY_BYTES", "1000")]).await;
    let mut browser = world.signed_in().await;
    let call = browser
        .call(Method::POST, "/api/relay/v1/intents")
        .body("a".repeat(1001));
    let answer = browser.send(call).await;
    assert_eq!(answer.problem(), (413, "payload-too-large".into()));
    assert!(world.services.seen().is_empty());
}
