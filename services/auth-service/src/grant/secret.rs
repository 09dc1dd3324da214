//! Secrets that we hand out and keep only as hashes: codes, refresh tokens, ids of requests that wait.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::refresh::Hash;
use crate::Random;

/// Nobody can guess it.
pub struct Secret([u8; 32]);

impl Secret {
    /// A new one.
    pub fn generate(random: &Random) -> Self {
        let mut bytes = [0; 32];
        random(&mut bytes);
        Self(bytes)
    }

    /// One that was handed out; `None` for a text that never was.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// As it is handed out.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// As it is kept.
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.0).into()
    }
}

/// A refresh token: it names its family, so that one that counts no more is recognised as well.
pub struct RefreshToken {
    /// The authorization whose family it belongs to.
    pub authorization: Uuid,
    secret: Secret,
}

impl RefreshToken {
    /// A new one.
    pub fn generate(authorization: Uuid, random: &Random) -> Self {
        Self {
            authorization,
            secret: Secret::generate(random),
        }
    }

    /// One that was handed out; `None` for a text that never was.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, secret) = bytes.split_at_checked(16)?;
        Some(Self {
            authorization: Uuid::from_slice(id).ok()?,
            secret: Secret(secret.try_into().ok()?),
        })
    }

    /// As it is handed out.
    pub fn text(&self) -> String {
        let bytes = [self.authorization.as_bytes().as_slice(), &self.secret.0].concat();
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// As it is kept.
    pub fn hash(&self) -> Hash {
        self.secret.hash()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_out_is_read_back_and_nothing_else_is() {
        let random = crate::system_random();
        let secret = Secret::generate(&random);
        assert_eq!(Secret::parse(&secret.text()).unwrap().hash(), secret.hash());
        let token = RefreshToken::generate(crate::random_id(&random), &random);
        let read = RefreshToken::parse(&token.text()).unwrap();
        assert_eq!(
            (read.authorization, read.hash()),
            (token.authorization, token.hash())
        );
        for text in ["", "a", "====", &secret.text()[1..], "é"] {
            assert!(Secret::parse(text).is_none(), "{text}");
            assert!(RefreshToken::parse(text).is_none(), "{text}");
        }
        assert!(RefreshToken::parse(&secret.text()).is_none());
    }
}
