//! Where every archived record is, and what they add up to. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use audit_core::counts::{Count, Tally};
use audit_core::{Digest, Record};
use bytes::Bytes;
use time::{Date, OffsetDateTime};
use uuid::Uuid;

use super::Continuity;
use crate::archive::store::{Object, StoredObject, sha256};
use crate::archive::{SegmentKey, lines};

/// Position in the order of a listing: time, then event id.
pub type Position = (OffsetDateTime, Uuid);

/// Where a record's line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The object.
    pub object: StoredObject,
    /// First byte of the line in the object's body.
    pub start: usize,
    /// Bytes of the line.
    pub length: usize,
}

/// The same, small.
struct Pointer {
    object: u32,
    start: u32,
    length: u32,
    digest: Digest,
}

/// The index over all archived segments.
#[derive(Default)]
pub struct Index {
    objects: Vec<StoredObject>,
    known: HashMap<String, Known>,
    partitions: BTreeMap<u16, BTreeMap<u64, Range>>,
    events: HashMap<Uuid, Pointer>,
    by_subject: HashMap<String, BTreeMap<String, BTreeSet<Position>>>,
    totals: BTreeMap<String, Tally>,
    all: Tally,
    continuity: Continuity,
    findings: Vec<Finding>,
}

/// An object that was taken in, or was not fit to be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    Indexed,
    Damaged,
}

#[derive(Clone, Copy)]
struct Range {
    object: u32,
    end: u64,
    key: SegmentKey,
}

/// Something wrong with an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The object's key.
    pub key: String,
    /// What is wrong with it.
    pub what: &'static str,
}

impl Index {
    /// Whether the object was seen before.
    pub fn knows(&self, key: &str) -> bool {
        self.known.contains_key(key)
    }

    /// Takes in an object; one that is known already changes nothing. Objects of a partition must
    /// come in the order of their offsets. A damaged object is left out and noted.
    pub fn add(&mut self, stored: &StoredObject, contents: &Object) {
        if self.knows(&stored.key) {
            return;
        }
        if stored.hidden {
            self.note(&stored.key, "a delete marker hides it");
        }
        if stored.replaced > 0 {
            self.note(&stored.key, "later versions replace it");
        }
        match read(stored, contents) {
            Ok((key, records)) => {
                self.known.insert(stored.key.clone(), Known::Indexed);
                self.index(key, stored, records);
            }
            Err(what) => {
                self.known.insert(stored.key.clone(), Known::Damaged);
                self.note(&stored.key, what);
            }
        }
    }

    fn note(&mut self, key: &str, what: &'static str) {
        metrics::counter!("audit_damaged_objects_total").increment(1);
        tracing::warn!(
            object = key,
            what,
            "an archived object is not as it should be"
        );
        self.findings.push(Finding {
            key: key.to_owned(),
            what,
        });
    }

    fn index(&mut self, key: SegmentKey, stored: &StoredObject, lines: Vec<Line>) {
        // A billion objects are far beyond what the memory holds.
        let object = u32::try_from(self.objects.len()).unwrap_or(u32::MAX);
        self.objects.push(stored.clone());
        let end = key.start + lines.len() as u64;
        let range = Range { object, end, key };
        self.partitions
            .entry(key.partition)
            .or_default()
            .insert(key.start, range);
        for line in lines {
            self.index_line(object, line);
        }
    }

    fn index_line(&mut self, object: u32, line: Line) {
        let Line {
            start,
            bytes,
            record,
        } = line;
        let digest = Digest::of(&bytes);
        if let Some(first) = self.events.get(&record.event_id) {
            // A gateway that was cut off sends again what it cannot know to have arrived.
            if first.digest != digest {
                self.continuity.conflict(&record);
            }
            return;
        }
        self.continuity.follow(&record, &bytes);
        let pointer = Pointer {
            object,
            start,
            length: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
            digest,
        };
        self.events.insert(record.event_id, pointer);
        self.all.add(&record);
        self.totals
            .entry(record.tenant.clone())
            .or_default()
            .add(&record);
        if let Some(subject) = record.subject {
            self.by_subject
                .entry(record.tenant)
                .or_default()
                .entry(subject)
                .or_default()
                .insert((record.ts, record.event_id));
        }
    }

    /// The object that holds this offset of this partition.
    pub fn covering(&self, partition: u16, offset: u64) -> Option<(SegmentKey, StoredObject)> {
        let (_, range) = self
            .partitions
            .get(&partition)?
            .range(..=offset)
            .next_back()?;
        let object = self.objects.get(range.object as usize)?;
        (offset < range.end).then(|| (range.key, object.clone()))
    }

    /// Daily totals of one tenant, or of all; each event once.
    pub fn counts(&self, tenant: Option<&str>, from: Date, to: Date) -> Vec<Count> {
        match tenant {
            None => self.all.rows(from, to),
            Some(tenant) => self
                .totals
                .get(tenant)
                .map(|tally| tally.rows(from, to))
                .unwrap_or_default(),
        }
    }

    /// At most `limit` events that concern a patient, newest first, older than `before`.
    pub fn accesses(
        &self,
        tenant: &str,
        subject: &str,
        before: Option<Position>,
        limit: usize,
    ) -> Vec<Position> {
        let upper = before.map_or(Bound::Unbounded, Bound::Excluded);
        self.by_subject
            .get(tenant)
            .and_then(|subjects| subjects.get(subject))
            .map(|events| {
                events
                    .range((Bound::Unbounded, upper))
                    .rev()
                    .take(limit)
                    .copied()
                    .collect()
            })
            .unwrap_or_default()
    }

    /// Where an event's record is.
    pub fn place(&self, event: Uuid) -> Option<Place> {
        let pointer = self.events.get(&event)?;
        Some(Place {
            object: self.objects.get(pointer.object as usize)?.clone(),
            start: pointer.start as usize,
            length: pointer.length as usize,
        })
    }

    /// The gateways' chains.
    pub fn continuity(&self) -> &Continuity {
        &self.continuity
    }

    /// What is wrong with objects.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many different events there are.
    pub fn events(&self) -> usize {
        self.events.len()
    }
}

struct Line {
    start: u32,
    bytes: Bytes,
    record: Record,
}

/// Reads an object whole or not at all.
fn read(stored: &StoredObject, contents: &Object) -> Result<(SegmentKey, Vec<Line>), &'static str> {
    let key: SegmentKey = stored
        .key
        .parse()
        .map_err(|_| "its key is not one of the pipeline's")?;
    let digest = hex::encode(sha256(&contents.body));
    if contents.sha256.as_deref() != Some(digest.as_str()) {
        return Err("its bytes do not match their digest");
    }
    let origin = contents.body.as_ptr() as usize;
    let lines = lines(&contents.body).map(|line| {
        let record = Record::from_line(line).map_err(|_| "a line is not a record")?;
        let start = line.as_ptr() as usize - origin;
        Ok(Line {
            start: u32::try_from(start).map_err(|_| "it is too large")?,
            bytes: contents.body.slice_ref(line),
            record,
        })
    });
    Ok((key, lines.collect::<Result<_, &'static str>>()?))
}

#[cfg(test)]
#[path = "index_tests.rs"]
mod tests;
