//! Which records make one object, what it is called and what its bytes are. Pure.
//!
//! A segment is a run of records of one partition at consecutive offsets. Its key says where it
//! starts and never where it ends: after a crash the same start may get another end, and a range
//! in the name would let two objects overlap under different names.

use std::fmt;
use std::str::FromStr;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};
use time::macros::format_description;
use time::{Date, OffsetDateTime};

/// Where all evidence lies.
pub const PREFIX: &str = "events/v=1/";

/// When a segment is full.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Records.
    pub records: usize,
    /// Bytes of the body.
    pub bytes: usize,
}

/// The key of an object: `events/v=1/dt=YYYY-MM-DD/p=000/<20-digit start offset>.ndjson`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SegmentKey {
    /// UTC day of the first record's Kafka timestamp.
    pub date: Date,
    /// Kafka partition.
    pub partition: u16,
    /// Offset of the first record.
    pub start: u64,
}

impl SegmentKey {
    /// The key of the segment that starts with this record. The same record always gives the same
    /// key, because neither its offset nor its timestamp ever changes.
    pub fn of(partition: u16, start: u64, timestamp: OffsetDateTime) -> Self {
        Self {
            date: timestamp.to_offset(time::UtcOffset::UTC).date(),
            partition,
            start,
        }
    }
}

/// The common prefix of a day's objects.
pub fn day_prefix(date: Date) -> String {
    format!("{PREFIX}dt={date}/")
}

/// The day of a key or common prefix that starts with `events/v=1/dt=YYYY-MM-DD/`.
pub fn day_of_prefix(prefix: &str) -> Option<Date> {
    let (day, _) = prefix
        .strip_prefix(PREFIX)?
        .strip_prefix("dt=")?
        .split_once('/')?;
    Date::parse(day, format_description!("[year]-[month]-[day]")).ok()
}

impl fmt::Display for SegmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}p={:03}/{:020}.ndjson",
            day_prefix(self.date),
            self.partition,
            self.start
        )
    }
}

/// The text is not the key of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the key of an archived segment")]
pub struct NotASegment;

impl FromStr for SegmentKey {
    type Err = NotASegment;

    fn from_str(text: &str) -> Result<Self, NotASegment> {
        let parse = || {
            let date = day_of_prefix(text)?;
            let rest = text.strip_prefix(&day_prefix(date))?.strip_prefix("p=")?;
            let (partition, name) = rest.split_once('/')?;
            Some(Self {
                date,
                partition: partition.parse().ok()?,
                start: name.strip_suffix(".ndjson")?.parse().ok()?,
            })
        };
        // Only the canonical spelling, so that no object can go by two names.
        parse()
            .filter(|key| key.to_string() == text)
            .ok_or(NotASegment)
    }
}

/// An open segment.
#[derive(Debug, Clone)]
pub struct Segment {
    key: SegmentKey,
    body: Vec<u8>,
    count: usize,
}

impl Segment {
    /// Starts with a first record. `line` holds no newline: the ingest quarantines such records.
    pub fn open(key: SegmentKey, line: &[u8]) -> Self {
        Self {
            key,
            body: line.to_vec(),
            count: 1,
        }
    }

    /// Whether the record belongs into this segment: next offset, and within the limits.
    pub fn takes(&self, offset: u64, line: &[u8], limits: Limits) -> bool {
        offset == self.end()
            && self.count < limits.records
            && self.body.len() + 1 + line.len() <= limits.bytes
    }

    /// Adds the record at [`Segment::end`].
    pub fn push(&mut self, line: &[u8]) {
        self.body.push(b'\n');
        self.body.extend_from_slice(line);
        self.count += 1;
    }

    /// Whether nothing more should be waited for.
    pub fn is_full(&self, limits: Limits) -> bool {
        self.count >= limits.records || self.body.len() >= limits.bytes
    }

    /// The offset after the last record.
    pub fn end(&self) -> u64 {
        self.key.start + self.count as u64
    }

    /// Records held.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.body.len()
    }

    /// Closes the segment.
    pub fn seal(self) -> Sealed {
        Sealed {
            end: self.end(),
            sha256: Sha256::digest(&self.body).into(),
            key: self.key,
            count: self.count,
            body: self.body.into(),
        }
    }
}

