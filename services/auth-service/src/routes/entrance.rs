//! What all ways in have in common at their end.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::pages::{see_other, with_cookie};
use crate::session::cookie;
use crate::session::sign_in::Entered;

impl Entered {
    /// Goes on to a page.
    pub(super) fn to_page(&self, next: &str) -> Response {
        self.with_cookies(see_other(next))
    }

    /// Tells the passkey script where to go on.
    pub(super) fn to_script(&self, next: &str) -> Response {
        self.with_cookies(go_to(next))
    }

    fn with_cookies(&self, response: Response) -> Response {
        let cookies = [
            self.secret.set(),
            cookie::clear_visit(),
            self.device.set_device(),
        ];
        cookies.into_iter().fold(response, with_cookie)
    }
}

/// What the passkey script does next.
pub fn go_to(next: &str) -> Response {
    Json(json!({"next": next})).into_response()
}
