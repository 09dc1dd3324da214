//! What people see in place of a page, and the passkey script in place of an answer.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use service_kit::{CorrId, Problem};

use super::frame::Frame;
use super::language::Language;
use super::text;
use super::views::Message;
use crate::App;
use crate::account::password::Busy;
use crate::db::StoreError;
use crate::grant::request::PageFault;
use crate::limit::TooMany;
use crate::limit::backoff::BackoffError;
use crate::session::sign_in::SignInError;
use crate::token::keys::seal::SealError;
use crate::token::standing::StandingError;

/// Why there is no page.
#[derive(Debug, Clone)]
pub enum PageError {
    /// The database is away.
    Unavailable,
    /// Our fault.
    Failed,
    /// Too many passwords are being checked.
    Busy,
    /// Too many requests, or too many failures.
    TooMany(Duration),
    /// The form was not made by us for this browser.
    NotOurForm,
    /// The form lacks something, or has it twice.
    BadForm,
    /// The link is not one of ours.
    BadLink,
    /// What this is a step of is over.
    Over,
    /// An app's request leads nowhere.
    Request(PageFault),
    /// An account that is closed.
    Closed,
    /// The proof is less than the persona needs.
    NotEnough,
    /// The passkey's answer does not hold.
    PasskeyRefused,
    /// There are no passkeys at this address.
    NoPasskeys,
    /// Signed in, but not long enough ago or not surely enough; or not signed in at all. Where to sign in.
    SignIn(String),
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        tracing::error!(corr_id = %CorrId::current(), %error, "store error");
        match error {
            StoreError::Unavailable => Self::Unavailable,
            StoreError::Failed(_) | StoreError::Corrupt(_) => Self::Failed,
        }
    }
}

impl From<StandingError> for PageError {
    fn from(error: StandingError) -> Self {
        match error {
            StandingError::Store(error) => error.into(),
            StandingError::Projection(error) => {
                tracing::warn!(corr_id = %CorrId::current(), %error, "nothing is issued that would rest on it");
                Self::Unavailable
            }
        }
    }
}

impl From<PageFault> for PageError {
    fn from(fault: PageFault) -> Self {
        Self::Request(fault)
    }
}

impl From<sqlx::Error> for PageError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

impl From<Busy> for PageError {
    fn from(_: Busy) -> Self {
        metrics::counter!("requests_limited_total", "limit" => "password-checks").increment(1);
        Self::Busy
    }
}

impl From<TooMany> for PageError {
    fn from(TooMany(wait): TooMany) -> Self {
        Self::TooMany(wait)
    }
}

impl From<BackoffError> for PageError {
    fn from(error: BackoffError) -> Self {
        match error {
            BackoffError::TooSoon(wait) => wait.into(),
            BackoffError::Store(error) => error.into(),
        }
    }
}

impl From<SignInError> for PageError {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Closed => Self::Closed,
            SignInError::NotEnough => Self::NotEnough,
            SignInError::Store(error) => error.into(),
        }
    }
}

impl From<SealError> for PageError {
    fn from(error: SealError) -> Self {
        tracing::error!(corr_id = %CorrId::current(), %error, "seal error");
        match error {
            SealError::Unavailable => Self::Unavailable,
            SealError::OtherKey | SealError::Damaged => Self::Failed,
        }
    }
}

impl PageError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable | Self::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Self::Failed => StatusCode::INTERNAL_SERVER_ERROR,
            Self::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::NotOurForm | Self::Closed | Self::NotEnough => StatusCode::FORBIDDEN,
            Self::BadForm | Self::BadLink | Self::Over | Self::Request(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::PasskeyRefused => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NoPasskeys => StatusCode::NOT_FOUND,
            Self::SignIn(_) => StatusCode::UNAUTHORIZED,
        }
    }

    fn slug(&self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Failed => "internal-error",
            Self::Busy => "busy",
            Self::TooMany(_) => "too-many-requests",
            Self::NotOurForm => "not-our-form",
            Self::BadForm => "invalid-body",
            Self::BadLink => "invalid-link",
            Self::Over => "over",
            Self::Request(fault) => fault.slug(),
            Self::Closed => "account-closed",
            Self::NotEnough => "proof-not-enough",
            Self::PasskeyRefused => "passkey-refused",
            Self::NoPasskeys => "no-passkeys",
            Self::SignIn(_) => "sign-in-needed",
        }
    }

    fn sentence(&self, language: Language) -> String {
        let text = &language.words().messages;
        match self {
            Self::Unavailable => text.unavailable,
            Self::Failed => text.failed,
            Self::Busy => text.busy,
            Self::TooMany(wait) => {
                let seconds = language.number(seconds(*wait));
                return text::fill(text.too_many, "seconds", &seconds);
            }
            Self::NotOurForm => text.not_our_form,
            Self::BadForm => text.bad_form,
            Self::BadLink => text.bad_link,
            Self::Over => text.over,
            Self::Request(PageFault::UnknownClient) => text.unknown_client,
            Self::Request(PageFault::UnknownRedirect) => text.unknown_redirect,
            Self::Request(PageFault::UnknownRequest) => text.unknown_request,
            Self::Closed => text.closed,
            Self::NotEnough => text.not_enough,
            Self::PasskeyRefused => text.passkey_refused,
            Self::NoPasskeys => text.no_passkeys,
            Self::SignIn(_) => text.sign_in_needed,
        }
        .to_owned()
    }

    fn retry_after(&self) -> Option<HeaderValue> {
        match self {
            Self::Unavailable | Self::Busy => Some(HeaderValue::from_static("5")),
            Self::TooMany(wait) => HeaderValue::try_from(seconds(*wait).to_string()).ok(),
            _ => None,
        }
    }
}

/// Whole seconds that are long enough.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl IntoResponse for PageError {
    /// The error itself travels along, for [`as_page`] or [`as_problem`] to put it into words.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Middleware of pages: errors become pages, in the language of whoever asked.
pub async fn as_page(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let frame = Frame::of(&app, request.headers(), request.uri());
    in_frame(frame, next.run(request).await)
}

/// The response, or a page if it is an error.
pub fn in_frame(frame: Frame, mut response: Response) -> Response {
    let Some(error) = response.extensions_mut().remove::<PageError>() else {
        return response;
    };
    log(&error);
    if let PageError::SignIn(path) = &error {
        return super::see_other(path);
    }
    let sentence = error.sentence(frame.language);
    let frame = match error {
        PageError::BadLink => frame.bare(),
        _ => frame,
    };
    let mut page = super::page(error.status(), &Message::of_error(frame, sentence))
        .unwrap_or_else(|_| Problem::internal().into_response());
    retry_after(&error, &mut page);
    page
}

/// Middleware of what the passkey script asks: errors become problems, in the language of whoever asked.
pub async fn as_problem(request: Request, next: Next) -> Response {
    let language = Language::of_browser(request.headers());
    let mut response = next.run(request).await;
    let Some(error) = response.extensions_mut().remove::<PageError>() else {
        return response;
    };
    log(&error);
    let problem = Problem::new(error.status(), error.slug(), error.sentence(language));
    let mut problem = problem.into_response();
    retry_after(&error, &mut problem);
    problem
}

fn retry_after(error: &PageError, response: &mut Response) {
    if let Some(value) = error.retry_after() {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
}

fn log(error: &PageError) {
    tracing::info!(corr_id = %CorrId::current(), check = error.slug(), "page refused");
}
