//! The process dies at any moment; nothing is lost, nothing is doubled, nothing of another chain is mixed in.

use crate::support::chain::{grant, request, revoke, scope};
use crate::support::{Anvil, Indexer, Settings, World, oracle, until};
use sqlx::Row as _;

#[tokio::test]
async fn a_killed_indexer_goes_on_where_it_was() {
    let world = World::new().await;
    let clinic = world.anvil.accounts[1];
    let now = world.anvil.now().await;
    let mut indexer = world.indexer().await;
    for round in 0..4u8 {
        for patient in &world.anvil.accounts[2..8] {
            world
                .anvil
                .call(
                    *patient,
                    grant(*patient, clinic, scope(round), (now, now + 1000), 1),
                )
                .await;
        }
        // Wherever it is just now.
        indexer.kill();
        world
            .anvil
            .call(
                world.anvil.accounts[2],
                revoke(world.anvil.accounts[2], clinic, scope(round)),
            )
            .await;
        indexer = Indexer::start(&world.settings(), &world.issuer).await;
    }
    world.caught_up(&indexer).await;
    oracle::check(&world).await;
    let row = sqlx::query("SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM outbox");
    let row = row.fetch_one(&world.database.pool).await.unwrap();
    assert_eq!((row.get::<i64, _>("n"), row.get::<i64, _>("d")), (28, 28));
}

#[tokio::test]
async fn a_reorganisation_while_it_was_down_is_followed_at_the_start() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, patient] = [world.anvil.accounts[1], world.anvil.accounts[2]];
    let before = world.anvil.snapshot().await;
    let now = world.anvil.now().await;
    world
        .anvil
        .call(
            patient,
            grant(patient, clinic, scope(1), (now, now + 1000), 1),
        )
        .await;
    world.caught_up(&indexer).await;
    indexer.kill();

    world.anvil.go_back(before).await;
    world.anvil.mine(1).await;
    world
        .anvil
        .call(clinic, request(patient, clinic, scope(1), now, 1))
        .await;
    let indexer = world.indexer().await;

    assert_eq!(
        indexer.consent_of(patient).await.unwrap()["status"],
        "REQUESTED"
    );
    oracle::check(&world).await;
}

#[tokio::test]
async fn a_branch_too_long_for_one_step_is_read_in_several() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, patient] = [world.anvil.accounts[1], world.anvil.accounts[2]];
    let before = world.anvil.snapshot().await;
    let now = world.anvil.now().await;
    world
        .anvil
        .call(
            patient,
            grant(patient, clinic, scope(1), (now, now + 9000), 1),
        )
        .await;
    world.caught_up(&indexer).await;
    indexer.kill();

    world.anvil.go_back(before).await;
    world.anvil.mine(400).await;
    world
        .anvil
        .call(
            patient,
            grant(patient, clinic, scope(1), (now, now + 9000), 1),
        )
        .await;
    world.anvil.mine(200).await;
    world
        .anvil
        .call(patient, revoke(patient, clinic, scope(1)))
        .await;
    let indexer = world.indexer().await;

    assert_eq!(
        indexer.consent_of(patient).await.unwrap()["status"],
        "REVOKED"
    );
    oracle::check(&world).await;
    let blocks: i64 = sqlx::query_scalar("SELECT count(*) FROM blocks")
        .fetch_one(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(blocks, 129, "the tip and the 128 blocks below it are kept");
}

#[tokio::test]
async fn nothing_is_served_until_the_head_is_reached_again() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let patient = world.anvil.accounts[2];
    indexer.kill();
    let unreachable = world.settings().with("CHAIN_RPC_URL", "http://127.0.0.1:9");
    let indexer = Indexer::start(&unreachable, &world.issuer).await;
    until("the chain to be named", async || {
        indexer.ready("chain").await.1.contains("unreachable")
    })
    .await;
    assert_eq!(
        indexer
            .get(&format!("/v1/consents?patient={patient}"))
            .await
            .status,
        503
    );
}

#[tokio::test]
async fn another_chain_behind_the_same_address_is_refused() {
    let world = World::new().await;
    world.indexer().await.kill();
    // The same chain id and the same registry, another genesis block.
    let impostor = Anvil::start(&["--timestamp", "1700000000"]).await;
    impostor.deploy().await;
    refused(
        &world,
        Settings::new(&impostor, &world.database, &world.issuer),
        "the genesis block",
    )
    .await;
    // And with the right node everything is as before.
    world.indexer().await;
}

#[tokio::test]
async fn another_chain_id_registry_or_code_is_refused() {
    let world = World::new().await;
    refused(
        &world,
        world.settings().with("CHAIN_ID", 1),
        "on chain 31337",
    )
    .await;
    world.indexer().await.kill();
    let factory = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
    refused(
        &world,
        world.settings().with("REGISTRY_ADDRESS", factory),
        "the registry's address",
    )
    .await;
    let other = world.settings().with("HOSPITALS_ADDRESS", factory);
    refused(&world, other, "the registry of organisations").await;
    let none = world.settings().without("PROVIDERS_ADDRESS");
    refused(&world, none, "the registry of practitioners").await;
    let anvil = &world.anvil;
    anvil.replace(anvil.registry(), "0x00").await;
    refused(&world, world.settings(), "the registry's code").await;
}

async fn refused(world: &World, settings: Settings, reason: &str) {
    let indexer = Indexer::start(&settings, &world.issuer).await;
    until(&format!("a halt because of {reason}"), async || {
        let (status, said) = indexer.ready("ingest").await;
        status == 503 && said.contains(reason)
    })
    .await;
    let patient = world.anvil.accounts[2];
    assert_eq!(
        indexer
            .get(&format!("/v1/consents?patient={patient}"))
            .await
            .status,
        503
    );
}
