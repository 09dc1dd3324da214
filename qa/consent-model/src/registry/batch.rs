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
        let skips = batch.mode == BatchMode::Try || batch.is_of_stops();
        let mut objections = self.check_batch(by, batch);
        let mut draft = self.clone();
        let mut events = Vec::new();
        for op in &batch.ops {
            match draft.op(by, batch, op) {
                Ok(more) => events.extend(more),
                // Whatever reverts in both modes was objected to beforehand; the rest is stale.
                Err(_) if skips => {}
                Err(reasons) => objections.extend(reasons),
            }
        }
        objections.none()?;
        if batch.is_try_with_grants() {
            events.splice(0..0, draft.use_up_seq(by, batch));
        }
        *self = draft;
        Ok(events)
    }

    /// What reverts a batch in both modes: malformed items, missing rights, and a seq that is not reached yet.
    fn check_batch(&self, by: Decision, batch: &Batch) -> Objections {
        let length = batch.ops.len();
        let mut objections = Objections::default();
        objections.unless(
            (1..=self.limits.ops).contains(&length),
            Refusal::BadBatchLength { length },
        );
        objections.unless(!batch.subject.is_zero(), Refusal::ZeroSubject);
        let unordered = match self.rules.batches_stand_in_order {
            true => batch.first_unordered(),
            false => None,
        };
        if let Some(index) = unordered {
            objections.unless(false, Refusal::UnorderedOps { index });
        }
        let (given, expected) = (batch.seq, self.subject(batch.subject).seq);
        let awaits = self.rules.try_batches_await_seq && batch.is_try_with_grants();
        objections.unless(
            !awaits || given <= expected,
            Refusal::WrongSeq { given, expected },
        );
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
        objections
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

    /// A `Try` batch must not be sent again for the items it skipped, whatever they were skipped for: a freeze, too. It
    /// stands before the events of its items, though they count on the seq before it.
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
