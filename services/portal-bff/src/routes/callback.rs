//! `GET /callback`: the browser comes back from the issuer.

use std::sync::Arc;

use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use service_kit::CorrId;

use super::end;
use crate::issuer::{IssuerError, word};
use crate::portal::Portal;
use crate::session::cookie::Secret;
use crate::session::tokens::Held;

/// What came back; a parameter that is there twice counts as none.
struct Answer {
    code: Option<String>,
    state: Option<String>,
    iss: Option<String>,
    error: Option<String>,
}

impl Answer {
    fn read(query: &str) -> Self {
        let one = |name: &str| {
            let mut values =
                url::form_urlencoded::parse(query.as_bytes()).filter(|(known, _)| known == name);
            let (value, more) = (values.next(), values.next());
            value
                .filter(|_| more.is_none())
                .map(|(_, value)| value.into_owned())
        };
        Self {
            code: one("code"),
            state: one("state"),
            iss: one("iss"),
            error: one("error"),
        }
    }
}

/// Complete a sign-in.
#[utoipa::path(
    get,
    path = "/callback",
    operation_id = "completeSession",
    params(
        ("code" = Option<String>, Query, description = "What the tokens are to be had for."),
        ("state" = Option<String>, Query, description = "As it was sent."),
        ("iss" = Option<String>, Query, description = "Who answers (RFC 9207)."),
        ("error" = Option<String>, Query, description = "Why there is no code."),
    ),
    responses((status = 303, description = "To where the person wanted to be; to /?sign-in=CODE when nothing came of it.")),
)]
pub async fn callback(
    State(portal): State<Arc<Portal>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let answer = Answer::read(&query.unwrap_or_default());
    match complete(&portal, &headers, answer).await {
        Ok((secret, return_to)) => {
            let set = portal.cookies.set_session(&secret);
            leave(&portal, &return_to, Some(set))
        }
        Err(code) => {
            tracing::info!(corr_id = %CorrId::current(), code, "a sign-in came to nothing");
            metrics::counter!("portal_sign_ins_total", "outcome" => "failed").increment(1);
            leave(&portal, &format!("/?sign-in={code}"), None)
        }
    }
}

async fn complete(
    portal: &Arc<Portal>,
    headers: &HeaderMap,
    answer: Answer,
) -> Result<(Secret, String), String> {
    let now = portal.now();
    let sealed = portal.cookies.sign_in(headers);
    let wish = sealed.and_then(|sealed| portal.seal.open(sealed, now));
    let wish = wish.ok_or("expired")?;
    if answer.state.as_ref() != Some(&wish.state) {
        return Err("state_mismatch".to_owned());
    }
    // RFC 9207: an answer of another issuer's is not redeemed here.
    if answer.iss.as_deref() != Some(portal.issuer.name()) {
        return Err("issuer_mismatch".to_owned());
    }
    if let Some(error) = answer.error {
        return Err(word(&error));
    }
    let code = answer.code.ok_or("no_code")?;
    let tokens = portal.issuer.redeem(&code, &wish.verifier, now).await;
    let tokens = tokens.map_err(failed)?;
    let claims = portal.issuer.read(&tokens.access_token, now).await;
    let claims = claims.map_err(failed)?;
    let held = Held::new(tokens, now).map_err(failed)?;
    // Whoever signs in anew gets a new session: nobody can have prepared this one.
    if let Some(old) = portal.cookies.session(headers)
        && let Some(old) = portal.sessions.end(&old, "replaced").await
    {
        end::give_back(portal.clone(), old);
    }
    let secret = portal.sessions.begin(claims, held, now).await;
    metrics::counter!("portal_sign_ins_total", "outcome" => "completed").increment(1);
    tracing::info!(corr_id = %CorrId::current(), "a session has begun");
    Ok((secret, wish.return_to))
}

fn failed(error: IssuerError) -> String {
    tracing::warn!(corr_id = %CorrId::current(), %error, "a code was not redeemed");
    let code = match error {
        IssuerError::Unavailable => "temporarily_unavailable",
        IssuerError::Ended => "expired",
        IssuerError::Refused(..) | IssuerError::Unusable(_) => "server_error",
    };
    code.to_owned()
}

fn leave(portal: &Portal, path: &str, session: Option<HeaderValue>) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/"));
    let clear = (header::SET_COOKIE, portal.cookies.clear_sign_in());
    let session = session.map(|value| (header::SET_COOKIE, value));
    let cookies = AppendHeaders([clear].into_iter().chain(session).collect::<Vec<_>>());
    let location = [(header::LOCATION, location)];
    (StatusCode::SEE_OTHER, location, cookies).into_response()
}
