//! Whether it is our own page that asks. Each check would do by itself in most browsers; together they do in all.

use axum::http::{HeaderMap, HeaderName, header};
use service_kit::Problem;
use sha2::{Digest as _, Sha256};

use crate::session::Session;

/// What a request of our own page carries, beside the cookie that a browser adds to anybody's.
pub const CSRF: HeaderName = HeaderName::from_static("x-csrf-token");
const FETCH_SITE: &str = "sec-fetch-site";

/// Refuses what a browser says was sent by another page than ours.
///
/// # Errors
/// 403.
pub fn check_sender(headers: &HeaderMap, origin: &str) -> Result<(), Problem> {
    let foreign_site = headers
        .get(FETCH_SITE)
        .is_some_and(|site| site != "same-origin");
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let foreign_origin = origins.any(|sent| sent != origin);
    if foreign_site || foreign_origin {
        return Err(refused(
            "sender",
            "This is for the application's own pages.",
        ));
    }
    Ok(())
}

/// Refuses what does not carry the session's own token.
///
/// # Errors
/// 403.
pub fn check_csrf(headers: &HeaderMap, session: &Session) -> Result<(), Problem> {
    let mut sent = headers.get_all(&CSRF).iter();
    let (one, more) = (sent.next(), sent.next());
    // Hashes are compared, so that time tells nothing of the value.
    let matches = one.is_some_and(|sent| {
        Sha256::digest(sent.as_bytes()) == Sha256::digest(session.csrf.as_bytes())
    });
    if matches && more.is_none() {
        Ok(())
    } else {
        let detail = "Send the csrf member of GET /session as X-CSRF-Token.";
        Err(refused("csrf", detail))
    }
}

fn refused(check: &'static str, detail: &str) -> Problem {
    metrics::counter!("portal_refusals_total", "check" => check).increment(1);
    tracing::info!(corr_id = %service_kit::CorrId::current(), check, "a request is refused");
    Problem::forbidden(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: &str = "http://localhost:7010";

    fn sender(pairs: &[(&'static str, &str)]) -> bool {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect();
        check_sender(&headers, ORIGIN).is_ok()
    }

    #[test]
    fn only_our_own_pages_ask() {
        assert!(sender(&[]));
        assert!(sender(&[("origin", ORIGIN), (FETCH_SITE, "same-origin")]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!sender(&[(FETCH_SITE, site)]), "{site}");
        }
        for origin in [
            "null",
            "http://localhost:7011",
            "https://localhost:7010",
            "",
        ] {
            assert!(!sender(&[("origin", origin)]), "{origin}");
        }
        assert!(!sender(&[
            ("origin", ORIGIN),
            ("origin", "http://evil.example")
        ]));
    }
}
