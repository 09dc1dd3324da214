//! `/v1/blocks`: whom a patient does not want to be asked by again.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use service_kit::Problem;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::App;
use crate::directory::PatientPermit;
use crate::directory::blocks::{self, Block, BlockError};

/// An address whose requests are hidden.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BlockView {
    /// The address on chain that asks.
    address: String,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    created_at: OffsetDateTime,
}

/// Whose requests are hidden.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnBlocks {
    /// Newest first, at most 500.
    blocks: Vec<BlockView>,
}

impl From<Block> for BlockView {
    fn from(block: Block) -> Self {
        Self {
            address: super::shown(&block.address),
            created_at: block.created_at,
        }
    }
}

impl From<BlockError> for Problem {
    fn from(error: BlockError) -> Self {
        let detail = format!("{error}.");
        match error {
            BlockError::TooMany => Self::conflict("too-many-blocks", detail),
            BlockError::Store(error) => error.into(),
        }
    }
}

/// Whose requests are hidden from oneself.
#[utoipa::path(
    get,
    path = "/v1/blocks",
    tag = "patient",
    operation_id = "getBlocks",
    security(("accessToken" = ["patient:consent.write"])),
    responses(
        (status = 200, description = "One's own.", body = OwnBlocks),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    patient: PatientPermit,
) -> Result<Json<OwnBlocks>, Problem> {
    let found = blocks::of_patient(&app.db, &patient).await?;
    Ok(Json(OwnBlocks {
        blocks: found.into_iter().map(Into::into).collect(),
    }))
}

/// Hide an address's requests from oneself. Whoever asks is not told, and consents stay as they are.
#[utoipa::path(
    put,
    path = "/v1/blocks/{address}",
    tag = "patient",
    operation_id = "putBlock",
    security(("accessToken" = ["patient:consent.write"])),
    params(("address" = String, Path, description = "The address on chain that asks.")),
    responses(
        (status = 204, description = "They are hidden."),
        (status = 400, description = "The path is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "There are too many already.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn put(
    State(app): State<Arc<App>>,
    patient: PatientPermit,
    Path(text): Path<String>,
) -> Result<StatusCode, Problem> {
    blocks::place(&app, &patient, super::address_in_path(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Show an address's requests again.
#[utoipa::path(
    delete,
    path = "/v1/blocks/{address}",
    tag = "patient",
    operation_id = "deleteBlock",
    security(("accessToken" = ["patient:consent.write"])),
    params(("address" = String, Path, description = "The address on chain that asks.")),
    responses(
        (status = 204, description = "They are shown."),
        (status = 400, description = "The path is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    patient: PatientPermit,
    Path(text): Path<String>,
) -> Result<StatusCode, Problem> {
    blocks::lift(&app.db, &patient, super::address_in_path(&text)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
