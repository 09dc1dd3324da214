//! The state rebuilt from events and the times of their blocks, without a look at commands or guards.

use super::Registry;
use crate::event::{Counters, Event};
use crate::words::{Address, Consent, ConsentKey, Delegate, Proposal, Recovery, Status};

impl Registry {
    /// Takes one event in, from a block of time `now`.
    pub fn fold(&mut self, now: u64, event: &Event) {
        match *event {
            Event::ConsentRequested {
                key,
                window,
                respond_by,
                version,
                ..
            } => {
                let epoch = self.subject(key.subject).epoch;
                let word = Consent {
                    status: Status::Requested,
                    window,
                    version,
                    epoch,
                    changed_at: now,
                    respond_by,
                };
                self.consents.insert(key, word);
            }
            Event::ConsentCreated {
                key,
                window,
                version,
                ..
            } => {
                let epoch = self.subject(key.subject).epoch;
                let word = Consent {
                    status: Status::Active,
                    window,
                    version,
                    epoch,
                    changed_at: now,
                    respond_by: 0,
                };
                self.consents.insert(key, word);
            }
            Event::ConsentDenied { key, version, .. } => {
                self.fold_end(key, Status::Denied, version, now);
            }
            Event::ConsentRevoked { key, version, .. } => {
                self.fold_end(key, Status::Revoked, version, now);
            }
            Event::ConsentExpired { key, version } => {
                self.fold_end(key, Status::Expired, version, now);
            }
            Event::AllConsentsRevoked {
                subject, counters, ..
            }
            | Event::SignaturesInvalidated {
                subject, counters, ..
            } => self.fold_counters(subject, counters),
            Event::ControllerChanged {
                subject,
                controller,
                counters,
                ..
            } => {
                self.fold_counters(subject, counters);
                let state = self.fold_subject(subject);
                (state.controller, state.frozen_until) = (controller, 0);
            }
            Event::SubjectFrozen {
                subject,
                frozen_until,
                next_freeze_at,
                counters,
                ..
            } => {
                self.fold_counters(subject, counters);
                let state = self.fold_subject(subject);
                (state.frozen_until, state.next_freeze_at) = (frozen_until, next_freeze_at);
            }
            Event::SubjectUnfrozen { subject, .. } => {
                self.fold_subject(subject).frozen_until = 0;
            }
            Event::DelegateSet {
                subject,
                delegate,
                rights,
                mandate,
                nonce,
                counters,
                ..
            } => {
                let auth_epoch = counters.auth_epoch;
                let word = Delegate {
                    rights,
                    mandate,
                    auth_epoch,
                    nonce,
                };
                self.delegates.insert((subject, delegate), word);
            }
            Event::DelegateRemoved {
                subject,
                delegate,
                nonce,
                ..
            } => {
                let word = Delegate {
                    nonce,
                    ..Delegate::default()
                };
                self.delegates.insert((subject, delegate), word);
            }
            Event::RecoverySet {
                subject,
                recoverer,
                delay,
                nonce,
                counters,
                ..
            } => {
                let auth_epoch = counters.auth_epoch;
                let word = Recovery {
                    recoverer,
                    delay,
                    auth_epoch,
                    nonce,
                };
                self.recoveries.insert(subject, word.normalised());
                self.cancel_proposal(subject);
            }
            Event::RecoveryProposed {
                subject,
                new_controller,
                proposal_id,
                ready_at,
                counters,
                ..
            } => {
                let word = Proposal {
                    new_controller,
                    ready_at,
                    id: proposal_id,
                    auth_epoch: counters.auth_epoch,
                };
                self.proposals.insert(subject, word);
            }
            Event::RecoveryVetoed { subject, .. } => self.cancel_proposal(subject),
        }
    }

    fn fold_end(&mut self, key: ConsentKey, status: Status, version: u32, now: u64) {
        let word = Consent {
            status,
            version,
            changed_at: now,
            ..self.consent(&key)
        };
        self.consents.insert(key, word);
    }

    fn fold_counters(&mut self, subject: Address, counters: Counters) {
        let state = self.fold_subject(subject);
        (state.seq, state.epoch, state.auth_epoch) =
            (counters.seq, counters.epoch, counters.auth_epoch);
    }

    fn fold_subject(&mut self, subject: Address) -> &mut crate::words::Subject {
        self.subjects
            .entry(subject)
            .or_insert_with(|| crate::words::Subject::untouched(subject))
    }
}
