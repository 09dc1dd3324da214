//! The keys that sign tokens. For now one, from a file; its life cycle comes with rotation.

use access_token::{Jwks, KeyError, SigningKey};
use serde::Serialize;

/// The active signing key and the published public keys.
#[derive(Debug)]
pub struct Keys {
    active: SigningKey,
    published: Jwks,
}

impl Keys {
    /// One active key, published.
    pub fn new(active: SigningKey) -> Self {
        let published = Jwks::new(vec![active.public().clone()]);
        Self { active, published }
    }

    /// What `/oauth2/jwks` answers.
    pub fn published(&self) -> &Jwks {
        &self.published
    }

    /// Signs a token of this type: `at+jwt` for access tokens (RFC 9068), `JWT` for ID tokens.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        self.active.sign(typ, claims)
    }
}
