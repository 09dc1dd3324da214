//! What the registry stores about one consent, how events change it, and how it reads at a given time.
//!
//! The registry's word and this type say the same: replaying the events with their block times rebuilds every stored
//! field. Times are Unix seconds; windows are half-open, `[valid_from, valid_to)`.
//!
//! A consent belongs to an epoch of its subject (see [`crate::subject`]). Once the subject has taken back everything,
//! what was requested or active in an earlier epoch reads revoked, although nothing stored about it changes.

use serde::{Deserialize, Serialize};

use crate::id::{Address, ConsentId, ScopeId};
use crate::subject::MAX_COUNTER;

/// `type(uint40).max`: as `valid_to` it means "until revoked".
pub const UNTIL_REVOKED: u64 = (1 << 40) - 1;

/// How long a request may stay unanswered, in seconds.
pub const MAX_RESPONSE_TIME: u64 = 90 * 24 * 3600;

/// The status as the registry stores it, with the numbers of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[repr(u8)]
pub enum StoredStatus {
    /// Never touched.
    None = 0,
    /// A grantee asked; the subject has not answered.
    Requested = 1,
    /// Granted.
    Active = 2,
    /// A request was refused.
    Denied = 3,
    /// Ended by the subject.
    Revoked = 4,
    /// Lapsed, and the lapse was recorded.
    Expired = 5,
}

impl StoredStatus {
    /// The status with this number in the contract.
    pub fn from_number(number: u8) -> Option<Self> {
        Some(match number {
            0 => Self::None,
            1 => Self::Requested,
            2 => Self::Active,
            3 => Self::Denied,
            4 => Self::Revoked,
            5 => Self::Expired,
            _ => return None,
        })
    }
}

/// The status shown to people, and the one a decision looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EffectiveStatus {
    /// Asked for, not answered, not lapsed.
    Requested,
    /// Granted, but the block is not final enough for this deployment.
    Confirming,
    /// Granted and final; the window has not begun.
    Scheduled,
    /// Granted, final and inside the window. The only status that permits.
    Active,
    /// A request was refused.
    Denied,
    /// Ended by the subject.
    Revoked,
    /// Past its time.
    Expired,
}

/// One consent as the registry stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// See [`crate::id::consent_id`].
    pub id: ConsentId,
    /// The address that stands for the patient.
    pub subject: Address,
    /// The address of who may read.
    pub grantee: Address,
    /// Hash of the policy document.
    pub scope_id: ScopeId,
    /// The stored status.
    pub status: StoredStatus,
    /// First second of the window.
    pub valid_from: u64,
    /// First second after the window, or [`UNTIL_REVOKED`].
    pub valid_to: u64,
    /// When an unanswered request lapses; 0 for a grant.
    pub respond_by: u64,
    /// Monotone counter.
    pub version: u32,
    /// The subject's epoch at the last opening.
    pub epoch: u32,
    /// Block time of the last change.
    pub changed_at: u64,
}

/// An event of the registry about one consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentEvent {
    /// The address that stands for the patient.
    pub subject: Address,
    /// The address of who may read.
    pub grantee: Address,
    /// Hash of the policy document.
    pub scope_id: ScopeId,
    /// What happened.
    pub kind: EventKind,
}

/// What happened to a consent. `version` is the one after the transition; `actor` is who signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
#[allow(missing_docs)] // the fields are those of the contract's events, named alike
pub enum EventKind {
    /// `ConsentRequested`
    Requested {
        valid_from: u64,
        valid_to: u64,
        respond_by: u64,
        version: u32,
        actor: Address,
    },
    /// `ConsentCreated`
    Created {
        valid_from: u64,
        valid_to: u64,
        version: u32,
        actor: Address,
    },
    /// `ConsentDenied`
    Denied { version: u32, actor: Address },
    /// `ConsentRevoked`
    Revoked { version: u32, actor: Address },
    /// `ConsentExpired`
    Expired { version: u32 },
}

impl EventKind {
    /// Its name, in the tables and in the topic, too.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Requested { .. } => "requested",
            Self::Created { .. } => "created",
            Self::Denied { .. } => "denied",
            Self::Revoked { .. } => "revoked",
            Self::Expired { .. } => "expired",
        }
    }
}

