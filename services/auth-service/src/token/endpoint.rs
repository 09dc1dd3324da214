//! `POST /oauth2/token` (RFC 6749 §4.4, RFC 7523, RFC 8707).

use std::sync::Arc;

use access_token::assertion::ASSERTION_TYPE;
use access_token::{Claims, MAX_TOKEN_LIFETIME};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::{CorrId, extract};
use utoipa::ToSchema;
use uuid::Uuid;

use super::issue::{self, Denial, Frame, Wish};
use super::keys::KeysError;
use crate::App;
use crate::client::authenticate::{AuthenticationError, authenticate};
use crate::client::{Client, GrantType};
use crate::db::StoreError;
use crate::directory::{ReadPermit, organizations};

/// A token request.
#[derive(Debug, Default, Deserialize, ToSchema)]
pub struct TokenForm {
    /// `client_credentials`.
    pub grant_type: Option<String>,
    /// `urn:ietf:params:oauth:client-assertion-type:jwt-bearer`.
    pub client_assertion_type: Option<String>,
    /// A JWT signed with ES256 by a registered key: iss = sub = the client's id, aud = the token endpoint or the
    /// issuer (a string), exp at most five minutes away, a jti that was never used.
    pub client_assertion: Option<String>,
    /// Optional; must be the assertion's `iss`.
    pub client_id: Option<String>,
    /// The scopes, separated by spaces. What the client may not have is left out.
    pub scope: Option<String>,
    /// The audience, one of those registered; without it the first of them.
    pub resource: Option<String>,
    /// The purpose of use, one of those registered; without it the first of them.
    pub purpose_of_use: Option<String>,
}

/// A token.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenResponse {
    /// The access token, a JWT.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until it expires.
    expires_in: i64,
    /// What was granted.
    scope: String,
}

/// An error of RFC 6749 §5.2.
#[derive(Debug, Serialize, ToSchema)]
pub struct OAuthError {
    #[serde(skip)]
    status: StatusCode,
    /// The error code.
    error: &'static str,
    /// What is wrong, in words.
    error_description: String,
    /// The failed check, for log and metrics.
    #[serde(skip)]
    check: &'static str,
    #[serde(skip)]
    used_http_authentication: bool,
}

impl OAuthError {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        let error_description = description.into();
        Self {
            status,
            error,
            error_description,
            check: error,
            used_http_authentication: false,
        }
    }

    fn invalid_request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", description)
    }

    fn invalid_client(description: impl Into<String>, check: &'static str) -> Self {
        Self {
            check,
            ..Self::new(StatusCode::UNAUTHORIZED, "invalid_client", description)
        }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        tracing::error!(corr_id = %CorrId::current(), %error, "store error");
        match error {
            StoreError::Unavailable => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "the database is not available, try again shortly",
            ),
            StoreError::Failed(_) | StoreError::Corrupt(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "server_error",
                "the service failed",
            ),
        }
    }
}

impl From<KeysError> for OAuthError {
    fn from(error: KeysError) -> Self {
        if let KeysError::Store(error) = error {
            return error.into();
        }
        tracing::error!(corr_id = %CorrId::current(), %error, "nothing can be signed");
        if error.is_passing() {
            StoreError::Unavailable.into()
        } else {
            StoreError::Corrupt("signing_keys").into()
        }
    }
}

impl From<AuthenticationError> for OAuthError {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Store(error) => error.into(),
            error => Self::invalid_client(error.to_string(), error.check()),
        }
    }
}

impl From<Denial> for OAuthError {
    fn from(denial: Denial) -> Self {
        Self::new(StatusCode::BAD_REQUEST, denial.code(), denial.to_string())
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let mut response = (self.status, no_store(), Json(&self)).into_response();
        if self.used_http_authentication {
            // RFC 6749 §5.2: answer in the scheme the client tried.
            let basic = header::HeaderValue::from_static(
                "Basic realm=\"not supported, use private_key_jwt\"",
            );
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, basic);
        }
        response
    }
}

fn no_store() -> [(header::HeaderName, &'static str); 2] {
    [
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ]
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
        (status = 400, description = "The request is malformed or asks for what this client cannot have.", body = OAuthError),
        (status = 401, description = "The client is not authenticated.", body = OAuthError),
        (status = 413, description = "The body is too large.", body = OAuthError),
        (status = 503, description = "The database is not available.", body = OAuthError),
    ),
)]
pub async fn token(State(app): State<Arc<App>>, request: Request) -> Response {
    match respond(&app, request).await {
        Ok((client, claims, response)) => {
            metrics::counter!("token_requests_total", "outcome" => "issued").increment(1);
            tracing::info!(
                corr_id = %CorrId::current(), client_id = client.id, tenant = client.tenant,
                persona = %client.persona, jti = claims.jti, "token issued"
            );
            (no_store(), Json(response)).into_response()
        }
        Err(error) => {
            metrics::counter!("token_requests_total", "outcome" => error.error).increment(1);
            tracing::info!(corr_id = %CorrId::current(), error = error.error, check = error.check, "token refused");
            error.into_response()
        }
    }
}

