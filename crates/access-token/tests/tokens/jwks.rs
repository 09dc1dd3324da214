//! How the issuer's keys are fetched, shared and distrusted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

use crate::support::{AUDIENCE, ISSUER, NOW, Server, at, claims, jwks, key};
use access_token::jwks::{FETCH_EVERY, REFRESH_AFTER, RETRY_AFTER, STALE_AFTER};
use access_token::{Claims, TokenError, Verifier};

fn keys(n: u8) -> (u16, String) {
    (200, serde_json::to_string(&jwks(&[n])).unwrap())
}

fn verifier(server: &Server) -> Verifier {
    Verifier::new(
        ISSUER,
        AUDIENCE,
        server.url.parse().unwrap(),
        reqwest::Client::new(),
    )
}

/// A token signed by key `n` that is valid at `now`.
fn token(n: u8, now: i64) -> String {
    key(n)
        .sign(
            "at+jwt",
            &Claims {
                iat: now,
                exp: now + 300,
                ..claims()
            },
        )
        .unwrap()
}

#[tokio::test]
async fn keys_are_fetched_once_for_many_callers() {
    let server = Server::start(|_, _| keys(1)).await;
    let verifier = Arc::new(verifier(&server));
    let callers = (0..50).map(|_| {
        let verifier = verifier.clone();
        tokio::spawn(async move { verifier.verify(&token(1, NOW), at(NOW)).await.is_ok() })
    });
    for caller in callers.collect::<Vec<_>>() {
        assert!(caller.await.unwrap());
    }
    assert_eq!(server.hits(), 1);
}

#[tokio::test]
async fn an_unknown_kid_causes_at_most_one_fetch_in_ten_seconds() {
    let server = Server::start(|_, _| keys(1)).await;
    let verifier = verifier(&server);
    for second in 0..FETCH_EVERY {
        let refused = verifier
            .verify(&token(2, NOW + second), at(NOW + second))
            .await;
        assert_eq!(refused, Err(TokenError::UnknownKey));
    }
    assert_eq!(server.hits(), 1);
    assert_eq!(
        verifier
            .verify(&token(2, NOW + FETCH_EVERY), at(NOW + FETCH_EVERY))
            .await,
        Err(TokenError::UnknownKey)
    );
    assert_eq!(server.hits(), 2);
}

#[tokio::test]
async fn a_new_key_is_found_and_an_old_one_forgotten() {
    let current = Arc::new(AtomicU8::new(1));
    let published = current.clone();
    let server = Server::start(move |_, _| keys(published.load(Ordering::SeqCst))).await;
    let verifier = verifier(&server);
    assert!(verifier.verify(&token(1, NOW), at(NOW)).await.is_ok());
    current.store(2, Ordering::SeqCst);
    let later = NOW + FETCH_EVERY;
    assert!(verifier.verify(&token(2, later), at(later)).await.is_ok());
    assert_eq!(
        verifier.verify(&token(1, later), at(later)).await,
        Err(TokenError::UnknownKey)
    );
}

#[tokio::test]
async fn a_withdrawn_key_is_forgotten_at_the_next_refresh() {
    let current = Arc::new(AtomicU8::new(1));
    let published = current.clone();
    let server = Server::start(move |_, _| keys(published.load(Ordering::SeqCst))).await;
    let verifier = verifier(&server);
    assert!(verifier.verify(&token(1, NOW), at(NOW)).await.is_ok());
    current.store(2, Ordering::SeqCst);
    let later = NOW + REFRESH_AFTER;
    assert_eq!(
        verifier.verify(&token(1, later), at(later)).await,
        Err(TokenError::UnknownKey)
    );
}

