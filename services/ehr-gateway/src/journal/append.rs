//! The writer: takes records from a bounded queue, writes a batch, syncs once, and answers each.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use audit_core::chain::Head;
use audit_core::record::{Gateway, Record};
use tokio::sync::{mpsc, oneshot};

use super::recover::{self, RecoverError, Recovered};
use super::{Position, Shared, segment_path};

/// Records written with one sync at most.
const BATCH: usize = 256;

/// How long a decision waits for its record. A disk that takes longer is as good as none.
const PATIENCE: Duration = Duration::from_secs(4);

/// Room for some records.
const PROBE_BYTES: usize = 64 * 1024;

/// How the journal works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its directory, which no other process may use.
    pub dir: PathBuf,
    /// This gateway's id.
    pub gateway_id: String,
    /// Records that may wait for the writer; more are refused.
    pub queue: usize,
    /// Bytes that may wait for the shipper; with more, decisions are refused.
    pub max_unshipped: u64,
    /// A segment that has grown to so many bytes is followed by a new one.
    pub segment_bytes: u64,
    /// Time between two tries to open a new segment after a failure.
    pub retry: Duration,
}

/// The journal cannot take a record. Nothing may be released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the journal cannot be written")]
pub struct JournalError;

/// Opens a segment that must not exist yet.
pub type Opener = Box<dyn Fn(&Path) -> io::Result<File> + Send>;

/// The way to the writer. Clones share it.
#[derive(Clone)]
pub struct Journal {
    queue: mpsc::Sender<Message>,
    pub(super) shared: Arc<Shared>,
    pub(super) dir: Arc<Path>,
}

enum Message {
    Append(Box<Job>),
    /// Asks whether records could be written again.
    Probe(oneshot::Sender<bool>),
}

struct Job {
    record: Record,
    done: oneshot::Sender<Result<(), JournalError>>,
}

impl Journal {
    /// Recovers what is there and starts the writer.
    ///
    /// # Errors
    /// When the directory cannot be used or what is in it is not a journal that can be continued.
    pub fn open(settings: Settings) -> Result<Self, RecoverError> {
        Self::open_with(settings, Box::new(create_segment))
    }

    /// Like [`Journal::open`], with another way to open segments. For fault injection.
    ///
    /// # Errors
    /// See [`Journal::open`].
    pub fn open_with(settings: Settings, opener: Opener) -> Result<Self, RecoverError> {
        let lock = recover::lock(&settings.dir)?;
        let recovered = recover::recover(&settings.dir)?;
        let Recovered {
            head,
            next_epoch,
            segments,
            shipped,
            tally,
        } = recovered;
        let shared = Arc::new(Shared::default());
        *shared.tally() = tally;
        {
            let mut ledger = shared.ledger();
            ledger.segments = segments;
            ledger.shipped = shipped;
        }
        let dir: Arc<Path> = settings.dir.as_path().into();
        let (queue, jobs) = mpsc::channel(settings.queue.max(1));
        let mut writer = Writer {
            settings,
            opener,
            shared: shared.clone(),
            head,
            next_epoch,
            segment: None,
            last_try: None,
            _lock: lock,
        };
        // The first segment at once, so that a journal that cannot be written shows at the start.
        writer.ensure_segment();
        shared
            .healthy
            .store(writer.segment.is_some(), Ordering::Relaxed);
        std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(jobs))
            .map_err(RecoverError::Io)?;
        Ok(Self { queue, shared, dir })
    }

    /// Puts a record on disk. `record.gateway` and `record.gap` are filled in by the writer. Returns once the line is
    /// synced; any error means that it may not be there. Nobody waits for a disk that does not answer: what was not
    /// begun by then is not written any more but counted as refused.
    ///
    /// # Errors
    /// [`JournalError`], after which the decision counts as refused.
    pub async fn append(&self, record: Record) -> Result<(), JournalError> {
        let (done, answer) = oneshot::channel();
        let message = Message::Append(Box::new(Job { record, done }));
        if self.queue.try_send(message).is_err() {
            self.shared.refused.fetch_add(1, Ordering::Relaxed);
            return Err(JournalError);
        }
        match tokio::time::timeout(PATIENCE, answer).await {
            Ok(outcome) => outcome.unwrap_or(Err(JournalError)),
            Err(_) => {
                self.shared.healthy.store(false, Ordering::Relaxed);
                tracing::error!("the journal's disk does not answer");
                Err(JournalError)
            }
        }
    }

    /// Whether the last append worked.
    pub fn is_healthy(&self) -> bool {
        self.shared.healthy.load(Ordering::Relaxed)
    }

    /// Whether records can be written, for readiness: the last append worked or, after a failure,
    /// there is room again. Without the second a gateway that is sent no requests because it is
    /// unready would never find out.
    pub async fn is_ready(&self) -> bool {
        if self.is_healthy() {
            return true;
        }
        let (done, answer) = oneshot::channel();
        let asked = self.queue.try_send(Message::Probe(done)).is_ok();
        asked && answer.await.unwrap_or(false)
    }

    /// Bytes that wait for the shipper.
    pub fn unshipped(&self) -> u64 {
        self.shared.ledger().unshipped()
    }
}

