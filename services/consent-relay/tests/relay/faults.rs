//! Reorganisations, crashes, gaps and a chain that does not mine. An accepted intent gets there.

use std::collections::BTreeSet;

use crate::support::anvil::number;
use crate::support::sign::scope;
use crate::support::{Patient, Relay, World, relay, until};
use alloy::primitives::Address;
use sqlx::Row as _;

const CLINIC: Address = Address::repeat_byte(0xc1);

#[tokio::test]
async fn a_stop_that_a_reorganisation_takes_off_the_chain_is_sent_again_until_it_is_final() {
    let world = World::new(&[]).await;
    let relay = Relay::start(&world.settings().with("FINALITY", "finalized")).await;
    world.anvil.mine(5).await;
    let patient = Patient::new(1);
    let stop = relay.accepted(&patient.revoke(CLINIC, scope(1), 1)).await;
    relay.reaches(&stop, "included").await;
    world.anvil.automine(false).await;
    world.anvil.reorg(1).await;
    assert_eq!(
        world
            .anvil
            .status(patient.address(), CLINIC, scope(1))
            .await,
        0
    );
    until("the reorganisation to be seen", async || {
        relay.metric("relay_reorganized_total").await == Some(1.0)
    })
    .await;
    relay.reaches(&stop, "submitted").await;
    world.anvil.automine(true).await;
    world.anvil.mine(1).await;
    relay.reaches(&stop, "included").await;
    assert_eq!(
        world
            .anvil
            .status(patient.address(), CLINIC, scope(1))
            .await,
        4
    );
    world.anvil.mine(4).await;
    relay.reaches(&stop, "final").await;
}

#[tokio::test]
async fn a_stop_is_not_called_stale_before_that_is_final() {
    let world = World::new(&[]).await;
    let relay = Relay::start(&world.settings().with("FINALITY", "finalized")).await;
    world.anvil.mine(5).await;
    let patient = Patient::new(1);
    let first = relay.accepted(&patient.revoke(CLINIC, scope(1), 7)).await;
    relay.reaches(&first, "included").await;
    // Stale at the head, not yet for good.
    let second = relay.accepted(&patient.revoke(CLINIC, scope(1), 5)).await;
    let waits = relay.intent(&second).await;
    assert_eq!(
        (&waits["state"], &waits["reason"]),
        (&"accepted".into(), &"StaleStop".into())
    );
    world.anvil.mine(5).await;
    relay.reaches(&first, "final").await;
    let done = relay.reaches(&second, "final").await;
    assert_eq!(
        (&done["reason"], done["transaction"].is_null()),
        (&"StaleStop".into(), true)
    );
}

#[tokio::test]
async fn a_killed_relay_loses_and_doubles_nothing() {
    let world = World::new(&[]).await;
    let patient = Patient::new(1);
    let mut digests = BTreeSet::new();
    let mut relay = world.relay().await;
    for round in 0..4u8 {
        // Now and then nothing is mined before the end.
        world.anvil.automine(round % 2 == 0).await;
        for n in 0..6 {
            let stop = patient.revoke(CLINIC, scope(16 * round + n), 1);
            digests.insert(relay.accepted(&stop).await);
        }
        relay.kill();
        relay = world.relay().await;
    }
    world.anvil.automine(true).await;
    world.anvil.mine(1).await;
    for digest in &digests {
        relay.reaches(digest, "final").await;
    }
    for round in 0..4 {
        for n in 0..6 {
            let status = world
                .anvil
                .status(patient.address(), CLINIC, scope(16 * round + n));
            assert_eq!(status.await, 4);
        }
    }
    assert_eq!(digests.len(), 24);
    assert_eq!(
        world.anvil.count(relay::account()).await,
        24,
        "one transaction each"
    );
    let events = sqlx::query("select count(*) from outbox").fetch_one(&world.database.pool);
    assert_eq!(events.await.unwrap().get::<i64, _>(0), 24);
}

#[tokio::test]
async fn a_gap_in_the_nonces_is_closed() {
    let world = World::new(&[]).await;
    let relay = world.relay().await;
    let patient = Patient::new(1);
    world.anvil.automine(false).await;
    let first = relay.accepted(&patient.revoke(CLINIC, scope(1), 1)).await;
    relay.reaches(&first, "submitted").await;
    let second = relay.accepted(&patient.revoke(CLINIC, scope(2), 1)).await;
    relay.reaches(&second, "submitted").await;
    let lost = relay.transaction(&first).await;
    relay.kill();
    // As after a node that lost its pool, and a database from before.
    world.anvil.forget(&lost).await;
    for statement in [
        "delete from transactions where nonce = 0",
        "delete from intents where digest not in (select digest from transactions)",
    ] {
        let done = sqlx::query(statement).execute(&world.database.pool).await;
        assert_eq!(done.unwrap().rows_affected(), 1);
    }
    world.anvil.automine(true).await;
    let relay = world.relay().await;
    relay.reaches(&second, "final").await;
    assert_eq!(world.anvil.count(relay::account()).await, 2);
}

