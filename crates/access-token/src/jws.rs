//! Compact JWS: taken apart, its header inspected before anything else, its signature checked.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, Serialize, de::IgnoredAny};

use crate::dpop;
use crate::error::TokenError;
use crate::key::{EncodingKey, PublicJwk, kid_is_sane};

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

/// The header of a DPoP proof, in which the sender brings the key along. What else it might say is not ignored.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawProofHeader {
    alg: String,
    typ: String,
    jwk: serde_json::Value,
}

#[derive(Serialize)]
struct OwnProofHeader<'a> {
    alg: &'static str,
    typ: &'static str,
    jwk: BareJwk<'a>,
}

/// The members that a thumbprint is made of.
#[derive(Serialize)]
struct BareJwk<'a> {
    kty: &'a str,
    crv: &'a str,
    x: &'a str,
    y: &'a str,
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

/// A compact JWS in its parts.
struct Parts<'a> {
    header: Vec<u8>,
    payload: &'a str,
    message: &'a str,
    signature: &'a str,
}

fn split(token: &str) -> Result<Parts<'_>, TokenError> {
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
    Ok(Parts {
        header,
        payload,
        message,
        signature,
    })
}

/// Takes a DPoP proof apart, and the key it brings along.
pub(crate) fn parse_proof(proof: &str) -> Result<(Unverified<'_>, PublicJwk), TokenError> {
    let parts = split(proof).map_err(|_| TokenError::Proof("form"))?;
    let header: RawProofHeader =
        serde_json::from_slice(&parts.header).map_err(|_| TokenError::Proof("header"))?;
    if header.alg != "ES256" {
        return Err(TokenError::Proof("alg"));
    }
    if !header.typ.eq_ignore_ascii_case(dpop::TYP) {
        return Err(TokenError::Proof("typ"));
    }
    let key = PublicJwk::from_value(&header.jwk).map_err(|_| TokenError::Proof("jwk"))?;
    let payload = URL_SAFE_NO_PAD
        .decode(parts.payload)
        .map_err(|_| TokenError::Proof("payload"))?;
    let jws = Unverified {
        typ: Some(header.typ),
        kid: String::new(),
        payload,
        message: parts.message,
        signature: parts.signature,
    };
    Ok((jws, key))
}

/// Takes a compact JWS apart and inspects the header.
pub(crate) fn parse(token: &str) -> Result<Unverified<'_>, TokenError> {
    let parts = split(token)?;
    let header: RawHeader =
        serde_json::from_slice(&parts.header).map_err(|_| TokenError::Malformed)?;
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
        .decode(parts.payload)
        .map_err(|_| TokenError::Malformed)?;
    Ok(Unverified {
        typ: header.typ,
        kid,
        payload,
        message: parts.message,
        signature: parts.signature,
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
    let header = OwnHeader {
        alg: "ES256",
        typ,
        kid,
    };
    sign_under(&header, key, claims)
}

/// Signs a DPoP proof, whose header brings the key along.
pub(crate) fn sign_proof(
    public: &PublicJwk,
    key: &EncodingKey,
    proof: &impl Serialize,
) -> Option<String> {
    let (x, y) = public.coordinates();
    let header = OwnProofHeader {
        alg: "ES256",
        typ: dpop::TYP,
        jwk: BareJwk {
            kty: "EC",
            crv: "P-256",
            x,
            y,
        },
    };
    sign_under(&header, key, proof)
}

fn sign_under(
    header: &impl Serialize,
    key: &EncodingKey,
    claims: &impl Serialize,
) -> Option<String> {
    let header = serde_json::to_vec(header).ok()?;
    let claims = serde_json::to_vec(claims).ok()?;
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let signature = key.sign(message.as_bytes())?;
    Some(format!("{message}.{signature}"))
}
