//! What an earlier life left behind: where the chain ends, and what has to be cut off.
//!
//! A segment may end in bytes that were never acknowledged: a torn line after a crash, or whole lines of a batch whose
//! sync failed. The next segment tells which: its first record is chained to the last acknowledged line. Of the last
//! segment every whole line is kept: nobody was told of the unacknowledged ones, and a record too many is not a leak.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use audit_core::chain::{Break, Digest, Head};
use audit_core::counts::Tally;
use audit_core::record::{Record, RecordError};

use super::append::sync_dir;
use super::{Position, segment_path};

/// The longest line that can be one of ours.
const MAX_LINE: u64 = 1 << 20;
const SHIPPED: &str = "shipped";

/// Why the journal cannot be continued.
#[derive(Debug, thiserror::Error)]
pub enum RecoverError {
    /// The directory or a file in it cannot be used.
    #[error("the journal's directory cannot be used: {0}")]
    Io(#[from] io::Error),
    /// Another process uses it.
    #[error("another process uses the journal's directory")]
    Locked,
    /// A segment does not continue the one before, or is damaged before its end.
    #[error("journal segment {epoch} is damaged and needs a look by a person: {fault}")]
    Damaged {
        /// The segment.
        epoch: u64,
        /// What is wrong.
        fault: Break,
    },
    /// A segment ends before what the next one, or the shipper, says was there.
    #[error("journal segment {0} has lost acknowledged records and needs a look by a person")]
    Lost(u64),
    /// The shipper's position is not readable.
    #[error("the shipper's position is not readable")]
    Position,
}

/// The state to continue from.
pub(super) struct Recovered {
    pub head: Head,
    pub next_epoch: u64,
    pub segments: BTreeMap<u64, u64>,
    pub shipped: Position,
    pub tally: Tally,
}

/// Makes the directory this process's own for as long as the file is open.
pub(super) fn lock(dir: &Path) -> Result<File, RecoverError> {
    fs::create_dir_all(dir)?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(RecoverError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Reads all segments, checks the chain, cuts off what was never acknowledged.
pub(super) fn recover(dir: &Path) -> Result<Recovered, RecoverError> {
    let epochs = epochs(dir)?;
    let mut state = Recovered {
        head: Head::GENESIS,
        next_epoch: epochs.last().map_or(1, |epoch| epoch + 1),
        segments: BTreeMap::new(),
        shipped: read_position(dir)?,
        tally: Tally::default(),
    };
    for (place, &epoch) in epochs.iter().enumerate() {
        let mut claimed_end = None;
        for &later in &epochs[place + 1..] {
            claimed_end = first_link(&segment_path(dir, later))?;
            if claimed_end.is_some() {
                break;
            }
        }
        let kept = walk(dir, epoch, claimed_end, &mut state)?;
        cut(&segment_path(dir, epoch), kept)?;
        state.segments.insert(epoch, kept);
    }
    let Position { epoch, offset } = state.shipped;
    if offset > state.segments.get(&epoch).copied().unwrap_or(0) {
        return Err(RecoverError::Lost(epoch));
    }
    Ok(state)
}

/// Follows one segment to its acknowledged end and returns its length up to there.
fn walk(
    dir: &Path,
    epoch: u64,
    claimed_end: Option<Digest>,
    state: &mut Recovered,
) -> Result<u64, RecoverError> {
    let mut lines = Lines::open(&segment_path(dir, epoch))?;
    let mut kept = 0;
    while claimed_end != Some(state.head.digest) {
        let Some(line) = lines.next()? else {
            // Nothing more: fine at the end of the journal, a loss when a later segment says there was more.
            return if claimed_end.is_none() {
                Ok(kept)
            } else {
                Err(RecoverError::Lost(epoch))
            };
        };
        match follow(state.head, &line, epoch) {
            Ok((record, head)) => {
                state.head = head;
                state.tally.add(&record);
                kept += line.len() as u64 + 1;
            }
            // A crash may leave garbage at the very end; anywhere else it is damage.
            Err(Break::Unreadable(_)) if claimed_end.is_none() && lines.rest_is_garbage()? => {
                return Ok(kept);
            }
            Err(fault) => return Err(RecoverError::Damaged { epoch, fault }),
        }
    }
    Ok(kept)
}

fn follow(head: Head, line: &[u8], epoch: u64) -> Result<(Record, Head), Break> {
    let (record, next) = head.follow(line)?;
    if record.gateway.epoch == epoch {
        Ok((record, next))
    } else {
        Err(Break::Reordered {
            epoch: record.gateway.epoch,
            seq: record.gateway.seq,
        })
    }
}

/// The link of a segment's first record: the digest of the last line that was acknowledged before it was written.
fn first_link(path: &Path) -> Result<Option<Digest>, RecoverError> {
    let first = Lines::open(path)?.next()?;
    let record = first.map(|line| Record::from_line(&line));
    Ok(record
        .and_then(Result::ok)
        .map(|record| record.gateway.prev_hash))
}

fn cut(path: &Path, length: u64) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path)?;
    if file.metadata()?.len() != length {
        tracing::warn!(
            "a journal segment ended in bytes that were never acknowledged; they are cut off"
        );
        file.set_len(length)?;
        file.sync_all()?;
    }
    Ok(())
}

fn epochs(dir: &Path) -> io::Result<Vec<u64>> {
    let mut epochs = Vec::new();
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let digits = name
            .to_str()
            .and_then(|name| name.strip_suffix(".ndjson"))
            .filter(|digits| digits.len() == 20);
        if let Some(epoch) = digits.and_then(|digits| digits.parse().ok())
            && entry.file_type()?.is_file()
        {
            epochs.push(epoch);
        }
    }
    epochs.sort_unstable();
    Ok(epochs)
}

/// Whole lines, without their newline.
struct Lines {
    reader: BufReader<File>,
}

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        Ok(Self {
            reader: BufReader::new(File::open(path)?),
        })
    }

    /// The next line that ends in a newline. One that is too long is returned in part: it is garbage.
    fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        self.reader
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)?;
        if line.pop() == Some(b'\n') {
            return Ok(Some(line));
        }
        Ok(None)
    }

    /// Whether no further line is a record.
    fn rest_is_garbage(&mut self) -> io::Result<bool> {
        while let Some(line) = self.next()? {
            let is_record = !matches!(Record::from_line(&line), Err(RecordError::Malformed { .. }));
            if is_record {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn read_position(dir: &Path) -> Result<Position, RecoverError> {
    match fs::read(dir.join(SHIPPED)) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| RecoverError::Position),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Position::default()),
        Err(error) => Err(error.into()),
    }
}

/// Replaces the shipper's position, durably and at once.
pub(super) fn write_position(dir: &Path, position: Position) -> io::Result<()> {
    let draft: PathBuf = dir.join("shipped.new");
    let bytes = serde_json::to_vec(&position).map_err(io::Error::other)?;
    let mut file = File::create(&draft)?;
    io::Write::write_all(&mut file, &bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft, dir.join(SHIPPED))?;
    sync_dir(dir)
}
