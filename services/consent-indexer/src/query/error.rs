//! Refusals of this service: problem+json, with the `WWW-Authenticate` header where a token is at fault.

use access_token::{Challenge, TokenError};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_kit::Problem;

use crate::projection::ProjectionError;

/// A refusal.
#[derive(Debug)]
pub struct ApiError {
    problem: Box<Problem>,
    challenge: Option<String>,
}

impl From<Problem> for ApiError {
    fn from(problem: Problem) -> Self {
        Self {
            problem: Box::new(problem),
            challenge: None,
        }
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        let check = error.check();
        metrics::counter!("token_refusals_total", "check" => check).increment(1);
        let challenge = Challenge::from(error);
        let status = StatusCode::from_u16(challenge.status()).unwrap_or(StatusCode::UNAUTHORIZED);
        let slug = match status {
            StatusCode::UNAUTHORIZED => "unauthenticated",
            StatusCode::SERVICE_UNAVAILABLE => "unavailable",
            _ => "bad-request",
        };
        Self {
            problem: Box::new(Problem::new(status, slug, sentence(&error))),
            challenge: challenge.www_authenticate(),
        }
    }
}

impl From<ProjectionError> for ApiError {
    fn from(error: ProjectionError) -> Self {
        if error.is_final() {
            tracing::error!(%error, "a query failed");
            return Problem::internal().into();
        }
        tracing::warn!(%error, "the database cannot be used");
        Problem::unavailable("The database cannot be used right now.").into()
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        ProjectionError::from(error).into()
    }
}

impl ApiError {
    /// 403: a good token without the scope that this needs.
    pub fn insufficient_scope(scope: &str) -> Self {
        Self {
            problem: Box::new(Problem::forbidden(format!(
                "The token lacks a scope that allows this: {scope}."
            ))),
            challenge: Challenge::insufficient_scope(scope).www_authenticate(),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (*self.problem).into_response();
        if let Some(value) = self
            .challenge
            .and_then(|challenge| HeaderValue::from_str(&challenge).ok())
        {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, value);
        }
        response
    }
}

fn sentence(error: &TokenError) -> String {
    let text = error.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
