//! The feed followed over HTTP, and a verifier that believes it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::support::{AUDIENCE, ISSUER, NOW, Server, at, claims, forge, header_with, jwks, key};
use access_token::revocation::{PATH, SCOPE};
use access_token::{RevocationFeed, TokenError, TokenSource, TokenSourceConfig, Verifier};
use serde_json::{Value, json};

type Answers = Arc<Mutex<Box<dyn FnMut(&str) -> (u16, Value) + Send>>>;

struct Issuer {
    server: Server,
    answers: Answers,
    tokens: Arc<AtomicUsize>,
}

impl Issuer {
    /// Answers polls by what follows `?` in their address.
    async fn new(answer: impl FnMut(&str) -> (u16, Value) + Send + 'static) -> Self {
        let answers: Answers = Arc::new(Mutex::new(Box::new(answer)));
        let tokens = Arc::new(AtomicUsize::new(0));
        let (mine, issued) = (answers.clone(), tokens.clone());
        let server = Server::start(move |_, request| {
            if request.starts_with("POST") {
                let n = issued.fetch_add(1, Ordering::SeqCst);
                let body = json!({"access_token": format!("t{n}"), "token_type": "Bearer", "expires_in": 300});
                return (200, body.to_string());
            }
            let target = request.split(' ').nth(1).unwrap();
            let query = target.split_once('?').unwrap().1;
            assert!(target.starts_with(PATH), "{target}");
            let (status, body) = (mine.lock().unwrap())(query);
            (status, body.to_string())
        })
        .await;
        Self {
            server,
            answers,
            tokens,
        }
    }

    fn answer(&self, answer: impl FnMut(&str) -> (u16, Value) + Send + 'static) {
        *self.answers.lock().unwrap() = Box::new(answer);
    }

    fn feed(&self) -> Arc<RevocationFeed> {
        let http = reqwest::Client::new();
        let config = TokenSourceConfig {
            issuer: ISSUER.into(),
            token_url: format!("{}/oauth2/token", self.server.url).parse().unwrap(),
            client_id: "gateway".into(),
            key: key(3),
            scope: SCOPE.into(),
            resource: "https://auth.example".into(),
        };
        let url = format!("{}{PATH}", self.server.url).parse().unwrap();
        let tokens = TokenSource::new(config, http.clone());
        Arc::new(RevocationFeed::new(
            url,
            http,
            tokens,
            Duration::from_secs(10),
        ))
    }
}

/// Follows the feed by a clock that stands still.
fn follow(feed: &Arc<RevocationFeed>) -> tokio::task::JoinHandle<()> {
    let feed = feed.clone();
    tokio::spawn(async move { feed.run(|| at(NOW)).await })
}

async fn until(condition: impl Fn() -> bool) {
    let reached = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), reached)
        .await
        .expect("never came true");
}

fn page(next: u64, ids: &[(u64, &str)]) -> Value {
    let revocations: Vec<_> = ids
        .iter()
        .map(|(seq, id)| {
            json!({"seq": seq, "kind": "token", "id": id, "before": NOW + 1, "until": NOW + 600, "tenant": "general-hospital"})
        })
        .collect();
    json!({"asOf": "2030-03-17T17:46:40Z", "next": next, "revocations": revocations})
}

fn after(query: &str) -> u64 {
    let after = query.split('&').next().unwrap().strip_prefix("after=");
    after.unwrap().parse().unwrap()
}

