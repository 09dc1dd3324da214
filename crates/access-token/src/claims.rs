//! The claims of an access token.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::TokenError;
use crate::scope::{Persona, ScopeSet};

/// What a verified access token says. A token says who, which app and the ceiling; never what a patient consented to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The one audience.
    pub aud: String,
    /// Whom the token speaks for; for client_credentials the client itself.
    pub sub: String,
    /// The client that obtained it.
    pub client_id: String,
    /// The token's own id.
    pub jti: String,
    /// Issued at, Unix seconds.
    pub iat: i64,
    /// Not before, Unix seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
    /// Expiry, Unix seconds.
    pub exp: i64,
    /// The ceiling of what it allows.
    pub scope: ScopeSet,
    /// The custodian in whose name it was issued.
    pub tenant: String,
    /// The persona; every scope is one that it may hold.
    pub persona: Persona,
    /// The organisation's id; always there for providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub org: Option<String>,
    /// The organisation's addresses on chain, `0x` and 40 hex digits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grantees: Vec<String>,
    /// The purpose of use, such as `TREAT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// As it arrives: every member still any JSON, so that a wrong type is our own, named refusal. Twice the same
/// member does not parse.
#[derive(Deserialize)]
struct RawClaims {
    iss: Option<Value>,
    aud: Option<Value>,
    sub: Option<Value>,
    client_id: Option<Value>,
    jti: Option<Value>,
    iat: Option<Value>,
    nbf: Option<Value>,
    exp: Option<Value>,
    scope: Option<Value>,
    tenant: Option<Value>,
    persona: Option<Value>,
    org: Option<Value>,
    grantees: Option<Value>,
    purpose: Option<Value>,
}

impl Claims {
    /// Reads a payload. Checks shapes only; [`crate::Verifier`] compares with issuer, audience and clock.
    pub fn from_payload(payload: &[u8]) -> Result<Self, TokenError> {
        let raw: RawClaims = serde_json::from_slice(payload).map_err(|_| TokenError::Malformed)?;
        let claims = Self {
            iss: text(raw.iss, "iss")?,
            // An array is not accepted, not even of one: a token is for one audience.
            aud: text(raw.aud, "aud").map_err(|_| TokenError::Audience)?,
            sub: text(raw.sub, "sub")?,
            client_id: text(raw.client_id, "client_id")?,
            jti: text(raw.jti, "jti")?,
            iat: instant(raw.iat, "iat")?,
            nbf: raw.nbf.map(|nbf| instant(Some(nbf), "nbf")).transpose()?,
            exp: instant(raw.exp, "exp")?,
            scope: ScopeSet::parse(&string(raw.scope, "scope")?)
                .map_err(|_| TokenError::Claim("scope"))?,
            tenant: text(raw.tenant, "tenant")?,
            persona: text(raw.persona, "persona")?
                .parse()
                .map_err(|_| TokenError::Claim("persona"))?,
            org: raw.org.map(|org| text(Some(org), "org")).transpose()?,
            grantees: addresses(raw.grantees)?,
            purpose: raw
                .purpose
                .map(|purpose| text(Some(purpose), "purpose"))
                .transpose()?,
        };
        if !claims.scope.within(claims.persona) {
            return Err(TokenError::Claim("scope"));
        }
        if (claims.persona == Persona::Provider) != claims.org.is_some() {
            return Err(TokenError::Claim("org"));
        }
        if claims.org.is_none() && !claims.grantees.is_empty() {
            return Err(TokenError::Claim("grantees"));
        }
        Ok(claims)
    }
}

fn string(value: Option<Value>, name: &'static str) -> Result<String, TokenError> {
    match value {
        Some(Value::String(text)) => Ok(text),
        _ => Err(TokenError::Claim(name)),
    }
}

/// A non-empty string of at most 2,048 characters.
pub(crate) fn text(value: Option<Value>, name: &'static str) -> Result<String, TokenError> {
    let text = string(value, name)?;
    if text.is_empty() || text.len() > 2048 {
        Err(TokenError::Claim(name))
    } else {
        Ok(text)
    }
}

/// A JSON number of Unix seconds; a fraction is cut off. A string is refused.
pub(crate) fn instant(value: Option<Value>, name: &'static str) -> Result<i64, TokenError> {
    // 9999-12-31, so that later arithmetic cannot overflow.
    const LAST: i64 = 253_402_300_799;
    let Some(Value::Number(number)) = value else {
        return Err(TokenError::Claim(name));
    };
    #[allow(
        clippy::cast_possible_truncation,
        reason = "float to int casts saturate, and the range is checked"
    )]
    let seconds = number
        .as_i64()
        .or_else(|| number.as_f64().map(|f| f.floor() as i64));
    seconds
        .filter(|s| (0..=LAST).contains(s))
        .ok_or(TokenError::Claim(name))
}

fn addresses(value: Option<Value>) -> Result<Vec<String>, TokenError> {
    const FAULT: TokenError = TokenError::Claim("grantees");
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) if is_address(&text) => Ok(text),
                _ => Err(FAULT),
            })
            .collect(),
        Some(_) => Err(FAULT),
    }
}

fn is_address(text: &str) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|hex| hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}
