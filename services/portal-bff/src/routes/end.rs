//! `POST /session/end`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::{CorrId, Problem};
use utoipa::ToSchema;

use super::refusal;
use crate::forward::Target;
use crate::guard;
use crate::portal::Portal;
use crate::session::{Session, tokens};

/// Where to go.
#[derive(Debug, Serialize, ToSchema)]
pub struct WayOut {
    /// An address of the sign-in service, which sends the browser back to the application.
    url: String,
}

/// End the session.
#[utoipa::path(
    post,
    path = "/session/end",
    operation_id = "endPortalSession",
    params(("X-CSRF-Token" = String, Header, description = "The csrf member of GET /session.")),
    responses(
        (status = 200, description = "It has ended, with all its tokens.", body = WayOut),
        (status = 401, description = "Nobody is signed in.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "Asked by another page than the application's own.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn end(
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
    guard::check_csrf(&headers, &session)?;
    portal.sessions.end(&secret, "ended").await;
    sign_out(&portal, &session).await;
    let clear = [(header::SET_COOKIE, portal.cookies.clear_session())];
    let url = portal.issuer.way_out();
    Ok((clear, Json(WayOut { url })).into_response())
}

/// Ends the sign-in at the issuer, and with it all that came of it. What cannot be told now ends by itself soon.
async fn sign_out(portal: &Arc<Portal>, session: &Arc<Session>) {
    let now = portal.now();
    let place = (Target::Auth, portal.issuer.audience());
    let outcome = match tokens::token(session, &portal.issuer, place, None, now).await {
        Ok(token) => match &session.claims().sign_in {
            Some(sign_in) => portal.issuer.sign_out(&sign_in.sid, &token).await,
            None => Ok(()),
        },
        Err(error) => Err(error),
    };
    if let Err(error) = outcome {
        tracing::warn!(corr_id = %CorrId::current(), %error, "a sign-in could not be ended");
    }
    give_back(portal.clone(), session.clone());
}

/// Gives a session's refresh token back, beside whatever goes on.
pub fn give_back(portal: Arc<Portal>, session: Arc<Session>) {
    let corr_id = CorrId::current();
    tokio::spawn(corr_id.scope(async move {
        let held = session.tokens.lock().await;
        let outcome = portal
            .issuer
            .revoke(held.refresh_token(), portal.now())
            .await;
        if let Err(error) = outcome {
            tracing::warn!(corr_id = %CorrId::current(), %error, "a refresh token could not be given back");
        }
    }));
}