/// A place holder until the writer says where a record stands.
pub fn nowhere(gateway_id: &str) -> Gateway {
    Gateway {
        id: gateway_id.to_owned(),
        epoch: 0,
        seq: 0,
        prev_hash: audit_core::chain::Digest::ZERO,
    }
}

fn create_segment(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .create_new(true)
        .append(true)
        .open(path)?;
    sync_dir(path.parent().unwrap_or(Path::new(".")))?;
    Ok(file)
}

/// Writes, syncs and removes a file of some records' size.
fn has_room(dir: &Path) -> io::Result<()> {
    let path = dir.join("probe");
    let outcome = File::create(&path).and_then(|mut file| {
        file.write_all(&[b'\n'; PROBE_BYTES])?;
        file.sync_data()
    });
    std::fs::remove_file(&path)?;
    outcome
}

pub(super) fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

struct Segment {
    file: File,
    epoch: u64,
    length: u64,
}

struct Writer {
    settings: Settings,
    opener: Opener,
    shared: Arc<Shared>,
    /// After the last acknowledged line.
    head: Head,
    next_epoch: u64,
    segment: Option<Segment>,
    last_try: Option<Instant>,
    _lock: File,
}

impl Writer {
    fn run(mut self, mut messages: mpsc::Receiver<Message>) {
        while let Some(first) = messages.blocking_recv() {
            let mut batch = Vec::new();
            let mut next = Some(first);
            while let Some(message) = next {
                match message {
                    Message::Append(job) => batch.push(*job),
                    Message::Probe(done) => {
                        let _ = done.send(self.probe());
                    }
                }
                next = (batch.len() < BATCH)
                    .then(|| messages.try_recv().ok())
                    .flatten();
            }
            if batch.is_empty() {
                continue;
            }
            let outcome = self.write(&mut batch);
            if outcome.is_err() {
                self.shared
                    .refused
                    .fetch_add(batch.len() as u64, Ordering::Relaxed);
            }
            self.shared
                .healthy
                .store(outcome.is_ok(), Ordering::Relaxed);
            for job in batch {
                // Whoever no longer waits was cut off and releases nothing; the record then says more than happened.
                let _ = job.done.send(outcome);
            }
        }
    }

