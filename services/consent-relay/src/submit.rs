//! Brings the queue onto the chain: one submitter for each funded account, held by a database lock.
//!
//! Each round looks at the chain, then at what is under way ([`track`]), then sends what waits ([`send`]). A transaction
//! is written down before it is sent, and let go of only when its block is final. So neither a crash nor a
//! reorganisation loses an intent.

pub mod fees;
pub mod node;
pub mod nonces;
pub mod send;
pub mod status;
pub mod track;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy::primitives::B256;
use alloy::signers::local::PrivateKeySigner;
use service_kit::Shutdown;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};
use thiserror::Error;
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::queue::{QueueError, work};
use node::{Node, NodeError, View};
use status::Status;

/// How long one who waits for the lock sleeps, and one whose database is away.
const STANDBY: Duration = Duration::from_millis(500);
/// With nothing to do, the chain is looked at this much less often.
const IDLE_FACTOR: u32 = 4;
/// A round that takes longer waits for something that does not come, such as a database that vanished.
const LONGEST_ROUND: Duration = Duration::from_secs(60);

/// How the submitter works.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Gas that an intent of a single item may take.
    pub max_gas: u64,
    /// Wei that a unit of gas may cost.
    pub max_fee_per_gas: u64,
    /// Transactions under way at once.
    pub max_in_flight: usize,
    /// After this time a transaction is sent again with higher fees.
    pub bump_after: Duration,
    /// Between two rounds.
    pub poll_interval: Duration,
}

/// The submitter of one account.
pub struct Submitter {
    /// How the database is reached.
    pub database: PgConnectOptions,
    /// The chain.
    pub node: Arc<Node>,
    /// The funded account.
    pub account: PrivateKeySigner,
    /// How it works.
    pub settings: Settings,
    /// What others may know of it.
    pub status: Arc<Status>,
    /// Rings when there is something new in the queue.
    pub wake: Arc<Notify>,
    /// Where the time comes from.
    pub clock: fn() -> OffsetDateTime,
}

/// Why a round ended early. The next one begins anew.
#[derive(Debug, Error)]
enum RoundError {
    #[error(transparent)]
    Node(#[from] NodeError),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("a transaction could not be signed")]
    Signing,
}

/// One who holds the lock: for as long as the connection lives.
struct Session<'a> {
    at: &'a Submitter,
    db: PgConnection,
    /// When each nonce was last sent by this process.
    last_sent: BTreeMap<u64, Instant>,
    /// The head at which everything mined was last looked at.
    tracked: Option<B256>,
}

/// One look at everything.
struct Round {
    view: View,
    now: OffsetDateTime,
    /// Nonces that are not on the chain and have a transaction.
    under_way: BTreeSet<u64>,
}

impl Submitter {
    /// Works until the shutdown signal.
    ///
    /// # Errors
    /// Never: what fails is tried again.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        while !shutdown.is_triggered() {
            match self.session().await {
                Ok(Some(session)) => session.work(&shutdown).await,
                Ok(None) => {
                    self.status.standby();
                    // The chain is looked at all the same, for what is judged at acceptance.
                    if let Ok(view) = self.node.view().await {
                        self.status.saw(&view, (self.clock)());
                    }
                }
                Err(error) => tracing::warn!(%error, "the submitter waits for its database"),
            }
            if shutdown.sleep(STANDBY).await {
                break;
            }
        }
        Ok(())
    }

    async fn session(&self) -> Result<Option<Session<'_>>, QueueError> {
        let mut db = self.database.connect().await?;
        if !work::lock(&mut db, self.account.address()).await? {
            return Ok(None);
        }
        tracing::info!(account = %self.account.address(), "this instance sends transactions");
        Ok(Some(Session {
            at: self,
            db,
            last_sent: BTreeMap::new(),
            tracked: None,
        }))
    }
}

impl Session<'_> {
    /// Rounds, until the shutdown signal or until the lock may be lost.
    async fn work(mut self, shutdown: &Shutdown) {
        let mut trouble = None;
        while !shutdown.is_triggered() {
            let Ok(outcome) = tokio::time::timeout(LONGEST_ROUND, self.round()).await else {
                tracing::error!("a round of the submitter took too long; it lets go of its lock");
                return;
            };
            let pause = match outcome {
                Ok(unfinished) => {
                    trouble = None;
                    self.at.settings.poll_interval * if unfinished { 1 } else { IDLE_FACTOR }
                }
                Err(RoundError::Queue(error)) => {
                    tracing::warn!(%error, "the submitter lets go of its lock");
                    return;
                }
                Err(error) => {
                    let said = error.to_string();
                    if trouble.as_ref() != Some(&said) {
                        tracing::warn!(%error, "the submitter waits for the chain");
                    }
                    self.at.status.trouble(&said);
                    trouble = Some(said);
                    STANDBY
                }
            };
            tokio::select! {
                () = shutdown.triggered() => {}
                () = self.at.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
        let _ = self.db.close().await;
    }

    /// True if there is something left to do.
    async fn round(&mut self) -> Result<bool, RoundError> {
        let now = (self.at.clock)();
        // Before anything is signed: the lock is ours only while this connection lives.
        let unfinished = work::unfinished(&mut self.db).await?;
        let view = self.at.node.view().await?;
        self.at.status.saw(&view, now);
        self.at.status.waits(unfinished);
        let mut round = Round {
            view,
            now,
            under_way: BTreeSet::new(),
        };
        self.track(&mut round).await?;
        self.send_waiting(&mut round).await?;
        self.fill_gaps(&mut round).await?;
        self.last_sent
            .retain(|nonce, _| round.under_way.contains(nonce));
        Ok(unfinished > 0 || !round.under_way.is_empty())
    }
}
