//! `/v1/keys`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use service_kit::{CorrId, Problem};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::App;
use crate::token::keys::state::{Key, Rules, State as KeyState};
use crate::token::keys::{CompromiseError, KeysPermit};

/// A signing key.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    /// Its name: the RFC 7638 thumbprint.
    pub kid: String,
    /// Where in its life it is.
    pub state: KeyState,
    /// Since when.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub since: OffsetDateTime,
    /// When it was made.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub created_at: OffsetDateTime,
    /// When it signs at the earliest, if it is on its way there.
    #[serde(
        with = "time::serde::rfc3339::option",
        skip_serializing_if = "Option::is_none"
    )]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub signs_from: Option<OffsetDateTime>,
}

impl KeyView {
    /// How a key is shown.
    pub fn of(key: &Key, rules: &Rules) -> Self {
        Self {
            kid: key.kid.clone(),
            state: key.state,
            since: key.since,
            created_at: key.created_at,
            signs_from: key.signs_from(rules),
        }
    }
}

/// All keys there ever were.
#[derive(Debug, Serialize, ToSchema)]
pub struct KeyList {
    /// Oldest first.
    pub keys: Vec<KeyView>,
}

impl KeyList {
    /// How keys are shown.
    pub fn of(keys: &[Key], rules: &Rules) -> Self {
        Self {
            keys: keys.iter().map(|key| KeyView::of(key, rules)).collect(),
        }
    }
}

/// List the signing keys.
#[utoipa::path(
    get,
    path = "/v1/keys",
    tag = "administration",
    operation_id = "listKeys",
    security(("accessToken" = ["admin:keys.write"])),
    responses(
        (status = 200, description = "The keys.", body = KeyList),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(app): State<Arc<App>>,
    _permit: KeysPermit,
) -> Result<Json<KeyList>, Problem> {
    let keys = app.keys.list().await?;
    Ok(Json(KeyList::of(&keys, app.keys.rules())))
}

/// Have another key sign as soon as all verifiers know it.
#[utoipa::path(
    post,
    path = "/v1/keys/rotate",
    tag = "administration",
    operation_id = "rotateKeys",
    security(("accessToken" = ["admin:keys.write"])),
    responses(
        (status = 200, description = "The key that will sign; the one that was on its way already, if there was one.", body = KeyView),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database or the key-encryption key is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn rotate(
    State(app): State<Arc<App>>,
    _permit: KeysPermit,
) -> Result<Json<KeyView>, Problem> {
    let rotation = app.keys.rotate(app.now()).await?;
    tracing::info!(
        corr_id = %CorrId::current(), kid = rotation.successor.kid, is_new = rotation.is_new,
        "another signing key was asked for"
    );
    Ok(Json(KeyView::of(&rotation.successor, app.keys.rules())))
}

/// Take a key out of use at once, with every token that it signed.
#[utoipa::path(
    post,
    path = "/v1/keys/{kid}/compromise",
    tag = "administration",
    operation_id = "compromiseKey",
    security(("accessToken" = ["admin:keys.write"])),
    params(("kid" = String, Path, description = "The key's name.")),
    responses(
        (status = 200, description = "The keys as they are now. The token of this very request may be dead.", body = KeyList),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such key.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database or the key-encryption key is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn compromise(
    State(app): State<Arc<App>>,
    _permit: KeysPermit,
    Path(kid): Path<String>,
) -> Result<Json<KeyList>, Problem> {
    match app.keys.compromise(&kid, app.now()).await {
        Ok(()) | Err(CompromiseError::Already) => {}
        Err(CompromiseError::NotFound) => {
            return Err(Problem::not_found("There is no key of this kid."));
        }
        Err(CompromiseError::Keys(error)) => return Err(error.into()),
    }
    let keys = app.keys.list().await?;
    Ok(Json(KeyList::of(&keys, app.keys.rules())))
}
