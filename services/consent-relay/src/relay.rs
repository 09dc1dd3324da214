//! What the handlers share, put together from the settings.

use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::Address;
use alloy::sol_types::Eip712Domain;
use anyhow::Context as _;
use service_kit::issuer::TokenCheck;
use service_kit::peer::Peer;
use service_kit::{Shutdown, http_client};
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;
use time::OffsetDateTime;
use tokio::sync::{Notify, Semaphore};

use crate::config::Config;
use crate::intent::directory::Directory;
use crate::intent::limits::Limits;
use crate::queue;
use crate::submit::node::Node;
use crate::submit::status::Status;
use crate::submit::{Settings, Submitter};

const INTERNAL_CALL: Duration = Duration::from_secs(3);
/// How long the start waits for a database that is not up yet.
const START_BUDGET: Duration = Duration::from_secs(30);
const CONNECTIONS: u32 = 12;

/// What the handlers share.
pub struct Relay {
    /// The queue's database.
    pub pool: PgPool,
    /// The chain.
    pub node: Arc<Node>,
    /// What intents are signed for.
    pub domain: Eip712Domain,
    /// Who is enrolled.
    pub directory: Directory,
    /// Checks the tokens of organisations.
    pub tokens: TokenCheck,
    /// How often.
    pub limits: Limits,
    /// What the submitter last saw.
    pub status: Arc<Status>,
    /// Rings the submitter.
    pub wake: Arc<Notify>,
    /// Streams that may be open.
    pub streams: Arc<Semaphore>,
    /// Whose coins bring intents onto the chain.
    pub account: Address,
    /// Gas that an intent of a single item may take.
    pub max_gas: u64,
    /// Ends streams.
    pub shutdown: Shutdown,
    clock: fn() -> OffsetDateTime,
}

impl Relay {
    /// Puts the parts together; nothing is started or asked yet.
    ///
    /// # Errors
    /// When a URL is unfit or a client cannot be made.
    pub fn new(config: &Config, pool: PgPool, shutdown: Shutdown) -> anyhow::Result<Self> {
        let http = http_client::build(INTERNAL_CALL)?;
        let directory = config.issuer.reached();
        let tokens = config
            .issuer
            .tokens(&http, directory, "system:directory.read")?;
        let node = Node::new(
            config.chain_rpc_url.clone(),
            config.chain_timeout(),
            config.chain_id,
            config.registry_address,
            config.account.address(),
            config.finality,
        )?;
        Ok(Self {
            pool,
            node: Arc::new(node),
            domain: contract_bindings::intent::domain(config.chain_id, config.registry_address),
            directory: Directory::new(Peer::new(http.clone(), directory.clone(), tokens)),
            tokens: config.issuer.check(&http)?,
            limits: Limits::new(
                config.subject_per_minute,
                config.organization_per_minute,
                config.invalid_per_minute,
            ),
            status: Arc::new(Status::new(config.min_balance)),
            wake: Arc::default(),
            streams: Arc::new(Semaphore::new(config.max_streams)),
            account: config.account.address(),
            max_gas: config.max_gas,
            shutdown,
            clock: OffsetDateTime::now_utc,
        })
    }

    /// Now, as exactly as the database keeps it.
    pub fn now(&self) -> OffsetDateTime {
        let now = (self.clock)();
        now.replace_nanosecond(now.microsecond() * 1000)
            .unwrap_or(now)
    }

    /// The submitter that works on the same queue.
    ///
    /// # Errors
    /// When DATABASE_URL cannot be read.
    pub fn submitter(&self, config: &Config) -> anyhow::Result<Submitter> {
        Ok(Submitter {
            database: config.database()?,
            node: self.node.clone(),
            account: config.account.clone(),
            settings: Settings {
                max_gas: config.max_gas,
                max_fee_per_gas: config.max_fee_per_gas,
                max_in_flight: config.max_in_flight,
                bump_after: Duration::from_millis(config.bump_after_ms),
                poll_interval: Duration::from_millis(config.poll_interval_ms),
            },
            status: self.status.clone(),
            wake: self.wake.clone(),
            clock: self.clock,
        })
    }
}

/// Connects, waiting a bounded time for a database that is still starting, and brings the schema up to date.
///
/// # Errors
/// When the address is malformed, the database stays away, or a migration fails.
pub async fn open(config: &Config) -> anyhow::Result<PgPool> {
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .acquire_timeout(Duration::from_secs(2))
        .connect_lazy_with(config.database()?);
    let wait = async {
        while ping(&pool).await.is_err() {
            tracing::warn!("waiting for the database");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(START_BUDGET, wait)
        .await
        .context("the database did not answer in time (DATABASE_URL)")?;
    queue::MIGRATIONS
        .run(&pool)
        .await
        .context("the database schema could not be brought up to date")?;
    Ok(pool)
}

/// Whether the database answers.
///
/// # Errors
/// When it does not.
pub async fn ping(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("select 1").execute(pool).await.map(drop)
}
