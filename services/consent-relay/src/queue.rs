//! The durable queue. Everything that the relay promised is here, before anybody is told.

pub mod stop;
pub mod work;

use alloy::primitives::{Address, B256};
use serde::Serialize;
use service_kit::outbox;
use sqlx::migrate::Migrator;
use sqlx::{PgExecutor, PgPool};
use thiserror::Error;
use time::OffsetDateTime;
use utoipa::ToSchema;

use crate::intent::{Bearer, Intent};

/// The schema, in order.
pub static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// Why the queue gave no answer. Messages of the database can quote values, so only the SQLSTATE is kept.
#[derive(Debug, Error)]
pub enum QueueError {
    /// The database cannot be reached or refuses to work now.
    #[error("the database is not available")]
    Unavailable,
    /// A query failed: our fault.
    #[error("a query failed (SQLSTATE {0})")]
    Failed(String),
    /// A row that this code could not have written.
    #[error("a row of {0} is corrupt")]
    Corrupt(&'static str),
}

impl From<sqlx::Error> for QueueError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                // Connection, rollback, resources, operator, system.
                let passing = ["08", "40", "53", "55", "57", "58"];
                if passing.iter().any(|class| code.starts_with(class)) {
                    Self::Unavailable
                } else {
                    Self::Failed(code)
                }
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable,
            _ => Self::Failed("none".to_owned()),
        }
    }
}

/// How far an intent has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is durable and will be sent.
    Accepted,
    /// A transaction with it is under way.
    Submitted,
    /// It has had its effect in a block that is not final yet.
    Included,
    /// It has had its effect for good.
    Final,
    /// The registry refuses it.
    Failed,
}

impl State {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Submitted => "submitted",
            Self::Included => "included",
            Self::Final => "final",
            Self::Failed => "failed",
        }
    }

    fn parse(text: &str) -> Result<Self, QueueError> {
        let all = [
            Self::Accepted,
            Self::Submitted,
            Self::Included,
            Self::Final,
            Self::Failed,
        ];
        all.into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(QueueError::Corrupt("intents"))
    }

    /// Whether nothing more will happen.
    pub fn is_last(self) -> bool {
        matches!(self, Self::Final | Self::Failed)
    }
}

/// An intent and how far it has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct IntentView {
    /// The EIP-712 digest that was signed; it names the intent.
    #[schema(value_type = String, example = "0x5f16f4c7f149ac4f9510d9cf8cf384038ad348b3bcdc01915f95de12df9d1b02")]
    pub digest: B256,
    /// What was signed.
    #[schema(example = "Revoke")]
    pub action: String,
    /// The patient's address.
    #[schema(value_type = String, example = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")]
    pub subject: String,
    /// How far it has come.
    pub state: State,
    /// The registry's error by its name: why it failed, why it needed no transaction (`StaleStop`: it had had its
    /// effect), or what keeps an accepted one from being sent now.
    #[schema(example = "StaleStop")]
    pub reason: Option<String>,
    /// The latest transaction with it.
    #[schema(value_type = Option<String>)]
    pub transaction: Option<B256>,
    /// The block in which it has had its effect.
    pub block_number: Option<i64>,
    /// When the relay took it in.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub accepted_at: OffsetDateTime,
    /// When that last changed.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: OffsetDateTime,
}

/// With which state and reason an intent is taken in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outset {
    /// [`State::Accepted`], or [`State::Final`] for a stop that has had its effect.
    pub state: State,
    /// See [`IntentView::reason`].
    pub reason: Option<&'static str>,
}

/// An intent by its digest.
///
/// # Errors
/// [`QueueError`].
pub async fn find(db: impl PgExecutor<'_>, digest: B256) -> Result<Option<IntentView>, QueueError> {
    let row = sqlx::query!(
        r#"select action, subject, state, reason, block_no, accepted_at, changed_at,
                  (select hash from transactions t where t.digest = i.digest order by sent_at desc limit 1) as hash
           from intents i where digest = $1"#,
        digest.as_slice(),
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    const CORRUPT: QueueError = QueueError::Corrupt("intents");
    let subject = Address::try_from(row.subject.as_slice()).map_err(|_| CORRUPT)?;
    let transaction = row.hash.map(|hash| B256::try_from(hash.as_slice()));
    Ok(Some(IntentView {
        digest,
        action: row.action,
        subject: subject.to_checksum(None),
        state: State::parse(&row.state)?,
        reason: row.reason,
        transaction: transaction.transpose().map_err(|_| CORRUPT)?,
        block_number: row.block_no,
        accepted_at: row.accepted_at,
        changed_at: row.changed_at,
    }))
}

/// Takes an intent in, durably, with a stop's event in the same transaction. One that is there already stays as it is,
/// unless it had failed: then it gets another try, with the proof it comes with now.
///
/// # Errors
/// [`QueueError`]: then nothing was taken in.
pub async fn accept(
    pool: &PgPool,
    intent: &Intent,
    outset: Outset,
    now: OffsetDateTime,
) -> Result<IntentView, QueueError> {
    let signed = &intent.signed;
    let subject = signed.subject();
    let mut tx = pool.begin().await?;
    let written = sqlx::query!(
        "insert into intents
           (digest, action, subject, body, rank, enrolled, rotates, state, reason, accepted_at, changed_at, try_at)
         values ($1, $2, $3, $4, $5, $10 or exists (select from intents o where o.subject = $3 and o.enrolled),
           $6, $7, $8, $9, $9, $9)
         on conflict (digest) do update set
           body = excluded.body, state = excluded.state, reason = excluded.reason, block_no = null, failures = 0,
           changed_at = excluded.changed_at, try_at = excluded.try_at
         where intents.state = 'failed'",
        intent.digest.as_slice(),
        signed.action.name(),
        subject.as_slice(),
        signed.to_json(),
        intent.rank() as i16,
        intent.rotates(),
        outset.state.as_str(),
        outset.reason,
        now,
        intent.bearer() == Bearer::Enrolled,
    )
    .execute(&mut *tx)
    .await?
    .rows_affected();
    if written == 1 && signed.is_stop() {
        outbox::insert(&mut tx, &stop::event(intent, now)?).await?;
    }
    // As it was taken in: a moment later it may be on the chain.
    let view = find(&mut *tx, intent.digest).await?;
    tx.commit().await?;
    view.ok_or(QueueError::Corrupt("intents"))
}
