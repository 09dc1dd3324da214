//! Decisions a day, from the journal itself.

use audit_core::counts::Count;
use time::Date;

use super::Journal;

impl Journal {
    /// The totals of the days from `from` to `to`, both included.
    pub fn counts(&self, from: Date, to: Date) -> Vec<Count> {
        self.shared.tally().rows(from, to)
    }
}