#[tokio::test]
async fn a_transaction_that_the_node_forgot_is_sent_again() {
    let world = World::new(&[]).await;
    let settings = world.settings().with("BUMP_AFTER_MS", 600_000);
    let relay = Relay::start(&settings).await;
    world.anvil.automine(false).await;
    let stop = relay
        .accepted(&Patient::new(1).revoke(CLINIC, scope(1), 1))
        .await;
    relay.reaches(&stop, "submitted").await;
    let hash = relay.transaction(&stop).await;
    world.anvil.forget(&hash).await;
    relay.kill();
    world.anvil.automine(true).await;
    let relay = Relay::start(&settings).await;
    let done = relay.reaches(&stop, "final").await;
    assert_eq!(done["transaction"], hash);
}

#[tokio::test]
async fn while_nothing_is_mined_the_offer_rises() {
    let world = World::new(&[]).await;
    let relay = Relay::start(&world.settings().with("BUMP_AFTER_MS", 300)).await;
    world.anvil.automine(false).await;
    let stop = relay
        .accepted(&Patient::new(1).revoke(CLINIC, scope(1), 1))
        .await;
    let first = relay.transaction(&stop).await;
    until("a third offer", async || {
        let count = sqlx::query("select count(*) from transactions");
        let count = count.fetch_one(&world.database.pool).await.unwrap();
        count.get::<i64, _>(0) >= 3
    })
    .await;
    let rows =
        sqlx::query("select nonce, max_fee, priority_fee from transactions order by sent_at");
    let rows = rows.fetch_all(&world.database.pool).await.unwrap();
    for pair in rows.windows(2) {
        for fee in ["max_fee", "priority_fee"] {
            assert!(pair[1].get::<i64, _>(fee) * 10 > pair[0].get::<i64, _>(fee) * 11);
        }
        assert_eq!(pair[1].get::<i64, _>("nonce"), 0);
    }
    world.anvil.automine(true).await;
    world.anvil.mine(1).await;
    let done = relay.reaches(&stop, "final").await;
    assert_ne!(done["transaction"], first);
    let mined = world
        .anvil
        .transaction(done["transaction"].as_str().unwrap())
        .await;
    assert_eq!(number(&mined["nonce"]), 0);
    assert_eq!(world.anvil.count(relay::account()).await, 1);
}

#[tokio::test]
async fn of_two_instances_one_sends_and_the_other_takes_over() {
    let world = World::new(&[]).await;
    let first = world.relay().await;
    until("the first to send", async || {
        first.metric("relay_is_submitter").await == Some(1.0)
    })
    .await;
    let second = world.relay().await;
    until("the second to stand by", async || {
        second.metric("relay_is_submitter").await == Some(0.0)
    })
    .await;
    let patient = Patient::new(1);
    let digest = second.accepted(&patient.revoke(CLINIC, scope(1), 1)).await;
    second.reaches(&digest, "final").await;
    first.kill();
    let digest = second.accepted(&patient.revoke(CLINIC, scope(2), 1)).await;
    second.reaches(&digest, "final").await;
    assert_eq!(world.anvil.count(relay::account()).await, 2);
}

#[tokio::test]
async fn nothing_is_sent_to_a_chain_that_is_not_the_right_one() {
    let world = World::new(&[]).await;
    let relay = Relay::start(&world.settings().with("CHAIN_ID", 1)).await;
    let patient = Patient::new(1);
    // Signed for chain 31337, so that the signature cannot be told to be right.
    let reply = relay.post(&patient.revoke(CLINIC, scope(1), 1)).await;
    assert_eq!(reply.problem(), (503, "unavailable"));
    relay.kill();
    world
        .anvil
        .set_code(crate::support::anvil::registry(), "0x")
        .await;
    let relay = world.relay().await;
    let stop = relay.accepted(&patient.revoke(CLINIC, scope(1), 1)).await;
    until("the trouble to be seen", async || {
        let ready = relay.get("/health/ready").await;
        ready.body["checks"]["chain"]
            .as_str()
            .unwrap()
            .contains("REGISTRY_ADDRESS")
    })
    .await;
    assert_eq!(relay.intent(&stop).await["state"], "accepted");
    assert_eq!(world.anvil.count(relay::account()).await, 0);
}
