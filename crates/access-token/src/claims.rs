//! The claims of an access token.

use serde::{Deserialize, Serialize};
use serde_json::Value;

mod hint;
mod person;

pub use hint::IdTokenHint;
pub use person::{Acr, Actor, Amr, Confirmation, SignIn};

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
    /// The addresses on chain by which it asks for consent: the organisation's, and a practitioner's own. `0x` and 40 hex
    /// digits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub grantees: Vec<String>,
    /// The purpose of use, such as `TREAT`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// How the person signed in; absent where a client speaks for itself.
    #[serde(flatten)]
    pub sign_in: Option<SignIn>,
    /// The patient in context: an id on the custodian's FHIR server. Only for the persona patient.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patient: Option<String>,
    /// The patient's addresses on chain, `0x` and 40 hex digits; only towards our own services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub subjects: Vec<String>,
    /// The person as a FHIR resource (SMART App Launch, `fhirUser`), such as `Practitioner/7`.
    #[serde(rename = "fhirUser", skip_serializing_if = "Option::is_none")]
    pub fhir_user: Option<String>,
    /// Who really acts, where that is not `sub` (RFC 8693 §4.1): a proxy, or a service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Actor>,
    /// The key without whose proof the token is worth nothing (RFC 9449 §6).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cnf: Option<Confirmation>,
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
    sid: Option<Value>,
    auth_time: Option<Value>,
    acr: Option<Value>,
    amr: Option<Value>,
    sv: Option<Value>,
    patient: Option<Value>,
    subjects: Option<Value>,
    #[serde(rename = "fhirUser")]
    fhir_user: Option<Value>,
    act: Option<Value>,
    cnf: Option<Value>,
}

impl RawClaims {
    fn sign_in(&mut self) -> Result<Option<SignIn>, TokenError> {
        SignIn::read(
            self.sid.take(),
            self.auth_time.take(),
            self.acr.take(),
            self.amr.take(),
            self.sv.take(),
        )
    }
}

impl Claims {
    /// Reads a payload. Checks shapes only; [`crate::Verifier`] compares with issuer, audience and clock.
    pub fn from_payload(payload: &[u8]) -> Result<Self, TokenError> {
        let mut raw: RawClaims =
            serde_json::from_slice(payload).map_err(|_| TokenError::Malformed)?;
        let sign_in = raw.sign_in()?;
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
            org: optional_text(raw.org, "org")?,
            grantees: addresses(raw.grantees, "grantees")?,
            purpose: optional_text(raw.purpose, "purpose")?,
            sign_in,
            patient: optional_text(raw.patient, "patient")?,
            subjects: addresses(raw.subjects, "subjects")?,
            fhir_user: optional_text(raw.fhir_user, "fhirUser")?,
            act: raw.act.map(Actor::read).transpose()?,
            cnf: raw.cnf.map(Confirmation::read).transpose()?,
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
        if claims.persona != Persona::Patient && claims.patient.is_some() {
            return Err(TokenError::Claim("patient"));
        }
        if claims.patient.is_none() && !claims.subjects.is_empty() {
            return Err(TokenError::Claim("subjects"));
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

/// [`text`], or nothing.
pub(crate) fn optional_text(
    value: Option<Value>,
    name: &'static str,
) -> Result<Option<String>, TokenError> {
    value.map(|value| text(Some(value), name)).transpose()
}

fn addresses(value: Option<Value>, name: &'static str) -> Result<Vec<String>, TokenError> {
    let fault = TokenError::Claim(name);
    match value {
        None => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Value::String(text) if is_address(&text) => Ok(text),
                _ => Err(fault),
            })
            .collect(),
        Some(_) => Err(fault),
    }
}

fn is_address(text: &str) -> bool {
    text.strip_prefix("0x")
        .is_some_and(|hex| hex.len() == 40 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
}