#[tokio::test]
async fn an_unreachable_issuer_is_outlived_for_a_while_and_never_longer() {
    let down = Arc::new(AtomicBool::new(false));
    let switch = down.clone();
    let server = Server::start(move |_, _| {
        if switch.load(Ordering::SeqCst) {
            (500, String::new())
        } else {
            keys(1)
        }
    })
    .await;
    let verifier = verifier(&server);
    assert!(verifier.verify(&token(1, NOW), at(NOW)).await.is_ok());
    down.store(true, Ordering::SeqCst);
    let last = NOW + STALE_AFTER - 1;
    assert!(verifier.verify(&token(1, last), at(last)).await.is_ok());
    assert!(verifier.ready(at(last)).await.is_ok());
    // Neither ahead nor behind: a clock that jumped back by as much is doubted as well.
    for doubtful in [NOW + STALE_AFTER, NOW + 10 * STALE_AFTER, NOW - STALE_AFTER] {
        let refused = verifier.verify(&token(1, doubtful), at(doubtful)).await;
        assert_eq!(refused, Err(TokenError::KeysUnavailable));
        assert_eq!(
            verifier.ready(at(doubtful)).await,
            Err(TokenError::KeysUnavailable)
        );
    }
    down.store(false, Ordering::SeqCst);
    let back = NOW + 20 * STALE_AFTER;
    assert!(verifier.verify(&token(1, back), at(back)).await.is_ok());
}

#[tokio::test]
async fn a_failed_fetch_is_repeated_a_second_later_and_not_before() {
    let server = Server::start(|hit, _| {
        if hit == 0 {
            (503, String::new())
        } else {
            keys(1)
        }
    })
    .await;
    let verifier = verifier(&server);
    for _ in 0..5 {
        assert_eq!(
            verifier.verify(&token(1, NOW), at(NOW)).await,
            Err(TokenError::KeysUnavailable)
        );
    }
    assert_eq!(server.hits(), 1);
    let later = NOW + RETRY_AFTER;
    assert!(verifier.verify(&token(1, later), at(later)).await.is_ok());
    assert_eq!(server.hits(), 2);
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_allows_nothing() {
    let rsa = r#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"k"}]}"#;
    let twice = serde_json::json!({"keys": [key(1).public(), key(1).public()]}).to_string();
    let huge = format!(r#"{{"keys":[],"pad":"{}"}}"#, "x".repeat(100_000));
    let whole = serde_json::to_string(&jwks(&[1])).unwrap();
    let answers = [
        (200, "[]".to_owned()),
        (200, "{}".to_owned()),
        (200, r#"{"keys":[]}"#.to_owned()),
        (200, r#"{"keys":"none"}"#.to_owned()),
        (200, rsa.to_owned()),
        (200, twice),
        (200, huge),
        (200, String::new()),
        (404, whole.clone()),
        (201, whole),
    ];
    for (status, body) in answers {
        let shown = body.chars().take(60).collect::<String>();
        let server = Server::start(move |_, _| (status, body.clone())).await;
        let refused = verifier(&server).verify(&token(1, NOW), at(NOW)).await;
        assert_eq!(
            refused,
            Err(TokenError::KeysUnavailable),
            "{status} {shown}"
        );
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed_to_other_keys() {
    let server = Server::start(|_, request| {
        if request.starts_with("GET /elsewhere") {
            keys(1)
        } else {
            (302, String::new())
        }
    })
    .await;
    let refused = verifier(&server).verify(&token(1, NOW), at(NOW)).await;
    assert_eq!(refused, Err(TokenError::KeysUnavailable));
}

#[tokio::test]
async fn nobody_listening_allows_nothing() {
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let url = format!("http://{free}/oauth2/jwks").parse().unwrap();
    let verifier = Verifier::new(ISSUER, AUDIENCE, url, reqwest::Client::new());
    assert_eq!(
        verifier.verify(&token(1, NOW), at(NOW)).await,
        Err(TokenError::KeysUnavailable)
    );
}

#[tokio::test]
async fn header_urls_are_never_fetched() {
    let trap = Server::start(|_, _| keys(9)).await;
    let server = Server::start(|_, _| keys(1)).await;
    let verifier = verifier(&server);
    for name in ["jku", "x5u"] {
        let header = serde_json::json!({"alg": "ES256", "typ": "at+jwt", "kid": key(9).kid(), name: trap.url});
        let token = crate::support::forge(
            &header,
            &crate::support::claims_with(serde_json::json!({})),
            9,
        );
        assert_eq!(
            verifier.verify(&token, at(NOW)).await,
            Err(TokenError::HeaderParameter(name))
        );
    }
    assert_eq!((trap.hits(), server.hits()), (0, 0));
}
