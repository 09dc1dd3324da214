//! How a browser shows its session, and what it has before it is signed in.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::Random;

/// The cookie. The prefix makes browsers insist on Secure, on Path=/ and on no Domain (RFC 6265bis §4.1.3.2).
pub const NAME: &str = "__Host-session";
/// What ties the pages of a sign-in or an enrolment together. It is never continued as a session: no fixation.
pub const VISIT: &str = "__Host-visit";
/// Says that somebody has signed in here before.
pub const DEVICE: &str = "__Host-device";
/// In which language somebody reads, and nothing else.
pub const LANGUAGE: &str = "__Host-language";
/// How long a browser keeps [`DEVICE`] and [`LANGUAGE`], in seconds.
pub const LONG_AGE: i64 = 180 * 24 * 60 * 60;

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

    /// The session that a request shows; none if there are several, or what is there was not made by us.
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        Self::named(NAME, headers)
    }

    /// The visit that a request belongs to.
    pub fn of_visit(headers: &HeaderMap) -> Option<Self> {
        Self::named(VISIT, headers)
    }

    /// What a browser holds that somebody has signed in with.
    pub fn of_device(headers: &HeaderMap) -> Option<Self> {
        Self::named(DEVICE, headers)
    }

    fn named(name: &str, headers: &HeaderMap) -> Option<Self> {
        Some(Self(value(name, headers)?.try_into().ok()?))
    }

    /// What the database knows of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// What the forms of this browser carry, so that nobody else's form counts. It cannot be turned back into the secret.
    pub fn csrf(&self) -> String {
        let digest = Sha256::new_with_prefix(b"csrf").chain_update(self.0);
        URL_SAFE_NO_PAD.encode(digest.finalize())
    }

    /// Whether a form was made for this browser. Hashes are compared, so that time tells nothing of the value.
    pub fn made_form(&self, csrf: &str) -> bool {
        Sha256::digest(csrf) == Sha256::digest(self.csrf())
    }

    /// `Set-Cookie` that hands the session to the browser, until the browser is closed.
    pub fn set(&self) -> HeaderValue {
        with_attributes(NAME, &URL_SAFE_NO_PAD.encode(self.0), "")
    }

    /// `Set-Cookie` of a browser that somebody has signed in with.
    pub fn set_device(&self) -> HeaderValue {
        let age = format!("; Max-Age={LONG_AGE}");
        with_attributes(DEVICE, &URL_SAFE_NO_PAD.encode(self.0), &age)
    }

    /// `Set-Cookie` of a visit.
    pub fn set_visit(&self) -> HeaderValue {
        with_attributes(VISIT, &URL_SAFE_NO_PAD.encode(self.0), "")
    }
}

/// `Set-Cookie` that takes the session away.
pub fn clear() -> HeaderValue {
    with_attributes(NAME, "", "; Max-Age=0")
}

/// `Set-Cookie` that ends a visit.
pub fn clear_visit() -> HeaderValue {
    with_attributes(VISIT, "", "; Max-Age=0")
}

/// The language that a browser was told to keep.
pub fn language(headers: &HeaderMap) -> Option<&str> {
    only(LANGUAGE, headers)
}

/// `Set-Cookie` that tells it so.
pub fn set_language(tag: &str) -> HeaderValue {
    with_attributes(LANGUAGE, tag, &format!("; Max-Age={LONG_AGE}"))
}

/// What the one cookie of this name holds, decoded.
fn value(name: &str, headers: &HeaderMap) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(only(name, headers)?).ok()
}

/// The one cookie of this name; none if there are several.
fn only<'a>(name: &str, headers: &'a HeaderMap) -> Option<&'a str> {
    let mut found = headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='));
    let (value, more) = (found.next()?, found.next());
    more.is_none().then_some(value)
}

/// SameSite=Lax: a client's redirect to the authorization endpoint has to find the session.
fn with_attributes(name: &str, value: &str, more: &str) -> HeaderValue {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{more}");
    // Base64url, the tags of our languages and our own words are always a valid header value.
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
        for set in [
            secret(7).set(),
            secret(7).set_visit(),
            secret(7).set_device(),
            set_language("fa-AF"),
            clear(),
            clear_visit(),
        ] {
            let set = set.to_str().unwrap();
            assert!(set.starts_with("__Host-"));
            for attribute in ["; Path=/;", "; Secure;", "; HttpOnly;", "SameSite=Lax"] {
                assert!(set.contains(attribute), "{attribute}");
            }
            assert!(!set.contains("Domain"));
        }
    }

    #[test]
    fn a_form_counts_for_the_browser_it_was_made_for() {
        assert!(secret(7).made_form(&secret(7).csrf()));
        assert!(!secret(7).made_form(&secret(8).csrf()));
        assert!(!secret(7).made_form(""));
    }

    #[test]
    fn a_visit_is_no_session() {
        let set = secret(7).set_visit();
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        assert!(shown(&[pair]).is_none());
    }
}
