//! What administrators are told of the account that pays.

use crate::support::{World, relay, until};
use serde_json::json;

const SCOPE: &str = "admin:consent.read";

#[tokio::test]
async fn administrators_see_what_is_left_and_when_it_was_seen() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let token = world.neighbours.token("admin", SCOPE, json!({}));
    for (wei, is_reserved) in [(9 * 10u128.pow(17), false), (4 * 10u128.pow(17), true)] {
        world.anvil.set_balance(relay::account(), wei).await;
        until("the balance is seen", async || {
            let reply = relay.get_as(&token, "/v1/account").await;
            assert_eq!(reply.status, 200, "{}", reply.body);
            reply.body["balance"] == wei.to_string()
        })
        .await;
        let body = relay.get_as(&token, "/v1/account").await.body;
        assert_eq!(body["isReserved"], is_reserved);
        assert_eq!(body["alarmBelow"], 10u64.pow(18).to_string());
        assert_eq!(body["address"], relay::account().to_checksum(None));
        assert!(body["seenAt"].is_string());
    }
}

#[tokio::test]
async fn what_is_left_is_for_administrators_alone() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let reply = relay.get("/v1/account").await;
    assert_eq!(reply.problem(), (401, "unauthenticated"));
    assert!(reply.headers.contains_key("www-authenticate"));
    let clinic = json!({"org": "clinic-a", "grantees": []});
    for (persona, scope, more) in [
        ("admin", "admin:accounts.write", json!({})),
        ("provider", "provider:consent.request", clinic),
    ] {
        let token = world.neighbours.token(persona, scope, more);
        let reply = relay.get_as(&token, "/v1/account").await;
        assert_eq!(reply.problem(), (403, "forbidden"), "{persona}");
    }
}
