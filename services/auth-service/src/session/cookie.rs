//! How a browser shows its session.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::Random;

/// The cookie. The prefix makes browsers insist on Secure, on Path=/ and on no Domain (RFC 6265bis §4.1.3.2).
pub const NAME: &str = "__Host-session";

/// The secret that a browser holds.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub fn generate(random: &Random) -> Self {
        let mut bytes = [0; 32];
        random(&mut bytes);
        Self(bytes)
    }

    /// The one that a request shows; none if there are several, or what is there was not made by us.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut found = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|text| text.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(NAME)?.strip_prefix('='));
        let (value, more) = (found.next()?, found.next());
        let bytes = URL_SAFE_NO_PAD.decode(value).ok()?;
        more.is_none().then_some(Self(bytes.try_into().ok()?))
    }

    /// What the database knows of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// `Set-Cookie` that hands it to the browser, until the browser is closed.
    pub fn set(&self) -> HeaderValue {
        with_attributes(&URL_SAFE_NO_PAD.encode(self.0), "")
    }
}

/// `Set-Cookie` that takes it away.
pub fn clear() -> HeaderValue {
    with_attributes("", "; Max-Age=0")
}

/// SameSite=Lax: a client's redirect to the authorization endpoint has to find the session.
fn with_attributes(value: &str, more: &str) -> HeaderValue {
    let text = format!("{NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{more}");
    // Base64url and our own words are always a valid header value.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn secret(byte: u8) -> Secret {
        let random: Random = Arc::new(move |bytes: &mut [u8]| bytes.fill(byte));
        Secret::generate(&random)
    }

    fn shown(cookies: &[&str]) -> Option<Secret> {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        Secret::from_headers(&headers)
    }

    #[test]
    fn a_browser_shows_what_it_was_given() {
        let set = secret(7).set();
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        assert!(shown(&[&format!("theme=dark; {pair}")]) == Some(secret(7)));
    }

    #[test]
    fn two_cookies_of_the_name_or_a_foreign_value_show_nothing() {
        let set = secret(7).set();
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        assert!(shown(&[pair, pair]).is_none());
        assert!(shown(&["__Host-session=abc"]).is_none());
        assert!(shown(&["__Host-session="]).is_none());
        assert!(shown(&["session=abc"]).is_none());
        assert!(shown(&[]).is_none());
    }

    #[test]
    fn no_script_and_no_other_host_gets_it() {
        let set = secret(7).set();
        for attribute in ["; Path=/;", "; Secure;", "; HttpOnly;", "SameSite=Lax"] {
            assert!(set.to_str().unwrap().contains(attribute), "{attribute}");
        }
        assert!(!set.to_str().unwrap().contains("Domain"));
    }
}
