//! `/v1/proxies`: who may act for a patient.

use std::sync::Arc;

use access_token::{Persona, ScopeSet};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::extract::JsonBody;
use service_kit::{CorrId, Problem};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::fault_in;
use super::patients::checked_id;
use crate::App;
use crate::directory::proxies::{self, Kind, Mandate, MandateError};
use crate::directory::{WritePermit, text};

/// A mandate.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct MandateRequest {
    /// `parent` or `attorney`.
    kind: String,
    /// The most that tokens of it allow, separated by spaces. `patient:consent.write` counts only while the patient's
    /// subject lets the delegate grant, on chain.
    scope: String,
    /// The address by which the proxy signs.
    delegate: Option<String>,
    /// From when on.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    valid_from: OffsetDateTime,
    /// Until when; exclusive.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    valid_to: OffsetDateTime,
}

/// A mandate that was stored.
#[derive(Debug, Serialize, ToSchema)]
pub struct StoredMandate {
    /// What tokens of it name as `sub`.
    id: Uuid,
}

impl From<MandateError> for Problem {
    fn from(error: MandateError) -> Self {
        let detail = format!("{error}.");
        match error {
            MandateError::EmptyWindow => fault_in("validTo", "lies before validFrom"),
            MandateError::UnsuitableAccount | MandateError::OwnPatient => {
                Self::conflict("unsuitable-account", detail)
            }
            MandateError::Store(error) => error.into(),
        }
    }
}

impl MandateRequest {
    fn read(&self, account: Uuid, fhir_id: &str) -> Result<Mandate, Problem> {
        let ceiling = ScopeSet::parse_all(&self.scope)
            .ok()
            .filter(|scope| !scope.is_empty() && scope.within(Persona::Patient))
            .ok_or_else(|| fault_in("scope", "is not one or more known scopes of patients"))?;
        let delegate = self
            .delegate
            .as_deref()
            .map(text::address)
            .transpose()
            .map_err(|fault| fault_in("delegate", fault))?;
        Ok(Mandate {
            account,
            fhir_id: fhir_id.to_owned(),
            kind: Kind::parse(&self.kind)
                .ok_or_else(|| fault_in("kind", "is neither parent nor attorney"))?,
            ceiling,
            delegate,
            valid_from: self.valid_from,
            valid_to: self.valid_to,
        })
    }
}

/// Let an account act for a patient. An earlier mandate between the two, and its tokens, end.
#[utoipa::path(
    put,
    path = "/v1/patients/{fhirId}/proxies/{account}",
    tag = "directory",
    operation_id = "putProxy",
    security(("accessToken" = ["admin:directory.write"])),
    params(
        ("fhirId" = String, Path, description = "The patient's id on the tenant's FHIR server."),
        ("account" = Uuid, Path, description = "The account of who acts."),
    ),
    request_body = MandateRequest,
    responses(
        (status = 201, description = "It holds from its time on.", body = StoredMandate),
        (status = 400, description = "The request is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The account cannot act for this patient.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn put(
    State(app): State<Arc<App>>,
    permit: WritePermit,
    Path((fhir_id, account)): Path<(String, Uuid)>,
    JsonBody(request): JsonBody<MandateRequest>,
) -> Result<Response, Problem> {
    let mandate = request.read(account, checked_id(&fhir_id)?)?;
    let id = proxies::put(&app, &permit, &mandate).await?;
    tracing::info!(corr_id = %CorrId::current(), tenant = permit.tenant(), %id, "mandate stored");
    Ok((StatusCode::CREATED, Json(StoredMandate { id })).into_response())
}

/// End a mandate and its tokens.
#[utoipa::path(
    delete,
    path = "/v1/patients/{fhirId}/proxies/{account}",
    tag = "directory",
    operation_id = "endProxy",
    security(("accessToken" = ["admin:directory.write"])),
    params(
        ("fhirId" = String, Path, description = "The patient's id on the tenant's FHIR server."),
        ("account" = Uuid, Path, description = "The account of who acts."),
    ),
    responses(
        (status = 204, description = "It has ended."),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "There is no such mandate.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn delete(
    State(app): State<Arc<App>>,
    permit: WritePermit,
    Path((fhir_id, account)): Path<(String, Uuid)>,
) -> Result<StatusCode, Problem> {
    let fhir_id = checked_id(&fhir_id)?;
    if !proxies::end(&app, &permit, account, fhir_id).await? {
        return Err(Problem::not_found("There is no such mandate."));
    }
    tracing::info!(corr_id = %CorrId::current(), tenant = permit.tenant(), "mandate ended");
    Ok(StatusCode::NO_CONTENT)
}
