//! The chain changes its mind; the projection follows, and never shows what the canonical chain does not back.

use crate::support::chain::{deny, expire, grant, request, revoke, scope};
use crate::support::{Anvil, Indexer, Random, World, oracle, until};
use serde_json::json;

#[tokio::test]
async fn a_grant_that_is_reorganised_away_is_no_longer_served() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, patient] = [world.anvil.accounts[1], world.anvil.accounts[2]];
    let now = world.anvil.now().await;
    world
        .anvil
        .call(clinic, request(patient, clinic, scope(1), now, 1))
        .await;
    let before_the_grant = world.anvil.snapshot().await;
    world
        .anvil
        .call(
            patient,
            grant(patient, clinic, scope(1), (now, now + 1000), 1),
        )
        .await;
    world.caught_up(&indexer).await;
    assert_eq!(
        indexer.consent_of(patient).await.unwrap()["status"],
        "ACTIVE"
    );

    world.anvil.go_back(before_the_grant).await;
    world.anvil.mine(2).await;
    world.caught_up(&indexer).await;

    assert_eq!(
        indexer.consent_of(patient).await.unwrap()["status"],
        "REQUESTED"
    );
    let changes = indexer.get("/v1/changes?after=2").await.body;
    assert_eq!(changes["changes"].as_array().unwrap().len(), 1);
    assert_eq!(changes["changes"][0]["kind"], "requested");
    assert_eq!(changes["changes"][0]["cause"], "reorg");
    assert_eq!(changes["changes"][0]["reorgEpoch"], 1);
    oracle::check(&world).await;
}

#[tokio::test]
async fn a_consent_whose_first_event_is_gone_is_announced_as_absent() {
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
    let row = indexer.consent_of(patient).await.unwrap();

    world.anvil.go_back(before).await;
    world.anvil.mine(3).await;
    world.caught_up(&indexer).await;

    assert_eq!(indexer.consent_of(patient).await, None);
    assert_eq!(
        indexer
            .get(&format!(
                "/v1/consents/{}",
                row["consentId"].as_str().unwrap()
            ))
            .await
            .status,
        404
    );
    let change = indexer.get("/v1/changes?after=1").await.body["changes"][0].clone();
    assert_eq!(
        (&change["kind"], &change["cause"]),
        (&json!("absent"), &json!("reorg"))
    );
    assert_eq!(change["consent"]["status"], "ABSENT");
    assert_eq!(change["consent"]["consentId"], row["consentId"]);
    oracle::check(&world).await;
}

#[tokio::test]
async fn transactions_that_land_in_other_blocks_are_projected_from_there() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let [clinic, patient, other] = [
        world.anvil.accounts[1],
        world.anvil.accounts[2],
        world.anvil.accounts[3],
    ];
    let now = world.anvil.now().await;
    world.anvil.mine(1).await;
    world
        .anvil
        .call(
            patient,
            grant(patient, clinic, scope(1), (now, now + 1000), 1),
        )
        .await;
    world
        .anvil
        .call(other, grant(other, clinic, scope(2), (now, now + 1000), 1))
        .await;
    world.anvil.mine(1).await;
    world.caught_up(&indexer).await;
    let before = indexer.consent_of(patient).await.unwrap();

    // The first grant moves two blocks on, the second one is gone; the patient also revokes in the same block.
    let calls = [
        (
            patient,
            grant(patient, clinic, scope(1), (now, now + 1000), 1),
            2,
        ),
        (patient, revoke(patient, clinic, scope(1)), 2),
    ];
    world.anvil.reorg(4, &calls).await;
    world.caught_up(&indexer).await;

    let after = indexer.consent_of(patient).await.unwrap();
    assert_eq!(
        (&before["status"], &after["status"]),
        (&json!("ACTIVE"), &json!("REVOKED"))
    );
    assert_ne!(before["blockHash"], after["blockHash"]);
    assert_eq!(after["logIndex"], 1);
    assert_eq!(indexer.consent_of(other).await, None);
    oracle::check(&world).await;
}

#[tokio::test]
async fn a_head_that_stays_below_the_tip_is_believed_in_the_end() {
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

    world.anvil.go_back(before).await;
    world.caught_up(&indexer).await;

    assert_eq!(indexer.consent_of(patient).await, None);
    oracle::check(&world).await;
}

