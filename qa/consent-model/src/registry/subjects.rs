//! Who decides for a subject: taking everything back, handing over, delegates, recovery.

use super::Registry;
use super::apply::{Decision, Outcome};
use crate::command::{Acceptance, ProposeRecovery, SetDelegate, SetRecovery};
use crate::event::{Counters, Event};
use crate::refusal::{Objections, Refusal};
use crate::words::{Address, Delegate, Proposal, Recovery, right};

impl Registry {
    pub(super) fn revoke_all(
        &mut self,
        by: Decision,
        subject: Address,
        through: Option<(u32, u32)>,
        drop_delegates: bool,
    ) -> Outcome {
        let mut objections = self.for_controller(by, subject);
        let mut state = self.subject(subject);
        let (through_epoch, through_seq) = through.unwrap_or((state.epoch, state.seq));
        if through.is_some() {
            check_through(
                through_epoch,
                state.epoch,
                self.limits.epoch,
                &mut objections,
            );
        }
        objections.none()?;

        state.epoch = above(through_epoch, self.limits.epoch);
        state.seq = above(state.seq.max(through_seq), self.limits.seq);
        if drop_delegates {
            state.auth_epoch = above(state.auth_epoch, self.limits.auth_epoch);
        }
        self.subjects.insert(subject, state);
        Ok(vec![Event::AllConsentsRevoked {
            subject,
            counters: self.counters(subject),
            actor: by.actor,
        }])
    }

    pub(super) fn invalidate(&mut self, by: Decision, subject: Address, through: u32) -> Outcome {
        let mut objections = self.for_controller(by, subject);
        let mut state = self.subject(subject);
        check_through(through, state.seq, self.limits.seq, &mut objections);
        objections.none()?;

        state.seq = above(through, self.limits.seq);
        self.subjects.insert(subject, state);
        Ok(vec![Event::SignaturesInvalidated {
            subject,
            counters: self.counters(subject),
            actor: by.actor,
        }])
    }

    pub(super) fn rotate(
        &mut self,
        by: Decision,
        subject: Address,
        new_controller: Address,
        seq: u32,
        acceptance: Option<Acceptance>,
    ) -> Outcome {
        let mut objections = self.for_controller(by, subject);
        self.check_new_controller(subject, new_controller, &mut objections);
        self.check_seq(subject, seq, &mut objections);
        objections.none()?;
        self.check_acceptance(by, subject, new_controller, acceptance)?;
        Ok(self.hand_over(subject, new_controller, by.actor))
    }

    pub(super) fn set_delegate(&mut self, by: Decision, set: &SetDelegate) -> Outcome {
        let SetDelegate {
            subject,
            delegate,
            rights,
            mandate,
            nonce,
            seq,
        } = *set;
        let state = self.subject(subject);
        let mut objections = self.for_controller(by, subject);
        objections.unless(!delegate.is_zero(), Refusal::ZeroDelegate);
        objections.unless(
            delegate != state.controller,
            Refusal::SameParty { party: delegate },
        );
        objections.unless(
            rights != 0 && rights & !right::ALL == 0,
            Refusal::BadRights { rights },
        );
        objections.unless(
            mandate.from < mandate.to && mandate.to > by.now,
            Refusal::BadMandate {
                valid_from: mandate.from,
                valid_to: mandate.to,
            },
        );
        objections.unless(
            !state.is_frozen(by.now),
            Refusal::Frozen {
                until: state.frozen_until,
            },
        );
        self.check_seq(subject, seq, &mut objections);
        self.check_authority(subject, &mut objections);
        let current = self.delegate(subject, delegate).nonce;
        self.check_nonce(nonce, current, &mut objections);
        objections.none()?;

        let auth_epoch = state.auth_epoch;
        let word = Delegate {
            rights,
            mandate,
            auth_epoch,
            nonce,
        };
        self.delegates.insert((subject, delegate), word);
        Ok(vec![Event::DelegateSet {
            subject,
            delegate,
            rights,
            mandate,
            nonce,
            counters: self.counters(subject),
            actor: by.actor,
        }])
    }

    pub(super) fn remove_delegate(
        &mut self,
        by: Decision,
        subject: Address,
        delegate: Address,
        through: u32,
    ) -> Outcome {
        let mut objections = self.for_controller(by, subject);
        objections.unless(!delegate.is_zero(), Refusal::ZeroDelegate);
        let current = self.delegate(subject, delegate).nonce;
        check_through(through, current, self.limits.nonce, &mut objections);
        objections.none()?;

        let nonce = above(through, self.limits.nonce);
        let removed = Delegate {
            nonce,
            ..Delegate::default()
        };
        self.delegates.insert((subject, delegate), removed);
        Ok(vec![Event::DelegateRemoved {
            subject,
            delegate,
            nonce,
            counters: self.counters(subject),
            actor: by.actor,
        }])
    }

