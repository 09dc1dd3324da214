//! `GET /session/start`.

use std::sync::Arc;

use access_token::Acr;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use service_kit::Problem;
use service_kit::extract::QueryParams;

use super::refusal;
use crate::portal::Portal;
use crate::session::sign_in::{LONGEST, UiLocales, Wish, is_local_path};

/// What is asked of a sign-in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    #[serde(rename = "return")]
    return_to: Option<String>,
    acr: Option<Acr>,
    max_age: Option<u32>,
    ui_locales: Option<UiLocales>,
}

/// Begin a sign-in, or make one surer.
#[utoipa::path(
    get,
    path = "/session/start",
    operation_id = "startSession",
    params(
        ("return" = Option<String>, Query, description = "The path in the application to come back to; / when not given."),
        ("acr" = Option<String>, Query, description = "How surely: `aal1` or `aal2`."),
        ("max_age" = Option<u32>, Query, description = "How old the sign-in may be, in seconds."),
        ("ui_locales" = Option<String>, Query, description = "In which languages the sign-in service speaks to the person, best first, separated by spaces (OpenID Connect Core §3.1.2.1); those that it has not are ignored."),
    ),
    responses(
        (status = 303, description = "To the sign-in service."),
        (status = 400, description = "The path to come back to is not one of the application's, or another parameter is malformed.", body = Problem, content_type = "application/problem+json"),
        (status = 502, description = "The sign-in service refuses.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The sign-in service cannot be reached.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn start(
    State(portal): State<Arc<Portal>>,
    QueryParams(asked): QueryParams<Asked>,
) -> Result<Response, Problem> {
    let return_to = asked.return_to.unwrap_or_else(|| "/".to_owned());
    if !is_local_path(&return_to, &portal.origin) {
        let detail = "`return` must be a path of the application, such as /requests.";
        return Err(Problem::bad_request("invalid-parameter", detail));
    }
    let now = portal.now();
    let wish = Wish::new(return_to, asked.acr, asked.max_age, now);
    let languages = asked.ui_locales.as_ref();
    let pushed = portal.issuer.push(&wish, languages, now).await;
    let location = pushed.map_err(|error| refusal::issuer(&error))?;
    let sealed = portal.seal.close(&wish).map_err(|_| Problem::internal())?;
    let location = HeaderValue::try_from(location).map_err(|_| Problem::internal())?;
    let headers = [
        (header::LOCATION, location),
        (
            header::SET_COOKIE,
            portal.cookies.set_sign_in(&sealed, LONGEST),
        ),
    ];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}
