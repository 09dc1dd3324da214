//! What all ways in have in common at their end.

use axum::Json;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use uuid::Uuid;

use crate::App;
use crate::pages::{see_other, with_cookie};
use crate::session::cookie::{self, Secret};

/// What the device cookie is sealed for.
const DEVICE: &str = "device";

/// Whether this browser has signed in to this account before.
pub fn knows_device(app: &App, account: Uuid, device: &[u8]) -> bool {
    app.means
        .seal
        .open(DEVICE, &account.to_string(), device)
        .is_some()
}

/// Whom a browser is that has just signed in.
pub struct Entered {
    /// What it shows from now on.
    pub secret: Secret,
    /// Who signed in.
    pub account: Uuid,
}

impl Entered {
    /// Goes on to a page.
    pub fn to_page(&self, app: &App, next: &str) -> Response {
        self.with_cookies(app, see_other(next))
    }

    /// Tells the passkey script where to go on.
    pub fn to_script(&self, app: &App, next: &str) -> Response {
        self.with_cookies(app, go_to(next))
    }

    fn with_cookies(&self, app: &App, response: Response) -> Response {
        let owner = self.account.to_string();
        let device = app.means.seal.seal(DEVICE, &owner, b"", &app.random);
        let cookies: [HeaderValue; 3] = [
            self.secret.set(),
            cookie::clear_visit(),
            cookie::set_device(&device),
        ];
        cookies.into_iter().fold(response, with_cookie)
    }
}

/// What the passkey script does next.
pub fn go_to(next: &str) -> Response {
    Json(json!({"next": next})).into_response()
}
