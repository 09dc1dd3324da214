//! The pages of the authorization endpoint: rendered here, without scripts.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use url::Url;

use crate::App;
use crate::db::StoreError;
use crate::grant::request::PageFault;
use crate::grant::words::Right;
use crate::session::cookie;

/// Why a page is shown in place of what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The request leads nowhere.
    #[error(transparent)]
    Request(#[from] PageFault),
    /// A form that our page did not make for this browser, or not for this question.
    #[error("This form has expired. Go back to the app and start again.")]
    Form,
    /// The database gave no answer.
    #[error("The service is not available at the moment. Try again shortly.")]
    Store(#[from] StoreError),
    /// Our fault.
    #[error("The service failed.")]
    Failed,
}

impl From<sqlx::Error> for PageError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl PageError {
    /// The page that says so.
    pub fn page(&self, app: &App) -> Response {
        let status = match self {
            Self::Request(_) | Self::Form => StatusCode::BAD_REQUEST,
            Self::Store(error) => {
                tracing::error!(corr_id = %service_kit::CorrId::current(), %error, "store error");
                match error {
                    StoreError::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::INTERNAL_SERVER_ERROR,
                }
            }
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
        };
        message(app, status, "This did not work", &self.to_string())
    }
}

/// What a browser may do with a page: nothing but send its form to us, and follow the answer to `lead`.
pub fn respond(
    app: &App,
    status: StatusCode,
    lead: Option<&str>,
    render: impl FnOnce(&str) -> askama::Result<String>,
) -> Response {
    let mut bytes = [0; 16];
    (app.random)(&mut bytes);
    let nonce = URL_SAFE_NO_PAD.encode(bytes);
    let Ok(html) = render(&nonce) else {
        tracing::error!("a page could not be rendered");
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let lead = lead.and_then(source).unwrap_or_default();
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'{lead}; frame-ancestors 'none'; base-uri 'none'"
    );
    let mut response = (status, Html(html)).into_response();
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        (header::CACHE_CONTROL, "no-store"),
        // Under `no-referrer` our own forms would say that they come from nowhere.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// A redirect URI as a source of `form-action`: browsers apply that to the redirects that a form leads to as well.
fn source(redirect_uri: &str) -> Option<String> {
    let url = Url::parse(redirect_uri).ok()?;
    let source = match url.scheme() {
        "http" | "https" => url.origin().ascii_serialization(),
        scheme => format!("{scheme}:"),
    };
    let sane = source
        .bytes()
        .all(|b| b.is_ascii_graphic() && !b";,'\"".contains(&b));
    sane.then(|| format!(" {source}"))
}

#[derive(Template)]
#[template(path = "oauth/message.html")]
struct Message<'a> {
    nonce: &'a str,
    title: &'a str,
    text: &'a str,
}

/// A page with a few words.
pub fn message(app: &App, status: StatusCode, title: &str, text: &str) -> Response {
    respond(app, status, None, |nonce| {
        Message { nonce, title, text }.render()
    })
}

/// Whether the app may act for the person.
#[derive(Template)]
#[template(path = "oauth/ask.html")]
pub struct Ask<'a> {
    /// Of this page.
    pub nonce: &'a str,
    /// What the app is called.
    pub app: &'a str,
    /// Where the person goes afterwards.
    pub host: &'a str,
    /// The request that waits.
    pub waiting: &'a str,
    /// That the form is ours.
    pub csrf: &'a str,
    /// What the app would get.
    pub rights: &'a [Right],
}

/// Whether the person wants to sign out.
#[derive(Template)]
#[template(path = "oauth/sign_out.html")]
pub struct SignOut<'a> {
    /// Of this page.
    pub nonce: &'a str,
    /// That the form is ours.
    pub csrf: &'a str,
    /// The request, repeated.
    pub fields: &'a [(&'a str, String)],
}

/// An app on the page of apps.
pub struct ListedApp {
    /// Its id.
    pub client_id: String,
    /// What it is called.
    pub name: String,
    /// When it was allowed.
    pub date: String,
    /// What it may do.
    pub rights: Vec<Right>,
}

/// The apps that may act for the person.
#[derive(Template)]
#[template(path = "oauth/apps.html")]
pub struct Apps<'a> {
    /// Of this page.
    pub nonce: &'a str,
    /// That the form is ours.
    pub csrf: &'a str,
    /// The apps.
    pub apps: &'a [ListedApp],
}

/// What the forms of this browser about `subject` carry, so that nobody else's form counts.
pub fn csrf(secret: &cookie::Secret, subject: &str) -> String {
    let digest = Sha256::new_with_prefix(b"form")
        .chain_update(secret.hash())
        .chain_update(subject)
        .finalize();
    URL_SAFE_NO_PAD.encode(digest)
}

/// Whether a form is ours: the browser says that it comes from our page, and it carries what only our page knows. Hashes
/// are compared, so that time tells nothing of the value.
pub fn is_ours(
    app: &App,
    headers: &axum::http::HeaderMap,
    secret: &cookie::Secret,
    subject: &str,
    sent: &str,
) -> bool {
    let from_us = headers
        .get(header::ORIGIN)
        .is_some_and(|origin| origin.as_bytes() == app.issuer.as_bytes());
    from_us && Sha256::digest(sent) == Sha256::digest(csrf(secret, subject))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_policy_lets_a_form_lead_to_the_app_and_nowhere_else() {
        assert_eq!(
            source("https://app.example/cb?x=1").as_deref(),
            Some(" https://app.example")
        );
        assert_eq!(
            source("http://127.0.0.1:7000/cb").as_deref(),
            Some(" http://127.0.0.1:7000")
        );
        assert_eq!(
            source("org.example.app:/cb").as_deref(),
            Some(" org.example.app:")
        );
        assert_eq!(source("nonsense"), None);
    }
}