    pub(super) fn set_recovery(&mut self, by: Decision, set: &SetRecovery) -> Outcome {
        let SetRecovery {
            subject,
            recoverer,
            delay,
            nonce,
            seq,
        } = *set;
        let state = self.subject(subject);
        let current = self.recovery(subject).nonce;
        let mut objections = self.for_controller(by, subject);
        if recoverer.is_zero() {
            objections.unless(delay == 0, Refusal::BadDelay { delay });
            objections.unless(
                nonce > current,
                Refusal::StaleThrough {
                    through: nonce,
                    current,
                },
            );
        } else {
            objections.unless(
                recoverer != state.controller,
                Refusal::SameParty { party: recoverer },
            );
            objections.unless(
                (self.limits.min_delay..=self.limits.max_delay).contains(&delay),
                Refusal::BadDelay { delay },
            );
            self.check_seq(subject, seq, &mut objections);
            self.check_authority(subject, &mut objections);
            self.check_nonce(nonce, current, &mut objections);
        }
        objections.none()?;

        let word = Recovery {
            recoverer,
            delay,
            auth_epoch: state.auth_epoch,
            nonce,
        };
        self.recoveries.insert(subject, word.normalised());
        self.cancel_proposal(subject);
        Ok(vec![Event::RecoverySet {
            subject,
            recoverer,
            delay,
            nonce,
            counters: self.counters(subject),
            actor: by.actor,
        }])
    }

    pub(super) fn propose_recovery(&mut self, by: Decision, proposal: &ProposeRecovery) -> Outcome {
        let ProposeRecovery {
            subject,
            new_controller,
            proposal_id,
        } = *proposal;
        let (mut objections, delay) = self.for_recoverer(by, subject);
        self.check_new_controller(subject, new_controller, &mut objections);
        let last = self.proposal(subject).id;
        self.check_nonce(proposal_id, last, &mut objections);
        objections.none()?;

        let ready_at = by.now + delay;
        let word = Proposal {
            new_controller,
            ready_at,
            id: proposal_id,
            auth_epoch: self.subject(subject).auth_epoch,
        };
        self.proposals.insert(subject, word);
        Ok(vec![Event::RecoveryProposed {
            subject,
            new_controller,
            proposal_id,
            ready_at,
            counters: self.counters(subject),
            actor: by.actor,
        }])
    }

    pub(super) fn veto(&mut self, by: Decision, subject: Address, proposal_id: u32) -> Outcome {
        let mut objections = self.for_controller(by, subject);
        self.check_proposal(subject, proposal_id, &mut objections);
        objections.none()?;

        self.cancel_proposal(subject);
        Ok(vec![Event::RecoveryVetoed {
            subject,
            proposal_id,
            counters: self.counters(subject),
            actor: by.actor,
        }])
    }

    pub(super) fn recover(
        &mut self,
        by: Decision,
        subject: Address,
        proposal_id: u32,
        acceptance: Option<Acceptance>,
    ) -> Outcome {
        let mut objections = Objections::default();
        objections.unless(!subject.is_zero(), Refusal::ZeroSubject);
        self.check_proposal(subject, proposal_id, &mut objections);
        let proposal = self.proposal(subject);
        objections.unless(
            by.now >= proposal.ready_at,
            Refusal::NotReady {
                ready_at: proposal.ready_at,
            },
        );
        // A seq that cannot grow would leave the old key's signatures as good as new.
        objections.unless(
            self.subject(subject).seq < self.limits.seq,
            Refusal::SeqExhausted,
        );
        objections.none()?;
        self.check_acceptance(by, subject, proposal.new_controller, acceptance)?;
        let recoverer = self.recovery(subject).recoverer;
        Ok(self.hand_over(subject, proposal.new_controller, recoverer))
    }

    pub(super) fn freeze(&mut self, by: Decision, subject: Address, seq: u32) -> Outcome {
        let (mut objections, delay) = self.for_recoverer(by, subject);
        let mut state = self.subject(subject);
        self.check_seq(subject, seq, &mut objections);
        objections.unless(
            !state.is_frozen(by.now),
            Refusal::Frozen {
                until: state.frozen_until,
            },
        );
        objections.unless(
            by.now >= state.next_freeze_at,
            Refusal::FreezeTooSoon {
                next_freeze_at: state.next_freeze_at,
            },
        );
        objections.none()?;

        state.frozen_until = by.now + delay;
        state.next_freeze_at = by.now + 2 * delay;
        state.seq = above(state.seq, self.limits.seq);
        self.subjects.insert(subject, state);
        Ok(vec![Event::SubjectFrozen {
            subject,
            frozen_until: state.frozen_until,
            next_freeze_at: state.next_freeze_at,
            counters: self.counters(subject),
            actor: by.actor,
        }])
    }

