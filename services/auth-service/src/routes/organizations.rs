//! `/v1/organizations`.

use std::sync::Arc;

use alloy::primitives::Address;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::extract::{JsonBody, QueryParams};
use service_kit::{CorrId, Problem};
use utoipa::{IntoParams, ToSchema};

use super::grantees::{GranteeBindingView, GranteeStatement};
use crate::App;
use crate::directory::organizations::{self, Organization};
use crate::directory::page::Page;
use crate::directory::statement::Statement;
use crate::directory::{PublicPermit, WritePermit, text};

const MAX_ADDRESSES: usize = 32;
const MAX_NAME: usize = 200;

/// An organisation to store.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationRequest {
    /// Its name, 1 to 200 characters.
    name: String,
    /// Its addresses on chain, 1 to 32, each by its own signature. Addresses not in the list are no longer the
    /// organisation's; those that stay are sent as they are stored.
    bindings: Vec<GranteeStatement>,
}

/// An organisation.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationView {
    /// The custodian whose directory this is.
    tenant: String,
    /// Its id.
    id: String,
    /// Its name.
    name: String,
    /// Its own addresses on chain as they were signed, in order. Not those of its practitioners.
    bindings: Vec<GranteeBindingView>,
}

/// A page of organisations.
#[derive(Debug, Serialize, ToSchema)]
pub struct OrganizationPage {
    /// In order of id.
    organizations: Vec<OrganizationView>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
}

impl From<Organization> for OrganizationView {
    fn from(organization: Organization) -> Self {
        Self {
            tenant: organization.tenant,
            id: organization.id,
            name: organization.name,
            bindings: organization.bindings.iter().map(Into::into).collect(),
        }
    }
}

/// The query of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OrganizationsQuery {
    /// Only the organisation that this address on chain belongs to, as its own or as a practitioner's of it.
    #[param(value_type = Option<String>)]
    address: Option<Address>,
    /// How many, 1 to 200; 50 without it.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
    /// `next` of the page before.
    cursor: Option<String>,
}

fn checked_id(id: &str) -> Result<&str, Problem> {
    match text::id(id) {
        Ok(_) => Ok(id),
        Err(fault) => Err(Problem::bad_request(
            "invalid-id",
            format!("The id in the path {fault}."),
        )),
    }
}

fn checked_name(name: &str) -> Result<&str, Problem> {
    let sane = !name.trim().is_empty()
        && name.chars().count() <= MAX_NAME
        && !name.chars().any(char::is_control);
    if sane {
        Ok(name)
    } else {
        Err(super::fault_in(
            "name",
            "must be 1 to 200 characters without control characters",
        ))
    }
}

/// The statements, each about another address.
fn checked_statements(bindings: &[GranteeStatement]) -> Result<Vec<Statement>, Problem> {
    if !(1..=MAX_ADDRESSES).contains(&bindings.len()) {
        return Err(super::fault_in("bindings", "must be 1 to 32"));
    }
    let mut statements: Vec<Statement> = Vec::with_capacity(bindings.len());
    for (index, binding) in bindings.iter().enumerate() {
        let statement = binding.read(&format!("bindings[{index}]."))?;
        let known = statements.iter().map(|known| known.subject);
        if known.into_iter().any(|known| known == statement.subject) {
            return Err(super::fault_in("bindings", "name an address twice"));
        }
        statements.push(statement);
    }
    Ok(statements)
}

fn unknown() -> Problem {
    Problem::not_found("This tenant has no organisation of this id.")
}

/// Store an organisation. That an address is its own, the address says itself: an administrator's word does not do.
#[utoipa::path(
    put,
    path = "/v1/organizations/{id}",
    tag = "directory",
    operation_id = "putOrganization",
    security(("accessToken" = ["admin:directory.write"])),
    params(("id" = String, Path, description = "The organisation's id.")),
    request_body = OrganizationRequest,
    responses(
        (status = 200, description = "The organisation was changed.", body = OrganizationView),
        (status = 201, description = "The organisation is new.", body = OrganizationView),
        (status = 400, description = "The request or a signature is wrong, or a deadline has passed.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "An address belongs to somebody else, or its nonce does not grow.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available, or the chain was not asked about a contract wallet.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn put(
    State(app): State<Arc<App>>,
    permit: WritePermit,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<OrganizationRequest>,
) -> Result<Response, Problem> {
    let id = checked_id(&id)?;
    let name = checked_name(&request.name)?;
    let statements = checked_statements(&request.bindings)?;
    let created = organizations::put(&app, &permit, id, name, statements).await?;
    tracing::info!(corr_id = %CorrId::current(), tenant = permit.tenant(), organization = id, created, "organisation stored");
    let stored = organizations::find(&app.db, &permit.read(), id)
        .await?
        .ok_or_else(unknown)?;
    let status = if created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(OrganizationView::from(stored))).into_response())
}

/// Read an organisation, with any valid token.
#[utoipa::path(
    get,
    path = "/v1/organizations/{id}",
    tag = "directory",
    operation_id = "getOrganization",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "The organisation's id.")),
    responses(
        (status = 200, description = "The organisation.", body = OrganizationView),
        (status = 400, description = "Not an id.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such organisation.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    permit: PublicPermit,
    Path(id): Path<String>,
) -> Result<Json<OrganizationView>, Problem> {
    let id = checked_id(&id)?;
    let organization = organizations::find(&app.db, permit.read(), id)
        .await?
        .ok_or_else(unknown)?;
    Ok(Json(organization.into()))
}

/// List the tenant's organisations, with any valid token: patients see by it who asks them.
#[utoipa::path(
    get,
    path = "/v1/organizations",
    tag = "directory",
    operation_id = "listOrganizations",
    security(("accessToken" = [])),
    params(OrganizationsQuery),
    responses(
        (status = 200, description = "A page.", body = OrganizationPage),
        (status = 400, description = "A parameter is wrong or unknown.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(app): State<Arc<App>>,
    permit: PublicPermit,
    QueryParams(query): QueryParams<OrganizationsQuery>,
) -> Result<Json<OrganizationPage>, Problem> {
    let page = Page::of(query.limit, query.cursor)?;
    let (organizations, next) =
        organizations::list(&app.db, permit.read(), query.address, &page).await?;
    Ok(Json(OrganizationPage {
        organizations: organizations.into_iter().map(Into::into).collect(),
        next,
    }))
}
