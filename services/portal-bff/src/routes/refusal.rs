//! Refusals as answers.

use axum::http::StatusCode;
use service_kit::{CorrId, Problem};

use crate::issuer::IssuerError;

/// 401: nobody is signed in.
pub fn nobody() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "session-ended",
        "Nobody is signed in, or no longer. Sign in again at /session/start.",
    )
}

/// What a fault of the issuer's means to a page.
pub fn issuer(error: &IssuerError) -> Problem {
    if *error == IssuerError::Ended {
        return nobody();
    }
    tracing::warn!(corr_id = %CorrId::current(), %error, "no token");
    metrics::counter!("portal_issuer_failures_total").increment(1);
    match error {
        IssuerError::Unavailable => Problem::unavailable(
            "The sign-in service cannot be reached right now; try again shortly.",
        ),
        _ => Problem::new(
            StatusCode::BAD_GATEWAY,
            "service-unavailable",
            "The sign-in service gives no access to this; quote the correlation id when reporting it.",
        ),
    }
}
