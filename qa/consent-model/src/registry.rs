//! The registry's state, and its views.
//!
//! - `apply` takes a command and says what happens,
//! - `consents`, `batch` and `subjects` are the rules,
//! - `fold` rebuilds the state from events alone.

mod apply;
mod batch;
mod consents;
mod fold;
mod subjects;

use std::collections::{BTreeMap, BTreeSet};

use crate::rules::{Limits, Rules};
use crate::words::{
    Address, Consent, ConsentKey, Delegate, FOR_EVER, Proposal, Recovery, Status, Subject, right,
};

/// A consent registry with everything it stores.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Registry {
    limits: Limits,
    rules: Rules,
    verified: Option<BTreeSet<Address>>,
    subjects: BTreeMap<Address, Subject>,
    consents: BTreeMap<ConsentKey, Consent>,
    delegates: BTreeMap<(Address, Address), Delegate>,
    recoveries: BTreeMap<Address, Recovery>,
    proposals: BTreeMap<Address, Proposal>,
}

impl Registry {
    /// An empty registry that asks no registry of grantees.
    pub fn new(limits: Limits, rules: Rules) -> Self {
        Self {
            limits,
            rules,
            ..Self::default()
        }
    }

    /// Its limits.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Tells who is verified from now on; `None` if nobody is asked. This is the state of other contracts, so no event
    /// of this one says it.
    pub fn set_verified(&mut self, grantees: Option<BTreeSet<Address>>) {
        self.verified = grantees;
    }

    /// A subject as stored.
    pub fn subject(&self, subject: Address) -> Subject {
        self.subjects
            .get(&subject)
            .copied()
            .unwrap_or_else(|| Subject::untouched(subject))
    }

    /// A consent as stored.
    pub fn consent(&self, key: &ConsentKey) -> Consent {
        self.consents.get(key).copied().unwrap_or_default()
    }

    /// A delegate as stored.
    pub fn delegate(&self, subject: Address, delegate: Address) -> Delegate {
        self.delegates
            .get(&(subject, delegate))
            .copied()
            .unwrap_or_default()
    }

    /// The recovery of a subject as stored.
    pub fn recovery(&self, subject: Address) -> Recovery {
        self.recoveries.get(&subject).copied().unwrap_or_default()
    }

    /// The last proposal for a subject as stored.
    pub fn proposal(&self, subject: Address) -> Proposal {
        self.proposals.get(&subject).copied().unwrap_or_default()
    }

    /// All subjects that ever did anything.
    pub fn subjects(&self) -> &BTreeMap<Address, Subject> {
        &self.subjects
    }

    /// All consents ever touched.
    pub fn consents(&self) -> &BTreeMap<ConsentKey, Consent> {
        &self.consents
    }

    /// All delegates ever touched, by subject and delegate.
    pub fn delegates(&self) -> &BTreeMap<(Address, Address), Delegate> {
        &self.delegates
    }

    /// All recoveries ever touched, by subject.
    pub fn recoveries(&self) -> &BTreeMap<Address, Recovery> {
        &self.recoveries
    }

    /// All proposals ever made, by subject.
    pub fn proposals(&self) -> &BTreeMap<Address, Proposal> {
        &self.proposals
    }

    /// The effective status at a time.
    pub fn status_of(&self, key: &ConsentKey, now: u64) -> Status {
        let consent = self.consent(key);
        let open = matches!(consent.status, Status::Requested | Status::Active);
        if open && consent.epoch != self.subject(key.subject).epoch {
            return Status::Revoked;
        }
        match consent.status {
            Status::Requested if now >= consent.respond_by => Status::Expired,
            Status::Active if consent.window.is_over(now) => Status::Expired,
            stored => stored,
        }
    }

    /// Whether the grantee has consent at a time: granted, not stopped, inside the window.
    pub fn is_active(&self, key: &ConsentKey, now: u64) -> bool {
        self.status_of(key, now) == Status::Active && self.consent(key).window.contains(now)
    }

    /// What an actor may do for a subject at a time, and until when.
    pub fn rights_of(&self, subject: Address, actor: Address, now: u64) -> (u8, u64) {
        let state = self.subject(subject);
        if actor == state.controller {
            return (right::ALL, FOR_EVER);
        }
        let delegate = self.delegate(subject, actor);
        let valid = delegate.auth_epoch == state.auth_epoch && delegate.mandate.contains(now);
        if valid && delegate.rights != 0 {
            (delegate.rights, delegate.mandate.to)
        } else {
            (0, 0)
        }
    }

    /// Who may recover a subject, and after what delay.
    pub fn recoverer_of(&self, subject: Address) -> Option<(Address, u64)> {
        let recovery = self.recovery(subject);
        let valid = recovery.auth_epoch == self.subject(subject).auth_epoch;
        (valid && !recovery.recoverer.is_zero()).then_some((recovery.recoverer, recovery.delay))
    }

    /// The proposal that may still be carried out or refused.
    pub fn live_proposal(&self, subject: Address) -> Option<Proposal> {
        let proposal = self.proposal(subject);
        let valid = proposal.auth_epoch == self.subject(subject).auth_epoch;
        (valid && !proposal.new_controller.is_zero()).then_some(proposal)
    }
}