/// A segment that is ready to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its key.
    pub key: SegmentKey,
    /// The lines, byte-exact, joined by newlines.
    pub body: Bytes,
    /// How many lines.
    pub count: usize,
    /// The offset after the last record.
    pub end: u64,
    /// Digest of the body.
    pub sha256: [u8; 32],
}

impl Sealed {
    /// The object's metadata.
    pub fn metadata(&self) -> Vec<(&'static str, String)> {
        vec![
            ("count", self.count.to_string()),
            ("first-offset", self.key.start.to_string()),
            ("last-offset", (self.end - 1).to_string()),
            ("sha256", hex::encode(self.sha256)),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::lines;
    use proptest::prelude::*;
    use time::macros::datetime;

    const LIMITS: Limits = Limits {
        records: 4,
        bytes: 100,
    };

    fn key(start: u64) -> SegmentKey {
        SegmentKey::of(3, start, datetime!(2026-03-01 00:30 +01:00))
    }

    #[test]
    fn a_key_names_the_utc_day_the_partition_and_the_start_only() {
        assert_eq!(
            key(12_345).to_string(),
            "events/v=1/dt=2026-02-28/p=003/00000000000000012345.ndjson"
        );
    }

    #[test]
    fn only_the_canonical_spelling_is_a_key() {
        for foreign in [
            "",
            "events/v=1/",
            "events/v=2/dt=2026-02-28/p=003/00000000000000012345.ndjson",
            "events/v=1/dt=2026-02-30/p=003/00000000000000012345.ndjson",
            "events/v=1/dt=2026-02-28/p=3/00000000000000012345.ndjson",
            "events/v=1/dt=2026-02-28/p=003/12345.ndjson",
            "events/v=1/dt=2026-02-28/p=003/+0000000000000012345.ndjson",
            "events/v=1/dt=2026-02-28/p=003/00000000000000012345.ndjson.bak",
            "quarantine/dt=2026-02-28/p=003/00000000000000012345.bin",
        ] {
            assert_eq!(foreign.parse::<SegmentKey>(), Err(NotASegment), "{foreign}");
        }
    }

    #[test]
    fn a_segment_takes_only_the_next_offset_and_only_within_its_limits() {
        let mut segment = Segment::open(key(7), b"a");
        assert!(segment.takes(8, b"b", LIMITS));
        for elsewhere in [6, 7, 9] {
            assert!(!segment.takes(elsewhere, b"b", LIMITS), "{elsewhere}");
        }
        assert!(segment.takes(8, &[b'x'; 98], LIMITS));
        assert!(!segment.takes(8, &[b'x'; 99], LIMITS));
        for _ in 0..3 {
            segment.push(b"b");
        }
        assert!(segment.is_full(LIMITS));
        assert!(!segment.takes(11, b"b", LIMITS));
    }

    proptest! {
        #[test]
        fn keys_read_back(day in 0i64..20_000, partition: u16, start: u64) {
            let date = time::macros::date!(2000-01-01) + time::Duration::days(day);
            let key = SegmentKey { date, partition, start };
            prop_assert_eq!(key.to_string().parse(), Ok(key));
            prop_assert_eq!(day_of_prefix(&key.to_string()), Some(date));
        }

        #[test]
        fn keys_of_a_partition_and_day_sort_by_offset(a: u64, b: u64) {
            prop_assert_eq!(key(a).to_string().cmp(&key(b).to_string()), a.cmp(&b));
        }

        #[test]
        fn every_line_comes_out_byte_for_byte(records in prop::collection::vec("[^\n]{1,40}", 1..50), start in 0u64..1 << 40) {
            let mut segment = Segment::open(key(start), records[0].as_bytes());
            for record in &records[1..] {
                segment.push(record.as_bytes());
            }
            let sealed = segment.seal();
            prop_assert_eq!(sealed.count, records.len());
            prop_assert_eq!(sealed.end, start + records.len() as u64);
            let read: Vec<_> = lines(&sealed.body).collect();
            prop_assert_eq!(read, records.iter().map(String::as_bytes).collect::<Vec<_>>());
        }
    }
}
