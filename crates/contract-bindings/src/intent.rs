//! EIP-712 messages: what people sign off-chain, and its verification.
//!
//! The domain is the registry's own (EIP-5267: name `Consentry`, version `1`, chain id, registry address), so that a
//! signature for one deployment is worthless in another.
//!
//! An [`Intent`] is a struct of the registry's ABI: the same value is signed and handed to the contract's call. Only a
//! batch is signed as a struct of its own, because the ABI does not say that its enums are `uint8`s.
//!
//! A [`SignedIntent`] is any of them with its signature, as it travels in JSON.

use alloy::primitives::{Address, B256, keccak256};
use alloy::signers::SignerSync;
use alloy::sol_types::{Eip712Domain, SolStruct as _, eip712_domain};

mod batch;
mod bind;
mod effect;
mod grantee;
pub mod passkey;
mod signature;
mod statement;
mod verification;
mod wallet;
mod wire;

pub use bind::{Bind, patient_ref_hash};
pub use effect::{Stopped, StoppedConsent};
pub use grantee::BindGrantee;
pub use signature::SignatureError;
pub use statement::{Endorse, LiftStop, Statement};
pub use verification::Verification;
pub use wallet::Question;
pub use wire::{Action, MAX_OPS, MAX_SIGNATURE, MAX_SIGNER, Recover, SignedIntent, WireError};

pub use crate::registry::ConsentRegistry::Proof;
use crate::registry::ConsentRegistry::{
    Batch, Deny, Freeze, Grant, Invalidate, ProposeRecovery, Relinquish, RemoveDelegate, Request,
    Revoke, RevokeAll, Rotate, SetDelegate, SetRecovery, Unfreeze, Veto,
};
use crate::registry::IntentLens::AcceptControl;

/// Keeps the ids of ERC-7913 signers apart from all other hashes.
const SIGNER_TAG: &[u8] = b"Consentry ERC-7913 signer";

/// The EIP-712 domain of a registry.
pub fn domain(chain_id: u64, registry: Address) -> Eip712Domain {
    eip712_domain! {
        name: "Consentry",
        version: "1",
        chain_id: chain_id,
        verifying_contract: registry,
    }
}

/// The address that stands for an ERC-7913 signer: a verifier's 20 bytes followed by the key.
pub fn signer_id(signer: &[u8]) -> Address {
    Address::from_word(keccak256([SIGNER_TAG, signer].concat()))
}

/// The digest of a struct under a domain.
fn typed_digest(domain: &Eip712Domain, struct_hash: B256) -> B256 {
    let head = [0x19, 0x01];
    let separator = domain.separator();
    keccak256([&head[..], &separator[..], &struct_hash[..]].concat())
}

/// A decision that its actor signs, in the form that the registry takes.
pub trait Intent {
    /// `encodeType` of EIP-712.
    const TYPE: &'static str;

    /// Who decides and signs.
    fn actor(&self) -> Address;

    /// `hashStruct` of EIP-712.
    fn struct_hash(&self) -> B256;

    /// What is signed for the registry of this domain.
    fn digest(&self, domain: &Eip712Domain) -> B256 {
        typed_digest(domain, self.struct_hash())
    }

    /// Signs with an EOA's key; 65 bytes `r ‖ s ‖ v`.
    ///
    /// # Errors
    /// When the signer fails.
    fn sign(
        &self,
        domain: &Eip712Domain,
        signer: &impl SignerSync,
    ) -> Result<[u8; 65], alloy::signers::Error> {
        signature::sign(self.digest(domain), signer)
    }

    /// Signs as [`Intent::sign`], in the form that the registry's calls take.
    ///
    /// # Errors
    /// When the signer fails.
    fn prove(
        &self,
        domain: &Eip712Domain,
        signer: &impl SignerSync,
    ) -> Result<Proof, alloy::signers::Error> {
        Ok(Proof {
            signer: Default::default(),
            signature: self.sign(domain, signer)?.into(),
        })
    }

    /// Checks that `signature` is the actor's own, for an actor that is an EOA: 65 bytes, or 64 by EIP-2098.
    ///
    /// # Errors
    /// [`SignatureError`]; a signature with a high `s` (EIP-2) is refused as malformed.
    fn verify(&self, domain: &Eip712Domain, signature: &[u8]) -> Result<(), SignatureError> {
        let parsed = signature::parse(signature)?;
        signature::verify(self.actor(), self.digest(domain), &parsed)
    }
}

/// No signature: the actor sends its decision itself.
pub fn by_sender() -> Proof {
    Proof {
        signer: Default::default(),
        signature: Default::default(),
    }
}

macro_rules! intents {
    ($($name:ident: $encoded:literal;)*) => {
        $(impl Intent for $name {
            const TYPE: &'static str = concat!(stringify!($name), "(address actor,address subject,", $encoded, ")");

            fn actor(&self) -> Address {
                self.actor
            }

            fn struct_hash(&self) -> B256 {
                self.eip712_hash_struct()
            }
        })*

        /// Every type string with the one that the ABI's struct gives, batches aside.
        #[cfg(test)]
        const PLAIN: &[(&str, fn() -> std::borrow::Cow<'static, str>)] =
            &[$((<$name as Intent>::TYPE, $name::eip712_encode_type)),*];
    };
}

intents! {
    Request: "address grantee,bytes32 scopeId,uint40 validFrom,uint40 validTo,uint40 respondBy,uint32 version,uint40 deadline";
    Grant: "address grantee,bytes32 scopeId,uint24 seq,uint40 validFrom,uint40 validTo,uint32 version,uint40 deadline";
    Deny: "address grantee,bytes32 scopeId,uint32 throughVersion,uint40 deadline";
    Revoke: "address grantee,bytes32 scopeId,uint32 throughVersion,uint40 deadline";
    Relinquish: "address grantee,bytes32 scopeId,uint32 version,uint40 deadline";
    RevokeAll: "uint24 throughEpoch,uint24 throughSeq,bool dropDelegates,uint40 deadline";
    Invalidate: "uint24 throughSeq,uint40 deadline";
    Rotate: "address newController,uint24 seq,uint40 deadline";
    AcceptControl: "uint24 seq,uint40 deadline";
    SetDelegate: "address delegate,uint8 rights,uint40 validFrom,uint40 validTo,uint32 nonce,uint24 seq,uint40 deadline";
    RemoveDelegate: "address delegate,uint32 throughNonce,uint40 deadline";
    SetRecovery: "address recoverer,uint32 delay,uint32 nonce,uint24 seq,uint40 deadline";
    ProposeRecovery: "address newController,uint32 proposalId,uint40 deadline";
    Veto: "uint32 proposalId,uint40 deadline";
    Freeze: "uint24 seq,uint40 deadline";
    Unfreeze: "uint24 seq,uint40 deadline";
}

impl Intent for Batch {
    const TYPE: &'static str = batch::TYPE;

    fn actor(&self) -> Address {
        self.actor
    }

    fn struct_hash(&self) -> B256 {
        batch::hash(self)
    }
}

#[cfg(test)]
mod tests;
