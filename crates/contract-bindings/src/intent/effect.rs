//! What an action does to access: whether it only takes some away, and which.

use alloy::primitives::{Address, B256};

use super::wire::Action;

/// `OpKind.Grant` of the registry.
const GRANT: u8 = 0;
/// The largest `OpKind`.
pub(super) const MAX_KIND: u8 = 2;
/// The largest `BatchMode`.
pub(super) const MAX_MODE: u8 = 1;

/// What a stop stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// Single consents of a subject.
    Consents(Vec<StoppedConsent>),
    /// Every consent that a subject gave in these epochs, and every grant signed for these seqs.
    All {
        /// The patient's address.
        subject: Address,
        /// Through this epoch.
        through_epoch: u32,
        /// Through this seq.
        through_seq: u32,
    },
}

/// One consent that is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoppedConsent {
    /// The patient's address.
    pub subject: Address,
    /// The organisation's address.
    pub grantee: Address,
    /// The policy.
    pub scope_id: B256,
    /// Through this version.
    pub through_version: u32,
}

impl Action {
    /// Whether this takes access away and nothing else: the decisions that must take effect before the chain has them.
    pub fn is_stop(&self) -> bool {
        match self {
            Self::Revoke(_) | Self::Deny(_) | Self::RevokeAll(_) => true,
            Self::Batch(batch) => batch.ops.iter().all(|op| op.kind != GRANT),
            _ => false,
        }
    }

    /// Whether this can only protect the subject: a stop, or a decision that takes away what could lead to access, or
    /// to control over the subject, or that ends what keeps the subject from deciding. It is relayed for anyone.
    pub fn only_protects(&self) -> bool {
        match self {
            Self::Invalidate(_) | Self::RemoveDelegate(_) | Self::Veto(_) | Self::Unfreeze(_) => {
                true
            }
            // Naming nobody.
            Self::SetRecovery(intent) => intent.recoverer.is_zero(),
            _ => self.is_stop(),
        }
    }

    /// Whether the registry takes an address's plain ECDSA signature even where the address has code.
    pub fn takes_key_of_wallet(&self) -> bool {
        match self {
            Self::Unfreeze(_) => false,
            Self::Relinquish(_) => true,
            _ => self.only_protects(),
        }
    }

    /// What a stop stops; nothing for any other action.
    pub fn stopped(&self) -> Option<Stopped> {
        let one = |subject, grantee, scope_id, through_version| StoppedConsent {
            subject,
            grantee,
            scope_id,
            through_version,
        };
        match self {
            Self::Revoke(intent) => Some(Stopped::Consents(vec![one(
                intent.subject,
                intent.grantee,
                intent.scopeId,
                intent.throughVersion,
            )])),
            Self::Deny(intent) => Some(Stopped::Consents(vec![one(
                intent.subject,
                intent.grantee,
                intent.scopeId,
                intent.throughVersion,
            )])),
            Self::RevokeAll(intent) => Some(Stopped::All {
                subject: intent.subject,
                through_epoch: intent.throughEpoch.to(),
                through_seq: intent.throughSeq.to(),
            }),
            Self::Batch(batch) if self.is_stop() => Some(Stopped::Consents(
                batch
                    .ops
                    .iter()
                    .map(|op| one(batch.subject, op.grantee, op.scopeId, op.version))
                    .collect(),
            )),
            _ => None,
        }
    }
}
