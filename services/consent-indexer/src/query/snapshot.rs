//! One consistent, fresh view of the projection, or 503. Never rows of unknown age.

use axum::http::StatusCode;
use contract_bindings::event::core_address;
use serde::Serialize;
use service_kit::Problem;
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::ToSchema;

use super::App;
use super::error::ApiError;
use crate::chain::BlockRef;
use crate::projection::cursor;
use crate::row::View;

/// What an answer rests on.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AsOf {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The registry's address.
    pub registry: String,
    /// The last block applied.
    pub block_no: u64,
    /// Its hash.
    pub block_hash: String,
    /// The last revision.
    pub rev: u64,
    /// The number of rollbacks.
    pub reorg_epoch: u64,
    /// When that block was last known to be the chain's head (RFC 3339).
    pub observed_at: String,
}

/// A read-only transaction whose rows all belong to the same moment.
pub struct Snapshot {
    /// The transaction.
    pub tx: Transaction<'static, Postgres>,
    /// What it shows.
    pub as_of: AsOf,
    /// Its last block.
    pub tip: BlockRef,
    /// How rows look in it.
    pub view: View,
}

/// Opens a view, if the projection is whole and the head was confirmed recently.
pub async fn open(app: &App, now: OffsetDateTime) -> Result<Snapshot, ApiError> {
    // The head first: the rows read after it are at least as new.
    let head = app.head.view();
    if let Some(reason) = &head.halted {
        return Err(halted(reason));
    }
    let Some(observed_at) = head.fresh(now, app.max_head_age) else {
        return Err(stale(
            "The head of the chain has not been confirmed recently.",
        ));
    };
    let mut tx = app
        .pool
        .begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        .await?;
    let cursor = cursor::read(&mut tx).await?;
    let cursor = cursor.ok_or_else(|| stale("Nothing of the chain has been read yet."))?;
    if let Some(reason) = &cursor.halted {
        return Err(halted(reason));
    }
    if !cursor.settled {
        return Err(stale("The chain reorganised and is being read again."));
    }
    let as_of = AsOf {
        chain_id: cursor.identity.chain_id,
        registry: core_address(cursor.identity.registry.address).to_string(),
        block_no: cursor.tip.no,
        block_hash: cursor.tip.hash.to_string(),
        rev: cursor.rev,
        reorg_epoch: cursor.reorg_epoch,
        observed_at: rfc3339(observed_at),
    };
    Ok(Snapshot {
        tx,
        as_of,
        tip: cursor.tip,
        view: View {
            now,
            heights: head.heights,
            required: app.finality,
        },
    })
}

fn halted(reason: &str) -> ApiError {
    stale(format!("Reading the chain has stopped: {reason}."))
}

/// 503 of its own kind: the database answers, what it holds is not known to be the chain's.
fn stale(detail: impl Into<String>) -> ApiError {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "stale-index", detail).into()
}

/// The instant in UTC; instants of this service always have a form.
pub fn rfc3339(instant: OffsetDateTime) -> String {
    instant.format(&Rfc3339).unwrap_or_default()
}