#[tokio::test]
async fn everything_is_read_before_any_token_stands_and_then_news_are_waited_for() {
    let waits = Arc::new(Mutex::new(Vec::new()));
    let seen = waits.clone();
    let issuer = Issuer::new(move |query| {
        seen.lock().unwrap().push(query.to_owned());
        match after(query) {
            0 => (200, page(2, &[(1, "a"), (2, "b")])),
            2 => (200, page(3, &[(3, &claims().jti)])),
            n => (200, page(n, &[])),
        }
    })
    .await;
    let feed = issuer.feed();
    let verifier = Verifier::with_jwks(ISSUER, AUDIENCE, &jwks(&[1])).revocations(feed.clone());
    let token = |jti: &str| {
        let claims = access_token::Claims {
            jti: jti.into(),
            ..claims()
        };
        forge(&header_with(json!({})), &json!(claims), 1)
    };
    assert_eq!(
        verifier.verify(&token("fine"), at(NOW)).await,
        Err(TokenError::RevocationsStale)
    );
    let task = follow(&feed);
    until(|| feed.ready(at(NOW)).is_ok()).await;
    assert_eq!(feed.len(), 3);
    assert!(verifier.verify(&token("fine"), at(NOW)).await.is_ok());
    let dead = verifier.verify(&token(&claims().jti), at(NOW)).await;
    assert_eq!(dead, Err(TokenError::Revoked));
    until(|| waits.lock().unwrap().len() > 3).await;
    let asked = waits.lock().unwrap()[..4].to_vec();
    assert_eq!(
        asked,
        [
            "after=0&wait=0",
            "after=2&wait=0",
            "after=3&wait=0",
            "after=3&wait=2"
        ]
    );
    task.abort();
}

#[tokio::test]
async fn a_token_that_verified_is_looked_at_again_without_asking() {
    let issuer = Issuer::new(|query| (200, page(after(query), &[]))).await;
    let feed = issuer.feed();
    let verifier = Verifier::with_jwks(ISSUER, AUDIENCE, &jwks(&[1])).revocations(feed.clone());
    let task = follow(&feed);
    until(|| feed.ready(at(NOW)).is_ok()).await;
    let token = forge(&header_with(json!({})), &json!(claims()), 1);
    let mut headers = http::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    let verified = verifier.verify_request(&headers, at(NOW)).await.unwrap();
    assert_eq!(verified.kid, key(1).kid());
    issuer.answer(|query| match after(query) {
        0 => (200, page(1, &[(1, &claims().jti)])),
        n => (200, page(n, &[])),
    });
    until(|| !feed.is_empty()).await;
    assert_eq!(
        verifier.still_stands(&verified, at(NOW)),
        Err(TokenError::Revoked)
    );
    task.abort();
}

#[tokio::test]
async fn a_feed_that_is_gone_is_read_from_its_beginning() {
    let issuer = Issuer::new(|query| match after(query) {
        0 => (200, page(5, &[(5, "a")])),
        n => (200, page(n, &[])),
    })
    .await;
    let feed = issuer.feed();
    let task = follow(&feed);
    until(|| feed.ready(at(NOW)).is_ok()).await;
    issuer.answer(|query| match after(query) {
        5 => (410, json!({})),
        0 => (200, page(1, &[(1, "b")])),
        n => (200, page(n, &[])),
    });
    until(|| feed.len() == 2).await;
    task.abort();
}

#[tokio::test]
async fn an_issuer_that_fails_or_talks_nonsense_makes_nothing_recent_and_is_asked_again() {
    for (status, body) in [
        (500, json!({})),
        (403, json!({})),
        (200, json!({"revocations": []})),
        (410, json!({})),
    ] {
        let calls = Arc::new(AtomicUsize::new(0));
        let counter = calls.clone();
        let issuer = Issuer::new(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            (status, body.clone())
        })
        .await;
        let feed = issuer.feed();
        let task = follow(&feed);
        until(|| calls.load(Ordering::SeqCst) >= 2).await;
        assert!(feed.ready(at(NOW)).is_err(), "{status}");
        issuer.answer(|query| (200, page(after(query), &[])));
        until(|| feed.ready(at(NOW)).is_ok()).await;
        task.abort();
    }
}

#[tokio::test]
async fn a_token_of_ours_that_is_refused_is_replaced() {
    let first = Arc::new(AtomicUsize::new(0));
    let counter = first.clone();
    let issuer = Issuer::new(move |query| match counter.fetch_add(1, Ordering::SeqCst) {
        0 => (401, json!({})),
        _ => (200, page(after(query), &[])),
    })
    .await;
    let feed = issuer.feed();
    let task = follow(&feed);
    until(|| feed.ready(at(NOW)).is_ok()).await;
    assert_eq!(issuer.tokens.load(Ordering::SeqCst), 2);
    task.abort();
}
