//! DPoP (RFC 9449): a request proves that its sender has the key its token is bound to. Pure; [`Seen`] remembers which
//! proofs were used, and whoever runs several processes keeps that in a database instead.
//!
//! ES256 only; a proof's header holds `typ`, `alg` and `jwk` and nothing else.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use url::Url;

use crate::MAX_LEEWAY;
use crate::claims::{instant, text};
use crate::error::TokenError;
use crate::jws;
use crate::key::{KeyError, SigningKey};

/// The header that a proof comes in.
pub const HEADER: &str = "dpop";

/// How old a proof may be, in seconds.
pub const MAX_AGE: i64 = 60;

/// The media type of a proof.
pub(crate) const TYP: &str = "dpop+jwt";
const MAX_ID: usize = 128;

/// What the proof has to be about.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// The request's method.
    pub method: &'a str,
    /// The request's address as its sender wrote it; query and fragment do not count.
    pub url: &'a Url,
    /// The access token that comes with the request; `None` where a token is asked for.
    pub token: Option<&'a str>,
}

/// A proof that is good, once [`Proof::jti`] turns out to be new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The RFC 7638 thumbprint of the sender's key: the `cnf.jkt` of its tokens.
    pub jkt: String,
    /// The proof's own id.
    pub jti: String,
    /// Unix seconds from which it cannot be good any more.
    pub remember_until: i64,
}

#[derive(Deserialize)]
struct RawProof {
    jti: Option<Value>,
    htm: Option<Value>,
    htu: Option<Value>,
    iat: Option<Value>,
    nbf: Option<Value>,
    exp: Option<Value>,
    ath: Option<Value>,
}

#[derive(Serialize)]
struct OwnProof<'a> {
    jti: &'a str,
    htm: &'a str,
    htu: &'a str,
    iat: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    ath: Option<String>,
}

/// The one proof of a request.
///
/// # Errors
/// [`TokenError::ProofMissing`] when there is none, [`TokenError::Proof`] when there are several.
pub fn header(headers: &HeaderMap) -> Result<&str, TokenError> {
    let mut values = headers.get_all(HEADER).iter();
    let value = values.next().ok_or(TokenError::ProofMissing)?;
    match (value.to_str(), values.next()) {
        (Ok(proof), None) => Ok(proof),
        _ => Err(TokenError::Proof("header")),
    }
}

/// `ath`: the hash of the token that a proof goes with.
pub fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

/// Checks a proof.
///
/// # Errors
/// [`TokenError::Proof`] with the member at fault.
pub fn verify(
    proof: &str,
    expected: Expected<'_>,
    now: OffsetDateTime,
) -> Result<Proof, TokenError> {
    let (jws, key) = jws::parse_proof(proof)?;
    let payload = jws
        .verify(&key.decoding_key().map_err(|_| TokenError::Proof("jwk"))?)
        .map_err(|_| TokenError::Proof("signature"))?;
    let raw: RawProof =
        serde_json::from_slice(&payload).map_err(|_| TokenError::Proof("payload"))?;
    let member = |value, name| text(value, name).map_err(|_| TokenError::Proof(name));
    let jti = member(raw.jti, "jti")?;
    if jti.len() > MAX_ID {
        return Err(TokenError::Proof("jti"));
    }
    if member(raw.htm, "htm")? != expected.method {
        return Err(TokenError::Proof("htm"));
    }
    let htu = Url::parse(&member(raw.htu, "htu")?).map_err(|_| TokenError::Proof("htu"))?;
    if !same_resource(&htu, expected.url) {
        return Err(TokenError::Proof("htu"));
    }
    let iat = instant(raw.iat, "iat").map_err(|_| TokenError::Proof("iat"))?;
    let seconds = now.unix_timestamp();
    if seconds > iat + MAX_AGE || iat > seconds + MAX_LEEWAY {
        return Err(TokenError::Proof("iat"));
    }
    let moment = |value: Option<Value>, name| {
        let read = |value| instant(Some(value), name).map_err(|_| TokenError::Proof(name));
        value.map(read).transpose()
    };
    if moment(raw.exp, "exp")?.is_some_and(|exp| seconds >= exp) {
        return Err(TokenError::Proof("exp"));
    }
    if moment(raw.nbf, "nbf")?.is_some_and(|nbf| nbf > seconds + MAX_LEEWAY) {
        return Err(TokenError::Proof("nbf"));
    }
    match expected.token {
        Some(token) if member(raw.ath, "ath")? != token_hash(token) => {
            return Err(TokenError::Proof("ath"));
        }
        _ => {}
    }
    Ok(Proof {
        jkt: key.thumbprint(),
        jti,
        remember_until: iat + MAX_AGE + MAX_LEEWAY + 1,
    })
}

/// Compares after the normalisation of RFC 3986 §6.2.2 and §6.2.3, which the parser does.
fn same_resource(one: &Url, other: &Url) -> bool {
    one.scheme() == other.scheme()
        && one.host() == other.host()
        && one.port_or_known_default() == other.port_or_known_default()
        && one.path() == other.path()
        && one.username().is_empty()
        && one.password().is_none()
}

/// A proof of this key, for our own clients and for tests.
///
/// # Errors
/// When the key does not sign.
pub fn prove(
    key: &SigningKey,
    jti: &str,
    expected: Expected<'_>,
    now: OffsetDateTime,
) -> Result<String, KeyError> {
    let mut htu = expected.url.clone();
    htu.set_query(None);
    htu.set_fragment(None);
    let proof = OwnProof {
        jti,
        htm: expected.method,
        htu: htu.as_str(),
        iat: now.unix_timestamp(),
        ath: expected.token.map(token_hash),
    };
    key.sign_proof(&proof)
}

/// Which proofs were used, in the memory of one process.
#[derive(Debug)]
pub struct Seen {
    used: HashMap<[u8; 32], i64>,
    limit: usize,
    /// No entry's time is over earlier.
    earliest_end: i64,
}

impl Seen {
    /// Remembers at most `limit` proofs.
    pub fn new(limit: usize) -> Self {
        Self {
            used: HashMap::new(),
            limit,
            earliest_end: i64::MAX,
        }
    }

    /// Whether the proof is used for the first time. With no room to remember it, it does not count as new.
    pub fn is_first(&mut self, proof: &Proof, now: OffsetDateTime) -> bool {
        let now = now.unix_timestamp();
        if self.used.len() >= self.limit && self.earliest_end <= now {
            self.used.retain(|_, until| *until > now);
            self.earliest_end = self.used.values().min().copied().unwrap_or(i64::MAX);
        }
        let id = Sha256::new_with_prefix(&proof.jkt)
            .chain_update([0])
            .chain_update(&proof.jti)
            .finalize()
            .into();
        if self.used.len() >= self.limit || self.used.contains_key(&id) {
            return false;
        }
        self.used.insert(id, proof.remember_until);
        self.earliest_end = self.earliest_end.min(proof.remember_until);
        true
    }
}