    pub(super) fn unfreeze(&mut self, by: Decision, subject: Address, seq: u32) -> Outcome {
        let mut objections = self.for_controller(by, subject);
        let mut state = self.subject(subject);
        // It uses no seq up: the next freeze raises it.
        self.check_seq(subject, seq, &mut objections);
        objections.unless(state.is_frozen(by.now), Refusal::NotFrozen);
        objections.none()?;

        state.frozen_until = 0;
        self.subjects.insert(subject, state);
        Ok(vec![Event::SubjectUnfrozen {
            subject,
            counters: self.counters(subject),
            actor: by.actor,
        }])
    }

    pub(super) fn counters(&self, subject: Address) -> Counters {
        let state = self.subject(subject);
        Counters {
            seq: state.seq,
            epoch: state.epoch,
            auth_epoch: state.auth_epoch,
        }
    }

    pub(super) fn cancel_proposal(&mut self, subject: Address) {
        if let Some(proposal) = self.proposals.get_mut(&subject) {
            proposal.new_controller = Address::ZERO;
            *proposal = proposal.normalised();
        }
    }

    fn hand_over(&mut self, subject: Address, to: Address, actor: Address) -> Vec<Event> {
        let mut state = self.subject(subject);
        state.controller = to;
        state.seq = above(state.seq, self.limits.seq);
        state.auth_epoch = above(state.auth_epoch, self.limits.auth_epoch);
        state.frozen_until = 0;
        self.subjects.insert(subject, state);
        vec![Event::ControllerChanged {
            subject,
            controller: to,
            counters: self.counters(subject),
            actor,
        }]
    }

    fn for_controller(&self, by: Decision, subject: Address) -> Objections {
        let mut objections = Objections::default();
        objections.unless(!subject.is_zero(), Refusal::ZeroSubject);
        objections.unless(
            by.actor == self.subject(subject).controller,
            Refusal::NotAuthorized {
                actor: by.actor,
                subject,
            },
        );
        objections
    }

    fn for_recoverer(&self, by: Decision, subject: Address) -> (Objections, u64) {
        let (recoverer, delay) = self.recoverer_of(subject).unwrap_or_default();
        let mut objections = Objections::default();
        objections.unless(!subject.is_zero(), Refusal::ZeroSubject);
        objections.unless(
            by.actor == recoverer && !recoverer.is_zero(),
            Refusal::NotRecoverer {
                actor: by.actor,
                subject,
            },
        );
        (objections, delay)
    }

    fn check_new_controller(&self, subject: Address, new: Address, objections: &mut Objections) {
        let controller = self.subject(subject).controller;
        objections.unless(!new.is_zero(), Refusal::ZeroController);
        objections.unless(new != controller, Refusal::AlreadyController { controller });
    }

    /// What opens names the subject's seq, which must still be able to grow.
    fn check_seq(&self, subject: Address, given: u32, objections: &mut Objections) {
        let expected = self.subject(subject).seq;
        objections.unless(given == expected, Refusal::WrongSeq { given, expected });
        objections.unless(expected < self.limits.seq, Refusal::SeqExhausted);
    }

    /// Nobody is given authority that no later authEpoch could take away.
    fn check_authority(&self, subject: Address, objections: &mut Objections) {
        objections.unless(
            self.subject(subject).auth_epoch < self.limits.auth_epoch,
            Refusal::AuthEpochExhausted,
        );
    }

    /// The largest nonce is left to removals.
    fn check_nonce(&self, given: u32, current: u32, objections: &mut Objections) {
        let expected = current.saturating_add(1);
        objections.unless(expected < self.limits.nonce, Refusal::NonceExhausted);
        objections.unless(given == expected, Refusal::WrongNonce { given, expected });
    }

    fn check_proposal(&self, subject: Address, given: u32, objections: &mut Objections) {
        let live = self.live_proposal(subject);
        objections.unless(
            live.is_some_and(|proposal| proposal.id == given),
            Refusal::NoProposal {
                given,
                current: self.proposal(subject).id,
            },
        );
    }

    /// The new controller agrees by sending this itself, or by its signature over the subject's seq.
    fn check_acceptance(
        &self,
        by: Decision,
        subject: Address,
        new_controller: Address,
        acceptance: Option<Acceptance>,
    ) -> Result<(), Vec<Refusal>> {
        if by.sender == new_controller {
            return Ok(());
        }
        let refusal = Refusal::BadSignature {
            actor: new_controller,
        };
        let Some(acceptance) = acceptance else {
            return Err(vec![refusal]);
        };
        self.check_deadline(by.now, acceptance.deadline, false)?;
        if acceptance.seq == self.subject(subject).seq {
            Ok(())
        } else {
            Err(vec![refusal])
        }
    }
}

/// What goes through a value applies while the counter is not above it, and once: also at the largest.
fn check_through(through: u32, current: u32, largest: u32, objections: &mut Objections) {
    objections.unless(
        current <= through && current < largest,
        Refusal::StaleThrough { through, current },
    );
}

/// The next value of a counter, which ends at its largest.
fn above(counter: u32, largest: u32) -> u32 {
    counter.saturating_add(1).min(largest)
}
