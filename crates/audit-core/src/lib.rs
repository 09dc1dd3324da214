//! The audit record and its hash chain. Pure: no I/O, no clock, no randomness.
//!
//! A record is one JSON line. Its exact bytes are what is hashed, journalled, sent over the bus
//! and archived: nobody parses and prints it again on the way.
//!
//! * [`record`]: what a decision looks like (schema v1).
//! * [`chain`]: how lines are linked, and how a gap, a change or a swap shows.
//! * [`pseudonym`]: how a person is named without being named.
//! * [`counts`]: the daily totals that gateway and archive must agree on.

pub mod chain;
pub mod counts;
pub mod pseudonym;
pub mod record;

pub use chain::{Break, Digest, Head};
pub use record::{Action, ChainRef, Gateway, Outcome, Record, RecordError};
