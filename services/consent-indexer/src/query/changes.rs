//! `GET /v1/changes`: the sequence of the topic, for when the bus is down.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use service_kit::Problem;
use service_kit::extract::{Head, QueryParams};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::error::ApiError;
use super::snapshot::{self, AsOf};
use super::{Shared, access, limit};
use crate::projection::ProjectionError;
use crate::projection::stored::{Table, bigint};
use crate::row::Change;

/// From where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct After {
    /// The last revision already known; 0 for all.
    after: u64,
    /// Changes in a page, 1 to 500; 100 if absent.
    limit: Option<u16>,
}

/// A page of changes.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangePage {
    /// What the page rests on.
    pub as_of: AsOf,
    /// The changes in order of their revisions.
    #[schema(value_type = Vec<Change>)]
    pub changes: Vec<Box<RawValue>>,
    /// Send as `after` for the next page; null when there are no more changes now.
    pub next: Option<u64>,
}

/// Every change after a revision, as published on the topic.
#[utoipa::path(
    get, path = "/v1/changes", tag = "consents", operation_id = "listChanges", params(After),
    responses(
        (status = 200, description = "The changes", body = ChangePage),
        (status = 400, description = "Unknown or malformed parameter", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks the scope", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`stale-index`: halted, or the head was not confirmed recently. `unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(
        ("token" = ["system:consent.read"]),
        ("token" = ["admin:consent.read"]),
    )
)]
pub async fn list(
    State(app): State<Shared>,
    head: Head,
    query: Result<QueryParams<After>, Problem>,
) -> Result<Json<ChangePage>, ApiError> {
    let now = OffsetDateTime::now_utc();
    let claims = access::caller(&app, &head, now).await?;
    access::everything(&claims)?;
    let QueryParams(After { after, limit }) = query?;
    let limit = limit::checked(limit)?;
    let mut snapshot = snapshot::open(&app, now).await?;
    let rows = sqlx::query!(
        "SELECT rev, body FROM changes WHERE rev > $1 ORDER BY rev LIMIT $2",
        bigint(after),
        i64::from(limit)
    )
    .fetch_all(&mut *snapshot.tx)
    .await?;
    let table = Table("changes");
    let last = rows.last().map(|row| table.number(row.rev)).transpose()?;
    let next = last.filter(|last| *last < snapshot.as_of.rev);
    let changes = rows
        .iter()
        .map(|row| serde_json::from_slice(&row.body).map_err(|_| table.corrupt()))
        .collect::<Result<_, ProjectionError>>()?;
    Ok(Json(ChangePage {
        as_of: snapshot.as_of,
        changes,
        next,
    }))
}
