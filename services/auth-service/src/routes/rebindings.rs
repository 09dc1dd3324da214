//! `/v1/rebindings`: a new address for a patient whose keys are lost, by two administrators, unless the patient vetoes.

use std::sync::Arc;

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

use super::bindings::BindRequest;
use super::patients::checked_id;
use crate::App;
use crate::directory::rebindings::{self, RebindError, Rebinding};
use crate::directory::{PatientPermit, WritePermit};

/// Whose new address, and its own signed statement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProposeRequest {
    /// The patient's id on the tenant's FHIR server.
    fhir_id: String,
    /// The new address's statement, signed by its key.
    binding: BindRequest,
}

/// A rebinding that was proposed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Proposed {
    /// Its id.
    id: Uuid,
}

/// A rebinding that was confirmed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Confirmed {
    /// When it is carried out, unless the patient vetoes before.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    ready_at: OffsetDateTime,
}

/// A rebinding, as its patient sees it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RebindingView {
    /// Its id.
    id: Uuid,
    /// The address that is to take the place of all others.
    subject: String,
    /// `proposed`, `confirmed`, `vetoed` or `done`.
    state: &'static str,
    /// When it was proposed.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    proposed_at: OffsetDateTime,
    /// When it is carried out, once confirmed.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    ready_at: Option<OffsetDateTime>,
}

/// What administrators want to do, or did, to one's keys.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnRebindings {
    /// Newest first.
    rebindings: Vec<RebindingView>,
}

/// A rebinding that is under way, as administrators see it.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OpenRebinding {
    /// Whose new address: the patient's id on the tenant's FHIR server.
    fhir_id: String,
    /// Whether it was proposed by whoever asks; another administrator has to confirm it.
    own: bool,
    /// The rest is what the patient sees.
    #[serde(flatten)]
    rebinding: RebindingView,
}

/// What waits for an administrator, or for its day.
#[derive(Debug, Serialize, ToSchema)]
pub struct OpenRebindings {
    /// Oldest first, at most 200.
    rebindings: Vec<OpenRebinding>,
}

impl From<Rebinding> for RebindingView {
    fn from(rebinding: Rebinding) -> Self {
        Self {
            id: rebinding.id,
            subject: super::shown(&rebinding.statement.subject),
            state: rebinding.state.as_str(),
            proposed_at: rebinding.proposed_at,
            ready_at: rebinding.ready_at,
        }
    }
}

impl From<RebindError> for Problem {
    fn from(error: RebindError) -> Self {
        let detail = format!("{error}.");
        match error {
            RebindError::UnderWay => Self::conflict("rebinding-under-way", detail),
            RebindError::SameAdministrator => Self::conflict("same-administrator", detail),
            RebindError::UnknownPatient | RebindError::NotOpen => Self::not_found(detail),
            RebindError::Bind(error) => error.into(),
            RebindError::Store(error) => error.into(),
        }
    }
}

/// Propose a new address for a patient whose keys are lost.
#[utoipa::path(
    post,
    path = "/v1/rebindings",
    tag = "directory",
    operation_id = "proposeRebinding",
    security(("accessToken" = ["admin:directory.write"])),
    request_body = ProposeRequest,
    responses(
        (status = 201, description = "Proposed; another administrator has to confirm.", body = Proposed),
        (status = 400, description = "The request or its signature is wrong, or the deadline has passed.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such patient.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "One is under way for this patient.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn post(
    State(app): State<Arc<App>>,
    permit: WritePermit,
    JsonBody(request): JsonBody<ProposeRequest>,
) -> Result<Response, Problem> {
    let fhir_id = checked_id(&request.fhir_id)?;
    let statement = request.binding.read()?;
    let verified = statement.verify(&app, permit.tenant(), fhir_id).await?;
    let id = rebindings::propose(&app, &permit, fhir_id, verified).await?;
    tracing::info!(corr_id = %CorrId::current(), tenant = permit.tenant(), %id, "rebinding proposed");
    Ok((StatusCode::CREATED, Json(Proposed { id })).into_response())
}

/// Confirm what another administrator proposed.
#[utoipa::path(
    post,
    path = "/v1/rebindings/{id}/confirm",
    tag = "directory",
    operation_id = "confirmRebinding",
    security(("accessToken" = ["admin:directory.write"])),
    params(("id" = Uuid, Path, description = "The rebinding.")),
    responses(
        (status = 200, description = "Confirmed.", body = Confirmed),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such rebinding waits for a confirmation.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The same administrator proposed it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn confirm(
    State(app): State<Arc<App>>,
    permit: WritePermit,
    Path(id): Path<Uuid>,
) -> Result<Json<Confirmed>, Problem> {
    let ready_at = rebindings::confirm(&app, &permit, id).await?;
    tracing::info!(corr_id = %CorrId::current(), tenant = permit.tenant(), %id, "rebinding confirmed");
    Ok(Json(Confirmed { ready_at }))
}

/// Refuse a new address. Needs no second factor.
#[utoipa::path(
    post,
    path = "/v1/rebindings/{id}/veto",
    tag = "patient",
    operation_id = "vetoRebinding",
    security(("accessToken" = ["patient:consent.write"])),
    params(("id" = Uuid, Path, description = "The rebinding.")),
    responses(
        (status = 204, description = "It will not be carried out."),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such rebinding is under way.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn veto(
    State(app): State<Arc<App>>,
    patient: PatientPermit,
    Path(id): Path<Uuid>,
) -> Result<StatusCode, Problem> {
    rebindings::veto(&app, &patient, id).await?;
    tracing::info!(corr_id = %CorrId::current(), tenant = patient.tenant(), %id, "rebinding vetoed");
    Ok(StatusCode::NO_CONTENT)
}

/// The notice: what administrators want to do, or did, to one's keys.
#[utoipa::path(
    get,
    path = "/v1/rebindings",
    tag = "patient",
    operation_id = "getRebindings",
    security(("accessToken" = ["patient:consent.write"])),
    responses(
        (status = 200, description = "One's own.", body = OwnRebindings),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    patient: PatientPermit,
) -> Result<Json<OwnRebindings>, Problem> {
    let found = rebindings::of_patient(&app.db, &patient).await?;
    Ok(Json(OwnRebindings {
        rebindings: found.into_iter().map(Into::into).collect(),
    }))
}

/// What is under way in the tenant: what waits for a second administrator, and what for its day.
#[utoipa::path(
    get,
    path = "/v1/rebindings/under-way",
    tag = "directory",
    operation_id = "listRebindings",
    security(("accessToken" = ["admin:directory.write"])),
    responses(
        (status = 200, description = "Oldest first.", body = OpenRebindings),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(app): State<Arc<App>>,
    permit: WritePermit,
) -> Result<Json<OpenRebindings>, Problem> {
    let found = rebindings::under_way(&app.db, &permit).await?;
    let rebindings = found.into_iter().map(|found| OpenRebinding {
        fhir_id: found.fhir_id.clone(),
        own: found.proposed_by == permit.administrator(),
        rebinding: found.into(),
    });
    Ok(Json(OpenRebindings {
        rebindings: rebindings.collect(),
    }))
}
