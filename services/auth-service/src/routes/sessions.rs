//! `/v1/sessions`: where a person is signed in, by a token of theirs or by their browser.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use service_kit::Problem;
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::access::Person;
use crate::App;
use crate::db::StoreError;
use crate::session::{sign_in, store};

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// What tokens name as `sid`.
    #[schema(value_type = String)]
    id: Uuid,
    /// Whether it is the one that asks.
    current: bool,
    /// `aal1` or `aal2`: how surely the person proved who they are.
    acr: &'static str,
    /// When it began (RFC 3339).
    #[schema(format = DateTime, value_type = String)]
    #[serde(with = "time::serde::rfc3339")]
    created_at: OffsetDateTime,
    /// When it was last used (RFC 3339).
    #[schema(format = DateTime, value_type = String)]
    #[serde(with = "time::serde::rfc3339")]
    seen_at: OffsetDateTime,
    /// When it ends whatever the person does (RFC 3339).
    #[schema(format = DateTime, value_type = String)]
    #[serde(with = "time::serde::rfc3339")]
    ends_at: OffsetDateTime,
}

/// A person's sessions.
#[derive(Debug, Serialize, ToSchema)]
pub struct SessionList {
    /// The latest used first.
    sessions: Vec<SessionView>,
}

/// List the caller's own sessions.
#[utoipa::path(
    get,
    path = "/v1/sessions",
    tag = "sessions",
    operation_id = "listSessions",
    security(("accessToken" = []), ("session" = [])),
    responses(
        (status = 200, description = "The sessions.", body = SessionList),
        (status = 401, description = "Neither a person's token nor a session.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(app): State<Arc<App>>,
    person: Person,
) -> Result<Json<SessionList>, Problem> {
    let sessions = store::list(&app.db, &person.account, app.now()).await?;
    let view = |one: store::Listed| SessionView {
        current: one.id == person.session,
        id: one.id,
        acr: one.acr.as_str(),
        created_at: one.created_at,
        seen_at: one.seen_at,
        ends_at: one.ends_at,
    };
    Ok(Json(SessionList {
        sessions: sessions.into_iter().map(view).collect(),
    }))
}

/// End one of the caller's own sessions, and every token that comes from it.
#[utoipa::path(
    delete,
    path = "/v1/sessions/{id}",
    tag = "sessions",
    operation_id = "endSession",
    security(("accessToken" = []), ("session" = [])),
    params(("id" = String, Path, description = "The session's id.")),
    responses(
        (status = 204, description = "The session has ended."),
        (status = 401, description = "Neither a person's token nor a session.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "A cookie from another site's page.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The caller has no such session.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn end(
    State(app): State<Arc<App>>,
    person: Person,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let unknown = || Problem::not_found("You have no session of this id.");
    let id = id.parse().map_err(|_| unknown())?;
    let mut transaction = app.db.begin().await.map_err(StoreError::from)?;
    if !sign_in::end(&app, &mut transaction, &person.account, id, app.now()).await? {
        return Err(unknown());
    }
    transaction.commit().await.map_err(StoreError::from)?;
    Ok(StatusCode::NO_CONTENT)
}
