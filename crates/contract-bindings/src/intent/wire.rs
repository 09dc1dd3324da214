//! A signed intent as it travels between wallets, the relay, the bus and gateways.
//!
//! ```json
//! {"action":"Revoke",
//!  "intent":{"actor":"0x…","subject":"0x…","grantee":"0x…","scopeId":"0x…","throughVersion":7,"deadline":1099511627775},
//!  "proof":{"signer":"0x","signature":"0x…"}}
//! ```
//!
//! `intent` has exactly the members of the EIP-712 struct that was signed, numbers as JSON integers. `proof.signer` is
//! `0x` for an address's signature, else the ERC-7913 signer (verifier, then key). `Rotate` has a further member
//! `acceptance` (`deadline`, `proof`): the new controller's agreement. `Recover` has the members `actor` (the new
//! controller), `subject`, `proposalId`, `seq`, `deadline`, and its proof is that of the agreement.
//!
//! Reading is strict. What a reader does not know it must not pass on as if it had understood it.

use alloy::primitives::{Address, B256, Bytes};
use alloy::sol_types::Eip712Domain;
use consent_core::json::{JsonError, parse_strict};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Value, json};
use thiserror::Error;

mod action;
mod member;

pub use action::{Action, MAX_OPS, Recover};

use super::effect::Stopped;
use super::verification::{self, Verification};
use crate::registry::ConsentRegistry::{Acceptance, Proof};
use member::{Member as _, Members};

/// Longer than any signer in use: a verifier's address and an RSA key.
pub const MAX_SIGNER: usize = 1024;
/// Longer than any signature in use: a passkey's, or a wallet's with dozens of owners.
pub const MAX_SIGNATURE: usize = 8192;

/// Why something is no signed intent. Names members, never values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WireError {
    /// No JSON at all.
    #[error("this is not JSON")]
    NotJson,
    /// Two readers may understand it differently.
    #[error("a member stands twice")]
    Duplicate,
    /// A member is not there.
    #[error("the member `{0}` is missing")]
    Missing(&'static str),
    /// There are members that have no meaning here.
    #[error("`{0}` has a member that is unknown for this action")]
    Unknown(&'static str),
    /// A member is of another type, length or range.
    #[error("`{member}` must be {form}")]
    Form {
        /// Which one.
        member: &'static str,
        /// What it must be.
        form: &'static str,
    },
    /// No action of the registry.
    #[error(
        "`action` is none of the registry's; it is spelled like the signed struct, for example Revoke"
    )]
    UnknownAction,
}

/// A decision with its actor's signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIntent {
    /// What was decided.
    pub action: Action,
    /// The actor's signature.
    pub proof: Proof,
}

impl SignedIntent {
    /// Reads the JSON text.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn parse(json: &[u8]) -> Result<Self, WireError> {
        let value = parse_strict(json).map_err(|fault| match fault {
            JsonError::Syntax => WireError::NotJson,
            JsonError::DuplicateKey | JsonError::CaseVariantKey => WireError::Duplicate,
        })?;
        Self::from_json(&value)
    }

    /// Reads a JSON value, which cannot show whether a member stood twice in its text.
    ///
    /// # Errors
    /// [`WireError`].
    pub fn from_json(value: &Value) -> Result<Self, WireError> {
        let mut members = Members::of(value, "the body")?;
        let action = members.value("action")?.as_str().ok_or(WireError::Form {
            member: "action",
            form: "a string",
        })?;
        let intent = members.value("intent")?;
        let proof = read_proof(members.value("proof")?)?;
        let action = Action::read(action, intent, || {
            read_acceptance(members.value("acceptance")?)
        })?;
        members.finish()?;
        Ok(Self { action, proof })
    }

    /// The JSON value; [`SignedIntent::from_json`] reads the same intent from it.
    pub fn to_json(&self) -> Value {
        let mut value = json!({
            "action": self.action.name(),
            "intent": self.action.write(),
            "proof": write_proof(&self.proof),
        });
        if let Action::Rotate(_, acceptance) = &self.action {
            value["acceptance"] = json!({
                "deadline": acceptance.deadline.write(),
                "proof": write_proof(&acceptance.proof),
            });
        }
        value
    }

    /// What the actor signed, for the registry of this domain. It names the intent.
    pub fn digest(&self, domain: &Eip712Domain) -> B256 {
        super::typed_digest(domain, self.action.struct_hash())
    }

    /// Who decided and signed.
    pub fn actor(&self) -> Address {
        self.action.actor()
    }

    /// The patient's address that this is about.
    pub fn subject(&self) -> Address {
        self.action.subject()
    }

    /// Whether this takes access away and nothing else, see [`Action::is_stop`].
    pub fn is_stop(&self) -> bool {
        self.action.is_stop()
    }

    /// What a stop stops; nothing for any other action.
    pub fn stopped(&self) -> Option<Stopped> {
        self.action.stopped()
    }

    /// Call data of the registry's function that takes this, to be sent by anyone.
    pub fn calldata(&self) -> Vec<u8> {
        self.action.calldata(&self.proof)
    }

    /// What can be said about the signatures without the chain. It says nothing about the actor's rights, nor about
    /// the deadline.
    pub fn verify_offline(&self, domain: &Eip712Domain) -> Verification {
        verification::verify(self, domain)
    }
}

impl Serialize for SignedIntent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for SignedIntent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        Self::from_json(&value).map_err(serde::de::Error::custom)
    }
}

fn read_proof(value: &Value) -> Result<Proof, WireError> {
    let mut members = Members::of(value, "proof")?;
    let signer: Bytes = members.take("signer")?;
    let signature: Bytes = members.take("signature")?;
    members.finish()?;
    if signer.len() > MAX_SIGNER {
        return Err(WireError::Form {
            member: "signer",
            form: "at most 1024 bytes long",
        });
    }
    // An empty one would count where the sender happens to be the actor.
    if signature.is_empty() || signature.len() > MAX_SIGNATURE {
        return Err(WireError::Form {
            member: "signature",
            form: "1 to 8192 bytes long",
        });
    }
    Ok(Proof { signer, signature })
}

fn write_proof(proof: &Proof) -> Value {
    json!({"signer": proof.signer.write(), "signature": proof.signature.write()})
}

fn read_acceptance(value: &Value) -> Result<Acceptance, WireError> {
    let mut members = Members::of(value, "acceptance")?;
    let deadline = members.take("deadline")?;
    let proof = read_proof(members.value("proof")?)?;
    members.finish()?;
    Ok(Acceptance { deadline, proof })
}

#[cfg(test)]
mod tests;
