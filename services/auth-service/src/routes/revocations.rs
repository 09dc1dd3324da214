//! `/internal/revocations`.

use std::sync::Arc;
use std::time::Duration;

use access_token::revocation::{MAX_WAIT, Page};
use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use service_kit::Problem;
use service_kit::extract::QueryParams;
use utoipa::{IntoParams, ToSchema};

use crate::App;
use crate::revocation::{FeedPermit, feed};

/// Where a reader is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct FeedQuery {
    /// `next` of the answer before; 0 at first.
    #[serde(default)]
    after: u64,
    /// Seconds to wait for news when there is none, 0 to 10.
    #[serde(default)]
    #[param(maximum = 10)]
    wait: u64,
}

/// A part of the feed.
#[derive(ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes access_token::revocation::Page")]
pub struct RevocationPage {
    /// When the issuer looked, by its clock.
    #[schema(format = DateTime)]
    as_of: String,
    /// What to ask for next.
    next: u64,
    /// The entries after the one asked for, in order; none is ever left out.
    revocations: Vec<RevocationView>,
    /// There when the feed began anew: what was asked for is not a place in it.
    reset: Option<bool>,
    /// Whether there are more entries already.
    more: bool,
}

/// What died before its time.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes access_token::revocation::Revocation")]
pub struct RevocationView {
    /// Its place in the feed.
    seq: u64,
    /// `session`, `token`, `client`, `account`, `organization` or `key`.
    kind: String,
    /// Which one.
    id: String,
    /// Unix seconds: tokens issued earlier are dead.
    before: i64,
    /// Unix seconds: from then on the entry may be forgotten.
    until: i64,
    /// The custodian.
    tenant: String,
}

/// Read what was revoked, or wait for it.
#[utoipa::path(
    get,
    path = "/internal/revocations",
    tag = "revocation",
    operation_id = "readRevocations",
    security(("accessToken" = ["system:revocation.read"])),
    params(FeedQuery),
    responses(
        (status = 200, description = "What is new, or nothing when the wait is over.", body = RevocationPage),
        (status = 400, description = "A parameter is wrong or unknown.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn read(
    State(app): State<Arc<App>>,
    _permit: FeedPermit,
    QueryParams(query): QueryParams<FeedQuery>,
) -> Result<Json<Page>, Problem> {
    if query.wait > MAX_WAIT {
        return Err(Problem::bad_request(
            "invalid-parameter",
            format!("wait must be 0 to {MAX_WAIT}."),
        ));
    }
    let page = feed::read(&app, query.after, Duration::from_secs(query.wait)).await?;
    Ok(Json(page))
}
