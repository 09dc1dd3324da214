//! Tokens that the issuer took back, and a feed that is not heard of.

use access_token::revocation::Kind;

use crate::support::records::{Journal, PATIENT};
use crate::support::{Bench, Service, eventually};

const SCOPE: &str = "system:audit.read";

fn paths() -> [String; 3] {
    [
        "/v1/counts?from=2026-03-01&to=2026-03-02".to_owned(),
        format!("/v1/accesses?patient={PATIENT}"),
        "/v1/continuity".to_owned(),
    ]
}

async fn until_status(service: &Service, token: &str, status: u16) {
    let path = &paths()[0];
    eventually("the answer does not change", || async {
        let found = service.get_with(path, Some(token)).await.status();
        (found == status).then_some(()).ok_or(found.to_string())
    })
    .await;
}

#[tokio::test]
async fn a_revoked_token_is_told_nothing_and_others_are() {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let issuer = &service.issuer;
    let revoked = issuer.token_with(&service.url, SCOPE, "token-1");
    let other = issuer.token_with(&service.url, SCOPE, "token-2");
    until_status(&service, &revoked, 200).await;
    issuer.feed.revoke(Kind::Token, "token-1");
    until_status(&service, &revoked, 401).await;
    for path in paths() {
        let answer = service.get_with(&path, Some(&revoked)).await;
        assert_eq!(answer.status(), 401, "{path}");
        let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
        assert!(
            challenge.contains(r#"error="invalid_token""#),
            "{challenge}"
        );
        let answer = service.get_with(&path, Some(&other)).await;
        assert_eq!(answer.status(), 200, "{path}");
    }
}

#[tokio::test]
async fn when_the_feed_is_not_heard_of_nothing_is_told_and_records_are_archived_all_the_same() {
    let bench = Bench::new().await;
    let service = Service::start(&bench, &[("MAX_REVOCATIONS_AGE_MS", "1000")]).await;
    service.until_ready().await;
    let token = service.issuer.token(&service.url, "system", SCOPE);
    service.issuer.feed.set_down(true);
    until_status(&service, &token, 503).await;
    for path in paths() {
        let answer = service.get_with(&path, Some(&token)).await;
        assert_eq!(answer.status(), 503, "{path}");
    }
    service.until_unready("revocations", "not heard of").await;
    let lines = Journal::of("gateway-1").lines(5);
    bench.send(&lines).await;
    eventually("the records are not archived", || async {
        let archived = bench.archived().await;
        (archived == lines)
            .then_some(())
            .ok_or(format!("{} lines", archived.len()))
    })
    .await;
    service.issuer.feed.set_down(false);
    service.until_ready().await;
    until_status(&service, &token, 200).await;
}
