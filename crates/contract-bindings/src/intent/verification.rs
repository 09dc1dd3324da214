//! What a signature proves without asking the chain.

use alloy::primitives::{Address, B256};
use alloy::sol_types::Eip712Domain;

use super::wire::{Action, SignedIntent};
use super::{Intent as _, passkey, signature, signer_id, typed_digest};
use crate::registry::ConsentRegistry::Proof;
use crate::registry::IntentLens::AcceptControl;

/// A verifier's address comes before the key.
pub(super) const VERIFIER_LENGTH: usize = 20;

/// What is known about a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verification {
    /// It is the actor's: the registry takes it. One reservation: an opening by an address that has code is asked of
    /// that code, so for what is no stop only the chain has the last word.
    Verified,
    /// Only the chain can tell: a contract wallet, or a key behind a verifier that is not known here.
    NeedsChain,
    /// It cannot be the actor's.
    Invalid,
}

pub(super) fn verify(signed: &SignedIntent, domain: &Eip712Domain) -> Verification {
    let by_actor = check(signed.actor(), signed.digest(domain), &signed.proof);
    let Action::Rotate(intent, acceptance) = &signed.action else {
        return by_actor;
    };
    let accepted = AcceptControl {
        actor: intent.newController,
        subject: intent.subject,
        seq: intent.seq,
        deadline: acceptance.deadline,
    };
    let digest = typed_digest(domain, accepted.struct_hash());
    by_actor.max(check(accepted.actor, digest, &acceptance.proof))
}

/// What a proof says of an address's signature over a digest.
pub(super) fn check(actor: Address, digest: B256, proof: &Proof) -> Verification {
    if actor.is_zero() {
        return Verification::Invalid;
    }
    if proof.signer.is_empty() {
        let parsed = signature::parse(&proof.signature);
        let is_keys = parsed.is_ok_and(|it| signature::verify(actor, digest, &it).is_ok());
        return if is_keys {
            Verification::Verified
        } else {
            // Of a contract wallet, whose signatures have any form.
            Verification::NeedsChain
        };
    }
    if proof.signer.len() <= VERIFIER_LENGTH || signer_id(&proof.signer) != actor {
        return Verification::Invalid;
    }
    let (verifier, key) = proof.signer.split_at(VERIFIER_LENGTH);
    if verifier != passkey::verifier().as_slice() {
        return Verification::NeedsChain;
    }
    if passkey::verify(key, digest, &proof.signature) {
        Verification::Verified
    } else {
        Verification::Invalid
    }
}
