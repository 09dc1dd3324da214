//! Who decides for a subject: its controller, delegates and recoverer, and the counters that void what came before.
//!
//! As with consents, the registry's words and these types say the same: replaying a subject's events with their block
//! times rebuilds every stored field. Each event carries the three counters as they are after it, so a missing event
//! shows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::Address;

mod apply;

pub use apply::SubjectError;

/// The largest value of `epoch`, `auth_epoch` and `seq`: it stays, and means closed.
pub const MAX_COUNTER: u32 = (1 << 24) - 1;

/// Bits of a delegate's rights.
pub mod rights {
    /// To revoke for the subject.
    pub const REVOKE: u8 = 1;
    /// To deny for the subject.
    pub const DENY: u8 = 2;
    /// To grant for the subject.
    pub const GRANT: u8 = 4;
    /// What the controller has.
    pub const ALL: u8 = REVOKE | DENY | GRANT;
}

/// The counters of a subject.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Counters {
    /// Voids consents: those of an earlier epoch read revoked.
    pub epoch: u32,
    /// Voids delegates, the recoverer and its proposal.
    pub auth_epoch: u32,
    /// Voids signed openings that were not yet applied.
    pub seq: u32,
}

/// A delegate as stored. Void unless `auth_epoch` is the subject's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delegate {
    /// Any of [`rights`]; 0 if removed.
    pub rights: u8,
    /// First second of the mandate.
    pub valid_from: u64,
    /// First second after it, or [`crate::UNTIL_REVOKED`].
    pub valid_to: u64,
    /// The subject's when it was set.
    pub auth_epoch: u32,
    /// Counts changes.
    pub nonce: u32,
}

/// Who may recover a subject, as stored. Void unless `auth_epoch` is the subject's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Who may propose; zero if nobody.
    pub recoverer: Address,
    /// Seconds between a proposal and its earliest execution; also how long a freeze lasts.
    pub delay: u32,
    /// The subject's when it was set.
    pub auth_epoch: u32,
    /// Counts changes.
    pub nonce: u32,
}

/// A recovery under way, as stored. Void unless `auth_epoch` is the subject's.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Proposal {
    /// Who is to control the subject; zero if nothing is proposed.
    pub new_controller: Address,
    /// First second at which it can be carried out.
    pub ready_at: u64,
    /// Number of the last proposal.
    pub id: u32,
    /// The subject's when it was proposed.
    pub auth_epoch: u32,
}

/// A subject as the registry stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The address that stands for the patient.
    pub address: Address,
    /// Who decides: the subject itself unless control was handed over.
    pub controller: Address,
    /// What voids what came before.
    pub counters: Counters,
    /// First second at which new grants are possible again; 0 if not frozen. May be past.
    pub frozen_until: u64,
    /// First second at which the recoverer may freeze again; 0 if it never did.
    pub next_freeze_at: u64,
    /// Who may recover it.
    pub recovery: Recovery,
    /// The last recovery proposed.
    pub proposal: Proposal,
    /// Everyone who ever was a delegate. Whoever folds single events may leave out those whom the event is not about.
    pub delegates: BTreeMap<Address, Delegate>,
}

/// An event of the registry about one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectEvent {
    /// The address that stands for the patient.
    pub subject: Address,
    /// Its counters after the event.
    pub counters: Counters,
    /// Who decided this, never who sent it.
    pub actor: Address,
    /// What happened.
    #[serde(flatten)]
    pub kind: SubjectEventKind,
}

