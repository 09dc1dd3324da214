//! What a person who signs in has at hand, and the software they sign in for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use totp_rs::{Builder, Secret};

use crate::browser::Page;

/// A good password.
pub const PASSWORD: &str = "blue kettle on tuesday";

/// An authenticator app with one account in it.
#[derive(Clone)]
pub struct Authenticator(String);

impl Authenticator {
    /// Reads the key that a page shows; `None` where it shows none.
    pub fn reads(page: &Page) -> Option<Self> {
        let key = page.find("<code>", "</code>")?;
        Some(Self(key.replace(' ', "")))
    }

    /// What it shows at a time, in Unix seconds.
    ///
    /// # Panics
    /// When what it has read is no key.
    pub fn code(&self, seconds: i64) -> String {
        let secret = Secret::try_from_base32(&self.0).expect("a key in base 32");
        let totp = Builder::new().with_secret(secret).build();
        let seconds = seconds.try_into().expect("a time after 1970");
        totp.expect("a long enough key")
            .generate(seconds)
            .to_string()
    }
}

/// What an app shows of its verifier in advance (RFC 7636, S256).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_rfc() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let expected = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert_eq!(challenge(verifier), expected);
    }
}
