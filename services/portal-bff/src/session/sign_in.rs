//! A sign-in under way. What has to be remembered of it travels with the browser, sealed, so that whoever begins a
//! thousand of them fills no memory of ours.

use access_token::Acr;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use url::Url;

use super::cookie::Secret;

/// Seconds that a person has for it.
pub const LONGEST: i64 = 600;
const MAX_PATH: usize = 1024;

/// What is asked of a sign-in, and what its answer is recognised by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// Comes back with the answer.
    pub state: String,
    /// What the challenge is the hash of (RFC 7636).
    pub verifier: String,
    /// Where in the application the person wants to be.
    pub return_to: String,
    /// How surely they have to sign in.
    pub acr: Option<Acr>,
    /// How long ago they may have, in seconds.
    pub max_age: Option<u32>,
    /// When it began, Unix seconds.
    pub began: i64,
}

impl Wish {
    /// A new one.
    pub fn new(
        return_to: String,
        acr: Option<Acr>,
        max_age: Option<u32>,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            state: Secret::generate().text(),
            verifier: Secret::generate().text(),
            return_to,
            acr,
            max_age,
            began: now.unix_timestamp(),
        }
    }

    /// The S256 challenge.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }
}

/// In which languages a person is to be spoken to, best first: tags of BCP 47, separated by spaces. Which of them there
/// are, only the sign-in service knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UiLocales(String);

impl UiLocales {
    const MOST: usize = 128;

    /// The tags.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for UiLocales {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let of_tags = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b' ';
        if (1..=Self::MOST).contains(&text.len()) && text.bytes().all(of_tags) {
            Ok(Self(text))
        } else {
            Err("ui_locales must be 1 to 128 letters, digits, hyphens and spaces")
        }
    }
}

/// Seals what travels with browsers. The key is this process's own: after a restart people begin anew.
pub struct Seal(Hmac<Sha256>);

impl Seal {
    /// A new key.
    pub fn generate() -> Self {
        let mut key = [0; 64];
        rand::fill(&mut key);
        Self(Hmac::new(&key.into()))
    }

    /// As a cookie's value.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn close(&self, wish: &Wish) -> Result<String, serde_json::Error> {
        let body = serde_json::to_vec(wish)?;
        let tag = self.mac(&body).finalize().into_bytes();
        let (body, tag) = (URL_SAFE_NO_PAD.encode(body), URL_SAFE_NO_PAD.encode(tag));
        Ok(format!("{body}.{tag}"))
    }

    /// What we sealed, and not too long ago.
    pub fn open(&self, sealed: &str, now: OffsetDateTime) -> Option<Wish> {
        let (body, tag) = sealed.split_once('.')?;
        let body = URL_SAFE_NO_PAD.decode(body).ok()?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        self.mac(&body).verify_slice(&tag).ok()?;
        let wish: Wish = serde_json::from_slice(&body).ok()?;
        let age = now.unix_timestamp() - wish.began;
        (0..=LONGEST).contains(&age).then_some(wish)
    }

    fn mac(&self, body: &[u8]) -> Hmac<Sha256> {
        self.0.clone().chain_update(body)
    }
}

/// Whether a text is a path of the application's own pages, for a browser as well: nothing that it would take for another
/// host, and none of the paths that lead back here.
pub fn is_local_path(text: &str, origin: &str) -> bool {
    let plain = text.len() <= MAX_PATH
        && text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let Some(url) = Url::parse(origin).ok().and_then(|base| {
        let url = base.join(text).ok()?;
        (url.origin() == base.origin()).then_some(url)
    }) else {
        return false;
    };
    let ours = ["/session", "/callback", "/api/", "/health/"];
    plain && !url.path().starts_with("//") && !ours.iter().any(|path| url.path().starts_with(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    #[test]
    fn a_sealed_wish_comes_back_whole_in_time_and_to_its_own_process_only() {
        let seal = Seal::generate();
        let wish = Wish::new("/requests".into(), Some(Acr::Aal2), Some(300), NOW);
        let sealed = seal.close(&wish).unwrap();
        assert_eq!(seal.open(&sealed, NOW), Some(wish));
        let late = NOW + time::Duration::seconds(LONGEST + 1);
        assert_eq!(seal.open(&sealed, late), None);
        assert_eq!(Seal::generate().open(&sealed, NOW), None);
        let other = seal.close(&Wish::new("/".into(), None, None, NOW)).unwrap();
        let (body, _) = other.split_once('.').unwrap();
        let (_, tag) = sealed.split_once('.').unwrap();
        for forged in [format!("{body}.{tag}"), body.to_owned(), String::new()] {
            assert_eq!(seal.open(&forged, NOW), None, "{forged}");
        }
    }

    #[test]
    fn languages_are_tags_and_few() {
        let parse = |text: &str| UiLocales::try_from(text.to_owned());
        for good in ["ps", "fa-AF ps en", &"a".repeat(128)] {
            assert_eq!(parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "",
            "ps&acr_values=aal1",
            "fa_AF",
            "پښتو",
            "a\r\nb",
            &"a".repeat(129),
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_is_sent_to_another_place() {
        let origin = "http://localhost:7010";
        for path in ["/", "/consents/0x12?tab=history#top", "/a//b"] {
            assert!(is_local_path(path, origin), "{path}");
        }
        let long = format!("/{}", "a".repeat(MAX_PATH));
        for path in [
            "",
            "requests",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "\\\\evil.example",
            "https://evil.example/",
            "javascript:alert(1)",
            "/./%2e/..//evil.example",
            "/..//evil.example",
            "/session/start?return=/",
            "/callback?code=a",
            "/api/auth/v1/sessions",
            "/a b",
            "/\u{e9}",
            &long,
        ] {
            assert!(!is_local_path(path, origin), "{path}");
        }
    }
}
