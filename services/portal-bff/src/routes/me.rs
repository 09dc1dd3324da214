//! `GET /session`.

use std::sync::Arc;

use access_token::{Acr, Claims};
use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::Problem;
use utoipa::ToSchema;

use super::refusal;
use crate::forward::Target;
use crate::guard;
use crate::issuer::IssuerError;
use crate::portal::Portal;
use crate::session::{Session, tokens};

/// Who is signed in. What a token does not say is absent.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    /// `patient`, `provider` or `admin`.
    persona: String,
    /// The custodian.
    tenant: String,
    /// The patient: an id on the custodian's FHIR server.
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<String>,
    /// The patient's first address on chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// All of the patient's addresses on chain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subjects: Vec<String>,
    /// The clinician's organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    organization: Option<String>,
    /// The addresses on chain by which the clinician asks: the organisation's, and their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    grantees: Vec<String>,
    /// The clinician's own record, such as `Practitioner/7`.
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner: Option<String>,
    /// What was granted.
    scopes: Vec<String>,
    /// How surely they signed in: `aal1` or `aal2`.
    #[schema(value_type = String, example = "aal2")]
    acr: Acr,
    /// When they did, Unix seconds.
    auth_time: i64,
    /// When the session ends whatever happens, Unix seconds.
    ends_at: i64,
    /// When it ends if nothing is called, Unix seconds.
    idle_ends_at: i64,
    /// To be sent as `X-CSRF-Token` with each call.
    csrf: String,
}

impl SessionView {
    fn of(session: &Session, claims: &Claims) -> Option<Self> {
        let sign_in = claims.sign_in.as_ref()?;
        let scope = claims.scope.to_string();
        let practitioner = claims.fhir_user.as_deref();
        Some(Self {
            persona: claims.persona.to_string(),
            tenant: claims.tenant.clone(),
            patient: claims.patient.clone(),
            subject: claims.subjects.first().cloned(),
            subjects: claims.subjects.clone(),
            organization: claims.org.clone(),
            grantees: claims.grantees.clone(),
            practitioner: practitioner
                .filter(|user| user.starts_with("Practitioner"))
                .map(str::to_owned),
            scopes: scope.split(' ').map(str::to_owned).collect(),
            acr: sign_in.acr,
            auth_time: sign_in.auth_time,
            ends_at: session.ends_at().unix_timestamp(),
            idle_ends_at: session.idle_ends_at().unix_timestamp(),
            csrf: session.csrf.clone(),
        })
    }
}

/// Ask who is signed in.
///
/// No call by the person, so that asking does not keep a session alive.
#[utoipa::path(
    get,
    path = "/session",
    operation_id = "getSession",
    responses(
        (status = 200, description = "Who is signed in.", body = SessionView),
        (status = 401, description = "Nobody is.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Asked by another page than the application's own.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    guard::check_sender(&headers, &portal.origin)?;
    let now = portal.now();
    let secret = portal
        .cookies
        .session(&headers)
        .ok_or_else(refusal::nobody)?;
    let session = portal.sessions.find(&secret, now).await;
    let session = session.ok_or_else(refusal::nobody)?;
    let place = (Target::Auth, portal.issuer.audience());
    // While the issuer is away, what it said last is said.
    if let Err(IssuerError::Ended) = tokens::token(&session, &portal.issuer, place, None, now).await
    {
        portal.sessions.end(&secret, "refused").await;
        return Err(refusal::nobody());
    }
    let view = SessionView::of(&session, &session.claims()).ok_or_else(Problem::internal)?;
    Ok(Json(view).into_response())
}
