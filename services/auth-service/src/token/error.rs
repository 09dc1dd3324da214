//! Errors of the OAuth endpoints, in the words of RFC 6749 §5.2.

use access_token::TokenError;
use axum::Json;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::CorrId;
use utoipa::ToSchema;

use super::issue::Denial;
use super::keys::KeysError;
use super::standing::StandingError;
use crate::client::authenticate::AuthenticationError;
use crate::db::StoreError;

/// An error of RFC 6749 §5.2.
#[derive(Debug, Serialize, ToSchema)]
pub struct OAuthError {
    #[serde(skip)]
    pub(crate) status: StatusCode,
    /// The error code.
    pub(crate) error: &'static str,
    /// What is wrong, in words.
    pub(crate) error_description: String,
    /// The failed check, for log and metrics.
    #[serde(skip)]
    pub(crate) check: &'static str,
    #[serde(skip)]
    used_http_authentication: bool,
}

impl OAuthError {
    /// 400 with this code.
    pub fn new(error: &'static str, description: impl Into<String>) -> Self {
        Self::with_status(StatusCode::BAD_REQUEST, error, description)
    }

    /// This code with another status.
    pub fn with_status(
        status: StatusCode,
        error: &'static str,
        description: impl Into<String>,
    ) -> Self {
        Self {
            status,
            error,
            error_description: description.into(),
            check: error,
            used_http_authentication: false,
        }
    }

    /// The request as written cannot be understood.
    pub fn invalid_request(description: impl Into<String>) -> Self {
        Self::new("invalid_request", description)
    }

    /// The code or token is not, or no longer, good. Why is for the log only.
    pub fn invalid_grant(check: &'static str) -> Self {
        let description = "the code or token is not valid, or no longer: start again";
        Self::new("invalid_grant", description).check(check)
    }

    /// The client is not the one it says it is.
    pub fn invalid_client(description: impl Into<String>, check: &'static str) -> Self {
        Self::with_status(StatusCode::UNAUTHORIZED, "invalid_client", description).check(check)
    }

    /// The client is not registered for this.
    pub fn unauthorized_client() -> Self {
        let description = "this client is not registered for this grant type";
        Self::new("unauthorized_client", description)
    }

    /// Our fault.
    pub fn server_error() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self::with_status(status, "server_error", "the service failed")
    }

    /// Names the check for log and metrics.
    #[must_use]
    pub fn check(self, check: &'static str) -> Self {
        Self { check, ..self }
    }

    /// Answers in the scheme that the client tried.
    #[must_use]
    pub(super) fn in_http_authentication(self) -> Self {
        Self {
            used_http_authentication: true,
            ..self
        }
    }
}

impl From<StoreError> for OAuthError {
    fn from(error: StoreError) -> Self {
        tracing::error!(corr_id = %CorrId::current(), %error, "store error");
        match error {
            StoreError::Unavailable => Self::with_status(
                StatusCode::SERVICE_UNAVAILABLE,
                "temporarily_unavailable",
                "the database is not available, try again shortly",
            ),
            StoreError::Failed(_) | StoreError::Corrupt(_) => Self::server_error(),
        }
    }
}

impl From<StandingError> for OAuthError {
    fn from(error: StandingError) -> Self {
        match error {
            StandingError::Store(error) => error.into(),
            StandingError::Projection(error) => {
                tracing::warn!(corr_id = %CorrId::current(), %error, "nothing is issued that would rest on it");
                let status = StatusCode::SERVICE_UNAVAILABLE;
                let description = "what the chain says is not known, try again shortly";
                Self::with_status(status, "temporarily_unavailable", description)
            }
        }
    }
}

impl From<sqlx::Error> for OAuthError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
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
            Self::server_error()
        }
    }
}

impl From<AuthenticationError> for OAuthError {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Store(error) => error.into(),
            AuthenticationError::Limited(limit) => Self::with_status(
                StatusCode::TOO_MANY_REQUESTS,
                "temporarily_unavailable",
                limit.to_string(),
            ),
            error => Self::invalid_client(error.to_string(), error.check()),
        }
    }
}

impl From<Denial> for OAuthError {
    fn from(denial: Denial) -> Self {
        Self::new(denial.code(), denial.to_string())
    }
}

impl From<TokenError> for OAuthError {
    /// Of a proof that came with the request (RFC 9449 §5).
    fn from(error: TokenError) -> Self {
        Self::new("invalid_dpop_proof", error.to_string()).check(error.check())
    }
}

impl IntoResponse for OAuthError {
    fn into_response(self) -> Response {
        let mut response = (self.status, no_store(), Json(&self)).into_response();
        if self.used_http_authentication {
            // RFC 6749 §5.2: answer in the scheme the client tried.
            let basic =
                HeaderValue::from_static("Basic realm=\"not supported, use private_key_jwt\"");
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, basic);
        }
        response
    }
}

/// Tokens stay out of caches.
pub fn no_store() -> [(HeaderName, &'static str); 2] {
    [
        (header::CACHE_CONTROL, "no-store"),
        (header::PRAGMA, "no-cache"),
    ]
}
