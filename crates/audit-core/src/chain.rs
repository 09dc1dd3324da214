//! The hash chain over journal lines: each line carries the digest of the one before it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::record::{Record, RecordError};

/// SHA-256 of a line's bytes, without the newline. Text form: 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// What the very first line of a gateway points to.
    pub const ZERO: Self = Self([0; 32]);

    /// The digest of a line.
    pub fn of(line: &[u8]) -> Self {
        Self(Sha256::digest(line).into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = hex::FromHexError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Digest {
    type Err = hex::FromHexError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes)?;
        Ok(Self(bytes))
    }
}

/// The end of a chain: what the next line must continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Epoch of the last line.
    pub epoch: u64,
    /// Sequence number the next line of this epoch must carry.
    pub next_seq: u64,
    /// Digest of the last line.
    pub digest: Digest,
}

impl Head {
    /// Before the first line ever.
    pub const GENESIS: Self = Self {
        epoch: 0,
        next_seq: 0,
        digest: Digest::ZERO,
    };

    /// The head after a new journal opening: epoch + 1, sequence from 0, same digest.
    pub fn next_epoch(self) -> Self {
        Self {
            epoch: self.epoch + 1,
            next_seq: 0,
            digest: self.digest,
        }
    }

    /// The head after `line` was appended.
    pub fn after(self, line: &[u8]) -> Self {
        Self {
            next_seq: self.next_seq + 1,
            digest: Digest::of(line),
            ..self
        }
    }

    /// Checks that `line` continues this head and returns the record and the head after it.
    ///
    /// # Errors
    /// [`Break`] says how the chain is broken.
    pub fn follow(self, line: &[u8]) -> Result<(Record, Self), Break> {
        let record = Record::from_line(line).map_err(Break::Unreadable)?;
        let at = &record.gateway;
        let expected = if at.epoch == self.epoch {
            self
        } else {
            self.next_epoch()
        };
        if at.epoch < self.epoch {
            return Err(Break::Reordered {
                epoch: at.epoch,
                seq: at.seq,
            });
        }
        // An epoch in which nothing was recorded leaves no line: later epochs may skip numbers,
        // but never the link to the last line.
        if at.seq != expected.next_seq {
            return Err(if at.seq < expected.next_seq {
                Break::Reordered {
                    epoch: at.epoch,
                    seq: at.seq,
                }
            } else {
                Break::Missing {
                    epoch: at.epoch,
                    seq: expected.next_seq,
                }
            });
        }
        if at.prev_hash != self.digest {
            return Err(Break::Altered {
                epoch: at.epoch,
                seq: at.seq,
            });
        }
        let head = Self {
            epoch: at.epoch,
            ..expected
        }
        .after(line);
        Ok((record, head))
    }
}

/// How a chain of lines is broken, and where.
#[derive(Debug, Error)]
pub enum Break {
    /// A line is no record.
    #[error("a line is unreadable: {0}")]
    Unreadable(#[source] RecordError),
    /// Lines are missing from the named position on.
    #[error("records are missing from epoch {epoch}, seq {seq} on")]
    Missing {
        /// Epoch of the first missing line.
        epoch: u64,
        /// Sequence number of the first missing line.
        seq: u64,
    },
    /// The line comes after one that should follow it, or twice.
    #[error("the record of epoch {epoch}, seq {seq} is repeated or out of order")]
    Reordered {
        /// Its epoch.
        epoch: u64,
        /// Its sequence number.
        seq: u64,
    },
    /// The line before this one is not the one this line was written after.
    #[error("the record before epoch {epoch}, seq {seq} was altered or left out")]
    Altered {
        /// Epoch of the line whose link does not hold.
        epoch: u64,
        /// Its sequence number.
        seq: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::tests::sample;
    use proptest::prelude::*;

    fn lines(count: u64) -> Vec<Vec<u8>> {
        let mut digest = Digest::ZERO;
        (0..count)
            .map(|seq| {
                let line = sample(seq, digest).to_line().unwrap();
                digest = Digest::of(&line);
                line
            })
            .collect()
    }

    fn walk(lines: &[Vec<u8>]) -> Result<Head, Break> {
        lines
            .iter()
            .try_fold(Head::GENESIS, |head, line| Ok(head.follow(line)?.1))
    }

    #[test]
    fn an_untouched_chain_holds_across_epochs() {
        let first = lines(3);
        let head = walk(&first).unwrap();
        let mut next = sample(0, head.digest);
        next.gateway.epoch = 5;
        let (_, head) = head.follow(&next.to_line().unwrap()).unwrap();
        assert_eq!((head.epoch, head.next_seq), (5, 1));
    }

    proptest! {
        #[test]
        fn dropping_repeating_or_swapping_a_line_breaks_the_chain(at in 0usize..9) {
            let whole = lines(10);
            let mut dropped = whole.clone();
            dropped.remove(at);
            prop_assert!(walk(&dropped).is_err());
            let mut repeated = whole.clone();
            repeated.insert(at, whole[at].clone());
            prop_assert!(walk(&repeated).is_err());
            let mut swapped = whole.clone();
            swapped.swap(at, at + 1);
            prop_assert!(walk(&swapped).is_err());
        }

        #[test]
        fn changing_any_byte_breaks_the_chain(at in 0usize..9, place in 0usize..400, flip in 1u8..=255) {
            let mut whole = lines(10);
            let place = place % whole[at].len();
            whole[at][place] ^= flip;
            prop_assert!(walk(&whole).is_err());
        }
    }
}
