//! Refusals as answers.

use access_token::{Challenge, TokenError};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_kit::{CorrId, Problem};

use crate::intent::intake::{Refusal, SCOPE};
use crate::intent::limits::TooOften;
use crate::queue::QueueError;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let check = self.name();
        metrics::counter!("relay_refusals_total", "check" => check).increment(1);
        tracing::info!(corr_id = %CorrId::current(), check, "an intent is not taken in");
        let unprocessable = |slug, detail: String| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, slug, detail).into_response()
        };
        match self {
            Self::Malformed(error) => {
                Problem::bad_request("invalid-intent", sentence(&error.to_string())).into_response()
            }
            Self::Signature => unprocessable(
                "invalid-signature",
                "The signature is not the actor's over this intent, for this registry and chain.".to_owned(),
            ),
            Self::Deadline => unprocessable(
                "deadline-passed",
                "The deadline is over; sign again with a later one.".to_owned(),
            ),
            Self::Registry(reason) => unprocessable(
                "refused-by-registry",
                format!(
                    "The registry refuses this intent now: {reason}. See its documentation; most likely the state it \
                     was signed for has changed."
                ),
            ),
            Self::NotEnrolled => Problem::forbidden(
                "Only for patients whose custodian has enrolled this subject. Stops are taken from anyone.",
            )
            .into_response(),
            Self::Token(error) => token(error),
            Self::Scope => scope(SCOPE),
            Self::NotGrantee => Problem::forbidden(
                "The token's organisation does not have the address that signed.",
            )
            .into_response(),
            Self::TooOften(TooOften(wait)) => with(
                Problem::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "too-many-requests",
                    "Wait as Retry-After says. Stops with the signature of a key are never limited.",
                ),
                header::RETRY_AFTER,
                Some((wait.as_secs() + 1).to_string()),
            ),
            Self::Unavailable(what) => {
                Problem::unavailable(format!("{what} right now; try again shortly."))
                    .into_response()
            }
            Self::Queue(error) => queue(&error).into_response(),
        }
    }
}

impl Refusal {
    fn name(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Signature => "signature",
            Self::Deadline => "deadline",
            Self::Registry(_) => "registry",
            Self::NotEnrolled => "not-enrolled",
            Self::Token(error) => error.check(),
            Self::Scope => "scope",
            Self::NotGrantee => "not-grantee",
            Self::TooOften(_) => "too-often",
            Self::Unavailable(_) => "unavailable",
            Self::Queue(_) => "queue",
        }
    }
}

/// What a fault of the queue means to a caller.
pub fn queue(error: &QueueError) -> Problem {
    tracing::error!(corr_id = %CorrId::current(), %error, "the queue cannot be used");
    match error {
        QueueError::Unavailable => Problem::unavailable(
            "The queue cannot be used right now; nothing was taken in. Try again shortly.",
        ),
        QueueError::Failed(_) | QueueError::Corrupt(_) => Problem::internal(),
    }
}

/// The token is good and lacks this scope.
pub fn scope(scope: &str) -> Response {
    with(
        Problem::forbidden(format!("This needs a token with the scope {scope}.")),
        header::WWW_AUTHENTICATE,
        Challenge::insufficient_scope(scope).www_authenticate(),
    )
}

/// No token, or a bad one.
pub fn token(error: TokenError) -> Response {
    let text = sentence(&error.to_string());
    let challenge = Challenge::from(error);
    let status = StatusCode::from_u16(challenge.status()).unwrap_or(StatusCode::UNAUTHORIZED);
    let slug = match status {
        StatusCode::UNAUTHORIZED => "unauthenticated",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ => "bad-request",
    };
    let problem = Problem::new(status, slug, text);
    with(
        problem,
        header::WWW_AUTHENTICATE,
        challenge.www_authenticate(),
    )
}

fn with(problem: Problem, name: HeaderName, value: Option<String>) -> Response {
    let mut response = problem.into_response();
    if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
        response.headers_mut().insert(name, value);
    }
    response
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}