async fn respond(
    app: &App,
    request: Request,
) -> Result<(Client, Claims, TokenResponse), OAuthError> {
    let form = read_form(app, request).await?;
    match form.grant_type.as_deref() {
        Some("client_credentials") => {}
        Some(_) => {
            let description = "only client_credentials is supported";
            return Err(OAuthError::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                description,
            ));
        }
        None => return Err(OAuthError::invalid_request("grant_type is missing")),
    }
    let assertion = match (
        form.client_assertion_type.as_deref(),
        form.client_assertion.as_deref(),
    ) {
        (Some(ASSERTION_TYPE), Some(assertion)) => assertion,
        _ => {
            let description = format!(
                "authenticate with client_assertion and client_assertion_type={ASSERTION_TYPE}"
            );
            return Err(OAuthError::invalid_client(description, "no-assertion"));
        }
    };
    let client = authenticate(app, assertion).await?;
    if form.client_id.is_some_and(|id| id != client.id) {
        return Err(OAuthError::invalid_client(
            "client_id is not the assertion's iss",
            "client-id",
        ));
    }
    if !client.may(GrantType::ClientCredentials) {
        return Err(OAuthError::new(
            StatusCode::BAD_REQUEST,
            "unauthorized_client",
            "this client is not registered for this grant type",
        ));
    }
    let addresses = match &client.organization {
        Some(id) => organizations::addresses(&app.db, &ReadPermit::for_client(&client), id).await?,
        None => None,
    };
    let wish = Wish {
        scope: form.scope.as_deref().unwrap_or_default(),
        resource: form.resource.as_deref(),
        purpose_of_use: form.purpose_of_use.as_deref(),
    };
    let jti = Uuid::now_v7().simple().to_string();
    let frame = Frame {
        issuer: &app.issuer,
        now: app.now(),
        jti: &jti,
    };
    let claims = issue::claims(&client, addresses.as_deref(), wish, frame)?;
    let response = TokenResponse {
        access_token: app.keys.sign("at+jwt", &claims, app.now()).await?,
        token_type: "Bearer",
        expires_in: MAX_TOKEN_LIFETIME,
        scope: claims.scope.to_string(),
    };
    Ok((client, claims, response))
}

/// Parameters in the body only, each at most once (RFC 6749 §3.2); unknown ones are ignored, as the RFC demands.
async fn read_form(app: &App, request: Request) -> Result<TokenForm, OAuthError> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        let error =
            OAuthError::invalid_client("only private_key_jwt is supported", "http-authentication");
        return Err(OAuthError {
            used_http_authentication: true,
            ..error
        });
    }
    if request.uri().query().is_some() {
        return Err(OAuthError::invalid_request(
            "send the parameters in the body, not in the query",
        ));
    }
    let form_encoded = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if !form_encoded {
        return Err(OAuthError::invalid_request(
            "send the body as application/x-www-form-urlencoded",
        ));
    }
    let body = extract::body_bytes(request, app).await.map_err(|problem| {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        OAuthError::new(
            status,
            "invalid_request",
            "the body is too large or incomplete",
        )
    })?;
    let mut form = TokenForm::default();
    for (name, value) in url::form_urlencoded::parse(&body) {
        let field = match &*name {
            "grant_type" => &mut form.grant_type,
            "client_assertion_type" => &mut form.client_assertion_type,
            "client_assertion" => &mut form.client_assertion,
            "client_id" => &mut form.client_id,
            "scope" => &mut form.scope,
            "resource" => &mut form.resource,
            "purpose_of_use" => &mut form.purpose_of_use,
            _ => continue,
        };
        // A parameter without value counts as omitted.
        if value.is_empty() {
            continue;
        }
        if field.replace(value.into_owned()).is_some() {
            return Err(if name == "resource" {
                let description = "a token is for one resource";
                OAuthError::new(StatusCode::BAD_REQUEST, "invalid_target", description)
            } else {
                OAuthError::invalid_request(format!("{name} occurs twice"))
            });
        }
    }
    Ok(form)
}
