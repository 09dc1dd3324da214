//! `/v1/stop`: what a patient stops without a key, and lifts with one.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::extract::JsonBody;
use service_kit::{CorrId, Problem};
use time::OffsetDateTime;
use utoipa::ToSchema;
use uuid::Uuid;

use super::bindings::signed_by;
use crate::App;
use crate::directory::PatientPermit;
use crate::directory::statement::Lift;
use crate::directory::stops::{self, LiftError, Stop};

/// Everything of the patient is stopped.
#[derive(Debug, Serialize, ToSchema)]
pub struct StopView {
    /// The stop's id; whoever lifts it signs it.
    id: Uuid,
    /// Since when it holds.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    since: OffsetDateTime,
}

impl From<Stop> for StopView {
    fn from(stop: Stop) -> Self {
        Self {
            id: stop.id,
            since: stop.since,
        }
    }
}

/// Whether everything of oneself is stopped.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnStop {
    /// The stop that holds; null when there is none.
    stop: Option<StopView>,
}

/// A key's word that a stop is over: EIP-712 `LiftStop(string tenant,bytes32 patientRefHash,address subject,bytes16
/// stop,uint64 deadline)`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LiftRequest {
    /// The stop's id.
    stop: Uuid,
    /// The address that stands for the patient, and signs.
    subject: String,
    /// Unix seconds after which it is no longer accepted.
    deadline: u64,
    /// Of a passkey: the ERC-7913 signer.
    signer: Option<String>,
    /// Its signature.
    signature: String,
}

impl From<LiftError> for Problem {
    fn from(error: LiftError) -> Self {
        let detail = format!("{error}.");
        match error {
            LiftError::Statement(error) => error.into(),
            LiftError::ForeignSubject => Self::conflict("foreign-subject", detail),
            LiftError::NoStop => Self::not_found(detail),
            LiftError::Store(error) => error.into(),
        }
    }
}

/// Stop everything at once. Needs no key and no second factor; only a key lifts it.
#[utoipa::path(
    post,
    path = "/v1/stop",
    tag = "patient",
    operation_id = "stopEverything",
    security(("accessToken" = ["patient:consent.write"])),
    responses(
        (status = 200, description = "Everything was stopped before.", body = StopView),
        (status = 201, description = "Everything is stopped.", body = StopView),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn post(
    State(app): State<Arc<App>>,
    patient: PatientPermit,
) -> Result<Response, Problem> {
    let account = patient
        .account()
        .parse()
        .map_err(|_| Problem::forbidden("The token does not name an account."))?;
    let (stop, is_new) = stops::place(&app, &patient, account).await?;
    tracing::info!(corr_id = %CorrId::current(), tenant = patient.tenant(), is_new, "everything stopped");
    let status = if is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(StopView::from(stop))).into_response())
}

/// Whether everything of oneself is stopped.
#[utoipa::path(
    get,
    path = "/v1/stop",
    tag = "patient",
    operation_id = "getStop",
    security(("accessToken" = ["patient:consent.write"])),
    responses(
        (status = 200, description = "The stop, if there is one.", body = OwnStop),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    patient: PatientPermit,
) -> Result<Json<OwnStop>, Problem> {
    let stop = stops::find(&app.db, &patient.read(), patient.fhir_id()).await?;
    Ok(Json(OwnStop {
        stop: stop.map(Into::into),
    }))
}

/// Lift the stop, with the signature of a key that stands for oneself.
#[utoipa::path(
    post,
    path = "/v1/stop/lift",
    tag = "patient",
    operation_id = "liftStop",
    security(("accessToken" = ["patient:consent.write"])),
    request_body = LiftRequest,
    responses(
        (status = 204, description = "It is lifted; consents count again."),
        (status = 400, description = "The request or its signature is wrong, or the deadline has passed.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such stop holds.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The signing subject does not stand for the patient.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn lift(
    State(app): State<Arc<App>>,
    patient: PatientPermit,
    JsonBody(request): JsonBody<LiftRequest>,
) -> Result<StatusCode, Problem> {
    let (subject, deadline, proof) = signed_by(
        &request.subject,
        request.deadline,
        request.signer.as_deref(),
        &request.signature,
    )?;
    let lift = Lift {
        subject,
        stop: request.stop,
        deadline,
        proof,
    };
    lift.verify(&app, patient.tenant(), patient.fhir_id(), app.now())
        .await?;
    stops::lift(&app, &patient, &lift).await?;
    tracing::info!(corr_id = %CorrId::current(), tenant = patient.tenant(), "a stop was lifted");
    Ok(StatusCode::NO_CONTENT)
}
