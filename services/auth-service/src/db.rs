//! The database: connecting, migrating, and what its errors mean to a caller.

use std::time::Duration;

use anyhow::Context;
use service_kit::Problem;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgPool};

/// The schema, in order.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// How long the start waits for a database that is not up yet.
const START_BUDGET: Duration = Duration::from_secs(30);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How long after its last use a connection is taken to be there still.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
const STATEMENT_TIMEOUT: &str = "5000";

/// Why a query gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached or refuses to work now.
    #[error("the database is not available")]
    Unavailable,
    /// A query failed: our fault.
    #[error("a query failed (SQLSTATE {0})")]
    Failed(String),
    /// A row that the code could not have written.
    #[error("a row of {0} is corrupt")]
    Corrupt(&'static str),
}

impl From<sqlx::Error> for StoreError {
    /// Keeps the SQLSTATE only: messages of the database can quote values.
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable,
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                // 08 connection, 40 rollback (deadlock), 53 resources, 57 operator (shutdown, timeout),
                // 58 system.
                let unavailable = ["08", "40", "53", "57", "58"]
                    .iter()
                    .any(|class| code.starts_with(class));
                if unavailable {
                    Self::Unavailable
                } else {
                    Self::Failed(code)
                }
            }
            _ => Self::Failed("none".to_owned()),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        tracing::error!(corr_id = %service_kit::CorrId::current(), %error, "store error");
        match error {
            StoreError::Unavailable => {
                Self::unavailable("The database is not available. Try again shortly.")
            }
            StoreError::Failed(_) | StoreError::Corrupt(_) => Self::internal(),
        }
    }
}

/// A pool that connects when it is first used, waits a bounded time for a connection and for an answer. Its connections
/// speak for `tenant`: rows of others are not there for them.
///
/// # Errors
/// When the address is malformed.
pub fn pool(url: &str, tenant: &str, connections: u32) -> anyhow::Result<PgPool> {
    let options: PgConnectOptions = url
        .parse()
        .ok()
        .context("DATABASE_URL is not a Postgres URL")?;
    let options = options.application_name("auth-service").options([
        ("statement_timeout", STATEMENT_TIMEOUT),
        // Whoever takes locks and falls silent must not hold up the others, least of all revocations.
        ("idle_in_transaction_session_timeout", STATEMENT_TIMEOUT),
        ("consentry.tenant", tenant),
    ]);
    Ok(PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        // A connection that answered just now is not asked whether it is there: under load that would double the
        // number of questions.
        .test_before_acquire(false)
        .before_acquire(|connection, seen| {
            Box::pin(async move {
                if seen.idle_for > TRUSTED_FOR {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
        .connect_lazy_with(options))
}

/// Connects, waiting a bounded time for a database that is still starting, and brings the schema up to date.
///
/// # Errors
/// When the address is malformed, the database stays away, or a migration fails.
pub async fn open(url: &str, tenant: &str, connections: u32) -> anyhow::Result<PgPool> {
    let pool = pool(url, tenant, connections)?;
    let wait = async {
        while let Err(error) = ping(&pool).await {
            tracing::warn!(%error, "waiting for the database");
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    };
    tokio::time::timeout(START_BUDGET, wait)
        .await
        .context("the database did not answer in time (DATABASE_URL)")?;
    MIGRATIONS
        .run(&pool)
        .await
        .context("the database schema could not be brought up to date")?;
    Ok(pool)
}

/// Whether the database answers.
///
/// # Errors
/// When it does not.
pub async fn ping(pool: &PgPool) -> Result<(), StoreError> {
    sqlx::query("select 1").execute(pool).await?;
    Ok(())
}
