//! What cannot be read might be a stop: ingest must not go past it.

use crate::support::chain::scope;
use crate::support::{Indexer, World, until};
use alloy::primitives::{
    Address, B256,
    aliases::{U24, U40},
};
use alloy::sol_types::SolEvent as _;
use contract_bindings::registry::ConsentRegistry::{ConsentCreated, SignaturesInvalidated};
use serde_json::json;

/// Emits what it is told: LOG4 with the first four words of the call data as topics and the rest as data.
///
/// ```text
/// 6060 35 6040 35 6020 35 5f 35   topics 4 to 1 from the call data
/// 6080 36 03                      size of the rest
/// 80 6080 5f 37                   copy the rest to memory 0
/// 5f a4 00                        LOG4, STOP
/// ```
const PARROT: &str = "0x6060356040356020355f35608036038060805f375fa400";

/// The same with LOG2 and two topics.
const SMALL_PARROT: &str = "0x6020355f35604036038060405f375fa200";

fn call_data(topics: &[B256], data: &[u8]) -> Vec<u8> {
    let mut bytes: Vec<u8> = topics.iter().flat_map(|topic| topic.0).collect();
    bytes.extend_from_slice(data);
    bytes
}

fn created(subject: Address, grantee: Address, version: u32) -> Vec<u8> {
    let event = ConsentCreated {
        subject,
        grantee,
        scopeId: scope(1),
        validFrom: U40::from(1),
        validTo: U40::from((1u64 << 40) - 1),
        version,
        actor: subject,
    }
    .encode_log_data();
    call_data(event.topics(), &event.data)
}

/// Emits a good event, then a bad one; checks that only the good one is ever seen, also after a restart.
async fn stops_before(bad: impl Fn(Address, Address) -> Vec<u8>, reason: &str) {
    let world = World::new().await;
    world.anvil.replace(world.anvil.registry(), PARROT).await;
    let indexer = world.indexer().await;
    let [clinic, patient] = [world.anvil.accounts[1], world.anvil.accounts[2]];
    world.anvil.call(patient, created(patient, clinic, 1)).await;
    world.caught_up(&indexer).await;
    assert_eq!(
        indexer.consent_of(patient).await.unwrap()["status"],
        "ACTIVE"
    );

    world.anvil.call(patient, bad(patient, clinic)).await;
    let (bad_block, _) = world.anvil.head().await;
    world.anvil.mine(3).await;
    halted(&indexer, reason, bad_block).await;

    let query = format!("/v1/consents?patient={patient}");
    let refused = indexer.get(&query).await;
    assert_eq!(
        refused.status, 503,
        "a row that may be stopped is not served: {}",
        refused.body
    );
    assert_eq!(indexer.get("/v1/changes?after=0").await.status, 503);
    // What it says it also writes down, a moment later.
    until("the reason to be on record", async || {
        let recorded: Option<String> = sqlx::query_scalar("SELECT halted FROM cursor")
            .fetch_one(&world.database.pool)
            .await
            .unwrap();
        recorded.is_some_and(|recorded| recorded.contains(reason))
    })
    .await;
    indexer.kill();

    let indexer = Indexer::start(&world.settings(), &world.issuer).await;
    assert_eq!(indexer.get(&query).await.status, 503);
    halted(&indexer, reason, bad_block).await;
    assert_eq!(indexer.get(&query).await.status, 503);
}

async fn halted(indexer: &Indexer, reason: &str, bad_block: u64) {
    until(&format!("readiness to say: {reason}"), async || {
        let (status, said) = indexer.ready("ingest").await;
        status == 503 && said.contains(reason) && said.contains(&format!("block {bad_block}"))
    })
    .await;
    let chain = indexer.get("/v1/chain").await.body;
    assert_eq!(chain["indexed"]["blockNo"], bad_block - 1, "{chain}");
    assert!(chain["halted"].as_str().unwrap().contains(reason));
}

#[tokio::test]
async fn an_unknown_event_of_the_registry_stops_ingest_also_after_a_restart() {
    let foreign = |_, _| {
        call_data(
            &[B256::repeat_byte(0xee), B256::ZERO, B256::ZERO, B256::ZERO],
            &[],
        )
    };
    stops_before(foreign, "unknown event 0xeeee").await;
}

#[tokio::test]
async fn a_known_event_of_another_shape_stops_ingest() {
    let truncated = |patient, clinic| created(patient, clinic, 2)[..160].to_vec();
    stops_before(truncated, "is malformed").await;
}

#[tokio::test]
async fn an_event_that_cannot_follow_the_state_stops_ingest() {
    let skipped_a_version = |patient, clinic| created(patient, clinic, 7);
    stops_before(skipped_a_version, "version 7 cannot follow version 1").await;
}

#[tokio::test]
async fn an_event_of_a_subject_that_cannot_follow_its_state_stops_ingest() {
    let world = World::new().await;
    let (anvil, patient) = (&world.anvil, world.anvil.accounts[2]);
    anvil.replace(anvil.registry(), SMALL_PARROT).await;
    let indexer = world.indexer().await;
    let invalidated = SignaturesInvalidated {
        subject: patient,
        seq: U24::from(1),
        epoch: U24::ZERO,
        authEpoch: U24::ZERO,
        actor: patient,
    }
    .encode_log_data();
    let data = call_data(invalidated.topics(), &invalidated.data);
    anvil.call(patient, data.clone()).await;
    world.caught_up(&indexer).await;
    let path = format!("/v1/subjects/{patient}");
    assert_eq!(indexer.get(&path).await.body["subject"]["seq"], 1);

    // The same again: nothing can have led there from seq 1.
    anvil.call(patient, data).await;
    let (bad_block, _) = anvil.head().await;
    halted(
        &indexer,
        "signatures_invalidated cannot lead from",
        bad_block,
    )
    .await;
    assert_eq!(indexer.get(&path).await.status, 503);
}

#[tokio::test]
async fn an_unknown_event_of_a_registry_of_grantees_stops_ingest() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    indexer.kill();
    // The code must not change under a database, so it starts anew.
    let database = crate::support::Database::create().await;
    let world = World { database, ..world };
    let hospitals = world.anvil.hospitals();
    world.anvil.replace(hospitals, PARROT).await;
    let indexer = world.indexer().await;
    let data = call_data(&[B256::repeat_byte(0xee); 4], &[]);
    world
        .anvil
        .call_to(hospitals, world.anvil.accounts[0], data)
        .await;
    let (bad_block, _) = world.anvil.head().await;
    halted(&indexer, "from the registry of organisations", bad_block).await;
}

#[tokio::test]
async fn an_unknown_event_of_another_contract_is_none_of_our_business() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let stranger = Address::repeat_byte(0x77);
    world
        .anvil
        .rpc("anvil_setCode", json!([stranger, PARROT]))
        .await;
    let data = alloy::primitives::Bytes::from(call_data(&[B256::repeat_byte(0xee); 4], &[]));
    let transaction =
        json!({"from": world.anvil.accounts[0], "to": stranger, "data": data, "gas": "0x7a120"});
    world
        .anvil
        .rpc("eth_sendTransaction", json!([transaction]))
        .await;
    world.caught_up(&indexer).await;
    assert_eq!(indexer.ready("ingest").await, (200, "ok".to_owned()));
}
