//! The pages people sign in on: rendered here, readable without scripts, in plain words.
//!
//! `text` holds every word in every language, a page in one place; `language` says which one somebody reads; the templates
//! hold the markup. What a page may do is said in its headers.

pub mod apps;
pub mod assets;
pub mod browser;
pub mod error;
pub mod frame;
pub mod language;
pub mod rights;
pub mod text;
pub mod views;
pub mod wants;

use askama::Template;
use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use self::error::PageError;
use self::frame::Frame;
use crate::App;

/// Scripts, styles and the passkey script's questions are ours alone; forms lead to us alone; nobody frames us.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What every page says of itself. `same-origin` and not `no-referrer`: under that, browsers send `Origin: null` with our
/// own forms, and we could not tell them from others'. Nobody else learns anything by either.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::CACHE_CONTROL, "no-store"),
    (header::REFERRER_POLICY, "same-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
];

/// Adds what every page says of itself.
pub async fn protect(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        // A page whose form leads elsewhere says so itself.
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What a browser gets from a handler that is not among the pages' routes: a page in any case.
pub async fn shown(frame: Frame, outcome: Result<Response, PageError>) -> Response {
    let response = outcome.unwrap_or_else(IntoResponse::into_response);
    let response = frame.keep_language(response);
    protect(error::in_frame(frame, response)).await
}

/// One more page for whoever sends this request.
///
/// # Errors
/// When it was too many.
pub fn limit(app: &App, request: &Request) -> Result<(), PageError> {
    let source = &app.limits.source;
    let network = source.network(request.headers(), request.extensions());
    Ok(app.limits.page(network)?)
}

/// A page.
///
/// # Errors
/// When it cannot be rendered.
pub fn page(status: StatusCode, template: &impl Template) -> Result<Response, PageError> {
    let html = template.render().map_err(|error| {
        tracing::error!(%error, "a page could not be rendered");
        PageError::Failed
    })?;
    Ok((status, Html(html)).into_response())
}

/// Goes on to another page of ours, by GET.
pub fn see_other(path: &str) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static("/account"));
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response()
}

/// The response with one more cookie.
#[must_use]
pub fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(header::SET_COOKIE, cookie);
    response
}
