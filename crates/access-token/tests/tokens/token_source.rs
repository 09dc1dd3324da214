//! Tokens for our own services: asked once, renewed in time, refused quickly after a failure.

use std::sync::Arc;

use crate::support::{ISSUER, NOW, Server, at, key};
use access_token::{Assertion, SourceError, TokenSource, TokenSourceConfig};

fn source(server: &Server) -> TokenSource {
    let config = TokenSourceConfig {
        issuer: ISSUER.into(),
        token_url: format!("{}/oauth2/token", server.url).parse().unwrap(),
        client_id: "gateway".into(),
        key: key(3),
        scope: "system:directory.read".into(),
        resource: "https://auth.example".into(),
    };
    TokenSource::new(config, reqwest::Client::new())
}

fn token(hit: usize) -> (u16, String) {
    (
        200,
        format!(r#"{{"access_token":"t{hit}","token_type":"Bearer","expires_in":300}}"#),
    )
}

#[tokio::test]
async fn one_request_serves_all_callers_until_shortly_before_expiry() {
    let server = Server::start(|hit, _| token(hit)).await;
    let source = Arc::new(source(&server));
    let callers: Vec<_> = (0..20)
        .map(|_| {
            let source = source.clone();
            tokio::spawn(async move { source.token(at(NOW)).await.unwrap() })
        })
        .collect();
    for caller in callers {
        assert_eq!(&*caller.await.unwrap(), "t0");
    }
    assert_eq!(&*source.token(at(NOW + 269)).await.unwrap(), "t0");
    assert_eq!(&*source.token(at(NOW + 270)).await.unwrap(), "t1");
    assert_eq!(server.hits(), 2);
}

#[tokio::test]
async fn the_request_carries_a_fresh_verifiable_assertion() {
    let server = Server::start(|_, request| {
        let body = request.split_once("\r\n\r\n").unwrap().1;
        let form: Vec<(String, String)> = url::form_urlencoded::parse(body.as_bytes())
            .into_owned()
            .collect();
        let value = |name: &str| {
            form.iter()
                .find(|(n, _)| n == name)
                .map(|(_, v)| v.as_str())
                .unwrap()
        };
        assert_eq!(value("grant_type"), "client_credentials");
        assert_eq!(value("resource"), "https://auth.example");
        let assertion = Assertion::parse(value("client_assertion")).unwrap();
        assert_eq!(assertion.client_id(), "gateway");
        let claims = assertion
            .verify(&[key(3).public().clone()], &[ISSUER], at(NOW))
            .unwrap();
        (
            200,
            format!(
                r#"{{"access_token":"{}","token_type":"Bearer","expires_in":1}}"#,
                claims.jti
            ),
        )
    })
    .await;
    let source = source(&server);
    let (first, second) = (
        source.token(at(NOW)).await.unwrap(),
        source.token(at(NOW)).await.unwrap(),
    );
    assert_ne!(first, second, "a jti is used once");
}

#[tokio::test]
async fn a_refused_token_is_forgotten_only_if_it_is_the_current_one() {
    let server = Server::start(|hit, _| token(hit)).await;
    let source = source(&server);
    let first = source.token(at(NOW)).await.unwrap();
    source.invalidate("older").await;
    assert_eq!(source.token(at(NOW)).await.unwrap(), first);
    source.invalidate(&first).await;
    assert_eq!(&*source.token(at(NOW)).await.unwrap(), "t1");
}

#[tokio::test]
async fn a_failure_is_remembered_for_a_second() {
    let server = Server::start(|hit, _| {
        if hit == 0 {
            (401, "{}".into())
        } else {
            token(hit)
        }
    })
    .await;
    let source = source(&server);
    assert_eq!(source.token(at(NOW)).await, Err(SourceError::Refused(401)));
    assert_eq!(source.token(at(NOW)).await, Err(SourceError::Refused(401)));
    assert_eq!(server.hits(), 1);
    assert_eq!(&*source.token(at(NOW + 1)).await.unwrap(), "t1");
}

#[tokio::test]
async fn answers_that_are_no_token_are_errors() {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"access_token":"","token_type":"Bearer","expires_in":300}"#,
        r#"{"access_token":"t","token_type":"mac","expires_in":300}"#,
        r#"{"access_token":"t","token_type":"Bearer","expires_in":-1}"#,
        r#"{"access_token":"t","token_type":"Bearer","expires_in":"300"}"#,
    ] {
        let server = Server::start(move |_, _| (200, body.to_owned())).await;
        assert_eq!(
            source(&server).token(at(NOW)).await,
            Err(SourceError::Unreadable),
            "{body}"
        );
    }
    let server = Server::start(|_, _| (503, String::new())).await;
    assert_eq!(
        source(&server).token(at(NOW)).await,
        Err(SourceError::Unreachable)
    );
}
