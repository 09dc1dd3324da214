//! The oracle of every fault: the projection is what the canonical chain says, by the contract's own view and the
//! node's own list of logs; so is the fold of the outbox; and each height has one canonical block.

use std::collections::BTreeMap;

use alloy::primitives::B256;
use serde_json::Value;
use sqlx::Row as _;
use test_support::EventSchema;

use super::World;
use super::chain::number;

pub async fn check(world: &World) {
    let expected = last_logs(world).await;
    let rows = sqlx::query("SELECT * FROM consents")
        .fetch_all(&world.database.pool)
        .await
        .unwrap();
    let mut projected = BTreeMap::new();
    for row in &rows {
        let id = B256::from_slice(row.get("consent_id"));
        let stored = world.anvil.stored(id).await;
        let state = (
            row.get::<i16, _>("status") as u8,
            row.get::<i64, _>("valid_from") as u64,
            row.get::<i64, _>("valid_to") as u64,
            row.get::<i64, _>("respond_by") as u64,
            row.get::<i64, _>("version") as u32,
            row.get::<i32, _>("epoch") as u32,
            row.get::<i64, _>("changed_at") as u64,
        );
        let truth = (
            stored.status as u8,
            stored.validFrom.to::<u64>(),
            stored.validTo.to::<u64>(),
            stored.respondBy.to::<u64>(),
            stored.version,
            stored.epoch.to::<u32>(),
            stored.changedAt.to::<u64>(),
        );
        assert_eq!(
            state, truth,
            "the projection and the contract differ on {id}"
        );
        let place = (
            B256::from_slice(row.get("block_hash")),
            row.get::<i32, _>("log_index") as u64,
            B256::from_slice(row.get("tx_hash")),
        );
        projected.insert(id, place);
    }
    assert_eq!(
        projected, expected,
        "the projection and the node's logs differ"
    );
    check_outbox(world, &rows).await;
    check_epochs(world).await;
    check_events(world).await;
}

/// The last log of each consent: block hash, log index, transaction.
async fn last_logs(world: &World) -> BTreeMap<B256, (B256, u64, B256)> {
    let hash = |value: &Value| value.as_str().unwrap().parse::<B256>().unwrap();
    let registry = contract_bindings::event::core_address(world.anvil.registry());
    let mut last = BTreeMap::new();
    for log in world.anvil.logs().await {
        if !is_about_a_consent(&log) {
            continue;
        }
        let topic = |index: usize| hash(&log["topics"][index]);
        let party = |index: usize| consent_core::Address(topic(index).0[12..].try_into().unwrap());
        let id = consent_core::consent_id(
            31337,
            registry,
            party(1),
            party(2),
            consent_core::Hash32(topic(3).0),
        );
        let place = (
            hash(&log["blockHash"]),
            number(&log["logIndex"]),
            hash(&log["transactionHash"]),
        );
        last.insert(B256::from(id.0), place);
    }
    last
}

/// Of all events only those about consents have four topics.
fn is_about_a_consent(log: &Value) -> bool {
    log["topics"].as_array().unwrap().len() == 4
}

/// Folding the outbox in order gives the projection, and revisions are gapless, also in `changes`.
async fn check_outbox(world: &World, consents: &[sqlx::postgres::PgRow]) {
    let bodies = sqlx::query("SELECT o.key, o.body, c.rev FROM outbox o JOIN changes c USING (event_id, body) ORDER BY o.id")
        .fetch_all(&world.database.pool)
        .await
        .unwrap();
    let schema = EventSchema::of("consent.events.v1");
    let mut folded: BTreeMap<String, Value> = BTreeMap::new();
    for (index, row) in bodies.iter().enumerate() {
        assert_eq!(schema.check(row.get("body")), Ok(()));
        let change: Value = serde_json::from_slice(row.get("body")).unwrap();
        assert_eq!(change["rev"], index as u64 + 1, "revisions have no gaps");
        assert_eq!(row.get::<i64, _>("rev") as u64, index as u64 + 1);
        assert_eq!(change["consent"]["patientId"], row.get::<String, _>("key"));
        let id = change["consent"]["consentId"].as_str().unwrap().to_owned();
        if change["kind"] == "absent" {
            assert!(folded.remove(&id).is_some(), "absent follows something");
        } else {
            folded.insert(id, change["consent"].clone());
        }
    }
    let folded: BTreeMap<_, _> = folded
        .into_iter()
        .map(|(id, row)| {
            (
                id,
                (
                    row["rev"].as_u64().unwrap(),
                    row["blockHash"].clone(),
                    row["version"].as_u64().unwrap(),
                ),
            )
        })
        .collect();
    let rows: BTreeMap<_, _> = consents
        .iter()
        .map(|row| {
            let id = B256::from_slice(row.get("consent_id")).to_string();
            let block = Value::from(B256::from_slice(row.get("block_hash")).to_string());
            (
                id,
                (
                    row.get::<i64, _>("rev") as u64,
                    block,
                    row.get::<i64, _>("version") as u64,
                ),
            )
        })
        .collect();
    assert_eq!(
        folded, rows,
        "the fold of the outbox and the projection differ"
    );
}

/// The last change of each consent says whether its subject took it back with all others.
async fn check_epochs(world: &World) {
    let rows = sqlx::query(
        "SELECT ch.body, c.status IN (1, 2) AND c.epoch <> COALESCE(s.epoch, 0) AS stale
         FROM consents c JOIN changes ch USING (rev) LEFT JOIN subjects s USING (subject)",
    )
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    for row in rows {
        let change: Value = serde_json::from_slice(row.get("body")).unwrap();
        let is_stale: bool = row.get("stale");
        assert_eq!(change["kind"] == "allrevoked", is_stale, "{change}");
        if is_stale {
            assert_eq!(change["consent"]["status"], "REVOKED");
        }
    }
}

/// Canonical events are exactly the node's logs.
async fn check_events(world: &World) {
    let rows = sqlx::query(
        "SELECT block_no, block_hash, log_index FROM events WHERE canonical
         UNION ALL SELECT block_no, block_hash, log_index FROM subject_events WHERE canonical
         UNION ALL SELECT block_no, block_hash, log_index FROM grantee_events WHERE canonical
         ORDER BY block_no, log_index",
    )
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    let ours: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                B256::from_slice(row.get("block_hash")).to_string(),
                row.get::<i32, _>("log_index") as u64,
            )
        })
        .collect();
    let logs = world.anvil.logs().await;
    let theirs: Vec<_> = logs
        .iter()
        .map(|log| {
            (
                log["blockHash"].as_str().unwrap().to_owned(),
                number(&log["logIndex"]),
            )
        })
        .collect();
    assert_eq!(
        ours, theirs,
        "the canonical events and the node's logs differ"
    );
}