/// An event that the registry cannot have emitted in this state. Whoever folds events must stop: either a log is
/// missing or it is not the registry's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// The event belongs to another consent.
    #[error("the event is about another consent")]
    OtherConsent,
    /// The status does not allow this event.
    #[error("a {event} event cannot follow status {from:?}")]
    Status {
        /// The status before, as the registry reads it at the event's time; `None` for an untouched consent.
        from: Option<EffectiveStatus>,
        /// The event's name.
        event: &'static str,
    },
    /// The consent was past its time, which the registry always records before anything else happens to it.
    #[error("a {0} event cannot follow a lapse that was not recorded")]
    Unrecorded(&'static str),
    /// The version does not fit.
    #[error("version {given} cannot follow version {from}")]
    Version {
        /// The version before.
        from: u32,
        /// The version in the event.
        given: u32,
    },
    /// The window is empty or over, or the time to answer is none or too long.
    #[error("the window is empty or over")]
    Window,
    /// The subject's last epoch: nothing can be opened in it.
    #[error("nothing can be opened in the subject's last epoch")]
    Closed,
    /// Only the grantee requests, and it never grants.
    #[error("the actor is not one who can decide this")]
    Actor,
}

/// A window to be opened, and until when it must be answered.
struct Opening {
    status: StoredStatus,
    valid_from: u64,
    valid_to: u64,
    respond_by: u64,
    version: u32,
}

impl Consent {
    /// A consent that the registry has never touched.
    pub fn untouched(id: ConsentId, subject: Address, grantee: Address, scope_id: ScopeId) -> Self {
        Self {
            id,
            subject,
            grantee,
            scope_id,
            status: StoredStatus::None,
            valid_from: 0,
            valid_to: 0,
            respond_by: 0,
            version: 0,
            epoch: 0,
            changed_at: 0,
        }
    }

    /// The consent after an event in a block of time `block_time`, when the subject was in epoch `epoch`.
    ///
    /// # Errors
    /// When the registry cannot have emitted this event just then.
    pub fn apply(
        &self,
        event: &ConsentEvent,
        epoch: u32,
        block_time: u64,
    ) -> Result<Self, TransitionError> {
        if (event.subject, event.grantee, event.scope_id)
            != (self.subject, self.grantee, self.scope_id)
        {
            return Err(TransitionError::OtherConsent);
        }
        let name = event.kind.name();
        let from = self.effective(epoch, block_time, true);
        let refuse = Err(TransitionError::Status { from, event: name });
        let lapsed = from == Some(EffectiveStatus::Expired) && self.status != StoredStatus::Expired;
        if lapsed && !matches!(event.kind, EventKind::Expired { .. }) {
            return Err(TransitionError::Unrecorded(name));
        }
        let is_requested = from == Some(EffectiveStatus::Requested);
        let (status, version) = match event.kind {
            EventKind::Requested {
                valid_from,
                valid_to,
                respond_by,
                version,
                actor,
            } => {
                if actor != self.grantee {
                    return Err(TransitionError::Actor);
                }
                let is_answerable =
                    respond_by > block_time && respond_by <= block_time + MAX_RESPONSE_TIME;
                if !is_answerable {
                    return Err(TransitionError::Window);
                }
                if is_requested || self.is_granted(epoch) {
                    return refuse;
                }
                let opening = Opening {
                    status: StoredStatus::Requested,
                    valid_from,
                    valid_to,
                    respond_by,
                    version,
                };
                return self.open(opening, self.version.checked_add(1), epoch, block_time);
            }
            EventKind::Created {
                valid_from,
                valid_to,
                version,
                actor,
            } => {
                if actor == self.grantee {
                    return Err(TransitionError::Actor);
                }
                let expected = if is_requested {
                    Some(self.version)
                } else {
                    self.version.checked_add(1)
                };
                let opening = Opening {
                    status: StoredStatus::Active,
                    valid_from,
                    valid_to,
                    respond_by: 0,
                    version,
                };
                return self.open(opening, expected, epoch, block_time);
            }
            EventKind::Denied { version, .. } => {
                if !is_requested {
                    return refuse;
                }
                self.require_stop(version)?;
                (StoredStatus::Denied, version)
            }
            EventKind::Revoked { version, .. } => {
                self.require_stop(version)?;
                (StoredStatus::Revoked, version)
            }
            EventKind::Expired { version } => {
                if !lapsed {
                    return refuse;
                }
                self.require_version(version, Some(self.version))?;
                (StoredStatus::Expired, version)
            }
        };
        // What ends a consent leaves its window and epoch as they were.
        Ok(Self {
            status,
            version,
            changed_at: block_time,
            ..self.clone()
        })
    }

