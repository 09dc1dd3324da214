//! Taking over an object that a predecessor stored without living to commit its offsets. Pure.
//!
//! Kafka delivers the same records again. If every line of the object is the record at its offset,
//! the object counts as ours and the archive goes on after it. If one is not, somebody is wrong
//! and nobody may guess who.

use bytes::Bytes;
use thiserror::Error;

use super::{SegmentKey, lines};

/// An object being compared with what Kafka delivers again.
#[derive(Debug)]
pub struct Adoption {
    key: SegmentKey,
    lines: Vec<Bytes>,
    next: usize,
}

/// What a matching record leads to.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// There are lines still to be compared.
    More,
    /// All lines matched; the archive goes on at this offset.
    Done(u64),
}

/// The archive and the topic contradict each other.
#[derive(Debug, Error, PartialEq, Eq)]
#[error(
    "the record at offset {offset} of partition {partition} is not what {key} holds for it; \
     was the topic made anew, or the bucket used by another one? Compare both, then give the \
     pipeline the bucket that belongs to the topic"
)]
pub struct Mismatch {
    key: SegmentKey,
    partition: u16,
    offset: u64,
}

impl Adoption {
    /// Starts comparing at `from`, the offset that Kafka delivers next; `None` when the object
    /// does not reach that far.
    pub fn new(key: SegmentKey, body: &Bytes, from: u64) -> Option<Self> {
        let lines: Vec<Bytes> = lines(body).map(|line| body.slice_ref(line)).collect();
        let next = usize::try_from(from.checked_sub(key.start)?).ok()?;
        (next < lines.len()).then_some(Self { key, lines, next })
    }

    /// The object.
    pub fn key(&self) -> SegmentKey {
        self.key
    }

    /// Compares the next delivered record.
    ///
    /// # Errors
    /// [`Mismatch`] when it is not the line the object has in its place.
    pub fn compare(&mut self, offset: u64, value: &[u8]) -> Result<Step, Mismatch> {
        let expected = self.key.start + self.next as u64;
        if offset != expected || self.lines.get(self.next).is_none_or(|line| line != value) {
            return Err(Mismatch {
                key: self.key,
                partition: self.key.partition,
                offset,
            });
        }
        self.next += 1;
        Ok(if self.next == self.lines.len() {
            Step::Done(self.key.start + self.next as u64)
        } else {
            Step::More
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use time::macros::datetime;

    fn object(start: u64, body: &'static str, from: u64) -> Option<Adoption> {
        let key = SegmentKey::of(0, start, datetime!(2026-03-01 12:00 UTC));
        Adoption::new(key, &Bytes::from_static(body.as_bytes()), from)
    }

    #[test]
    fn an_object_that_matches_is_adopted_to_its_end() {
        let mut adoption = object(10, "a\nb\nc", 10).unwrap();
        assert_eq!(adoption.compare(10, b"a"), Ok(Step::More));
        assert_eq!(adoption.compare(11, b"b"), Ok(Step::More));
        assert_eq!(adoption.compare(12, b"c"), Ok(Step::Done(13)));
    }

    #[test]
    fn a_later_start_within_the_object_compares_the_rest_only() {
        let mut adoption = object(10, "a\nb\nc", 12).unwrap();
        assert_eq!(adoption.compare(12, b"c"), Ok(Step::Done(13)));
        assert!(object(10, "a\nb\nc", 13).is_none());
        assert!(object(10, "a\nb\nc", 9).is_none());
    }

    #[test]
    fn another_record_or_another_offset_is_a_mismatch() {
        assert!(object(10, "a\nb", 10).unwrap().compare(10, b"x").is_err());
        assert!(object(10, "a\nb", 10).unwrap().compare(11, b"a").is_err());
    }

    proptest! {
        #[test]
        fn a_change_to_any_line_is_found(count in 1usize..30, changed in 0usize..30) {
            let changed = changed % count;
            let stored: Vec<String> = (0..count).map(|n| format!("line {n}")).collect();
            let key = SegmentKey::of(0, 5, datetime!(2026-03-01 12:00 UTC));
            let mut adoption = Adoption::new(key, &Bytes::from(stored.join("\n")), 5).unwrap();
            for (n, line) in stored.iter().enumerate() {
                let delivered = if n == changed { format!("{line}!") } else { line.clone() };
                let outcome = adoption.compare(5 + n as u64, delivered.as_bytes());
                prop_assert_eq!(outcome.is_err(), n == changed);
                if n == changed {
                    break;
                }
            }
        }
    }
}
