//! `/v1/patients`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::extract::{JsonBody, QueryParams};
use service_kit::{CorrId, Problem};
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::App;
use crate::directory::page::{Page, PageQuery};
use crate::directory::patients::{self, BindError, Bound, Statement};
use crate::directory::{ReadPermit, WritePermit, text};

/// A subject's signed statement: EIP-712 `Bind(string tenant,bytes32 patientRefHash,address subject,uint256
/// nonce,uint64 deadline)`, where patientRefHash is keccak256("Patient/" + the FHIR id).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BindRequest {
    /// The address that stands for the patient.
    #[schema(example = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")]
    subject: String,
    /// A uint256 in decimal, greater than in this subject's binding before.
    #[schema(example = "1")]
    nonce: String,
    /// Unix seconds after which the statement is no longer accepted.
    deadline: u64,
    /// 65 bytes, r ‖ s ‖ v.
    signature: String,
}

/// A binding as it was signed; whoever relies on it verifies the signature.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BindingView {
    /// The address that stands for the patient.
    subject: String,
    /// A uint256 in decimal.
    nonce: String,
    /// Unix seconds.
    deadline: i64,
    /// 65 bytes, r ‖ s ‖ v.
    signature: String,
    /// When it was stored.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    bound_at: OffsetDateTime,
}

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
        let view = |binding: patients::Binding| BindingView {
            subject: super::shown(&binding.statement.subject),
            nonce: binding.statement.nonce.to_string(),
            deadline: binding.statement.deadline,
            signature: format!("0x{}", hex::encode(binding.statement.signature)),
            bound_at: binding.bound_at,
        };
        Self {
            tenant: patient.tenant,
            fhir_id: patient.fhir_id,
            bindings: patient.bindings.into_iter().map(view).collect(),
        }
    }
}

fn statement(request: &BindRequest) -> Result<Statement, Problem> {
    Ok(Statement {
        subject: text::address(&request.subject)
            .map_err(|fault| super::fault_in("subject", fault))?,
        nonce: text::uint256(&request.nonce).map_err(|fault| super::fault_in("nonce", fault))?,
        deadline: i64::try_from(request.deadline)
            .map_err(|_| super::fault_in("deadline", "is too far away"))?,
        signature: text::signature(&request.signature)
            .map_err(|fault| super::fault_in("signature", fault))?,
    })
}

fn checked_id(id: &str) -> Result<&str, Problem> {
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

impl From<BindError> for Problem {
    fn from(error: BindError) -> Self {
        let detail = format!("{error}.");
        match error {
            BindError::Signature(_) => Self::bad_request("invalid-signature", detail),
            BindError::PastDeadline => Self::bad_request("deadline-passed", detail),
            BindError::StaleNonce => Self::conflict("stale-nonce", detail),
            BindError::SubjectTaken => Self::conflict("subject-taken", detail),
            BindError::Store(error) => error.into(),
        }
    }
}

/// Bind a subject address to a patient.
#[utoipa::path(
    put,
    path = "/v1/patients/{fhirId}",
    tag = "directory",
    operation_id = "bindPatient",
    security(("accessToken" = ["admin:directory.write"])),
    params(("fhirId" = String, Path, description = "The id on the tenant's FHIR server.")),
    request_body = BindRequest,
    responses(
        (status = 200, description = "The binding was renewed, or was already there.", body = PatientView),
        (status = 201, description = "The subject now stands for the patient.", body = PatientView),
        (status = 400, description = "The request or its signature is wrong, or the deadline has passed.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
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
    let verified = patients::verify(&app.domain, &permit, fhir_id, statement(&request)?)?;
    let outcome = patients::bind(&app.db, &permit, verified, &app.random, app.now()).await?;
    metrics::counter!("directory_bindings_total", "outcome" => format!("{outcome:?}").to_lowercase()).increment(1);
    tracing::info!(corr_id = %CorrId::current(), tenant = permit.tenant(), ?outcome, "binding stored");
    let patient = patients::find(&app.db, &permit.read(), fhir_id)
        .await?
        .ok_or_else(unknown)?;
    let status = if outcome == Bound::Created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(PatientView::from(patient))).into_response())
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
