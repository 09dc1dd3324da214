//! `GET /v1/chain`: how far the projection is. Answers also when ingest halted, to say so.

use axum::Json;
use axum::extract::State;
use contract_bindings::event::core_address;
use serde::{Deserialize, Serialize};
use service_kit::Problem;
use service_kit::extract::{Head, QueryParams};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::error::ApiError;
use super::snapshot::rfc3339;
use super::{Shared, access};
use crate::projection::cursor;

/// A route without parameters.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

/// A block.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IndexedBlock {
    /// Height.
    pub block_no: u64,
    /// Hash.
    pub block_hash: String,
}

/// The chain and the projection of it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChainStatus {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The registry's address.
    pub registry: String,
    /// Address of the registry of organisations; null if it is not followed.
    pub hospitals: Option<String>,
    /// Address of the registry of practitioners; null if it is not followed.
    pub providers: Option<String>,
    /// Height of the chain's head; null while the node was not reached.
    pub latest: Option<u64>,
    /// Safe height; null on a chain without it.
    pub safe: Option<u64>,
    /// Finalized height; null on a chain without it.
    pub finalized: Option<u64>,
    /// The last block applied; null before the first.
    pub indexed: Option<IndexedBlock>,
    /// Blocks between the two.
    pub lag_blocks: Option<u64>,
    /// The last revision.
    pub rev: u64,
    /// The number of rollbacks.
    pub reorg_epoch: u64,
    /// When the last block applied was last known to be the head (RFC 3339).
    pub observed_at: Option<String>,
    /// Why ingest stopped.
    pub halted: Option<String>,
}

/// The chain's heights and how far they are indexed, for any valid token.
#[utoipa::path(
    get, path = "/v1/chain", tag = "chain", operation_id = "getChain",
    responses(
        (status = 200, description = "The state of the projection", body = ChainStatus),
        (status = 400, description = "Unknown parameter", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub async fn get(
    State(app): State<Shared>,
    head: Head,
    QueryParams(NoParameters {}): QueryParams<NoParameters>,
) -> Result<Json<ChainStatus>, ApiError> {
    access::caller(&app, &head, OffsetDateTime::now_utc()).await?;
    let head = app.head.view();
    let mut connection = app.pool.acquire().await?;
    let cursor = cursor::read(&mut connection).await?;
    let grantees = |at: Option<_>| at.map(|at| core_address(at).to_string());
    let indexed_no = cursor.as_ref().map(|cursor| cursor.tip.no);
    Ok(Json(ChainStatus {
        chain_id: app.chain_id,
        registry: core_address(app.followed.registry).to_string(),
        hospitals: grantees(app.followed.hospitals),
        providers: grantees(app.followed.providers),
        latest: head.latest,
        safe: head.heights.safe,
        finalized: head.heights.finalized,
        lag_blocks: head
            .latest
            .zip(indexed_no)
            .map(|(latest, indexed)| latest.saturating_sub(indexed)),
        rev: cursor.as_ref().map_or(0, |cursor| cursor.rev),
        reorg_epoch: cursor.as_ref().map_or(0, |cursor| cursor.reorg_epoch),
        observed_at: head.observed_at.map(rfc3339),
        halted: head
            .halted
            .or_else(|| cursor.as_ref().and_then(|cursor| cursor.halted.clone())),
        indexed: cursor.map(|cursor| IndexedBlock {
            block_no: cursor.tip.no,
            block_hash: cursor.tip.hash.to_string(),
        }),
    }))
}
