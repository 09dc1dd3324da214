//! `POST /oauth2/token` (RFC 6749 §3.2).

use std::sync::Arc;
use std::time::Duration;

use access_token::Claims;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::CorrId;
use utoipa::ToSchema;

use super::error::{OAuthError, no_store};
use super::form::{self, Form};
use super::people::Given;
use super::{client_credentials, code, exchange, person, refresh};
use crate::App;
use crate::client::GrantType;
use crate::revocation;

/// A token request. Which parameters it needs depends on `grant_type`.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "describes what token::form reads")]
pub struct TokenForm {
    /// `client_credentials`, `authorization_code`, `refresh_token` or
    /// `urn:ietf:params:oauth:grant-type:token-exchange`.
    grant_type: String,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`; absent for a public client.
    client_assertion_type: Option<String>,
    /// A JWT signed with ES256 by a registered key: iss = sub = the client's id, aud = the issuer or this endpoint (a
    /// string), exp at most five minutes away, a jti that was never used.
    client_assertion: Option<String>,
    /// Needed of a public client; otherwise optional, and the assertion's `iss`.
    client_id: Option<String>,
    /// The scopes, separated by spaces. What cannot be granted is left out.
    scope: Option<String>,
    /// The audience, one of those registered; without it the first of them. refresh_token: the one that was asked for, or
    /// for the custodian's own apps any that is registered; without it the one that was asked for.
    resource: Option<String>,
    /// client_credentials: the purpose of use, one of those registered; without it the first of them.
    purpose_of_use: Option<String>,
    /// authorization_code: the code.
    code: Option<String>,
    /// authorization_code: where the code was sent.
    redirect_uri: Option<String>,
    /// authorization_code: what the challenge is the SHA-256 of.
    code_verifier: Option<String>,
    /// refresh_token: the token.
    refresh_token: Option<String>,
    /// Exchange: an access token that this client obtained or receives.
    subject_token: Option<String>,
    /// Exchange: `urn:ietf:params:oauth:token-type:access_token`.
    subject_token_type: Option<String>,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenResponse {
    /// The access token, a JWT.
    access_token: String,
    /// `Bearer`, or `DPoP` for a token that is bound to a key.
    token_type: &'static str,
    /// Seconds until it expires.
    expires_in: i64,
    /// What was granted.
    scope: String,
    /// The refresh token; the one before is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// The ID token, where `openid` was granted.
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    /// The patient in context, where `launch/patient` was granted (SMART App Launch).
    #[serde(skip_serializing_if = "Option::is_none")]
    patient: Option<String>,
    /// Exchange: `urn:ietf:params:oauth:token-type:access_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    issued_token_type: Option<&'static str>,
}

/// Issue an access token.
#[utoipa::path(
    post,
    path = "/oauth2/token",
    tag = "oauth",
    operation_id = "issueToken",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A token.", body = TokenResponse),
        (status = 400, description = "The request is malformed, asks for what this client cannot have, or shows a code or token that does not count.", body = OAuthError),
        (status = 401, description = "The client is not authenticated.", body = OAuthError),
        (status = 413, description = "The body is too large.", body = OAuthError),
        (status = 429, description = "More tokens at once than anybody needs.", body = OAuthError),
        (status = 503, description = "The database is not available.", body = OAuthError),
    ),
)]
pub async fn token(State(app): State<Arc<App>>, request: Request) -> Response {
    match respond(&app, request).await {
        Ok((grant, claims, response)) => {
            metrics::counter!("token_requests_total", "outcome" => "issued", "grant" => grant.as_str())
                .increment(1);
            tracing::info!(
                corr_id = %CorrId::current(), client_id = claims.client_id, tenant = claims.tenant,
                persona = %claims.persona, jti = claims.jti, grant = grant.as_str(), "token issued"
            );
            (no_store(), Json(response)).into_response()
        }
        Err(error) => {
            metrics::counter!("token_requests_total", "outcome" => error.error, "grant" => "none")
                .increment(1);
            tracing::info!(corr_id = %CorrId::current(), error = error.error, check = error.check, "token refused");
            error.into_response()
        }
    }
}

async fn respond(
    app: &App,
    request: Request,
) -> Result<(GrantType, Claims, TokenResponse), OAuthError> {
    let form = Form::read(app, request).await?;
    let grant: GrantType = form.need("grant_type")?.parse().map_err(|_| {
        let supported = GrantType::ALL.map(GrantType::as_str).join(", ");
        OAuthError::new(
            "unsupported_grant_type",
            format!("supported are {supported}"),
        )
    })?;
    let endpoint = app.token_endpoint();
    let client = form.sender(app, &endpoint).await?;
    if !client.may(grant) {
        return Err(OAuthError::unauthorized_client());
    }
    let jkt = form::proven_key(app, &client, &form.headers, &endpoint).await?;
    let (claims, response) = match grant {
        GrantType::ClientCredentials => {
            let claims = client_credentials::respond(app, &client, &form, jkt).await?;
            own(app, claims).await?
        }
        GrantType::AuthorizationCode => {
            persons(app, code::respond(app, &client, &form, jkt).await?).await?
        }
        GrantType::RefreshToken => {
            persons(app, refresh::respond(app, &client, &form, jkt).await?).await?
        }
        GrantType::TokenExchange => {
            let claims = exchange::respond(app, &client, &form, jkt).await?;
            let (claims, mut response) = own(app, claims).await?;
            response.issued_token_type = Some(exchange::ACCESS_TOKEN);
            (claims, response)
        }
    };
    Ok((grant, claims, response))
}

/// The answer with an access token and nothing else.
async fn own(app: &App, claims: Claims) -> Result<(Claims, TokenResponse), OAuthError> {
    let bound = claims.cnf.is_some();
    let response = TokenResponse {
        access_token: app.keys.sign("at+jwt", &claims, app.now()).await?,
        token_type: if bound { "DPoP" } else { "Bearer" },
        expires_in: claims.exp - claims.iat,
        scope: claims.scope.to_string(),
        refresh_token: None,
        id_token: None,
        patient: None,
        issued_token_type: None,
    };
    Ok((claims, response))
}

/// Revocations count to the end of their second. A token of that very second would be dead when it is handed out, and the
/// person who has just signed in anew be sent away; so it is one of the next second, and handed out then.
async fn alive(app: &App, mut claims: Claims) -> Result<Claims, OAuthError> {
    let now = app.now();
    if !revocation::store::stands(&app.db, &claims, now).await? {
        let rest = 1_000_000_000 - u64::from(now.nanosecond());
        tokio::time::sleep(Duration::from_nanos(rest)).await;
        claims.iat += 1;
        claims.exp += 1;
    }
    Ok(claims)
}

/// The answer with all that an app gets from a person.
async fn persons(app: &App, given: Given) -> Result<(Claims, TokenResponse), OAuthError> {
    let patient = given.patient().map(str::to_owned);
    let (claims, mut response) = own(app, alive(app, given.claims).await?).await?;
    let token = &response.access_token;
    let id_token = person::id_token(&claims, &given.authorization, token, given.nonce);
    if let Some(id_token) = id_token {
        response.id_token = Some(app.keys.sign("JWT", &id_token, app.now()).await?);
    }
    response.refresh_token = given.refresh;
    response.patient = patient;
    Ok((claims, response))
}
