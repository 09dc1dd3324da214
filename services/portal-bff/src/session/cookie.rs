//! What a browser holds.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::application::Application;

/// 256 bits that nobody else knows.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub fn generate() -> Self {
        Self(rand::random())
    }

    /// As text.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What we keep of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }
}

/// The names of an application's cookies. Browsers keep one jar for all ports of a host, so they differ by application;
/// the prefix makes browsers insist on Secure, on Path=/ and on no Domain (RFC 6265bis §4.1.3.2).
pub struct Cookies {
    session: String,
    sign_in: String,
}

impl Cookies {
    /// Those of an application.
    pub fn new(application: Application) -> Self {
        Self {
            session: format!("__Host-{application}"),
            sign_in: format!("__Host-{application}-sign-in"),
        }
    }

    /// The secret of the session that a request shows; none if there are several, or what is there was not made by us.
    pub fn session(&self, headers: &HeaderMap) -> Option<Secret> {
        Secret::parse(only(&self.session, headers)?)
    }

    /// What a request shows of a sign-in under way.
    pub fn sign_in<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        only(&self.sign_in, headers)
    }

    /// `Set-Cookie` that hands the session to the browser, until the browser is closed. Lax: Strict would lose it on the
    /// way back from the issuer.
    pub fn set_session(&self, secret: &Secret) -> HeaderValue {
        with_attributes(&self.session, &secret.text(), "")
    }

    /// `Set-Cookie` that takes the session away.
    pub fn clear_session(&self) -> HeaderValue {
        with_attributes(&self.session, "", "; Max-Age=0")
    }

    /// `Set-Cookie` of a sign-in under way.
    pub fn set_sign_in(&self, sealed: &str, seconds: i64) -> HeaderValue {
        with_attributes(&self.sign_in, sealed, &format!("; Max-Age={seconds}"))
    }

    /// `Set-Cookie` that ends it.
    pub fn clear_sign_in(&self) -> HeaderValue {
        with_attributes(&self.sign_in, "", "; Max-Age=0")
    }
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

fn with_attributes(name: &str, value: &str, more: &str) -> HeaderValue {
    let text = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{more}");
    // Base64url, dots and our own words are always a valid header value.
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(cookies: &[&str]) -> HeaderMap {
        let values = cookies
            .iter()
            .map(|text| (header::COOKIE, text.parse().unwrap()));
        values.collect()
    }

    #[test]
    fn a_session_is_found_by_its_own_name_and_once_only() {
        let cookies = Cookies::new(Application::PatientPortal);
        let secret = Secret::generate();
        let own = format!("__Host-patient-portal={}", secret.text());
        let other = format!("__Host-admin-console={}", Secret::generate().text());
        let both = format!("{other}; {own}");
        let found = |values: &[&str]| cookies.session(&with(values));
        assert!(found(&[&own]) == Some(secret.clone()));
        assert!(found(&[&both]) == Some(secret.clone()));
        assert!(found(&[&other, &own]) == Some(secret));
        assert!(found(&[&own, &own]).is_none());
        assert!(found(&[&other]).is_none());
        assert!(found(&["__Host-patient-portal=short"]).is_none());
        assert!(found(&[]).is_none());
    }

    #[test]
    fn cookies_are_out_of_reach_for_scripts_other_hosts_and_plain_http() {
        let cookies = Cookies::new(Application::PatientPortal);
        let secret = Secret::generate();
        for value in [
            cookies.set_session(&secret),
            cookies.clear_session(),
            cookies.set_sign_in("a.b", 600),
            cookies.clear_sign_in(),
        ] {
            let text = value.to_str().unwrap();
            assert!(text.starts_with("__Host-patient-portal"), "{text}");
            assert!(
                text.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"),
                "{text}"
            );
            assert!(!text.to_lowercase().contains("domain"), "{text}");
        }
    }
}
