//! `GET /v1/organizations`, `GET /v1/practitioners`, and each with an `/{address}`: who may ask patients for consent. The
//! registries are public and name no person, so any valid token reads them.

use axum::Json;
use axum::extract::{Path, State};
use consent_core::{Address, GranteeStatus, Hash32, UNTIL_REVOKED};
use serde::{Deserialize, Serialize};
use service_kit::Problem;
use service_kit::extract::{Head, QueryParams};
use time::OffsetDateTime;
use utoipa::{IntoParams, ToSchema};

use super::chain::NoParameters;
use super::error::ApiError;
use super::place::Place;
use super::snapshot::{self, AsOf, Snapshot};
use super::subjects::parse_address;
use super::{Shared, access, limit};
use crate::projection::ProjectedGrantee;
use crate::projection::grantees::{self, Registry};

/// The status of a verification at the time of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum VerificationStatus {
    /// It holds.
    Verified,
    /// It is past its time.
    Expired,
    /// It does not hold for now.
    Suspended,
    /// It was ended.
    Removed,
}

/// A verified organisation or practitioner. Times are Unix seconds.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GranteeRow {
    /// Its address.
    #[schema(value_type = String)]
    pub address: Address,
    /// The status of its own verification.
    pub status: VerificationStatus,
    /// Whether it may ask patients for consent: its own verification holds, and its organisation's if it has one.
    pub verified: bool,
    /// First second at which its verification is over; null until suspended or removed.
    pub valid_to: Option<u64>,
    /// Block time of the last change.
    pub changed_at: u64,
    /// The organisation that a practitioner belongs to; null for an organisation.
    #[schema(value_type = Option<String>)]
    pub organization: Option<Address>,
    /// The salted hash of the evidence of its last verification.
    #[schema(value_type = String)]
    pub credential: Hash32,
    /// The last event about it.
    #[serde(flatten)]
    pub place: Place,
}

/// One organisation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SingleOrganization {
    /// What the row rests on.
    pub as_of: AsOf,
    /// The row.
    pub organization: GranteeRow,
}

/// One practitioner.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SinglePractitioner {
    /// What the row rests on.
    pub as_of: AsOf,
    /// The row.
    pub practitioner: GranteeRow,
}

/// Which of them to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct GranteeFilter {
    /// Only those that may, or may not, ask patients for consent now; all if absent.
    verified: Option<bool>,
    /// Rows in a page, 1 to 500; 100 if absent.
    limit: Option<u16>,
    /// The `next` of the page before.
    #[param(value_type = Option<String>)]
    cursor: Option<Address>,
}

/// A page of organisations.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrganizationPage {
    /// What the rows rest on.
    pub as_of: AsOf,
    /// The rows, ordered by address.
    pub organizations: Vec<GranteeRow>,
    /// Send as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

/// A page of practitioners.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PractitionerPage {
    /// What the rows rest on.
    pub as_of: AsOf,
    /// The rows, ordered by address.
    pub practitioners: Vec<GranteeRow>,
    /// Send as `cursor` for the next page; null at the end.
    pub next: Option<String>,
}