    /// Writes and syncs a batch; all of it or, as far as anybody may rely on it, nothing.
    fn write(&mut self, batch: &mut Vec<Job>) -> Result<(), JournalError> {
        if self.shared.ledger().unshipped() > self.settings.max_unshipped {
            return Err(JournalError);
        }
        self.ensure_segment();
        let Some(segment) = &mut self.segment else {
            return Err(JournalError);
        };
        let asked = batch.len();
        batch.retain(|job| !job.done.is_closed());
        let given_up = (asked - batch.len()) as u64;
        self.shared.refused.fetch_add(given_up, Ordering::Relaxed);
        if batch.is_empty() {
            return Ok(());
        }
        let mut head = self.head;
        if head.epoch != segment.epoch {
            head = Head {
                epoch: segment.epoch,
                next_seq: 0,
                ..head
            };
        }
        let gap = self.shared.refused.swap(0, Ordering::Relaxed);
        let mut bytes = Vec::new();
        for (place, job) in batch.iter_mut().enumerate() {
            let record = &mut job.record;
            record.gateway = Gateway {
                id: self.settings.gateway_id.clone(),
                epoch: head.epoch,
                seq: head.next_seq,
                prev_hash: head.digest,
            };
            record.gap = (place == 0 && gap > 0).then_some(gap);
            let Ok(line) = record.to_line() else {
                self.shared.refused.fetch_add(gap, Ordering::Relaxed);
                return Err(JournalError);
            };
            head = head.after(&line);
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
        }
        if let Err(error) = segment
            .file
            .write_all(&bytes)
            .and_then(|()| segment.file.sync_data())
        {
            tracing::error!(kind = ?error.kind(), epoch = segment.epoch, "the journal segment failed and is given up");
            metrics::counter!("journal_poisoned_total").increment(1);
            self.shared.refused.fetch_add(gap, Ordering::Relaxed);
            self.poison();
            return Err(JournalError);
        }
        segment.length += bytes.len() as u64;
        self.head = head;
        {
            let mut tally = self.shared.tally();
            batch.iter().for_each(|job| tally.add(&job.record));
        }
        let unshipped = {
            let mut ledger = self.shared.ledger();
            ledger.segments.insert(segment.epoch, segment.length);
            ledger.unshipped()
        };
        #[allow(clippy::cast_precision_loss, reason = "a gauge")]
        metrics::gauge!("journal_unshipped_bytes").set(unshipped as f64);
        if segment.length >= self.settings.segment_bytes {
            self.segment = None;
            self.last_try = None;
        }
        self.shared.grown.notify_one();
        Ok(())
    }

    /// Whether there is a segment and room behind it. Room is tried with a file of its own, so that
    /// nothing but records ever enters a segment.
    fn probe(&mut self) -> bool {
        if self.shared.ledger().unshipped() > self.settings.max_unshipped {
            return false;
        }
        self.ensure_segment();
        let room = self.segment.is_some() && has_room(&self.settings.dir).is_ok();
        if room {
            self.shared.healthy.store(true, Ordering::Relaxed);
        }
        room
    }

    /// Gives the segment up. What may stand behind its acknowledged length is cut off through a fresh descriptor, as a
    /// courtesy: recovery finds the end by the chain even if this fails.
    fn poison(&mut self) {
        if let Some(segment) = self.segment.take() {
            drop(segment.file);
            let path = segment_path(&self.settings.dir, segment.epoch);
            if let Ok(file) = OpenOptions::new().write(true).open(path) {
                let _ = file.set_len(segment.length).and_then(|()| file.sync_all());
            }
        }
    }

    fn ensure_segment(&mut self) {
        if self.segment.is_some()
            || self
                .last_try
                .is_some_and(|at| at.elapsed() < self.settings.retry)
        {
            return;
        }
        self.last_try = Some(Instant::now());
        let epoch = self.next_epoch;
        match (self.opener)(&segment_path(&self.settings.dir, epoch)) {
            Ok(file) => {
                self.next_epoch += 1;
                self.shared.ledger().segments.insert(epoch, 0);
                self.segment = Some(Segment {
                    file,
                    epoch,
                    length: 0,
                });
                tracing::info!(epoch, "journal segment opened");
            }
            Err(error) => {
                // The name may be taken now even though the opening failed.
                self.next_epoch += 1;
                tracing::error!(kind = ?error.kind(), epoch, "no journal segment can be opened");
            }
        }
    }
}

impl Position {
    pub(super) fn start_of(epoch: u64) -> Self {
        Self { epoch, offset: 0 }
    }
}
