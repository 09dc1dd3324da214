//! What an ID token hints at (OpenID Connect RP-Initiated Logout §2).

use serde::Deserialize;
use serde_json::Value;

use super::text;
use crate::error::TokenError;

/// Whose session an ID token is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdTokenHint {
    /// The issuer.
    pub iss: String,
    /// The person.
    pub sub: String,
    /// The client that got it.
    pub aud: String,
    /// The session.
    pub sid: String,
}

#[derive(Deserialize)]
struct RawHint {
    iss: Option<Value>,
    sub: Option<Value>,
    aud: Option<Value>,
    sid: Option<Value>,
}

impl IdTokenHint {
    pub(crate) fn from_payload(payload: &[u8]) -> Result<Self, TokenError> {
        let raw: RawHint = serde_json::from_slice(payload).map_err(|_| TokenError::Malformed)?;
        Ok(Self {
            iss: text(raw.iss, "iss")?,
            sub: text(raw.sub, "sub")?,
            aud: text(raw.aud, "aud").map_err(|_| TokenError::Audience)?,
            sid: text(raw.sid, "sid")?,
        })
    }
}
