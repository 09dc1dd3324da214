//! Style and script of the pages.

use axum::http::{HeaderName, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// The style sheet.
pub const STYLE: &str = include_str!("../../assets/style.css");
/// The script that writes times as their reader counts them; without it they stay as ISO 8601 has them.
pub const TIMES_SCRIPT: &str = include_str!("../../assets/times.js");
/// The script that asks the browser for passkeys; pages work without it, but for passkeys.
pub const PASSKEY_SCRIPT: &str = include_str!("../../assets/passkey.js");

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The pages name the content's hash, so that what is kept is never old.
const KEPT: &str = "public, max-age=31536000, immutable";

/// The path under which a page names this content.
pub fn path(name: &str, content: &str) -> String {
    let digest = Sha256::digest(content);
    format!("/assets/{name}?v={}", hex::encode(&digest[..6]))
}

fn asset(kind: &'static str, content: &'static str) -> Response {
    let headers: [(HeaderName, &str); 3] = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, KEPT),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, content).into_response()
}

/// `/assets/style.css`.
pub async fn style() -> Response {
    asset("text/css; charset=utf-8", STYLE)
}

/// `/assets/passkey.js`.
pub async fn passkey_script() -> Response {
    asset(JAVASCRIPT, PASSKEY_SCRIPT)
}

/// `/assets/times.js`.
pub async fn times_script() -> Response {
    asset(JAVASCRIPT, TIMES_SCRIPT)
}
