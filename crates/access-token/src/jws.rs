//! Compact JWS: taken apart, its header inspected before anything else, its signature checked.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::error::TokenError;
use crate::key::{EncodingKey, kid_is_sane};

/// No token or assertion of ours is longer.
const MAX_LENGTH: usize = 8 * 1024;

/// Parameters that could make a verifier fetch something, trust an embedded key or skip a check.
const FORBIDDEN: [&str; 9] = [
    "crit", "jku", "jwk", "x5u", "x5c", "b64", "enc", "zip", "cty",
];

/// Header parameters that are harmless in a client's assertion.
const HARMLESS: [&str; 2] = ["x5t", "x5t#S256"];

#[derive(Deserialize)]
struct RawHeader {
    alg: String,
    typ: Option<String>,
    kid: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, IgnoredAny>,
}

#[derive(Serialize)]
struct OwnHeader<'a> {
    alg: &'static str,
    typ: &'a str,
    kid: &'a str,
}

/// A JWS whose header passed inspection and whose signature has not been checked yet.
#[derive(Debug)]
pub(crate) struct Unverified<'a> {
    pub typ: Option<String>,
    pub kid: String,
    payload: Vec<u8>,
    message: &'a str,
    signature: &'a str,
}

/// Takes a compact JWS apart and inspects the header.
pub(crate) fn parse(token: &str) -> Result<Unverified<'_>, TokenError> {
    if token.len() > MAX_LENGTH {
        return Err(TokenError::TooLong);
    }
    let (message, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
    let (header, payload) = message.split_once('.').ok_or(TokenError::Malformed)?;
    if payload.contains('.') || header.is_empty() || payload.is_empty() {
        return Err(TokenError::Malformed);
    }
    let header = URL_SAFE_NO_PAD
        .decode(header)
        .map_err(|_| TokenError::Malformed)?;
    let header: RawHeader = serde_json::from_slice(&header).map_err(|_| TokenError::Malformed)?;
    if header.alg != "ES256" {
        return Err(TokenError::Algorithm);
    }
    if let Some(name) = FORBIDDEN
        .into_iter()
        .find(|name| header.rest.contains_key(*name))
    {
        return Err(TokenError::HeaderParameter(name));
    }
    if header
        .rest
        .keys()
        .any(|name| !HARMLESS.contains(&name.as_str()))
    {
        return Err(TokenError::HeaderParameter("an unknown parameter"));
    }
    let kid = header
        .kid
        .filter(|kid| kid_is_sane(kid))
        .ok_or(TokenError::KeyId)?;
    let payload = URL_SAFE_NO_PAD
        .decode(payload)
        .map_err(|_| TokenError::Malformed)?;
    Ok(Unverified {
        typ: header.typ,
        kid,
        payload,
        message,
        signature,
    })
}

impl Unverified<'_> {
    /// The payload before any check. Only for finding out whose keys to check with.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// The payload, once the signature is right.
    pub fn verify(self, key: &DecodingKey) -> Result<Vec<u8>, TokenError> {
        match jsonwebtoken::crypto::verify(
            self.signature,
            self.message.as_bytes(),
            key,
            Algorithm::ES256,
        ) {
            Ok(true) => Ok(self.payload),
            Ok(false) | Err(_) => Err(TokenError::Signature),
        }
    }
}

/// Signs `claims` with the header `{alg: ES256, typ, kid}`.
pub(crate) fn sign(
    typ: &str,
    kid: &str,
    key: &EncodingKey,
    claims: &impl Serialize,
) -> Option<String> {
    let header = serde_json::to_vec(&OwnHeader {
        alg: "ES256",
        typ,
        kid,
    })
    .ok()?;
    let claims = serde_json::to_vec(claims).ok()?;
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = key.sign(message.as_bytes())?;
    Some(format!("{message}.{signature}"))
}