/// What happened to a subject; the fields are those of the contract's events, named alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum SubjectEventKind {
    /// `AllConsentsRevoked`
    AllConsentsRevoked,
    /// `SignaturesInvalidated`
    SignaturesInvalidated,
    /// `ControllerChanged`
    ControllerChanged { controller: Address },
    /// `DelegateSet`
    DelegateSet {
        delegate: Address,
        rights: u8,
        valid_from: u64,
        valid_to: u64,
        nonce: u32,
    },
    /// `DelegateRemoved`
    DelegateRemoved { delegate: Address, nonce: u32 },
    /// `RecoverySet`
    RecoverySet {
        recoverer: Address,
        delay: u32,
        nonce: u32,
    },
    /// `RecoveryProposed`
    RecoveryProposed {
        new_controller: Address,
        proposal_id: u32,
        ready_at: u64,
    },
    /// `RecoveryVetoed`
    RecoveryVetoed { proposal_id: u32 },
    /// `SubjectFrozen`
    SubjectFrozen {
        frozen_until: u64,
        next_freeze_at: u64,
    },
    /// `SubjectUnfrozen`
    SubjectUnfrozen,
}

impl SubjectEventKind {
    /// Its name, in the tables, too.
    pub fn name(&self) -> &'static str {
        match self {
            Self::AllConsentsRevoked => "all_consents_revoked",
            Self::SignaturesInvalidated => "signatures_invalidated",
            Self::ControllerChanged { .. } => "controller_changed",
            Self::DelegateSet { .. } => "delegate_set",
            Self::DelegateRemoved { .. } => "delegate_removed",
            Self::RecoverySet { .. } => "recovery_set",
            Self::RecoveryProposed { .. } => "recovery_proposed",
            Self::RecoveryVetoed { .. } => "recovery_vetoed",
            Self::SubjectFrozen { .. } => "subject_frozen",
            Self::SubjectUnfrozen => "subject_unfrozen",
        }
    }

    /// The delegate it is about.
    pub fn delegate(&self) -> Option<Address> {
        match self {
            Self::DelegateSet { delegate, .. } | Self::DelegateRemoved { delegate, .. } => {
                Some(*delegate)
            }
            _ => None,
        }
    }
}

impl Subject {
    /// A subject that never did anything: it controls itself.
    pub fn untouched(address: Address) -> Self {
        Self {
            address,
            controller: address,
            counters: Counters::default(),
            frozen_until: 0,
            next_freeze_at: 0,
            recovery: Recovery::default(),
            proposal: Proposal::default(),
            delegates: BTreeMap::new(),
        }
    }

    /// What `actor` may do for the subject at `now` ([`rights`]), and the first second at which it no longer may.
    pub fn rights_of(&self, actor: Address, now: u64) -> (u8, u64) {
        if actor == self.controller {
            return (rights::ALL, crate::UNTIL_REVOKED);
        }
        self.delegates
            .get(&actor)
            .filter(|delegate| self.is_current(delegate.auth_epoch))
            .and_then(|delegate| delegate.mandate(now))
            .unwrap_or((0, 0))
    }

    /// Until when new grants are stopped, if they are at `now`.
    pub fn frozen(&self, now: u64) -> Option<u64> {
        (self.frozen_until > now).then_some(self.frozen_until)
    }

    /// Who may recover the subject.
    pub fn recoverer(&self) -> Option<Recovery> {
        let holds = !self.recovery.recoverer.is_zero() && self.is_current(self.recovery.auth_epoch);
        holds.then_some(self.recovery)
    }

    /// The recovery under way.
    pub fn proposed(&self) -> Option<Proposal> {
        let holds =
            !self.proposal.new_controller.is_zero() && self.is_current(self.proposal.auth_epoch);
        holds.then_some(self.proposal)
    }

    /// Whether what was set under this auth epoch still counts. The last one cannot be left any more, so nothing counts
    /// under it.
    pub fn is_current(&self, auth_epoch: u32) -> bool {
        auth_epoch == self.counters.auth_epoch && auth_epoch != MAX_COUNTER
    }
}

impl Delegate {
    /// Its rights and their end, if it has any at `now`. Whether it is void is up to the subject.
    pub fn mandate(&self, now: u64) -> Option<(u8, u64)> {
        let holds = self.rights != 0 && self.valid_from <= now && now < self.valid_to;
        holds.then_some((self.rights, self.valid_to))
    }
}
