//! Daily totals of decisions. The gateway counts its journal, the archive counts its objects, and
//! both must come to the same rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::Date;
use time::macros::format_description;

use crate::record::{Action, Outcome, Record};

time::serde::format_description!(iso_date, Date, "[year]-[month]-[day]");

/// One row: how many decisions of a kind there were on a UTC day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Count {
    /// The UTC day, `YYYY-MM-DD`.
    #[serde(with = "iso_date")]
    #[cfg_attr(feature = "openapi", schema(value_type = String, format = Date))]
    pub date: Date,
    /// What was asked for.
    pub action: Action,
    /// How it was decided.
    pub result: Outcome,
    /// How many.
    pub count: u64,
}

/// Running totals by day, action and result.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<(Date, Action, Outcome), u64>);

impl Tally {
    /// Counts one record on its UTC day.
    pub fn add(&mut self, record: &Record) {
        let date = record.ts.to_offset(time::UtcOffset::UTC).date();
        *self
            .0
            .entry((date, record.action, record.result))
            .or_default() += 1;
    }

    /// The rows with `from <= date <= to`, ordered by date, action and result.
    pub fn rows(&self, from: Date, to: Date) -> Vec<Count> {
        self.0
            .iter()
            .filter(|((date, _, _), _)| (from..=to).contains(date))
            .map(|(&(date, action, result), &count)| Count {
                date,
                action,
                result,
                count,
            })
            .collect()
    }
}

/// Reads a `YYYY-MM-DD` date.
///
/// # Errors
/// When the text is not such a date.
pub fn parse_date(text: &str) -> Result<Date, time::error::Parse> {
    Date::parse(text, format_description!("[year]-[month]-[day]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Digest;
    use crate::record::tests::sample;

    #[test]
    fn decisions_are_counted_by_day_action_and_result() {
        let mut tally = Tally::default();
        let permit = sample(0, Digest::ZERO);
        let mut deny = sample(1, Digest::ZERO);
        deny.result = Outcome::Deny;
        let mut next_day = sample(2, Digest::ZERO);
        next_day.ts += time::Duration::days(1);
        for record in [&permit, &deny, &deny, &next_day] {
            tally.add(record);
        }
        let day = permit.ts.date();
        let rows = tally.rows(day, day);
        assert_eq!(rows.iter().map(|row| row.count).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(tally.rows(day, day.next_day().unwrap()).len(), 3);
        assert_eq!(parse_date(&day.to_string()).unwrap(), day);
        assert!(parse_date("2026-13-01").is_err());
    }
}
