//! The shipper: carries acknowledged lines to the bus, in order, and remembers durably how far it came.
//!
//! The position moves only after delivery reports. After a crash some lines may go twice, none is left out; readers
//! know a line by its event id and its place in the chain.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::Duration;

use anyhow::Context as _;
use audit_core::record::Record;
use futures::future::join_all;
use service_kit::Shutdown;
use service_kit::bus::{Event, Producer};
use service_kit::event_schema::EventSchema;

use super::recover::write_position;
use super::{Journal, Position, segment_path};

/// The topic of decisions.
pub const TOPIC: &str = "access.decisions.v1";
const KIND: &str = "consentry.access.decision.v1";
const BATCH_BYTES: u64 = 1 << 20;
const IDLE: Duration = Duration::from_secs(1);
const LAST_CALL: Duration = Duration::from_secs(3);

/// What is published: lines of the journal.
pub fn schemas() -> Vec<EventSchema> {
    let schema = EventSchema::of::<Record>(TOPIC, "the gateway instance", &format!("`{KIND}`"));
    vec![schema]
}

/// Carries one journal's lines to the bus.
pub struct Shipper {
    journal: Journal,
    producer: Producer,
    gateway_id: String,
}

impl Shipper {
    /// A shipper for `journal`.
    pub fn new(journal: Journal, producer: Producer, gateway_id: &str) -> Self {
        Self {
            journal,
            producer,
            gateway_id: gateway_id.to_owned(),
        }
    }

    /// Runs until the shutdown signal, then ships what is left for a short time.
    ///
    /// # Errors
    /// When the journal itself cannot be read. An unreachable bus is waited for.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        loop {
            let delivered = tokio::select! {
                delivered = self.step() => delivered?,
                () = shutdown.triggered() => break,
            };
            let wait = async {
                match delivered {
                    Step::Shipped => {}
                    Step::Nothing => {
                        let grown = self.journal.shared.grown.notified();
                        let _ = tokio::time::timeout(IDLE, grown).await;
                    }
                    Step::Failed => tokio::time::sleep(IDLE).await,
                }
            };
            tokio::select! {
                () = wait => {}
                () = shutdown.triggered() => break,
            }
        }
        let rest = async {
            while self.step().await? == Step::Shipped {}
            anyhow::Ok(())
        };
        match tokio::time::timeout(LAST_CALL, rest).await {
            Ok(outcome) => outcome,
            // What is not shipped now is shipped after the next start.
            Err(_) => Ok(()),
        }
    }

    /// Ships one batch.
    async fn step(&self) -> anyhow::Result<Step> {
        let Some((position, end)) = self.next_range() else {
            return Ok(Step::Nothing);
        };
        let dir = self.journal.dir.clone();
        let bytes = tokio::task::spawn_blocking(move || {
            read(&segment_path(&dir, position.epoch), position.offset, end)
        })
        .await?
        .context("a journal segment cannot be read")?;
        let mut lines = Vec::new();
        let mut start = 0;
        for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            lines.push(self.event(&bytes[start..at])?);
            start = at + 1;
        }
        anyhow::ensure!(
            !lines.is_empty(),
            "a line of the journal is longer than a batch"
        );
        let reports = join_all(lines.iter().map(|line| self.producer.publish(line))).await;
        let delivered = reports.iter().take_while(|report| report.is_ok()).count();
        if let Some(Err(error)) = reports.get(delivered) {
            tracing::warn!(%error, "decisions could not be shipped; they stay in the journal");
        }
        if delivered > 0 {
            let bytes: usize = lines[..delivered]
                .iter()
                .map(|line| line.body.len() + 1)
                .sum();
            let moved = Position {
                offset: position.offset + bytes as u64,
                ..position
            };
            let dir = self.journal.dir.clone();
            let kept = tokio::task::spawn_blocking(move || write_position(&dir, moved)).await?;
            if let Err(error) = kept {
                // A full disk, most likely. The position on disk may lag behind: after a restart
                // some records are then shipped twice, and readers know them by their id.
                metrics::counter!("journal_position_not_kept_total").increment(1);
                tracing::warn!(%error, "the shipper's position could not be kept");
            }
            self.journal.shared.ledger().shipped = moved;
            metrics::counter!("journal_shipped_total").increment(delivered as u64);
        }
        Ok(if delivered == reports.len() {
            Step::Shipped
        } else {
            Step::Failed
        })
    }

    /// Where the next batch starts and ends within its segment.
    fn next_range(&self) -> Option<(Position, u64)> {
        let mut ledger = self.journal.shared.ledger();
        loop {
            let Position { epoch, offset } = ledger.shipped;
            let length = ledger.segments.get(&epoch).copied().unwrap_or(0);
            if offset < length {
                return Some((ledger.shipped, length.min(offset + BATCH_BYTES)));
            }
            let (&later, _) = ledger.segments.range(epoch + 1..).next()?;
            ledger.shipped = Position::start_of(later);
        }
    }

    fn event(&self, line: &[u8]) -> anyhow::Result<Event> {
        let record = Record::from_line(line).context("an acknowledged line is not a record")?;
        Ok(Event {
            topic: TOPIC.to_owned(),
            key: self.gateway_id.clone(),
            id: record.event_id,
            kind: KIND.to_owned(),
            source: format!("ehr-gateway/{}", self.gateway_id),
            time: record.ts,
            tenant: Some(record.tenant),
            corr_id: record.corr_id,
            body: line.to_vec(),
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Shipped,
    Nothing,
    Failed,
}

fn read(path: &std::path::Path, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(to - from).read_to_end(&mut bytes)?;
    Ok(bytes)
}
