//! From the body of an event to a stop whose signature holds. The bus is not believed: whoever can write to it must not
//! be able to deny care.

use alloy::primitives::{Address as ChainAddress, B256};
use alloy::sol_types::Eip712Domain;
use consent_core::subject::rights;
use consent_core::{Address, Hash32, Stop};
use contract_bindings::intent::{Action, SignedIntent, Stopped, Verification};
use serde::Deserialize;

use crate::decision::facts::authority::Needs;
use crate::decision::facts::signature::Claimed;

/// The longest body: a batch of 256 items with the longest signature, and room.
pub const MAX_BODY: usize = 256 * 1024;

/// The number of a denial in a batch.
const DENY: u8 = 1;

/// Why an event is no stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoStop {
    /// It cannot be read.
    Unreadable,
    /// It is some other decision.
    OtherAction,
    /// It is not what its digest names: for another registry, or changed.
    Digest,
    /// Its signature cannot be its actor's.
    Signature,
}

impl NoStop {
    /// A short name for a metric's label.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::OtherAction => "no-stop",
            Self::Digest => "digest",
            Self::Signature => "signature",
        }
    }
}

/// A stop that its actor signed, or that only the chain can say so of. Whether the actor may stop is not known yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Who signed.
    pub actor: Address,
    /// For whom.
    pub subject: Address,
    /// What it takes.
    pub needs: Needs,
    /// What it stops; never empty, all of `subject`.
    pub stops: Vec<Stop>,
    /// What the chain has to be asked before it counts; `None` where the signature was verified here.
    pub unproven: Option<Box<Claimed>>,
}

#[derive(Deserialize)]
struct Body {
    digest: B256,
    stop: SignedIntent,
}

/// Reads the body of an event and verifies the signature in it for the registry of this domain, as far as that can be done
/// without the chain. The deadline is not
/// looked at: it bounds when the chain takes the stop, not whether the patient wanted it.
///
/// # Errors
/// [`NoStop`].
pub fn read(body: &[u8], domain: &Eip712Domain) -> Result<Candidate, NoStop> {
    if body.len() > MAX_BODY {
        return Err(NoStop::Unreadable);
    }
    let Body { digest, stop } = serde_json::from_slice(body).map_err(|_| NoStop::Unreadable)?;
    let stopped = stop.stopped().ok_or(NoStop::OtherAction)?;
    let needs = needs(&stop.action).ok_or(NoStop::OtherAction)?;
    if stop.digest(domain) != digest {
        return Err(NoStop::Digest);
    }
    let unproven = match stop.verify_offline(domain) {
        Verification::Verified => None,
        Verification::NeedsChain => Some(Box::new(Claimed {
            digest,
            signer: stop.proof.signer.clone(),
            signature: stop.proof.signature.clone(),
        })),
        Verification::Invalid => return Err(NoStop::Signature),
    };
    let stops = match stopped {
        Stopped::Consents(consents) => consents
            .into_iter()
            .map(|consent| Stop::Consent {
                subject: address(consent.subject),
                grantee: address(consent.grantee),
                scope_id: Hash32(consent.scope_id.0),
                through_version: consent.through_version,
            })
            .collect(),
        Stopped::All {
            subject,
            through_epoch,
            ..
        } => vec![Stop::All {
            subject: address(subject),
            through_epoch,
        }],
    };
    Ok(Candidate {
        actor: address(stop.actor()),
        subject: address(stop.subject()),
        needs,
        stops,
        unproven,
    })
}

/// What the registry asks of the actor. A batch takes every right that one of its items takes, or nothing happens.
fn needs(action: &Action) -> Option<Needs> {
    match action {
        Action::Revoke(_) => Some(Needs::Rights(rights::REVOKE)),
        Action::Deny(_) => Some(Needs::Rights(rights::DENY)),
        Action::RevokeAll(_) => Some(Needs::Control),
        Action::Batch(batch) => {
            let of = |kind| {
                if kind == DENY {
                    rights::DENY
                } else {
                    rights::REVOKE
                }
            };
            Some(Needs::Rights(
                batch.ops.iter().fold(0, |bits, op| bits | of(op.kind)),
            ))
        }
        _ => None,
    }
}

fn address(address: ChainAddress) -> Address {
    Address(address.into_array())
}
