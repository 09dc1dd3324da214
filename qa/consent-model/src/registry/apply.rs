//! From a command to the rule it is subject to: who decides, and whether what was signed still counts.

use super::Registry;
use crate::command::{Call, Command, Intent};
use crate::event::Event;
use crate::refusal::{Objections, Refusal};
use crate::words::{Address, right};

/// Events, or every reason against the command.
pub(super) type Outcome = Result<Vec<Event>, Vec<Refusal>>;

/// When something is decided, by whom, and who sends it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decision {
    pub(super) now: u64,
    pub(super) sender: Address,
    pub(super) actor: Address,
}

impl Registry {
    /// Carries out a command in a block of time `now`, or refuses it and changes nothing. If there are several reasons
    /// the answer is one of them.
    pub fn apply(
        &mut self,
        now: u64,
        sender: Address,
        command: &Command,
    ) -> Result<Vec<Event>, Refusal> {
        self.attempt(now, sender, command)
            .map_err(|reasons| reasons[0])
    }

    /// Every reason against a command. Empty if it would be carried out.
    pub fn refusals(&self, now: u64, sender: Address, command: &Command) -> Vec<Refusal> {
        self.clone()
            .attempt(now, sender, command)
            .err()
            .unwrap_or_default()
    }

    fn attempt(&mut self, now: u64, sender: Address, command: &Command) -> Outcome {
        match command {
            Command::Direct(call) => {
                let actor = sender;
                self.call(Decision { now, sender, actor }, call)
            }
            Command::Signed {
                actor,
                deadline,
                intent,
            } => {
                self.check_deadline(now, *deadline, intent.is_stop())?;
                let actor = *actor;
                self.signed(Decision { now, sender, actor }, intent)
            }
        }
    }

    pub(super) fn check_deadline(
        &self,
        now: u64,
        deadline: u64,
        is_stop: bool,
    ) -> Result<(), Vec<Refusal>> {
        let latest = now + self.limits.signature_life;
        let mut objections = Objections::default();
        objections.unless(
            now <= deadline,
            Refusal::DeadlinePassed {
                deadline,
                time: now,
            },
        );
        objections.unless(
            is_stop || deadline <= latest,
            Refusal::DeadlineTooFar { deadline, latest },
        );
        objections.none()
    }

    fn call(&mut self, by: Decision, call: &Call) -> Outcome {
        match call {
            Call::Request(request) => self.request(by, request),
            Call::Grant(grant) => self.grant(by, grant, self.rules.direct_grants_name_seq),
            Call::Deny(key) => self.stop(by, key, right::DENY, None),
            Call::Revoke(key) => self.stop(by, key, right::REVOKE, None),
            Call::Relinquish(key) => self.relinquish(by, key, None),
            Call::Expire(key) => self.expire(by, key),
            Call::RevokeAll {
                subject,
                drop_delegates,
            } => self.revoke_all(by, *subject, None, *drop_delegates),
            Call::Recover {
                subject,
                proposal_id,
                acceptance,
            } => self.recover(by, *subject, *proposal_id, *acceptance),
        }
    }

    fn signed(&mut self, by: Decision, intent: &Intent) -> Outcome {
        match intent {
            Intent::Request(request) => self.request(by, request),
            Intent::Grant(grant) => self.grant(by, grant, true),
            Intent::Deny {
                key,
                through_version,
            } => self.stop(by, key, right::DENY, Some(*through_version)),
            Intent::Revoke {
                key,
                through_version,
            } => self.stop(by, key, right::REVOKE, Some(*through_version)),
            Intent::Relinquish { key, version } => self.relinquish(by, key, Some(*version)),
            Intent::Batch(batch) => self.batch(by, batch),
            Intent::RevokeAll {
                subject,
                through_epoch,
                through_seq,
                drop_delegates,
            } => self.revoke_all(
                by,
                *subject,
                Some((*through_epoch, *through_seq)),
                *drop_delegates,
            ),
            Intent::Invalidate {
                subject,
                through_seq,
            } => self.invalidate(by, *subject, *through_seq),
            Intent::Rotate {
                subject,
                new_controller,
                seq,
                acceptance,
            } => self.rotate(by, *subject, *new_controller, *seq, *acceptance),
            Intent::SetDelegate(set) => self.set_delegate(by, set),
            Intent::RemoveDelegate {
                subject,
                delegate,
                through_nonce,
            } => self.remove_delegate(by, *subject, *delegate, *through_nonce),
            Intent::SetRecovery(set) => self.set_recovery(by, set),
            Intent::ProposeRecovery(proposal) => self.propose_recovery(by, proposal),
            Intent::Veto {
                subject,
                proposal_id,
            } => self.veto(by, *subject, *proposal_id),
            Intent::Freeze { subject, seq } => self.freeze(by, *subject, *seq),
            Intent::Unfreeze { subject, seq } => self.unfreeze(by, *subject, *seq),
        }
    }
}
