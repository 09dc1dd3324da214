//! Client assertions (RFC 7523, `private_key_jwt`): built by our services, verified by the issuer.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use time::OffsetDateTime;

use crate::claims::{instant, text};
use crate::error::TokenError;
use crate::jws::{self, Unverified};
use crate::key::{KeyError, PublicJwk, SigningKey};
use crate::verify::check_window;
use crate::{MAX_ASSERTION_LIFETIME, MAX_LEEWAY};

/// The value of `client_assertion_type`.
pub const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

const TYP: &str = "JWT";
const MAX_ID: usize = 128;

/// What a verified assertion says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AssertionClaims {
    /// The client, also its own issuer.
    pub iss: String,
    /// The client.
    pub sub: String,
    /// The token endpoint or the issuer.
    pub aud: String,
    /// Used once.
    pub jti: String,
    /// Issued at, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    /// Expiry, Unix seconds, at most five minutes away.
    pub exp: i64,
}

#[derive(Deserialize)]
struct RawAssertion {
    iss: Option<Value>,
    sub: Option<Value>,
    aud: Option<Value>,
    jti: Option<Value>,
    iat: Option<Value>,
    nbf: Option<Value>,
    exp: Option<Value>,
}

/// An assertion that has not been verified. Its client id serves only to find the keys to verify it with.
#[derive(Debug)]
pub struct Assertion<'a> {
    jws: Unverified<'a>,
    client_id: String,
}

impl<'a> Assertion<'a> {
    /// Takes an assertion apart and inspects its header.
    pub fn parse(assertion: &'a str) -> Result<Self, TokenError> {
        let jws = jws::parse(assertion)?;
        let known = |typ: &str| {
            ["JWT", "client-authentication+jwt"]
                .iter()
                .any(|t| t.eq_ignore_ascii_case(typ))
        };
        if !jws.typ.as_deref().is_none_or(known) {
            return Err(TokenError::Type);
        }
        let raw: RawAssertion =
            serde_json::from_slice(jws.unverified_payload()).map_err(|_| TokenError::Malformed)?;
        Ok(Self {
            client_id: id(raw.iss, "iss")?,
            jws,
        })
    }

    /// Who it claims to be from. Not verified.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Verifies it with the keys registered for [`Self::client_id`]. The caller then makes sure that `jti` is new.
    pub fn verify(
        self,
        keys: &[PublicJwk],
        audiences: &[&str],
        now: OffsetDateTime,
    ) -> Result<AssertionClaims, TokenError> {
        let key = keys
            .iter()
            .find(|key| key.kid() == self.jws.kid)
            .ok_or(TokenError::UnknownKey)?;
        let payload = self.jws.verify(&key.decoding_key()?)?;
        let raw: RawAssertion =
            serde_json::from_slice(&payload).map_err(|_| TokenError::Malformed)?;
        let claims = AssertionClaims {
            iss: id(raw.iss, "iss")?,
            sub: id(raw.sub, "sub")?,
            aud: text(raw.aud, "aud").map_err(|_| TokenError::Audience)?,
            jti: id(raw.jti, "jti")?,
            iat: raw.iat.map(|iat| instant(Some(iat), "iat")).transpose()?,
            exp: instant(raw.exp, "exp")?,
        };
        let nbf = raw.nbf.map(|nbf| instant(Some(nbf), "nbf")).transpose()?;
        if claims.iss != claims.sub {
            return Err(TokenError::Claim("sub"));
        }
        if !audiences.contains(&claims.aud.as_str()) {
            return Err(TokenError::Audience);
        }
        let now = now.unix_timestamp();
        check_window(claims.iat.unwrap_or(0), nbf, claims.exp, now, MAX_LEEWAY)?;
        if claims.exp - now > MAX_ASSERTION_LIFETIME + MAX_LEEWAY {
            return Err(TokenError::Lifetime);
        }
        Ok(claims)
    }
}

impl AssertionClaims {
    /// Until when a used `jti` must be remembered, Unix seconds.
    pub fn remember_until(&self) -> i64 {
        self.exp + MAX_LEEWAY
    }

    /// The claims of a new assertion that lives for `lifetime` seconds (at most five minutes).
    pub fn new(
        client_id: &str,
        audience: &str,
        jti: String,
        now: OffsetDateTime,
        lifetime: i64,
    ) -> Self {
        let iat = now.unix_timestamp();
        Self {
            iss: client_id.to_owned(),
            sub: client_id.to_owned(),
            aud: audience.to_owned(),
            jti,
            iat: Some(iat),
            exp: iat + lifetime.clamp(1, MAX_ASSERTION_LIFETIME),
        }
    }

    /// Signs it.
    pub fn sign(&self, key: &SigningKey) -> Result<String, KeyError> {
        key.sign(TYP, self)
    }
}

fn id(value: Option<Value>, name: &'static str) -> Result<String, TokenError> {
    let id = text(value, name)?;
    let sane = id.len() <= MAX_ID && id.bytes().all(|b| b.is_ascii_graphic());
    if sane {
        Ok(id)
    } else {
        Err(TokenError::Claim(name))
    }
}