    /// The last version and the last epoch mean closed.
    fn open(
        &self,
        opening: Opening,
        expected: Option<u32>,
        epoch: u32,
        block_time: u64,
    ) -> Result<Self, TransitionError> {
        if opening.valid_from >= opening.valid_to || block_time >= opening.valid_to {
            return Err(TransitionError::Window);
        }
        if epoch >= MAX_COUNTER {
            return Err(TransitionError::Closed);
        }
        self.require_version(
            opening.version,
            expected.filter(|version| *version != u32::MAX),
        )?;
        Ok(Self {
            status: opening.status,
            valid_from: opening.valid_from,
            valid_to: opening.valid_to,
            respond_by: opening.respond_by,
            version: opening.version,
            epoch,
            changed_at: block_time,
            ..self.clone()
        })
    }

    fn require_version(&self, given: u32, expected: Option<u32>) -> Result<(), TransitionError> {
        if Some(given) == expected {
            Ok(())
        } else {
            Err(TransitionError::Version {
                from: self.version,
                given,
            })
        }
    }

    /// A stop raises the version by one, or by more when it was signed for later versions, and saturates.
    fn require_stop(&self, given: u32) -> Result<(), TransitionError> {
        if given > self.version || given == u32::MAX {
            Ok(())
        } else {
            Err(TransitionError::Version {
                from: self.version,
                given,
            })
        }
    }

    /// Whether it was requested or active when its subject took everything back.
    pub fn is_stale(&self, epoch: u32) -> bool {
        matches!(self.status, StoredStatus::Requested | StoredStatus::Active) && self.epoch != epoch
    }

    /// The status at `now`, for a subject in epoch `epoch`. A grant counts only when `finality_ok`; everything that
    /// ends or refuses access counts at once. `None` for a consent that was never touched.
    pub fn effective(&self, epoch: u32, now: u64, finality_ok: bool) -> Option<EffectiveStatus> {
        Some(match self.status {
            StoredStatus::None => return None,
            StoredStatus::Denied => EffectiveStatus::Denied,
            StoredStatus::Revoked => EffectiveStatus::Revoked,
            StoredStatus::Expired => EffectiveStatus::Expired,
            _ if self.is_stale(epoch) => EffectiveStatus::Revoked,
            StoredStatus::Requested if now >= self.respond_by => EffectiveStatus::Expired,
            StoredStatus::Requested => EffectiveStatus::Requested,
            StoredStatus::Active if self.is_over(now) => EffectiveStatus::Expired,
            StoredStatus::Active if !finality_ok => EffectiveStatus::Confirming,
            StoredStatus::Active if now < self.valid_from => EffectiveStatus::Scheduled,
            StoredStatus::Active => EffectiveStatus::Active,
        })
    }

    /// The next moment after `now` at which the effective status may change by the passing of time alone.
    pub fn effective_until(&self, epoch: u32, now: u64) -> Option<u64> {
        let until = match self.status {
            _ if self.is_stale(epoch) => return None,
            StoredStatus::Requested => self.respond_by,
            StoredStatus::Active if now < self.valid_from => self.valid_from,
            StoredStatus::Active if self.valid_to == UNTIL_REVOKED => return None,
            StoredStatus::Active => self.valid_to,
            _ => return None,
        };
        (until > now).then_some(until)
    }

    fn is_granted(&self, epoch: u32) -> bool {
        self.status == StoredStatus::Active && !self.is_stale(epoch)
    }

    fn is_over(&self, now: u64) -> bool {
        self.valid_to != UNTIL_REVOKED && now >= self.valid_to
    }
}
