//! `GET`, `POST /oauth2/userinfo` (OpenID Connect Core §5.3).

use std::sync::Arc;

use access_token::{Call, Challenge, IdentityScope, TokenError};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::{CorrId, Problem};
use utoipa::ToSchema;

use crate::App;
use crate::token::error::no_store;
use crate::token::standing;

/// Who signed in.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserInfo {
    /// The account; a proxy's mandate.
    sub: String,
    /// The person as a FHIR resource, where `fhirUser` was granted.
    #[serde(rename = "fhirUser", skip_serializing_if = "Option::is_none")]
    fhir_user: Option<String>,
}

/// Who signed in.
#[utoipa::path(
    get,
    path = "/oauth2/userinfo",
    tag = "oauth",
    operation_id = "getUserInfo",
    responses(
        (status = 200, description = "Who.", body = UserInfo),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`openid` was not granted.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("accessToken" = ["openid"])),
)]
pub async fn get(State(app): State<Arc<App>>, request: Request) -> Response {
    respond(&app, request).await
}

/// The same by POST.
#[utoipa::path(
    post,
    path = "/oauth2/userinfo",
    tag = "oauth",
    operation_id = "postUserInfo",
    responses(
        (status = 200, description = "Who.", body = UserInfo),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "`openid` was not granted.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
    security(("accessToken" = ["openid"])),
)]
pub async fn post(State(app): State<Arc<App>>, request: Request) -> Response {
    respond(&app, request).await
}

async fn respond(app: &App, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let keys = app.keys.refresh(app.now()).await;
    let verified = app
        .verifier
        .verify_call_for_any_audience(Call::from(&parts), app.now())
        .await;
    let token = match (verified, keys) {
        (Ok(token), _) => token,
        (Err(TokenError::UnknownKey), Err(error)) => return Problem::from(error).into_response(),
        (Err(error), _) => return refused(error),
    };
    match standing::stands(app, &token, app.now()).await {
        Ok(true) => {}
        Ok(false) => return refused(TokenError::Revoked),
        Err(error) => return Problem::from(error).into_response(),
    }
    let claims = token.claims;
    // An exchanged token has none of these scopes: it speaks for the person towards one service and tells nobody who they
    // are.
    if !claims.scope.has(IdentityScope::OpenId) || claims.sign_in.is_none() {
        let problem = Problem::new(
            StatusCode::FORBIDDEN,
            "insufficient-scope",
            "This needs the scope openid.",
        );
        return challenged(problem, &Challenge::insufficient_scope("openid"));
    }
    let fhir_user = claims
        .fhir_user
        .filter(|_| claims.scope.has(IdentityScope::FhirUser));
    let info = UserInfo {
        sub: claims.sub,
        fhir_user,
    };
    (no_store(), Json(info)).into_response()
}

fn refused(error: TokenError) -> Response {
    tracing::info!(corr_id = %CorrId::current(), check = error.check(), "request not authenticated");
    let challenge = Challenge::from(error);
    let status = StatusCode::from_u16(challenge.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let problem = Problem::new(status, "unauthenticated", format!("{error}."));
    challenged(problem, &challenge)
}

fn challenged(problem: Problem, challenge: &Challenge) -> Response {
    let mut response = problem.into_response();
    let value = challenge
        .www_authenticate()
        .and_then(|text| HeaderValue::try_from(text).ok());
    if let Some(value) = value {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, value);
    }
    response
}
