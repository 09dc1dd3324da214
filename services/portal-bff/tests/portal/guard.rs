//! Whose calls count.

use axum::http::{Method, header};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::World;

const CHAIN: &str = "/api/indexer/v1/chain";

#[tokio::test]
async fn nobody_calls_without_having_signed_in() {
    let world = World::start().await;
    let mut browser = world.browser();
    for (method, path) in [
        (Method::GET, CHAIN),
        (Method::POST, "/api/relay/v1/intents"),
        (Method::GET, "/api/relay/health/ready"),
        (Method::GET, "/session"),
        (Method::POST, "/session/end"),
    ] {
        let answer = browser.calls(method, path).await;
        assert_eq!(answer.problem(), (401, "session-ended".into()), "{path}");
    }
    browser
        .cookies
        .insert("__Host-patient-portal".into(), "A".repeat(43));
    assert_eq!(browser.calls(Method::GET, CHAIN).await.status, 401);
    assert!(world.services.seen().is_empty());
}

#[tokio::test]
async fn a_call_carries_the_sessions_own_token_whatever_its_method() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    let other = world.signed_in().await.csrf;
    for path in [CHAIN, "/session/end"] {
        let method = if path == CHAIN {
            Method::GET
        } else {
            Method::POST
        };
        let plain = browser.request(method.clone(), path);
        assert_eq!(
            browser.send(plain).await.problem(),
            (403, "forbidden".into())
        );
        for wrong in ["", "x", &other] {
            let call = browser.request(method.clone(), path);
            let answer = browser.send(call.header("x-csrf-token", wrong)).await;
            assert_eq!(answer.status, 403, "{path} {wrong}");
        }
        let twice = browser.call(method.clone(), path);
        let twice = twice.header("x-csrf-token", &other);
        assert_eq!(browser.send(twice).await.status, 403);
    }
    assert!(world.services.seen().is_empty());
    assert_eq!(browser.calls(Method::GET, CHAIN).await.status, 202);
}

#[tokio::test]
async fn what_another_page_sends_does_not_count() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    let csrf = browser.csrf.clone();
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "none"),
        ("origin", "http://localhost:7999"),
        ("origin", "null"),
    ] {
        for (method, path) in [
            (Method::GET, CHAIN),
            (Method::GET, "/session"),
            (Method::POST, "/session/end"),
        ] {
            let request = browser.request(method, path);
            let request = request.header("x-csrf-token", &csrf).header(name, value);
            let answer = browser.send(request).await;
            assert_eq!(answer.problem(), (403, "forbidden".into()), "{name} {path}");
        }
    }
    assert!(world.services.seen().is_empty());
    // And no other page may read what is answered.
    let preflight = browser
        .request(Method::OPTIONS, CHAIN)
        .header(header::ORIGIN, "http://evil.example")
        .header("access-control-request-method", "GET");
    let answer = browser.send(preflight).await;
    assert!(!answer.status.is_success());
    assert_eq!(answer.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn what_the_application_does_not_need_is_not_there() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    for (method, path) in [
        (Method::GET, "/api/auth/v1/accounts"),
        (Method::GET, "/api/auth/internal/revocations"),
        (Method::POST, "/api/auth/oauth2/token"),
        (Method::GET, "/api/audit/v1/counts"),
        (Method::GET, "/api/gateway/fhir/R4/Observation"),
        (Method::GET, "/api/indexer/metrics"),
        (Method::DELETE, "/api/indexer/v1/consents"),
        (Method::GET, "/api/fhir/metadata"),
        (Method::GET, "/api/indexer"),
        (Method::GET, "/api/"),
    ] {
        let answer = browser.calls(method, path).await;
        assert_eq!(answer.problem(), (404, "not-found".into()), "{path}");
    }
    assert!(world.services.seen().is_empty());
}

/// Written by hand: an HTTP client would tidy the paths up.
#[tokio::test]
async fn no_path_leads_out_of_what_is_allowed() {
    let world = World::start().await;
    let browser = world.signed_in().await;
    let (name, value) = browser.cookies.first_key_value().unwrap();
    let host = world.origin.strip_prefix("http://").unwrap();
    let port: u16 = host.split(':').nth(1).unwrap().parse().unwrap();
    for path in [
        "/api/indexer/v1/consents/..",
        "/api/indexer/v1/consents/../../internal",
        "/api/indexer/v1/consents/%2e%2e",
        "/api/indexer/v1/consents/..%2f..%2finternal",
        "/api/indexer/v1/consents/a%00",
        "/api/indexer//v1/chain",
        "/api//indexer/v1/chain",
        "/api/../api/indexer/v1/chain",
        "/api/indexer/v1/consents/a;b",
        "/api/auth/v1/bindings/../accounts",
        "/api/indexer/v1/consents/http://evil.example/",
    ] {
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port))
            .await
            .unwrap();
        let head = format!(
            "GET {path} HTTP/1.1\r\nhost: {host}\r\ncookie: {name}={value}\r\nx-csrf-token: {}\r\nconnection: close\r\n\r\n",
            browser.csrf
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    assert!(world.services.seen().is_empty());
}
