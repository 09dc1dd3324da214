//! How events change a subject, and which cannot have come from the registry.

use super::{
    Counters, Delegate, MAX_COUNTER, Proposal, Recovery, Subject, SubjectEvent, SubjectEventKind,
    rights,
};
use crate::id::Address;

/// The shortest delay of a recovery, in seconds.
const MIN_DELAY: u32 = 48 * 3600;
/// The longest.
const MAX_DELAY: u32 = 90 * 24 * 3600;

/// An event that the registry cannot have emitted in this state: whoever folds events must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// The event belongs to another subject.
    #[error("the event is about another subject")]
    OtherSubject,
    /// The counters after the event do not follow those before.
    #[error("{event} cannot lead from {from:?} to {to:?}")]
    Counters {
        /// The event's name.
        event: &'static str,
        /// Before.
        from: Counters,
        /// In the event.
        to: Counters,
    },
    /// Its number does not follow the last one.
    #[error("{event}: number {given} cannot follow {from}")]
    Number {
        /// The event's name.
        event: &'static str,
        /// The number before.
        from: u32,
        /// The number in the event.
        given: u32,
    },
    /// Who decided it had no right to.
    #[error("{0}: the actor is not one who can decide this")]
    Actor(&'static str),
    /// Something else of it is impossible.
    #[error("{0} is impossible in this state")]
    Impossible(&'static str),
}

/// How a counter moves.
#[derive(Clone, Copy)]
enum Step {
    /// Not at all.
    Stays,
    /// By one, and from the largest value not at all.
    Next,
    /// Not at all, or by one.
    NextOrStays,
    /// Upwards, by as much as was signed, and from the largest value not at all.
    Above,
}

impl Step {
    fn allows(self, from: u32, to: u32) -> bool {
        let is_next = to == (from + 1).min(MAX_COUNTER);
        to <= MAX_COUNTER
            && match self {
                Self::Stays => to == from,
                Self::Next => is_next,
                Self::NextOrStays => is_next || to == from,
                Self::Above => to > from || to == MAX_COUNTER,
            }
    }
}

impl Subject {
    /// The subject after an event in a block of time `block_time`.
    ///
    /// # Errors
    /// When the registry cannot have emitted this event just then.
    pub fn apply(&self, event: &SubjectEvent, block_time: u64) -> Result<Self, SubjectError> {
        use SubjectEventKind as Kind;
        if event.subject != self.address || self.address.is_zero() {
            return Err(SubjectError::OtherSubject);
        }
        let name = event.kind.name();
        let impossible = SubjectError::Impossible(name);
        let require = |holds: bool, error: SubjectError| if holds { Ok(()) } else { Err(error) };
        let by_controller = || require(event.actor == self.controller, SubjectError::Actor(name));
        let by_recoverer = || {
            self.recoverer()
                .filter(|recovery| recovery.recoverer == event.actor)
                .ok_or(SubjectError::Actor(name))
        };
        let moves = |epoch: Step, auth_epoch: Step, seq: Step| {
            let (from, to) = (self.counters, event.counters);
            let holds = epoch.allows(from.epoch, to.epoch)
                && auth_epoch.allows(from.auth_epoch, to.auth_epoch)
                && seq.allows(from.seq, to.seq);
            let counters = SubjectError::Counters {
                event: name,
                from,
                to,
            };
            require(holds, counters)
        };
        let stays = || moves(Step::Stays, Step::Stays, Step::Stays);
        // What opens something needs a seq that can still be signed for.
        let opens = || require(self.counters.seq != MAX_COUNTER, impossible);
        let mut next = Self {
            counters: event.counters,
            ..self.clone()
        };
        match event.kind {
            Kind::AllConsentsRevoked => {
                moves(Step::Above, Step::NextOrStays, Step::Above)?;
                by_controller()?;
            }
            // Also by a delegate whose batch used up the seq.
            Kind::SignaturesInvalidated => moves(Step::Stays, Step::Stays, Step::Above)?,
            Kind::ControllerChanged { controller } => {
                moves(Step::Stays, Step::Next, Step::Next)?;
                opens()?;
                let is_handed_over = event.actor == self.controller;
                let is_recovered = by_recoverer().is_ok()
                    && self.proposed().is_some_and(|proposal| {
                        proposal.new_controller == controller && block_time >= proposal.ready_at
                    });
                require(is_handed_over || is_recovered, SubjectError::Actor(name))?;
                require(
                    !controller.is_zero() && controller != self.controller,
                    impossible,
                )?;
                (next.controller, next.frozen_until) = (controller, 0);
            }
            Kind::DelegateSet {
                delegate,
                rights: given,
                valid_from,
                valid_to,
                nonce,
            } => {
                stays()?;
                by_controller()?;
                opens()?;
                let is_whole = !delegate.is_zero()
                    && delegate != event.actor
                    && (1..=rights::ALL).contains(&given)
                    && valid_from < valid_to
                    && block_time < valid_to;
                let is_open =
                    self.frozen(block_time).is_none() && self.counters.auth_epoch != MAX_COUNTER;
                require(is_whole && is_open, impossible)?;
                let before = self.delegate(delegate).nonce;
                require_next(name, before, nonce)?;
                let stored = Delegate {
                    rights: given,
                    valid_from,
                    valid_to,
                    auth_epoch: self.counters.auth_epoch,
                    nonce,
                };
                next.delegates.insert(delegate, stored);
            }
            Kind::DelegateRemoved { delegate, nonce } => {
                stays()?;
                by_controller()?;
                require(!delegate.is_zero(), impossible)?;
                require_above(name, self.delegate(delegate).nonce, nonce)?;
                let stored = Delegate {
                    auth_epoch: self.counters.auth_epoch,
                    nonce,
                    ..Delegate::default()
                };
                next.delegates.insert(delegate, stored);
            }
            Kind::RecoverySet {
                recoverer,
                delay,
                nonce,
            } => {
                stays()?;
                by_controller()?;
                if recoverer.is_zero() {
                    require(delay == 0, impossible)?;
                    require_above(name, self.recovery.nonce, nonce)?;
                } else {
                    opens()?;
                    let is_whole = recoverer != event.actor
                        && (MIN_DELAY..=MAX_DELAY).contains(&delay)
                        && self.counters.auth_epoch != MAX_COUNTER;
                    require(is_whole, impossible)?;
                    require_next(name, self.recovery.nonce, nonce)?;
                }
                next.recovery = Recovery {
                    recoverer,
                    delay,
                    auth_epoch: self.counters.auth_epoch,
                    nonce,
                };
                next.proposal.new_controller = Address::ZERO;
            }
            Kind::RecoveryProposed {
                new_controller,
                proposal_id,
                ready_at,
            } => {
                stays()?;
                let recovery = by_recoverer()?;
                let is_whole = !new_controller.is_zero()
                    && new_controller != self.controller
                    && ready_at == block_time + u64::from(recovery.delay);
                require(is_whole, impossible)?;
                require_next(name, self.proposal.id, proposal_id)?;
                next.proposal = Proposal {
                    new_controller,
                    ready_at,
                    id: proposal_id,
                    auth_epoch: self.counters.auth_epoch,
                };
            }
            Kind::RecoveryVetoed { proposal_id } => {
                stays()?;
                by_controller()?;
                let proposed = self.proposed().map(|proposal| proposal.id);
                require(proposed == Some(proposal_id), impossible)?;
                next.proposal.new_controller = Address::ZERO;
            }
            Kind::SubjectFrozen {
                frozen_until,
                next_freeze_at,
            } => {
                moves(Step::Stays, Step::Stays, Step::Next)?;
                let delay = u64::from(by_recoverer()?.delay);
                opens()?;
                let is_whole = block_time >= self.next_freeze_at
                    && frozen_until == block_time + delay
                    && next_freeze_at == block_time + 2 * delay;
                require(is_whole, impossible)?;
                (next.frozen_until, next.next_freeze_at) = (frozen_until, next_freeze_at);
            }
            Kind::SubjectUnfrozen => {
                stays()?;
                by_controller()?;
                opens()?;
                require(self.frozen(block_time).is_some(), impossible)?;
                next.frozen_until = 0;
            }
        }
        Ok(next)
    }

    fn delegate(&self, address: Address) -> Delegate {
        self.delegates.get(&address).copied().unwrap_or_default()
    }
}

/// The largest number is left to removals.
fn require_next(event: &'static str, from: u32, given: u32) -> Result<(), SubjectError> {
    if from.checked_add(1) == Some(given) && given != u32::MAX {
        Ok(())
    } else {
        Err(SubjectError::Number { event, from, given })
    }
}

/// A removal raises its number, by as much as was signed.
fn require_above(event: &'static str, from: u32, given: u32) -> Result<(), SubjectError> {
    if given > from {
        Ok(())
    } else {
        Err(SubjectError::Number { event, from, given })
    }
}
