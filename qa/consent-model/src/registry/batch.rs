//! Several decisions at once, each by the rules of its signed form.

use super::Registry;
use super::apply::{Decision, Outcome};
use super::consents::check_key;
use crate::command::{Batch, BatchMode, Grant, Op};
use crate::event::Event;
use crate::refusal::{Objections, Refusal};
use crate::words::right;

impl Registry {
    pub(super) fn batch(&mut self, by: Decision, batch: &Batch) -> Outcome {
        self.check_batch(by, batch)?;
        let skips = batch.mode == BatchMode::Try || batch.is_of_stops();
        let mut draft = self.clone();
        let mut events = Vec::new();
        for op in &batch.ops {
            match draft.op(by, batch, op) {
                Ok(more) => events.extend(more),
                // All that is left to refuse is what is stale: form and rights were checked beforehand.
                Err(_) if skips => {}
                Err(reasons) => return Err(reasons),
            }
        }
        if batch.mode == BatchMode::Try && !batch.is_of_stops() {
            events.splice(0..0, draft.use_up_seq(by, batch));
        }
        *self = draft;
        Ok(events)
    }

    /// What reverts a batch in both modes: malformed items and missing rights.
    fn check_batch(&self, by: Decision, batch: &Batch) -> Result<(), Vec<Refusal>> {
        let length = batch.ops.len();
        let mut objections = Objections::default();
        objections.unless(
            (1..=self.limits.ops).contains(&length),
            Refusal::BadBatchLength { length },
        );
        objections.unless(!batch.subject.is_zero(), Refusal::ZeroSubject);
        for op in &batch.ops {
            let key = op.key(batch.subject);
            match *op {
                Op::Grant { window, .. } => {
                    self.check_may_grant(by, &key, window, &mut objections);
                }
                Op::Deny { .. } => {
                    check_key(&key, &mut objections);
                    self.check_right(by, batch.subject, right::DENY, &mut objections);
                }
                Op::Revoke { .. } => {
                    check_key(&key, &mut objections);
                    self.check_right(by, batch.subject, right::REVOKE, &mut objections);
                }
            }
        }
        objections.none()
    }

    fn op(&mut self, by: Decision, batch: &Batch, op: &Op) -> Outcome {
        let key = op.key(batch.subject);
        match *op {
            Op::Grant {
                window, version, ..
            } => {
                let seq = batch.seq;
                let grant = Grant {
                    key,
                    window,
                    version,
                    seq,
                };
                self.grant(by, &grant, true)
            }
            Op::Deny {
                through_version, ..
            } => self.stop(by, &key, right::DENY, Some(through_version)),
            Op::Revoke {
                through_version, ..
            } => self.stop(by, &key, right::REVOKE, Some(through_version)),
        }
    }

    /// A `Try` batch must not be sent again for the items it skipped, whatever they were skipped for.
    fn use_up_seq(&mut self, by: Decision, batch: &Batch) -> Option<Event> {
        let mut state = self.subject(batch.subject);
        if batch.seq != state.seq || state.seq >= self.limits.seq {
            return None;
        }
        state.seq += 1;
        self.subjects.insert(batch.subject, state);
        Some(Event::SignaturesInvalidated {
            subject: batch.subject,
            counters: self.counters(batch.subject),
            actor: by.actor,
        })
    }
}