#[tokio::test]
async fn a_fork_deeper_than_the_blocks_kept_halts_ingest_and_a_restart_does_not_hide_it() {
    let world = World::new().await;
    let settings = world.settings().with("RING_BLOCKS", 4);
    let indexer = Indexer::start(&settings, &world.issuer).await;
    let patient = world.anvil.accounts[2];
    world.anvil.mine(10).await;
    world.caught_up(&indexer).await;
    // Exactly as deep as the ring: can be followed.
    world.anvil.reorg(4, &[]).await;
    world.caught_up(&indexer).await;
    oracle::check(&world).await;
    world.anvil.mine(10).await;
    world.caught_up(&indexer).await;

    world.anvil.reorg(7, &[]).await;

    until("readiness to say why", async || {
        let (status, reason) = indexer.ready("ingest").await;
        status == 503 && reason.contains("deeper than the 4 blocks")
    })
    .await;
    assert_eq!(
        indexer
            .get(&format!("/v1/consents?patient={patient}"))
            .await
            .status,
        503
    );
    indexer.kill();

    let indexer = Indexer::start(&settings, &world.issuer).await;
    until("readiness to say why again", async || {
        indexer
            .ready("ingest")
            .await
            .1
            .contains("deeper than the 4")
    })
    .await;
    let refused = indexer
        .get(&format!("/v1/consents?patient={patient}"))
        .await;
    assert_eq!(refused.status, 503);
    assert!(
        indexer.get("/v1/chain").await.body["halted"]
            .as_str()
            .unwrap()
            .contains("deeper than the 4")
    );
}

/// Random histories, rollbacks among them; the contract's own views are the judge.
#[tokio::test]
async fn any_history_ends_in_what_the_contract_says() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let mut random = Random::new(0x5eed_c0de);
    let mut undo = Vec::new();
    for step in 0..240 {
        match random.below(12) {
            0 => undo.push((world.anvil.head().await.0, world.anvil.snapshot().await)),
            1 => {
                let head = world.anvil.head().await.0;
                undo.retain(|(at, _)| head - at < 60);
                if !undo.is_empty() {
                    if random.below(2) == 0 {
                        world.caught_up(&indexer).await;
                    }
                    let index = random.below(undo.len() as u64) as usize;
                    world.anvil.go_back(undo[index].1.clone()).await;
                    undo.truncate(index);
                    // Sometimes longer, sometimes shorter than what it replaces.
                    world.anvil.mine(1 + random.below(6)).await;
                }
            }
            2 => world.anvil.pass(random.below(900)).await,
            3 => world.anvil.mine(1 + random.below(3)).await,
            _ => any_call(&world.anvil, &mut random).await,
        }
        if step % 60 == 59 {
            world.caught_up(&indexer).await;
            oracle::check(&world).await;
        }
    }
    world.caught_up(&indexer).await;
    oracle::check(&world).await;
    let chain = indexer.get("/v1/chain").await.body;
    assert!(
        chain["rev"].as_u64().unwrap() > 30 && chain["reorgEpoch"].as_u64().unwrap() > 2,
        "a walk worth the name: {chain}"
    );
}

/// A call that may well be refused by the registry; then it leaves no trace.
async fn any_call(anvil: &Anvil, random: &mut Random) {
    let grantee = anvil.accounts[1 + random.below(2) as usize];
    let subject = anvil.accounts[4 + random.below(3) as usize];
    let scope = scope(random.below(2) as u8);
    let now = anvil.now().await;
    let registry = contract_bindings::event::core_address(anvil.registry());
    let core = contract_bindings::event::core_address;
    let id = consent_core::consent_id(
        31337,
        registry,
        core(subject),
        core(grantee),
        consent_core::Hash32(scope.0),
    );
    let stored = anvil.stored(id.0.into()).await;
    let next = stored.version + u32::from(random.below(4) != 0);
    let window = (now + random.below(300), now + 300 + random.below(600));
    let (from, call) = match random.below(6) {
        0 | 1 => (grantee, request(subject, grantee, scope, now, next)),
        2 | 3 => (subject, grant(subject, grantee, scope, window, next)),
        4 if random.below(2) == 0 => (subject, deny(subject, grantee, scope)),
        4 => (subject, revoke(subject, grantee, scope)),
        _ => (grantee, expire(subject, grantee, scope)),
    };
    anvil.send(from, call).await;
}
