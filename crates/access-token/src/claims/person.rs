//! What a token says of the person behind it: how they signed in, who acts, which key must be proven.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{instant, optional_text, text};
use crate::error::TokenError;

/// How sure we are of the person (NIST SP 800-63B): one factor, or two, a passkey counting as two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acr {
    /// One factor.
    Aal1,
    /// Two factors.
    Aal2,
}

impl Acr {
    /// As it stands in a claim and in `acr_values`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aal1 => "aal1",
            Self::Aal2 => "aal2",
        }
    }
}

impl fmt::Display for Acr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Acr {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        [Self::Aal1, Self::Aal2]
            .into_iter()
            .find(|acr| acr.as_str() == text)
            .ok_or(TokenError::Claim("acr"))
    }
}

/// How the person proved who they are (RFC 8176).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Amr {
    /// A password.
    Pwd,
    /// A one-time password.
    Otp,
    /// A passkey: the proof of a key that the person unlocked.
    Pop,
}

impl Amr {
    /// As it stands in a claim.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pwd => "pwd",
            Self::Otp => "otp",
            Self::Pop => "pop",
        }
    }
}

impl FromStr for Amr {
    type Err = TokenError;
    fn from_str(text: &str) -> Result<Self, TokenError> {
        [Self::Pwd, Self::Otp, Self::Pop]
            .into_iter()
            .find(|amr| amr.as_str() == text)
            .ok_or(TokenError::Claim("amr"))
    }
}

/// The session that a token comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignIn {
    /// The session; ending it ends the token.
    pub sid: String,
    /// When the person last proved who they are, Unix seconds.
    pub auth_time: i64,
    /// How surely.
    pub acr: Acr,
    /// By what.
    pub amr: Vec<Amr>,
    /// The account's version; raised by whatever must end all of its tokens.
    pub sv: i64,
}

impl SignIn {
    /// All members or none.
    pub(super) fn read(
        sid: Option<Value>,
        auth_time: Option<Value>,
        acr: Option<Value>,
        amr: Option<Value>,
        sv: Option<Value>,
    ) -> Result<Option<Self>, TokenError> {
        let Some(sid) = optional_text(sid, "sid")? else {
            let stray = [
                ("auth_time", auth_time),
                ("acr", acr),
                ("amr", amr),
                ("sv", sv),
            ];
            return match stray.into_iter().find(|(_, value)| value.is_some()) {
                Some((name, _)) => Err(TokenError::Claim(name)),
                None => Ok(None),
            };
        };
        let amr = match amr {
            Some(Value::Array(items)) if !items.is_empty() => items
                .iter()
                .map(|item| item.as_str().unwrap_or_default().parse())
                .collect::<Result<_, _>>()?,
            _ => return Err(TokenError::Claim("amr")),
        };
        Ok(Some(Self {
            sid,
            auth_time: instant(auth_time, "auth_time")?,
            acr: text(acr, "acr")?.parse()?,
            amr,
            sv: sv
                .as_ref()
                .and_then(Value::as_i64)
                .filter(|version| *version >= 0)
                .ok_or(TokenError::Claim("sv"))?,
        }))
    }
}

/// Who acts in the name of `sub` (RFC 8693 §4.1); one step, chains are refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Actor {
    /// The account or client that acts.
    pub sub: String,
}

impl Actor {
    pub(super) fn read(value: Value) -> Result<Self, TokenError> {
        Ok(Self {
            sub: only_member(value, "sub", "act")?,
        })
    }
}

/// The key that the caller must prove to have (RFC 9449 §6.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// The RFC 7638 thumbprint of a public key.
    pub jkt: String,
}

impl Confirmation {
    pub(super) fn read(value: Value) -> Result<Self, TokenError> {
        Ok(Self {
            jkt: only_member(value, "jkt", "cnf")?,
        })
    }
}

/// The text of an object's only member. What we do not know could be a condition, so it is not ignored.
fn only_member(value: Value, member: &str, name: &'static str) -> Result<String, TokenError> {
    match value {
        Value::Object(mut members) if members.len() == 1 => text(members.remove(member), name),
        _ => Err(TokenError::Claim(name)),
    }
}
