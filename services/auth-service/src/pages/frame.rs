//! What is around every page: whose it is, in which language, and the way to another one.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;

use super::language::Language;
use super::text::{Around, Words};
use super::wants::Place;
use super::{assets, with_cookie};
use crate::App;

/// What is around every page.
#[derive(Debug, Clone)]
pub struct Frame {
    /// What the custodian is called.
    pub site: String,
    /// The reader's.
    pub language: Language,
    /// Where the same is had in another one.
    place: Place,
    /// Whether the browser has yet to be told to keep the language.
    is_new: bool,
    pub(super) style: String,
    pub(super) passkey_script: String,
    pub(super) times_script: String,
}

impl FromRequestParts<Arc<App>> for Frame {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Infallible> {
        Ok(Self::of(app, &parts.headers, &parts.uri))
    }
}

impl Frame {
    /// For whoever sent these.
    pub fn of(app: &App, headers: &HeaderMap, uri: &Uri) -> Self {
        Self {
            site: app.means.site.clone(),
            language: Language::of_browser(headers),
            place: Place::of(uri),
            is_new: false,
            style: assets::path("style.css", assets::STYLE),
            passkey_script: assets::path("passkey.js", assets::PASSKEY_SCRIPT),
            times_script: assets::path("times.js", assets::TIMES_SCRIPT),
        }
    }

    /// In the language that was asked for, from now on.
    pub fn switch_to(&mut self, language: Language) {
        self.language = language;
        self.is_new = true;
    }

    /// Tells the browser to keep the language, unless it does.
    pub fn keep_language(&self, response: Response) -> Response {
        if self.is_new {
            with_cookie(response, self.language.keep())
        } else {
            response
        }
    }

    /// At another place.
    #[must_use]
    pub fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// At the page itself, without what was sent to it.
    #[must_use]
    pub fn bare(self) -> Self {
        let place = self.place.bare();
        self.at(place)
    }

    /// Every word in the reader's language.
    pub fn words(&self) -> &'static Words {
        self.language.words()
    }

    /// A sentence with a value in its place.
    pub fn fill(&self, text: &str, name: &str, value: &str) -> String {
        self.language.fill(text, name, value)
    }

    pub(super) fn around(&self) -> &'static Around {
        &self.words().around
    }

    pub(super) fn place(&self) -> &str {
        self.place.as_str()
    }

    pub(super) fn languages(&self) -> [Language; 3] {
        Language::ALL
    }
}
