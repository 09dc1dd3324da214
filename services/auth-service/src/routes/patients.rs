//! `/v1/patients`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::Problem;
use service_kit::extract::{JsonBody, QueryParams};
use utoipa::ToSchema;

use super::bindings::{self, BindRequest, BindingView};
use super::stops::StopView;
use crate::App;
use crate::directory::page::{Page, PageQuery};
use crate::directory::{BindPermit, ReadPermit, WritePermit, patients, text};

/// A patient.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PatientView {
    /// The custodian.
    tenant: String,
    /// The id on the custodian's FHIR server.
    fhir_id: String,
    /// The addresses that stand for the patient, oldest first.
    bindings: Vec<BindingView>,
    /// What the patient stopped without a key: while it is there, nothing is released.
    #[serde(skip_serializing_if = "Option::is_none")]
    stop: Option<StopView>,
}

/// A page of patients.
#[derive(Debug, Serialize, ToSchema)]
pub struct PatientPage {
    /// In order of id.
    patients: Vec<PatientView>,
    /// The cursor of the next page, if there is one.
    next: Option<String>,
}

impl From<patients::Patient> for PatientView {
    fn from(patient: patients::Patient) -> Self {
        Self {
            tenant: patient.tenant,
            fhir_id: patient.fhir_id,
            bindings: patient.bindings.iter().map(Into::into).collect(),
            stop: patient.stop.map(Into::into),
        }
    }
}

pub(super) fn checked_id(id: &str) -> Result<&str, Problem> {
    if text::is_fhir_id(id) {
        Ok(id)
    } else {
        Err(Problem::bad_request(
            "invalid-id",
            "The id in the path is not a FHIR id.",
        ))
    }
}

fn unknown() -> Problem {
    Problem::not_found("This tenant has no patient of this id.")
}

/// Take over a binding that the custodian enrolled elsewhere. Only where imports are switched on.
#[utoipa::path(
    put,
    path = "/v1/patients/{fhirId}",
    tag = "directory",
    operation_id = "importBinding",
    security(("accessToken" = ["admin:directory.write"])),
    params(("fhirId" = String, Path, description = "The id on the tenant's FHIR server.")),
    request_body = BindRequest,
    responses(
        (status = 200, description = "The binding was renewed, or was already there.", body = PatientView),
        (status = 201, description = "The subject now stands for the patient.", body = PatientView),
        (status = 400, description = "The request or its signature is wrong, or the deadline has passed.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it, or imports are switched off.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The subject stands for another patient, or the nonce does not grow.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn put(
    State(app): State<Arc<App>>,
    permit: WritePermit,
    Path(fhir_id): Path<String>,
    JsonBody(request): JsonBody<BindRequest>,
) -> Result<Response, Problem> {
    let fhir_id = checked_id(&fhir_id)?;
    let import = BindPermit::of_import(&permit, fhir_id, app.directory_import).ok_or_else(|| {
        Problem::forbidden(
            "Patients bind their keys themselves (POST /v1/bindings). Importing bindings is switched off (DIRECTORY_IMPORT).",
        )
    })?;
    let outcome = bindings::store(&app, &import, request, None).await?;
    let patient = patients::find(&app.db, &permit.read(), fhir_id)
        .await?
        .ok_or_else(unknown)?;
    Ok((bindings::status(outcome), Json(PatientView::from(patient))).into_response())
}

/// Read a patient's bindings.
#[utoipa::path(
    get,
    path = "/v1/patients/{fhirId}",
    tag = "directory",
    operation_id = "getPatient",
    security(("accessToken" = ["system:directory.read"]), ("accessToken" = ["admin:directory.read"])),
    params(("fhirId" = String, Path, description = "The id on the tenant's FHIR server.")),
    responses(
        (status = 200, description = "The patient.", body = PatientView),
        (status = 400, description = "Not a FHIR id.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such patient.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    permit: ReadPermit,
    Path(fhir_id): Path<String>,
) -> Result<Json<PatientView>, Problem> {
    let fhir_id = checked_id(&fhir_id)?;
    let patient = patients::find(&app.db, &permit, fhir_id)
        .await?
        .ok_or_else(unknown)?;
    Ok(Json(patient.into()))
}

/// List the tenant's patients.
#[utoipa::path(
    get,
    path = "/v1/patients",
    tag = "directory",
    operation_id = "listPatients",
    security(("accessToken" = ["system:directory.read"]), ("accessToken" = ["admin:directory.read"])),
    params(PageQuery),
    responses(
        (status = 200, description = "A page.", body = PatientPage),
        (status = 400, description = "A parameter is wrong or unknown.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn list(
    State(app): State<Arc<App>>,
    permit: ReadPermit,
    QueryParams(query): QueryParams<PageQuery>,
) -> Result<Json<PatientPage>, Problem> {
    let (patients, next) = patients::list(&app.db, &permit, &Page::try_from(query)?).await?;
    Ok(Json(PatientPage {
        patients: patients.into_iter().map(Into::into).collect(),
        next,
    }))
}
