//! From Kafka into the archive.
//!
//! One rule carries everything: *an offset is committed only when its record is locked away*.
//! Whatever goes wrong, the pipeline lets go of all it holds and starts again from the committed
//! offsets and from what is in the bucket. Memory is bounded by the batches being filled: while one
//! is being written nothing more is taken from Kafka, whose client keeps a bounded queue.

pub mod consumer;
pub mod poison;
pub mod session;

use std::sync::{Arc, RwLock};
use std::time::Duration;

use rdkafka::error::KafkaError;
use service_kit::Shutdown;
use tokio::time::Instant;

use crate::Clock;
use crate::archive::{Limits, Mismatch, Store, StoreError};
use crate::query::{Index, load};
use crate::status::{Phase, Status};

const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LAST_BACKOFF: Duration = Duration::from_secs(10);
/// The lock of an object found in the bucket counts from the store's clock, not from ours.
const CLOCKS_DISAGREE: time::Duration = time::Duration::hours(1);
/// A run that lasted this long was no failure to start.
const HEALTHY_RUN: Duration = Duration::from_secs(30);

/// Why taking in records stopped.
#[derive(Debug)]
pub enum Failure {
    /// The bucket is not fit; look again later.
    Unfit(String),
    /// Let go and start again from the committed offsets.
    Again(String),
    /// Going on could lose or falsify evidence.
    Halt(String),
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Failed { .. } => Self::Again(error.to_string()),
            StoreError::Unfit(_) => Self::Unfit(error.to_string()),
            StoreError::Unlocked { .. } => Self::Halt(error.to_string()),
        }
    }
}

impl From<Mismatch> for Failure {
    fn from(error: Mismatch) -> Self {
        Self::Halt(error.to_string())
    }
}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        Self::Again(format!("the message bus failed: {error}"))
    }
}

/// How records become objects.
#[derive(Debug, Clone)]
pub struct Rules {
    /// When a batch is full.
    pub limits: Limits,
    /// When a batch that is not full is written all the same.
    pub flush_after: Duration,
    /// How long objects are locked.
    pub retention: time::Duration,
}

/// The way from Kafka to S3.
pub struct Ingest {
    /// How to reach Kafka.
    pub bus: consumer::BusConfig,
    /// Where records go.
    pub store: Store,
    /// What is there, for queries and for taking over a predecessor's work.
    pub index: Arc<RwLock<Index>>,
    /// Told how it goes.
    pub status: Status,
    /// How records become objects.
    pub rules: Rules,
    /// The current time.
    pub clock: Clock,
}

impl Ingest {
    /// Archives until the shutdown signal. Failures are waited out; what only a person can put
    /// right halts the intake and shows in readiness, while queries are still answered.
    ///
    /// # Errors
    /// None at present; the signature is that of a background task.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        let mut backoff = FIRST_BACKOFF;
        loop {
            let started = Instant::now();
            let phase = match self.attempt(&shutdown).await {
                Ok(()) => return Ok(()),
                Err(Failure::Halt(reason)) => {
                    tracing::error!(
                        reason,
                        "halted: nothing is archived until this is put right"
                    );
                    self.status.enter(Phase::Halted(reason));
                    shutdown.triggered().await;
                    return Ok(());
                }
                Err(Failure::Unfit(reason)) => {
                    tracing::error!(reason, "the bucket is not fit to hold evidence");
                    Phase::Blocked(reason)
                }
                Err(Failure::Again(reason)) => {
                    tracing::warn!(reason, "starting again from the committed offsets");
                    Phase::Stalled(reason)
                }
            };
            self.status.enter(phase);
            if started.elapsed() > HEALTHY_RUN {
                backoff = FIRST_BACKOFF;
            }
            if shutdown.sleep(backoff).await {
                return Ok(());
            }
            backoff = (backoff * 2).min(LAST_BACKOFF);
        }
    }

    async fn attempt(&self, shutdown: &Shutdown) -> Result<(), Failure> {
        self.store.check_bucket().await?;
        if !self.status.has_read_archive() {
            self.status.enter(Phase::Reading);
            load::sync(&self.store, &self.index, None).await?;
            let events = self
                .index
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .events();
            tracing::info!(events, "the archive has been read");
        }
        self.status.enter(Phase::Running);
        let mut session = session::Session::start(self)?;
        let outcome = session.run(shutdown).await;
        session.close().await;
        outcome
    }
}
