//! What an intent is to the relay: who may bring it, how urgent it is, how much gas it may take.

pub mod directory;
pub mod intake;
pub mod judge;
pub mod limits;

use alloy::primitives::B256;
use alloy::sol_types::Eip712Domain;
use contract_bindings::SignedIntent;
use contract_bindings::intent::Action;

/// Gas that each further item of a batch may take: a grant into a new word, with room.
const GAS_PER_ITEM: u64 = 60_000;
/// What a transaction may take on any chain (EIP-7825).
const MAX_TRANSACTION_GAS: u64 = 1 << 24;

/// How urgent an intent is; the first goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Takes access away.
    Stop,
    /// Can only protect the subject.
    Protects,
    /// Everything else.
    Other,
}

/// Who may bring an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bearer {
    /// Anyone who has the signature.
    Anyone,
    /// Anyone, for a subject that a custodian has enrolled: the operator pays for its patients only.
    Enrolled,
    /// The grantee itself, with its organisation's token.
    Grantee,
}

/// An intent with what follows from it.
#[derive(Debug, Clone)]
pub struct Intent {
    /// As it was signed. It is passed on unchanged.
    pub signed: SignedIntent,
    /// Its name.
    pub digest: B256,
}

impl Intent {
    /// An intent for the registry of this domain.
    pub fn new(signed: SignedIntent, domain: &Eip712Domain) -> Self {
        let digest = signed.digest(domain);
        Self { signed, digest }
    }

    /// How urgent it is.
    pub fn rank(&self) -> Rank {
        let action = &self.signed.action;
        if action.is_stop() {
            Rank::Stop
        } else if action.only_protects() {
            Rank::Protects
        } else {
            Rank::Other
        }
    }

    /// Who may bring it.
    pub fn bearer(&self) -> Bearer {
        match &self.signed.action {
            Action::Request(_) | Action::Relinquish(_) => Bearer::Grantee,
            action if action.only_protects() => Bearer::Anyone,
            _ => Bearer::Enrolled,
        }
    }

    /// Whether it passes control of the subject on: a stop signed by the controller of today is void after it.
    pub fn rotates(&self) -> bool {
        matches!(self.signed.action, Action::Rotate(..) | Action::Recover(_))
    }

    /// The most gas it may take, given what one of a single item may.
    pub fn gas_cap(&self, single: u64) -> u64 {
        let items = match &self.signed.action {
            Action::Batch(batch) => batch.ops.len() as u64,
            _ => 1,
        };
        (single + (items - 1) * GAS_PER_ITEM).min(MAX_TRANSACTION_GAS)
    }
}
