//! Tokens that the issuer took back, and a feed that is not heard of.

use access_token::revocation::Kind;
use serde_json::json;

use crate::support::{Indexer, World, until};

const PATHS: [&str; 3] = [
    "/v1/consents?patient=0x1111111111111111111111111111111111111111",
    "/v1/chain",
    "/v1/changes?after=0",
];

#[tokio::test]
async fn a_revoked_token_shows_nothing_and_others_do() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let scope = "system:consent.read";
    let revoked = world
        .issuer
        .token("system", scope, json!({"jti": "token-1"}));
    let other = world
        .issuer
        .token("system", scope, json!({"jti": "token-2"}));
    for path in PATHS {
        assert_eq!(indexer.get_as(&revoked, path).await.status, 200, "{path}");
    }
    world.issuer.feed.revoke(Kind::Token, "token-1");
    until("the revocation to be heard of", async || {
        indexer.get_as(&revoked, PATHS[0]).await.status == 401
    })
    .await;
    for path in PATHS {
        let reply = indexer.get_as(&revoked, path).await;
        assert_eq!(reply.status, 401, "{path}");
        let challenge = reply.headers["www-authenticate"].to_str().unwrap();
        assert!(
            challenge.contains(r#"error="invalid_token""#),
            "{challenge}"
        );
        assert_eq!(indexer.get_as(&other, path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn when_the_feed_is_not_heard_of_nothing_is_shown_until_it_is_again() {
    let world = World::new().await;
    let settings = world.settings().with("MAX_REVOCATIONS_AGE_MS", 1_000);
    let indexer = Indexer::start(&settings, &world.issuer).await;
    world.caught_up(&indexer).await;
    world.issuer.feed.set_down(true);
    until("no token to be believed", async || {
        indexer.get(PATHS[0]).await.status == 503
    })
    .await;
    for path in PATHS {
        let reply = indexer.get(path).await;
        assert_eq!(reply.status, 503, "{path}");
        assert!(!reply.headers.contains_key("www-authenticate"), "{path}");
    }
    let (status, reason) = indexer.ready("revocations").await;
    assert_eq!((status, reason.as_str()), (503, "not heard of recently"));
    world.issuer.feed.set_down(false);
    world.caught_up(&indexer).await;
}
