//! `/api/…`: the order of checks is written once, in [`forward`].

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use service_kit::{Problem, extract};
use tokio::sync::OwnedSemaphorePermit;

use super::refusal;
use crate::forward::allowed::{self, Bearer};
use crate::forward::{Call, Target};
use crate::guard;
use crate::issuer::IssuerError;
use crate::portal::Portal;
use crate::session::cookie::Secret;
use crate::session::{Session, tokens};

/// A service says that the sign-in, not the token, is too weak or too old (RFC 9470).
const STEP_UP: &str = "insufficient_user_authentication";

/// Forwards a call: is it our page → may the application ask that → who is signed in → is it really our page → by
/// which token.
pub async fn forward(
    State(portal): State<Arc<Portal>>,
    request: Request,
) -> Result<Response, Problem> {
    let headers = request.headers();
    guard::check_sender(headers, &portal.origin)?;
    let path = request.uri().path().strip_prefix("/api/").unwrap_or("");
    let (route, rest) = allowed::find(portal.application, request.method(), path)
        .ok_or_else(|| Problem::not_found("The application has no such call."))?;
    let now = portal.now();
    let secret = portal
        .cookies
        .session(headers)
        .ok_or_else(refusal::nobody)?;
    let session = portal.sessions.find(&secret, now).await;
    let session = session.ok_or_else(refusal::nobody)?;
    guard::check_csrf(headers, &session)?;
    session.is_used(now);

    let query = request.uri().query();
    let mut call = Call {
        target: route.target,
        method: request.method().clone(),
        path: query.map_or_else(|| rest.to_owned(), |query| format!("{rest}?{query}")),
        headers: Call::headers(headers),
        body: Bytes::new(),
    };
    let place = stream_place(&call, &session)?;
    call.body = extract::body_bytes(request, &()).await?;
    let answer = match route.bearer {
        Bearer::None => portal.forwarder.send(&call, None).await?,
        Bearer::Needed => by_token(&portal, &secret, &session, &call).await?,
    };
    if call.target == Target::Auth && call.method != Method::GET && answer.status().is_success() {
        // A key was bound, a session ended: what tokens say of the person is old.
        session.tokens.lock().await.forget();
    }
    portal.forwarder.pass_on(&call, answer, place)
}

/// Sends a call by the person's token. A token that the service refuses is renewed once: it may have been revoked with
/// no harm meant, when a key was bound or an account changed.
async fn by_token(
    portal: &Portal,
    secret: &Secret,
    session: &Session,
    call: &Call,
) -> Result<reqwest::Response, Problem> {
    let place = (call.target, portal.forwarder.audience(call.target));
    let mut refused = None;
    loop {
        let token = tokens::token(
            session,
            &portal.issuer,
            place,
            refused.as_deref(),
            portal.now(),
        )
        .await;
        let token = match token {
            Ok(token) => token,
            Err(error) => {
                if error == IssuerError::Ended {
                    portal.sessions.end(secret, "refused").await;
                }
                return Err(refusal::issuer(&error));
            }
        };
        let answer = portal.forwarder.send(call, Some(&token)).await?;
        if refused.is_some() || !wants_another_token(&answer) {
            return Ok(answer);
        }
        refused = Some(token);
    }
}

fn wants_another_token(answer: &reqwest::Response) -> bool {
    let challenge = answer.headers().get(header::WWW_AUTHENTICATE);
    let step_up = challenge
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains(STEP_UP));
    answer.status() == StatusCode::UNAUTHORIZED && !step_up
}

/// A place for a stream, of which a session has few.
fn stream_place(call: &Call, session: &Session) -> Result<Option<OwnedSemaphorePermit>, Problem> {
    if !call.wants_stream() {
        return Ok(None);
    }
    let place = session.streams.clone().try_acquire_owned();
    place.map(Some).map_err(|_| {
        Problem::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too-many-streams",
            "Too many streams are open; ask without text/event-stream.",
        )
    })
}
