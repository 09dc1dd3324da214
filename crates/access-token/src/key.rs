//! P-256 keys: public JWKs, RFC 7638 thumbprints, ES256 signing keys.

use std::sync::Arc;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::DecodingKey;
use p256::elliptic_curve::sec1::ToEncodedPoint;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::TokenError;
use crate::jws;

/// Why a key was not accepted. Never carries key material.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not JSON of the expected shape, or not PEM of PKCS#8.
    #[error("not a well-formed key")]
    Malformed,
    /// Another key type, curve, algorithm or use than EC, P-256, ES256, sig.
    #[error("not an ES256 signature key (kty EC, crv P-256, alg ES256, use sig)")]
    Unsupported,
    /// The coordinates are not a point of the curve, or `d` does not belong to them.
    #[error("not a valid P-256 key")]
    Invalid,
    /// A private key where a public one is expected.
    #[error("a private key where only a public one belongs")]
    Private,
    /// `kid` is empty, longer than 128 characters or not printable ASCII.
    #[error("the kid is not 1 to 128 printable ASCII characters")]
    KeyId,
}

/// A public P-256 key as a JWK. Only obtained through checks, so holding one means it is a point of the curve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PublicJwk {
    kty: &'static str,
    crv: &'static str,
    x: String,
    y: String,
    kid: String,
    #[serde(rename = "use")]
    usage: &'static str,
    alg: &'static str,
}

#[derive(Deserialize)]
struct RawJwk {
    kty: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
    kid: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    alg: Option<String>,
    d: Option<Zeroizing<String>>,
}

impl RawJwk {
    fn point(&self) -> Result<p256::PublicKey, KeyError> {
        let usable = self.kty == "EC"
            && self.crv == "P-256"
            && self.usage.as_deref().is_none_or(|u| u == "sig")
            && self.alg.as_deref().is_none_or(|a| a == "ES256");
        if !usable {
            return Err(KeyError::Unsupported);
        }
        let (x, y) = (coordinate(&self.x)?, coordinate(&self.y)?);
        let point = p256::EncodedPoint::from_affine_coordinates(&x.into(), &y.into(), false);
        p256::PublicKey::from_sec1_bytes(point.as_bytes()).map_err(|_| KeyError::Invalid)
    }
}

fn coordinate(text: &str) -> Result<[u8; 32], KeyError> {
    URL_SAFE_NO_PAD
        .decode(text)
        .ok()
        .and_then(|b| b.try_into().ok())
        .ok_or(KeyError::Invalid)
}

/// Whether a `kid` is one we would look up: 1 to 128 printable ASCII characters.
pub(crate) fn kid_is_sane(kid: &str) -> bool {
    (1..=128).contains(&kid.len()) && kid.bytes().all(|b| b.is_ascii_graphic())
}

impl PublicJwk {
    /// Reads a public JWK. A missing `kid` becomes the RFC 7638 thumbprint.
    pub fn from_value(value: &serde_json::Value) -> Result<Self, KeyError> {
        let raw: RawJwk = RawJwk::deserialize(value).map_err(|_| KeyError::Malformed)?;
        if raw.d.is_some() {
            return Err(KeyError::Private);
        }
        Self::from_point(&raw.point()?, raw.kid)
    }

    fn from_point(key: &p256::PublicKey, kid: Option<String>) -> Result<Self, KeyError> {
        let point = key.to_encoded_point(false);
        let (Some(x), Some(y)) = (point.x(), point.y()) else {
            return Err(KeyError::Invalid);
        };
        let mut jwk = Self {
            kty: "EC",
            crv: "P-256",
            x: URL_SAFE_NO_PAD.encode(x),
            y: URL_SAFE_NO_PAD.encode(y),
            kid: String::new(),
            usage: "sig",
            alg: "ES256",
        };
        jwk.kid = kid.unwrap_or_else(|| jwk.thumbprint());
        if !kid_is_sane(&jwk.kid) {
            return Err(KeyError::KeyId);
        }
        Ok(jwk)
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    pub(crate) fn coordinates(&self) -> (&str, &str) {
        (&self.x, &self.y)
    }

    /// RFC 7638: SHA-256 over the required members in lexical order, base64url.
    pub fn thumbprint(&self) -> String {
        let canonical = format!(
            r#"{{"crv":"{}","kty":"{}","x":"{}","y":"{}"}}"#,
            self.crv, self.kty, self.x, self.y
        );
        URL_SAFE_NO_PAD.encode(Sha256::digest(canonical))
    }

    pub(crate) fn decoding_key(&self) -> Result<DecodingKey, TokenError> {
        DecodingKey::from_ec_components(&self.x, &self.y).map_err(|_| TokenError::UnknownKey)
    }
}

/// A private key as the cryptographic library holds it, which overwrites it when it lets go of it.
#[derive(Clone)]
pub(crate) struct EncodingKey(Arc<EcdsaKeyPair>);

impl EncodingKey {
    fn from_pkcs8_der(der: &[u8]) -> Result<Self, KeyError> {
        EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der)
            .map(|pair| Self(Arc::new(pair)))
            .map_err(|_| KeyError::Invalid)
    }

    /// An ES256 signature, base64url.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<String> {
        let signature = self.0.sign(&SystemRandom::new(), message).ok()?;
        Some(URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A private P-256 key that signs with ES256. Its `Debug` shows the `kid` only.
#[derive(Clone)]
pub struct SigningKey {
    public: PublicJwk,
    encoding: EncodingKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.public.kid)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads a private JWK (`d` and the public coordinates, which must belong together).
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        let raw: RawJwk = serde_json::from_str(json).map_err(|_| KeyError::Malformed)?;
        let point = raw.point()?;
        let d = Zeroizing::new(coordinate(raw.d.as_deref().ok_or(KeyError::Malformed)?)?);
        let secret = p256::SecretKey::from_slice(&*d).map_err(|_| KeyError::Invalid)?;
        if secret.public_key() != point {
            return Err(KeyError::Invalid);
        }
        Self::from_secret(&secret, raw.kid)
    }

    /// Reads a PKCS#8 PEM file's text; `kid` is the RFC 7638 thumbprint.
    pub fn from_pkcs8_pem(pem: &str) -> Result<Self, KeyError> {
        let secret = p256::SecretKey::from_pkcs8_pem(pem).map_err(|_| KeyError::Malformed)?;
        Self::from_secret(&secret, None)
    }

    fn from_secret(secret: &p256::SecretKey, kid: Option<String>) -> Result<Self, KeyError> {
        let der = secret.to_pkcs8_der().map_err(|_| KeyError::Invalid)?;
        Ok(Self {
            public: PublicJwk::from_point(&secret.public_key(), kid)?,
            encoding: EncodingKey::from_pkcs8_der(der.as_bytes())?,
        })
    }

    /// The public half.
    pub fn public(&self) -> &PublicJwk {
        &self.public
    }

    /// The key's name.
    pub fn kid(&self) -> &str {
        &self.public.kid
    }

    /// A compact JWS over `claims` with the header `{alg: ES256, typ, kid}`.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, KeyError> {
        jws::sign(typ, self.kid(), &self.encoding, claims).ok_or(KeyError::Invalid)
    }

    /// A DPoP proof (RFC 9449 §4.2), whose header brings the public half along.
    pub(crate) fn sign_proof(&self, proof: &impl Serialize) -> Result<String, KeyError> {
        jws::sign_proof(&self.public, &self.encoding, proof).ok_or(KeyError::Invalid)
    }
}