/// Organisations that were ever verified, for any valid token.
#[utoipa::path(
    get, path = "/v1/organizations", tag = "grantees", operation_id = "listOrganizations", params(GranteeFilter),
    responses(
        (status = 200, description = "The organisations; none when the registry is not followed", body = OrganizationPage),
        (status = 400, description = "Unknown or malformed parameter", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`stale-index`: halted, or the head was not confirmed recently. `unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub async fn organizations(
    State(app): State<Shared>,
    head: Head,
    query: Result<QueryParams<GranteeFilter>, Problem>,
) -> Result<Json<OrganizationPage>, ApiError> {
    let mut snapshot = open(&app, &head).await?;
    let (organizations, next) = page(&mut snapshot, Registry::Hospitals, query).await?;
    Ok(Json(OrganizationPage {
        as_of: snapshot.as_of,
        organizations,
        next,
    }))
}

/// Practitioners that were ever verified, for any valid token.
#[utoipa::path(
    get, path = "/v1/practitioners", tag = "grantees", operation_id = "listPractitioners", params(GranteeFilter),
    responses(
        (status = 200, description = "The practitioners; none when the registry is not followed", body = PractitionerPage),
        (status = 400, description = "Unknown or malformed parameter", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`stale-index`: halted, or the head was not confirmed recently. `unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub async fn practitioners(
    State(app): State<Shared>,
    head: Head,
    query: Result<QueryParams<GranteeFilter>, Problem>,
) -> Result<Json<PractitionerPage>, ApiError> {
    let mut snapshot = open(&app, &head).await?;
    let (practitioners, next) = page(&mut snapshot, Registry::Providers, query).await?;
    Ok(Json(PractitionerPage {
        as_of: snapshot.as_of,
        practitioners,
        next,
    }))
}

async fn page(
    snapshot: &mut Snapshot,
    registry: Registry,
    query: Result<QueryParams<GranteeFilter>, Problem>,
) -> Result<(Vec<GranteeRow>, Option<String>), ApiError> {
    let QueryParams(filter) = query?;
    let limit = limit::checked(filter.limit)?;
    let now = snapshot.view.unix();
    let (verified, after) = (filter.verified, filter.cursor);
    // One more than fits tells whether there is another page.
    let mut found =
        grantees::list(&mut snapshot.tx, registry, verified, now, after, limit + 1).await?;
    let more = found.len() > usize::from(limit);
    found.truncate(usize::from(limit));
    let mut rows = Vec::with_capacity(found.len());
    for found in &found {
        let employed = match registry {
            Registry::Hospitals => true,
            Registry::Providers => is_employed(snapshot, found).await?,
        };
        rows.push(row(found, employed, snapshot));
    }
    let next = rows.last().filter(|_| more);
    let next = next.map(|row| row.address.to_string());
    Ok((rows, next))
}

/// An organisation that was ever verified, for any valid token.
#[utoipa::path(
    get, path = "/v1/organizations/{address}", tag = "grantees", operation_id = "getOrganization",
    params(("address" = String, Path, description = "The organisation, 0x and 40 hexadecimal digits")),
    responses(
        (status = 200, description = "The organisation", body = SingleOrganization),
        (status = 400, description = "Malformed address", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Never verified, or the registry is not followed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`stale-index`: halted, or the head was not confirmed recently. `unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub async fn organization(
    State(app): State<Shared>,
    head: Head,
    Path(address): Path<String>,
    QueryParams(NoParameters {}): QueryParams<NoParameters>,
) -> Result<Json<SingleOrganization>, ApiError> {
    let mut snapshot = open(&app, &head).await?;
    let address = parse_address(&address)?;
    let found = read(&mut snapshot, Registry::Hospitals, address)
        .await?
        .ok_or_else(|| Problem::not_found("No such organisation."))?;
    let organization = row(&found, true, &snapshot);
    Ok(Json(SingleOrganization {
        as_of: snapshot.as_of,
        organization,
    }))
}

/// A practitioner that was ever verified, for any valid token.
#[utoipa::path(
    get, path = "/v1/practitioners/{address}", tag = "grantees", operation_id = "getPractitioner",
    params(("address" = String, Path, description = "The practitioner, 0x and 40 hexadecimal digits")),
    responses(
        (status = 200, description = "The practitioner", body = SinglePractitioner),
        (status = 400, description = "Malformed address", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Never verified, or the registry is not followed", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`stale-index`: halted, or the head was not confirmed recently. `unavailable`: the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = []))
)]
pub async fn practitioner(
    State(app): State<Shared>,
    head: Head,
    Path(address): Path<String>,
    QueryParams(NoParameters {}): QueryParams<NoParameters>,
) -> Result<Json<SinglePractitioner>, ApiError> {
    let mut snapshot = open(&app, &head).await?;
    let address = parse_address(&address)?;
    let found = read(&mut snapshot, Registry::Providers, address)
        .await?
        .ok_or_else(|| Problem::not_found("No such practitioner."))?;
    let employed = is_employed(&mut snapshot, &found).await?;
    let practitioner = row(&found, employed, &snapshot);
    Ok(Json(SinglePractitioner {
        as_of: snapshot.as_of,
        practitioner,
    }))
}

/// Whether a practitioner's organisation is verified.
async fn is_employed(
    snapshot: &mut Snapshot,
    practitioner: &ProjectedGrantee,
) -> Result<bool, ApiError> {
    let organization = practitioner.grantee.organization;
    let organization = read(snapshot, Registry::Hospitals, organization).await?;
    let now = snapshot.view.unix();
    Ok(organization.is_some_and(|found| found.grantee.is_verified(now)))
}

async fn open(app: &super::App, head: &Head) -> Result<Snapshot, ApiError> {
    let now = OffsetDateTime::now_utc();
    access::caller(app, head, now).await?;
    snapshot::open(app, now).await
}

async fn read(
    snapshot: &mut Snapshot,
    registry: Registry,
    address: Address,
) -> Result<Option<ProjectedGrantee>, ApiError> {
    Ok(grantees::read(&mut snapshot.tx, registry, address).await?)
}

fn row(found: &ProjectedGrantee, organization_holds: bool, snapshot: &Snapshot) -> GranteeRow {
    let ProjectedGrantee { grantee, position } = found;
    let holds = grantee.is_verified(snapshot.view.unix());
    let status = match grantee.status {
        GranteeStatus::Verified if holds => VerificationStatus::Verified,
        GranteeStatus::Verified => VerificationStatus::Expired,
        GranteeStatus::Suspended => VerificationStatus::Suspended,
        GranteeStatus::Removed | GranteeStatus::None => VerificationStatus::Removed,
    };
    GranteeRow {
        address: grantee.address,
        status,
        verified: holds && organization_holds,
        valid_to: (grantee.valid_to != UNTIL_REVOKED).then_some(grantee.valid_to),
        changed_at: grantee.changed_at,
        organization: (!grantee.organization.is_zero()).then_some(grantee.organization),
        credential: grantee.credential,
        place: Place::new(position, &snapshot.view),
    }
}
