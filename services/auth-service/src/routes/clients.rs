//! `/v1/clients`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::extract::{JsonBody, QueryParams};
use service_kit::{CorrId, Problem};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::App;
use crate::client::ClientsPermit;
use crate::client::administer::{self, ChangeError};
use crate::client::document::ClientDocument;
use crate::client::register::Written;
use crate::client::store::{self, Registered};
use crate::directory::page::{Page, PageQuery};

/// A registered client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ClientView {
    /// What it is registered with.
    #[serde(flatten)]
    document: ClientDocument,
    /// Who says what it is: `file` (the clients file, at each start) or `api` (administrators).
    origin: &'static str,
    /// `enabled`, `disabled` by an administrator, or `removed` from the clients file.
    status: &'static str,
    /// When it was last changed.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    updated_at: OffsetDateTime,
}

impl From<Registered> for ClientView {
    fn from(registered: Registered) -> Self {
        Self {
            origin: registered.origin.as_str(),
            status: registered.status.as_str(),
            updated_at: registered.updated_at,
            document: registered.client.into(),
        }
    }
}

/// A page of clients.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClientPage {
    /// In order of id.
    clients: Vec<ClientView>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
}

fn unknown() -> Problem {
    Problem::not_found("This tenant has no client of this id.")
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        let detail = format!("{error}.");
        match error {
            ChangeError::FromFile => Self::conflict("client-from-file", detail),
            ChangeError::Removed => Self::conflict("client-removed", detail),
            ChangeError::NotFound => unknown(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

async fn shown(app: &App, id: &str) -> Result<ClientView, Problem> {
    let registered = store::find_registered(&app.db, &app.tenant, id).await?;
    registered.map(ClientView::from).ok_or_else(unknown)
}

/// List the tenant's clients.
#[utoipa::path(
    get,
    path = "/v1/clients",
    tag = "administration",
    operation_id = "listClients",
    security(("accessToken" = ["admin:clients.write"])),
    params(PageQuery),
    responses(
        (status = 200, description = "A page.", body = ClientPage),
        (status = 400, description = "A parameter is wrong or unknown.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(app): State<Arc<App>>,
    _permit: ClientsPermit,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<ClientPage>, Problem> {
    let (clients, next) = store::list(&app.db, &app.tenant, &Page::try_from(query)?).await?;
    Ok(Json(ClientPage {
        clients: clients.into_iter().map(Into::into).collect(),
        next,
    }))
}

/// Read a client.
#[utoipa::path(
    get,
    path = "/v1/clients/{id}",
    tag = "administration",
    operation_id = "getClient",
    security(("accessToken" = ["admin:clients.write"])),
    params(("id" = String, Path, description = "The client's id.")),
    responses(
        (status = 200, description = "The client.", body = ClientView),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such client.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    _permit: ClientsPermit,
    Path(id): Path<String>,
) -> Result<Json<ClientView>, Problem> {
    Ok(Json(shown(&app, &id).await?))
}

/// Register a client, or change it. What is changed needs new tokens; a disabled client stays disabled.
#[utoipa::path(
    put,
    path = "/v1/clients/{id}",
    tag = "administration",
    operation_id = "putClient",
    security(("accessToken" = ["admin:clients.write"])),
    params(("id" = String, Path, description = "The client's id.")),
    request_body = ClientDocument,
    responses(
        (status = 200, description = "The client was changed, or was so already.", body = ClientView),
        (status = 201, description = "The client is new.", body = ClientView),
        (status = 400, description = "The client has faults; all of them are named.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The client comes from the clients file.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn put(
    State(app): State<Arc<App>>,
    _permit: ClientsPermit,
    Path(id): Path<String>,
    JsonBody(mut document): JsonBody<ClientDocument>,
) -> Result<Response, Problem> {
    if document.client_id.is_empty() {
        document.client_id.clone_from(&id);
    }
    if document.client_id != id {
        return Err(super::fault_in("clientId", "is not the id in the path"));
    }
    let client = document.check().map_err(|faults| {
        let detail = format!("The client has faults: {}.", faults.join("; "));
        Problem::bad_request("invalid-client", detail)
    })?;
    let written = administer::put(&app.db, &app.tenant, &client, &app.random, app.now()).await?;
    tracing::info!(corr_id = %CorrId::current(), client_id = id, ?written, "client stored");
    let status = match written {
        Written::Created => StatusCode::CREATED,
        Written::Changed | Written::Unchanged => StatusCode::OK,
    };
    Ok((status, Json(shown(&app, &id).await?)).into_response())
}

/// Disable a client and all its tokens.
#[utoipa::path(
    delete,
    path = "/v1/clients/{id}",
    tag = "administration",
    operation_id = "disableClient",
    security(("accessToken" = ["admin:clients.write"])),
    params(("id" = String, Path, description = "The client's id.")),
    responses(
        (status = 200, description = "The client is disabled, whoever registered it.", body = ClientView),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such client.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn disable(
    State(app): State<Arc<App>>,
    _permit: ClientsPermit,
    Path(id): Path<String>,
) -> Result<Json<ClientView>, Problem> {
    let done = administer::disable(&app.db, &app.tenant, &id, &app.random, app.now()).await?;
    tracing::info!(corr_id = %CorrId::current(), client_id = id, done, "client disabled");
    Ok(Json(shown(&app, &id).await?))
}

/// Let a disabled client obtain tokens again.
#[utoipa::path(
    post,
    path = "/v1/clients/{id}/enable",
    tag = "administration",
    operation_id = "enableClient",
    security(("accessToken" = ["admin:clients.write"])),
    params(("id" = String, Path, description = "The client's id.")),
    responses(
        (status = 200, description = "The client is enabled.", body = ClientView),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such client.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The client is no longer in the clients file.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn enable(
    State(app): State<Arc<App>>,
    _permit: ClientsPermit,
    Path(id): Path<String>,
) -> Result<Json<ClientView>, Problem> {
    let done = administer::enable(&app.db, &app.tenant, &id, &app.random, app.now()).await?;
    tracing::info!(corr_id = %CorrId::current(), client_id = id, done, "client enabled");
    Ok(Json(shown(&app, &id).await?))
}
