//! The one task that writes: stream → projection, until the signal or a halt.

use std::sync::Arc;
use std::time::Duration;

use service_kit::Shutdown;
use sqlx::PgPool;
use sqlx::migrate::Migrator;
use thiserror::Error;
use time::OffsetDateTime;
use tokio::time::Instant;

use crate::chain::node::{Node, NodeError};
use crate::chain::stream::{Follower, Poll, StreamError};
use crate::chain::{Advance, Identity};
use crate::head::Head;
use crate::projection::cursor::{self, Cursor};
use crate::projection::{ProjectionError, apply};
use crate::row::{Finality, View};

/// The tables.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

const BACKOFF: Duration = Duration::from_secs(1);
/// Polls in a row that may meet a chain in motion.
const MAX_MISSES: u32 = 5;
const HEIGHTS_EVERY: Duration = Duration::from_secs(1);

/// Everything ingest needs.
pub struct Ingest {
    /// The database.
    pub pool: PgPool,
    /// The chain.
    pub node: Arc<Node>,
    /// Where readers learn of the head.
    pub head: Head,
    /// The chain id that the deployment is for.
    pub chain_id: u64,
    /// From which level on a grant counts.
    pub finality: Finality,
    /// Blocks kept to find a fork's origin.
    pub ring_blocks: u16,
    /// Pause between two polls.
    pub poll_interval: Duration,
    /// The clock.
    pub clock: fn() -> OffsetDateTime,
}

/// What comes after a look at the head.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pace {
    /// The tip is the head.
    Confirmed,
    /// The head cannot be believed yet.
    Waiting,
    /// There is more to read at once.
    CatchingUp,
}

/// Why following stopped.
#[derive(Debug, Error)]
enum Stop {
    /// Worth another try.
    #[error("{0}")]
    Retry(String),
    /// A person must look at it.
    #[error("{0}")]
    Halt(String),
}

impl From<NodeError> for Stop {
    fn from(error: NodeError) -> Self {
        Self::Retry(error.to_string())
    }
}

impl From<StreamError> for Stop {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Halt(reason) => Self::Halt(reason),
            other => Self::Retry(other.to_string()),
        }
    }
}

impl From<ProjectionError> for Stop {
    fn from(error: ProjectionError) -> Self {
        if error.is_final() {
            Self::Halt(error.to_string())
        } else {
            Self::Retry(error.to_string())
        }
    }
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        ProjectionError::from(error).into()
    }
}

