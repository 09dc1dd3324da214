//! `GET /v1/counts`: daily totals, in the same shape as the gateway's own.

use std::sync::PoisonError;

use audit_core::counts::{Count, parse_date};
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use service_kit::Problem;
use service_kit::extract::QueryParams;
use utoipa::{IntoParams, ToSchema};

use crate::caller::Auditor;
use crate::routes::AppState;

/// The span of days.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Span {
    /// First UTC day, `YYYY-MM-DD`.
    #[param(example = "2026-03-01")]
    from: String,
    /// Last UTC day, `YYYY-MM-DD`, included.
    #[param(example = "2026-03-31")]
    to: String,
}

/// Daily totals.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Counts {
    /// Ordered by date, action and result; a combination without decisions has no row.
    pub counts: Vec<Count>,
}

/// Daily totals of the decisions in the archive; each event counts once, however often it was sent.
#[utoipa::path(
    get,
    path = "/v1/counts",
    tag = "audit",
    params(Span),
    responses(
        (status = 200, description = "The totals of the token's tenant", body = Counts),
        (status = 400, description = "A parameter is missing, unknown or malformed", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks audit.read", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The archive has not been read yet", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["system:audit.read"]), ("bearer" = ["admin:audit.read"])),
)]
pub async fn counts(
    State(state): State<AppState>,
    Auditor { tenant }: Auditor,
    QueryParams(span): QueryParams<Span>,
) -> Result<Json<Counts>, Problem> {
    let day = |name: &str, text: &str| {
        parse_date(text).map_err(|_| {
            Problem::bad_request(
                "invalid-parameter",
                format!("`{name}` is not a date of the form YYYY-MM-DD."),
            )
        })
    };
    let (from, to) = (day("from", &span.from)?, day("to", &span.to)?);
    if from > to {
        return Err(Problem::bad_request(
            "invalid-parameter",
            "`from` lies after `to`.",
        ));
    }
    state.require_archive_read()?;
    let index = state.index.read().unwrap_or_else(PoisonError::into_inner);
    Ok(Json(Counts {
        counts: index.counts(Some(&tenant), from, to),
    }))
}
