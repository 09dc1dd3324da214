//! What the registry stores, field by field as its views decode it.
//!
//! Times are Unix seconds and counters plain integers: how they are packed is the contract's business. Where the
//! contract keeps bits that no longer mean anything (the mandate of a removed delegate, the date of a cancelled
//! proposal), the model has zeros; compare after [`Delegate::normalised`] and its like.

use std::fmt;

/// `type(uint40).max`: as `valid_to` it means "until revoked", as a stop's deadline "for ever".
pub const FOR_EVER: u64 = (1 << 40) - 1;

/// An account, or the id of an ERC-7913 signer.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Address(pub [u8; 20]);

impl Address {
    /// The zero address, which is nobody.
    pub const ZERO: Self = Self([0; 20]);

    /// An address for tests: all zero but the last byte.
    pub const fn of(number: u8) -> Self {
        let mut bytes = [0; 20];
        bytes[19] = number;
        Self(bytes)
    }

    /// Whether this is nobody.
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The salted hash of a policy.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct ScopeId(pub [u8; 32]);

impl fmt::Debug for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("0x")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// What a consent is about; on chain its hash is the consent's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConsentKey {
    /// The patient's address.
    pub subject: Address,
    /// The organisation's address.
    pub grantee: Address,
    /// The policy.
    pub scope_id: ScopeId,
}

/// A half-open time `[from, to)`; `to` may be [`FOR_EVER`], which no time reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Window {
    /// First second.
    pub from: u64,
    /// First second after it.
    pub to: u64,
}

impl Window {
    /// Whether its end has passed.
    pub fn is_over(self, now: u64) -> bool {
        self.to != FOR_EVER && now >= self.to
    }

    /// Whether the time lies in it.
    pub fn contains(self, now: u64) -> bool {
        self.from <= now && !self.is_over(now)
    }
}

/// Status of a consent, with the contract's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[repr(u8)]
pub enum Status {
    /// Nothing was ever recorded.
    #[default]
    None,
    /// The grantee asks.
    Requested,
    /// The subject agreed.
    Active,
    /// The subject refused.
    Denied,
    /// Taken back, given up, or ruled out beforehand.
    Revoked,
    /// Not answered in time, or the window is over.
    Expired,
}

/// A consent as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Consent {
    /// Stored status; see [`crate::Registry::status_of`] for the effective one.
    pub status: Status,
    /// The window of the last opening.
    pub window: Window,
    /// Counts transitions.
    pub version: u32,
    /// Epoch of the subject at the last opening.
    pub epoch: u32,
    /// Block time of the last transition.
    pub changed_at: u64,
    /// First second at which an unanswered request has lapsed; 0 if not opened by a request.
    pub respond_by: u64,
}

/// A subject as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subject {
    /// Who decides.
    pub controller: Address,
    /// Consents opened in another epoch are void.
    pub epoch: u32,
    /// Delegates, recovery and proposal of another authEpoch are void.
    pub auth_epoch: u32,
    /// Openings signed for another seq are void.
    pub seq: u32,
    /// First second at which grants are possible again; 0 if not frozen.
    pub frozen_until: u64,
    /// First second at which the recoverer may freeze again; 0 if it never did.
    pub next_freeze_at: u64,
}

impl Subject {
    /// A subject that has never done anything: it decides for itself.
    pub fn untouched(subject: Address) -> Self {
        Self {
            controller: subject,
            epoch: 0,
            auth_epoch: 0,
            seq: 0,
            frozen_until: 0,
            next_freeze_at: 0,
        }
    }

    /// Whether grants are stopped at this time.
    pub fn is_frozen(&self, now: u64) -> bool {
        now < self.frozen_until
    }
}

/// What a delegate may do: one bit a right, as in the contract.
pub mod right {
    /// Revoke for the subject.
    pub const REVOKE: u8 = 1;
    /// Deny for the subject.
    pub const DENY: u8 = 2;
    /// Grant for the subject, never to itself and never beyond its mandate.
    pub const GRANT: u8 = 4;
    /// All of them: what the controller has.
    pub const ALL: u8 = REVOKE | DENY | GRANT;
}

/// A delegate as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Delegate {
    /// See [`right`]; 0 if removed.
    pub rights: u8,
    /// When the mandate runs.
    pub mandate: Window,
    /// The subject's authEpoch when it was set.
    pub auth_epoch: u32,
    /// Counts changes.
    pub nonce: u32,
}

impl Delegate {
    /// Without what no longer means anything.
    pub fn normalised(self) -> Self {
        match self.rights {
            0 => Self {
                nonce: self.nonce,
                ..Self::default()
            },
            _ => self,
        }
    }
}

/// Who may recover a subject, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Recovery {
    /// Who may propose; zero if nobody.
    pub recoverer: Address,
    /// Seconds between a proposal and its earliest execution.
    pub delay: u64,
    /// The subject's authEpoch when it was set.
    pub auth_epoch: u32,
    /// Counts changes.
    pub nonce: u32,
}

impl Recovery {
    /// Without what no longer means anything.
    pub fn normalised(self) -> Self {
        match self.recoverer {
            Address::ZERO => Self {
                nonce: self.nonce,
                ..Self::default()
            },
            _ => self,
        }
    }
}

/// The last recovery proposed, as stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Proposal {
    /// Who is to control the subject; zero if nothing is proposed.
    pub new_controller: Address,
    /// First second at which it can be carried out.
    pub ready_at: u64,
    /// Number of the last proposal.
    pub id: u32,
    /// The subject's authEpoch when it was made.
    pub auth_epoch: u32,
}

impl Proposal {
    /// Without what no longer means anything.
    pub fn normalised(self) -> Self {
        match self.new_controller {
            Address::ZERO => Self {
                id: self.id,
                ..Self::default()
            },
            _ => self,
        }
    }
}