impl Ingest {
    /// Runs until the signal. A halt is recorded, shown by readiness, and waited out: only a restart tries again,
    /// and starts at the very block that caused it.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        while !shutdown.is_triggered() {
            let stop = tokio::select! {
                () = shutdown.triggered() => return Ok(()),
                stop = self.follow() => stop,
            };
            match stop {
                Stop::Retry(reason) => {
                    tracing::warn!(reason, "the chain is not being followed; trying again");
                    self.head.update(|head| head.trouble = Some(reason));
                    shutdown.sleep(BACKOFF).await;
                }
                Stop::Halt(reason) => {
                    tracing::error!(reason, "ingest halted");
                    metrics::gauge!("indexer_halted").set(1.0);
                    self.head.update(|head| head.halted = Some(reason.clone()));
                    self.record_halt(&reason, &shutdown).await;
                    shutdown.triggered().await;
                }
            }
        }
        Ok(())
    }

    async fn record_halt(&self, reason: &str, shutdown: &Shutdown) {
        while let Err(error) = cursor::set_halted(&self.pool, Some(reason)).await {
            tracing::warn!(%error, "the halt is not recorded yet; trying again");
            if shutdown.sleep(BACKOFF).await {
                return;
            }
        }
    }

    /// Follows the head for as long as nothing goes wrong.
    async fn follow(&self) -> Stop {
        match self.try_follow().await {
            Ok(never) => match never {},
            Err(stop) => stop,
        }
    }

    async fn try_follow(&self) -> Result<std::convert::Infallible, Stop> {
        MIGRATIONS
            .run(&self.pool)
            .await
            .map_err(|error| Stop::Retry(format!("the migrations failed: {error}")))?;
        let mut cursor = self.connect().await?;
        let mut connection = self.pool.acquire().await?;
        let ring = cursor::ring(&mut connection, cursor.tip, usize::from(self.ring_blocks)).await?;
        drop(connection);
        let mut follower = Follower::new(&self.node, ring);
        let mut heights_at: Option<Instant> = None;
        let mut last_head = None;
        let mut misses = 0;
        loop {
            let polled_at = (self.clock)();
            let head = self.node.latest().await?;
            if last_head != Some(head.at())
                || heights_at.is_none_or(|at| at.elapsed() >= HEIGHTS_EVERY)
            {
                let heights = self.node.final_heights().await?;
                self.head
                    .update(|view| (view.latest, view.heights) = (Some(head.at().no), heights));
                (heights_at, last_head) = (Some(Instant::now()), Some(head.at()));
            }
            let poll = match follower.poll(&head, Instant::now()).await {
                Err(error) if error.is_motion() && misses < MAX_MISSES => {
                    misses += 1;
                    tokio::time::sleep(self.poll_interval).await;
                    continue;
                }
                poll => poll?,
            };
            misses = 0;
            let pace = match poll {
                Poll::AtHead => {
                    if cursor.halted.is_some() || !cursor.settled {
                        self.mark_whole(&mut cursor).await?;
                    }
                    Pace::Confirmed
                }
                Poll::HeadBelowTip => Pace::Waiting,
                Poll::Advance(advance) => {
                    cursor = apply::commit(
                        &self.pool,
                        &advance,
                        self.view(),
                        u64::from(self.ring_blocks),
                    )
                    .await?;
                    follower.committed(&advance);
                    report(&cursor, &advance);
                    if let Some(reason) = advance.then_halt {
                        return Err(Stop::Halt(reason));
                    }
                    if advance.reaches_head {
                        Pace::Confirmed
                    } else {
                        Pace::CatchingUp
                    }
                }
            };
            self.head.update(|view| match pace {
                Pace::Confirmed => {
                    view.observed_at = Some(polled_at);
                    (view.trouble, view.halted) = (None, None);
                }
                Pace::Waiting => view.trouble = Some("the node's head is below ours".to_owned()),
                Pace::CatchingUp => view.trouble = Some("catching up".to_owned()),
            });
            if pace != Pace::CatchingUp {
                tokio::time::sleep(self.poll_interval).await;
            }
        }
    }

    fn view(&self) -> View {
        View {
            now: (self.clock)(),
            heights: self.head.view().heights,
            required: self.finality,
        }
    }

    /// Makes sure that this is the chain that the database belongs to, and reads how far it got.
    async fn connect(&self) -> Result<Cursor, Stop> {
        let mut connection = self.pool.acquire().await?;
        let stored = cursor::read(&mut connection).await?;
        drop(connection);
        if let Some(reason) = stored.as_ref().and_then(|cursor| cursor.halted.clone()) {
            self.head.update(|head| head.halted = Some(reason));
        }
        let identity = self.node.identity().await?;
        if identity.chain_id != self.chain_id {
            return Err(Stop::Halt(format!(
                "the node is on chain {}, configured is {}",
                identity.chain_id, self.chain_id
            )));
        }
        let cursor = match stored {
            Some(cursor) => cursor,
            None => {
                let genesis = self.node.by_number(0).await?;
                cursor::start(&self.pool, &identity, &genesis).await?;
                let mut connection = self.pool.acquire().await?;
                cursor::read(&mut connection)
                    .await?
                    .ok_or(ProjectionError::CursorMoved)?
            }
        };
        match difference(&cursor.identity, &identity) {
            None => Ok(cursor),
            Some(what) => Err(Stop::Halt(format!(
                "{what} is not the one that this database was filled from"
            ))),
        }
    }

    /// The tip is the head: whatever was being repaired is whole again.
    async fn mark_whole(&self, cursor: &mut Cursor) -> Result<(), Stop> {
        cursor::set_whole(&self.pool, cursor.tip).await?;
        (cursor.halted, cursor.settled) = (None, true);
        metrics::gauge!("indexer_halted").set(0.0);
        Ok(())
    }
}

fn report(cursor: &Cursor, advance: &Advance) {
    let events: usize = advance.blocks.iter().map(|block| block.events.len()).sum();
    metrics::gauge!("indexer_block").set(cursor.tip.no as f64);
    metrics::counter!("indexer_events_total").increment(events as u64);
    if let Some(ancestor) = advance.revert_to {
        metrics::counter!("indexer_reorgs_total").increment(1);
        let (from, to) = (advance.from.no, cursor.tip.no);
        tracing::warn!(
            ancestor = ancestor.no,
            from,
            to,
            epoch = cursor.reorg_epoch,
            "the chain reorganised"
        );
    }
    if events > 0 {
        tracing::info!(block = cursor.tip.no, events, rev = cursor.rev, "applied");
    }
}

fn difference(ours: &Identity, theirs: &Identity) -> Option<&'static str> {
    if ours.chain_id != theirs.chain_id {
        Some("the chain id")
    } else if ours.genesis != theirs.genesis {
        Some("the genesis block")
    } else if ours.registry.address != theirs.registry.address {
        Some("the registry's address")
    } else if ours.registry.hash != theirs.registry.hash {
        Some("the registry's code")
    } else if ours.hospitals != theirs.hospitals {
        Some("the registry of organisations")
    } else if ours.providers != theirs.providers {
        Some("the registry of practitioners")
    } else {
        None
    }
}
