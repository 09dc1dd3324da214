//! Stops that are known before the chain has them: signed by someone with the right to, and on their way.
//!
//! A stop ends what was granted up to what it names. So it covers a consent until the chain shows either that the consent
//! is not active any more, or that it was granted anew above what the stop names; nothing has to take the stop back.

use crate::consent::Consent;
use crate::id::{Address, ScopeId};

/// A stop, as far as decisions are concerned. Whether its signer had the right to it is for the reader to find out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stop {
    /// Of one consent: `Revoke`, `Deny`, or an item of a batch.
    Consent {
        /// The address that stands for the patient.
        subject: Address,
        /// The address of who could read.
        grantee: Address,
        /// Hash of the policy document.
        scope_id: ScopeId,
        /// Every version up to this one is stopped.
        through_version: u32,
    },
    /// Of everything that a subject granted: `RevokeAll`.
    All {
        /// The address that stands for the patient.
        subject: Address,
        /// What was opened in every epoch up to this one is stopped.
        through_epoch: u32,
    },
}

impl Stop {
    /// Whether this consent, as the chain has it, is stopped.
    pub fn covers(&self, consent: &Consent) -> bool {
        match *self {
            Self::Consent {
                subject,
                grantee,
                scope_id,
                through_version,
            } => {
                (subject, grantee, scope_id) == (consent.subject, consent.grantee, consent.scope_id)
                    && consent.version <= through_version
            }
            Self::All {
                subject,
                through_epoch,
            } => subject == consent.subject && consent.epoch <= through_epoch,
        }
    }
}
