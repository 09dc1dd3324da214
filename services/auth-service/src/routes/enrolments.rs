//! `/v1/enrolments`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::extract::JsonBody;
use service_kit::{CorrId, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::App;
use crate::account::code::Code;
use crate::account::enrolment::Enrolment;
use crate::account::invite::{self, InviteError, InvitePermit, Wanted};
use crate::limit::TooMany;

/// Whom a code is for: exactly one of `persona` with what belongs to it, or `account`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EnrolmentRequest {
    /// `patient`, `provider` or `admin`.
    persona: Option<String>,
    /// A patient's id on the custodian's FHIR server.
    fhir_id: Option<String>,
    /// A provider's organisation, as the directory knows it.
    organization: Option<String>,
    /// A provider's id as a FHIR Practitioner.
    practitioner: Option<String>,
    /// An account that has lost what it proved itself with. All of that ends when the code is used.
    #[schema(value_type = Option<String>)]
    account: Option<Uuid>,
}

/// A code.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentView {
    /// The enrolment's id.
    #[schema(value_type = String)]
    id: Uuid,
    /// The code. It is shown here only.
    #[schema(example = "7K2M-9QXW-4TDH-0B5R")]
    code: String,
    /// When it ends (RFC 3339).
    #[schema(format = DateTime, value_type = String)]
    #[serde(with = "time::serde::rfc3339")]
    expires_at: time::OffsetDateTime,
}

impl From<(Enrolment, Code)> for EnrolmentView {
    fn from((enrolment, code): (Enrolment, Code)) -> Self {
        Self {
            id: enrolment.id,
            code: code.show(),
            expires_at: enrolment.expires_at,
        }
    }
}

impl From<EnrolmentRequest> for Wanted {
    fn from(request: EnrolmentRequest) -> Self {
        Self {
            persona: request.persona,
            fhir_id: request.fhir_id,
            organization: request.organization,
            practitioner: request.practitioner,
            account: request.account,
        }
    }
}

fn refused(error: InviteError, permit: &InvitePermit) -> Response {
    let text = error.to_string();
    let check = match &error {
        InviteError::NotYours(_) => "not-yours",
        InviteError::HasAccount => "already-enrolled",
        InviteError::TooMany(_) => "too-many-requests",
        InviteError::Fault { .. } | InviteError::UnknownAccount | InviteError::Store(_) => {
            "request"
        }
    };
    tracing::info!(corr_id = %CorrId::current(), by = permit.by(), check, "no enrolment made");
    match error {
        InviteError::Fault { member, rule } => super::fault_in(member, rule).into_response(),
        InviteError::UnknownAccount => super::accounts::unknown().into_response(),
        InviteError::NotYours(_) => Problem::forbidden(text).into_response(),
        InviteError::HasAccount => Problem::conflict(
            "already-enrolled",
            "Whom this code is for has an account already. An administrator makes a code for that account.",
        )
        .into_response(),
        InviteError::TooMany(TooMany(wait)) => {
            let problem = Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too-many-requests",
                "Your organisation has made all the codes that it may make in an hour. Try again after Retry-After seconds.",
            );
            let wait = [(header::RETRY_AFTER, wait.as_secs().to_string())];
            (wait, problem).into_response()
        }
        InviteError::Store(error) => Problem::from(error).into_response(),
    }
}

/// Make a one-time code by which somebody gets an account, or an account other ways to sign in.
///
/// Administrators do so for anybody. An organisation's backend does so for patients and for practitioners of its own whom it
/// names, who have no account yet; so many in an hour.
#[utoipa::path(
    post,
    path = "/v1/enrolments",
    tag = "accounts",
    operation_id = "createEnrolment",
    security(("accessToken" = ["admin:accounts.write"]), ("accessToken" = ["provider:enrolments.write"])),
    request_body = EnrolmentRequest,
    responses(
        (status = 201, description = "The code; hand it to nobody else.", body = EnrolmentView),
        (status = 400, description = "The request is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it, or not for this person.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such account.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "An organisation's code, for somebody who has an account.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "The organisation has made all that it may in an hour.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn post(
    State(app): State<Arc<App>>,
    permit: InvitePermit,
    JsonBody(request): JsonBody<EnrolmentRequest>,
) -> Response {
    let terms = &app.means.enrolments;
    let (tenant, now) = (&app.tenant, app.now());
    let wanted = request.into();
    let made = invite::invite(&app.db, tenant, &permit, wanted, terms, &app.random, now).await;
    let (enrolment, code) = match made {
        Ok(made) => made,
        Err(error) => return refused(error, &permit),
    };
    let persona = enrolment.role.persona();
    tracing::info!(corr_id = %CorrId::current(), enrolment = %enrolment.id, %persona, by = permit.by(), "enrolment made");
    let view = EnrolmentView::from((enrolment, code));
    (StatusCode::CREATED, Json(view)).into_response()
}
