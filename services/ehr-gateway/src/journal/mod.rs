//! The decision journal: every decision is a line on this disk before anybody hears of it.
//!
//! One writer owns the directory. Each opening starts a segment with a new epoch; lines are chained by digest across
//! segments. A write or sync that fails poisons the segment for good: what the kernel thinks of its pages after a failed
//! sync cannot be trusted, so that descriptor is never tried again. Until a new segment can be opened (at most one try a
//! second) every decision is refused, and the first record of the new segment says how many were.
//!
//! [`append`] writes, [`recover`] reads what an earlier life left, [`ship`] carries acknowledged lines to the bus, and
//! [`counts`] adds them up by day.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Mutex, MutexGuard, PoisonError};

use audit_core::counts::Tally;
use tokio::sync::Notify;

pub mod append;
pub mod counts;
pub mod recover;
pub mod ship;

pub use append::{Journal, JournalError, Settings};

/// What the writer, the shipper and the counts share.
#[derive(Default)]
struct Shared {
    ledger: Mutex<Ledger>,
    tally: Mutex<Tally>,
    /// Decisions refused since the last record that said so.
    refused: AtomicU64,
    /// Whether the last append worked.
    healthy: AtomicBool,
    /// Wakes the shipper.
    grown: Notify,
}

/// Which bytes of which segment are acknowledged, and which of them are shipped.
#[derive(Default)]
struct Ledger {
    /// Acknowledged length by epoch.
    segments: BTreeMap<u64, u64>,
    shipped: Position,
}

/// A place in the journal: everything before it is shipped.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Position {
    epoch: u64,
    offset: u64,
}

impl Ledger {
    /// Acknowledged bytes that are not shipped yet.
    fn unshipped(&self) -> u64 {
        let Position { epoch, offset } = self.shipped;
        self.segments
            .range(epoch..)
            .map(|(&at, &length)| {
                if at == epoch {
                    length.saturating_sub(offset)
                } else {
                    length
                }
            })
            .sum()
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn segment_path(dir: &Path, epoch: u64) -> PathBuf {
    dir.join(format!("{epoch:020}.ndjson"))
}
