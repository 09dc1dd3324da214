//! Verified organisations and practitioners: what their registries store, and how events change it.
//!
//! Both registries keep the same word; an organisation belongs to none. Validity is half-open: a grantee is verified
//! before `valid_to`, not at it.

use serde::{Deserialize, Serialize};

use crate::id::{Address, Hash32};

/// The status as a registry stores it, with the numbers of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum GranteeStatus {
    /// Nothing was ever recorded.
    None = 0,
    /// Its credential was checked.
    Verified = 1,
    /// Not verified for now.
    Suspended = 2,
    /// Not verified any more.
    Removed = 3,
}

impl GranteeStatus {
    /// The status with this number in the contract.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::None,
            1 => Self::Verified,
            2 => Self::Suspended,
            3 => Self::Removed,
            _ => return None,
        })
    }
}

/// An organisation or practitioner as its registry stores it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grantee {
    /// Its address.
    pub address: Address,
    /// The stored status.
    pub status: GranteeStatus,
    /// First second at which the verification is over.
    pub valid_to: u64,
    /// Block time of the last change.
    pub changed_at: u64,
    /// The organisation that a practitioner belongs to; zero for an organisation.
    pub organization: Address,
    /// The salted hash of the evidence of the last verification. Only events tell it.
    pub credential: Hash32,
}

/// An event of a registry of grantees.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct GranteeEvent {
    /// Whom it is about.
    pub grantee: Address,
    /// The organisation that a practitioner belongs to; zero for an organisation.
    pub organization: Address,
    /// What happened.
    #[serde(flatten)]
    pub kind: GranteeEventKind,
}

/// What happened to a grantee; the fields are those of the contracts' events, named alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum GranteeEventKind {
    /// `…Verified`
    Verified { credential: Hash32, valid_to: u64 },
    /// `…Suspended`
    Suspended { reason: Hash32 },
    /// `…Reinstated`
    Reinstated { reason: Hash32 },
    /// `…Removed`
    Removed { reason: Hash32 },
}

impl GranteeEventKind {
    /// Its name, in the tables, too.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Verified { .. } => "verified",
            Self::Suspended { .. } => "suspended",
            Self::Reinstated { .. } => "reinstated",
            Self::Removed { .. } => "removed",
        }
    }
}

/// An event that the registry cannot have emitted in this state: whoever folds events must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GranteeError {
    /// The event belongs to another grantee.
    #[error("the event is about another grantee")]
    OtherGrantee,
    /// The status does not allow it.
    #[error("{event} cannot follow status {from:?}")]
    Status {
        /// The status before.
        from: GranteeStatus,
        /// The event's name.
        event: &'static str,
    },
    /// Something else of it is impossible.
    #[error("{0} is impossible in this state")]
    Impossible(&'static str),
}

impl Grantee {
    /// A grantee that was never recorded.
    pub fn untouched(address: Address) -> Self {
        Self {
            address,
            status: GranteeStatus::None,
            valid_to: 0,
            changed_at: 0,
            organization: Address::ZERO,
            credential: Hash32::ZERO,
        }
    }

    /// The grantee after an event in a block of time `block_time`.
    ///
    /// # Errors
    /// When its registry cannot have emitted this event just then.
    pub fn apply(&self, event: &GranteeEvent, block_time: u64) -> Result<Self, GranteeError> {
        use GranteeStatus::{None, Removed, Suspended, Verified};
        if event.grantee != self.address || self.address.is_zero() {
            return Err(GranteeError::OtherGrantee);
        }
        let name = event.kind.name();
        let follows = match event.kind {
            GranteeEventKind::Verified { .. } => [None, Verified, Removed].contains(&self.status),
            GranteeEventKind::Suspended { .. } => self.status == Verified,
            GranteeEventKind::Reinstated { .. } => self.status == Suspended,
            GranteeEventKind::Removed { .. } => [Verified, Suspended].contains(&self.status),
        };
        if !follows {
            return Err(GranteeError::Status {
                from: self.status,
                event: name,
            });
        }
        let mut next = Self {
            changed_at: block_time,
            ..*self
        };
        match event.kind {
            GranteeEventKind::Verified {
                credential,
                valid_to,
            } => {
                if credential.is_zero() || valid_to <= block_time {
                    return Err(GranteeError::Impossible(name));
                }
                (next.status, next.valid_to) = (Verified, valid_to);
                (next.organization, next.credential) = (event.organization, credential);
                return Ok(next);
            }
            GranteeEventKind::Suspended { .. } => next.status = Suspended,
            GranteeEventKind::Reinstated { .. } => next.status = Verified,
            GranteeEventKind::Removed { .. } => next.status = Removed,
        }
        if event.organization == self.organization {
            Ok(next)
        } else {
            Err(GranteeError::Impossible(name))
        }
    }

    /// Whether its own verification holds. A practitioner's organisation must be verified as well.
    pub fn is_verified(&self, now: u64) -> bool {
        self.status == GranteeStatus::Verified && now < self.valid_to
    }
}
