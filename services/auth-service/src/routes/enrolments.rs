//! `/v1/enrolments`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::extract::JsonBody;
use service_kit::{CorrId, Problem};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::App;
use crate::account::administration::AccountsPermit;
use crate::account::{Role, enrolment, store as accounts};
use crate::directory::{ReadPermit, organizations, text};

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

fn fhir_id(member: &str, value: Option<String>) -> Result<String, Problem> {
    value.filter(|id| text::is_fhir_id(id)).ok_or_else(|| {
        super::fault_in(
            member,
            "must be a FHIR id: 1 to 64 letters, digits, dots or hyphens",
        )
    })
}

async fn role(app: &App, request: EnrolmentRequest) -> Result<Role, Problem> {
    let persona = request.persona.as_deref();
    match (
        persona,
        request.fhir_id,
        request.organization,
        request.practitioner,
    ) {
        (Some("patient"), id, None, None) => Ok(Role::Patient {
            fhir_id: fhir_id("fhirId", id)?,
        }),
        (Some("provider"), None, Some(organization), practitioner) => {
            let organization =
                text::id(&organization).map_err(|fault| super::fault_in("organization", fault))?;
            let permit = ReadPermit::for_tenant(&app.tenant);
            if organizations::find(&app.db, &permit, &organization)
                .await?
                .is_none()
            {
                return Err(super::fault_in(
                    "organization",
                    "is not in the directory: store it there first",
                ));
            }
            let practitioner = match practitioner {
                Some(id) => Some(fhir_id("practitioner", Some(id))?),
                None => None,
            };
            Ok(Role::Provider {
                organization,
                practitioner,
            })
        }
        (Some("admin"), None, None, None) => Ok(Role::Admin),
        _ => Err(super::fault_in(
            "persona",
            "must be patient (with fhirId), provider (with organization, and practitioner if there is one) or admin, \
             and nothing else may be there",
        )),
    }
}

/// Make a one-time code by which somebody gets an account, or an account other ways to sign in.
#[utoipa::path(
    post,
    path = "/v1/enrolments",
    tag = "accounts",
    operation_id = "createEnrolment",
    security(("accessToken" = ["admin:accounts.write"])),
    request_body = EnrolmentRequest,
    responses(
        (status = 201, description = "The code; hand it to nobody else.", body = EnrolmentView),
        (status = 400, description = "The request is wrong.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The tenant has no such account.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn post(
    State(app): State<Arc<App>>,
    permit: AccountsPermit,
    JsonBody(request): JsonBody<EnrolmentRequest>,
) -> Result<Response, Problem> {
    let account = request.account;
    let role = match account {
        None => role(&app, request).await?,
        Some(id) => {
            let more = [
                &request.persona,
                &request.fhir_id,
                &request.organization,
                &request.practitioner,
            ];
            if more.into_iter().any(Option::is_some) {
                return Err(super::fault_in(
                    "account",
                    "stands alone: who it is was settled when it was made",
                ));
            }
            let found = accounts::find(&app.db, &app.tenant, id).await?;
            found.ok_or_else(super::accounts::unknown)?.role
        }
    };
    let now = app.now();
    let enrolment = enrolment::new(role, account, &app.means.enrolments, &app.random, now);
    let code = enrolment::create(
        &app.db,
        &app.tenant,
        &enrolment,
        permit.by(),
        &app.random,
        now,
    )
    .await?;
    let persona = enrolment.role.persona();
    tracing::info!(corr_id = %CorrId::current(), enrolment = %enrolment.id, %persona, by = permit.by(), "enrolment made");
    let view = EnrolmentView {
        id: enrolment.id,
        code: code.show(),
        expires_at: enrolment.expires_at,
    };
    Ok((StatusCode::CREATED, Json(view)).into_response())
}
