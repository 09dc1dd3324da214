//! The submitter's part of the queue. It writes over the one connection that holds the account's lock, so that whoever
//! has lost the lock can no longer write.

use alloy::primitives::{Address, B256};
use contract_bindings::SignedIntent;
use sqlx::{Connection as _, PgConnection};
use time::{Duration, OffsetDateTime};

use super::{QueueError, State};
use crate::submit::fees::Fees;

/// After so many transactions that were mined in vain, what opens something is given up.
const MAX_FAILURES: i32 = 3;
/// A stop is never given up; at most so many seconds pass before it is tried again.
const MAX_PAUSE: i64 = 600;

/// An intent that waits to be sent.
pub struct Waiting {
    /// Its name.
    pub digest: B256,
    /// As it was taken in.
    pub signed: SignedIntent,
    /// How often it was mined in vain.
    pub failures: i32,
}

/// A transaction of whose nonce more is expected.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its hash.
    pub hash: B256,
    /// Its nonce.
    pub nonce: u64,
    /// The intent in it; none in one that only fills a gap.
    pub digest: Option<B256>,
    /// As it is sent.
    pub raw: Vec<u8>,
    /// Its gas limit.
    pub gas_limit: u64,
    /// Its offer.
    pub fees: Fees,
    /// When it was signed.
    pub sent_at: OffsetDateTime,
}

/// Takes the lock of an account for as long as this connection lives; false if another has it.
pub async fn lock(db: &mut PgConnection, account: Address) -> Result<bool, QueueError> {
    let mut key = [0; 8];
    key.copy_from_slice(&account[..8]);
    let locked = sqlx::query_scalar!(
        r#"select pg_try_advisory_lock($1) as "locked!""#,
        i64::from_be_bytes(key)
    )
    .fetch_one(db)
    .await?;
    Ok(locked)
}

/// The transactions of an account of which more is expected, by nonce, the newest of a nonce first.
pub async fn unsettled(db: &mut PgConnection, account: Address) -> Result<Vec<Sent>, QueueError> {
    let rows = sqlx::query!(
        "select hash, nonce, digest, raw, gas_limit, max_fee, priority_fee, sent_at from transactions
         where sender = $1 and not settled order by nonce, sent_at desc, max_fee desc",
        account.as_slice(),
    )
    .fetch_all(db)
    .await?;
    const CORRUPT: QueueError = QueueError::Corrupt("transactions");
    rows.into_iter()
        .map(|row| {
            let digest = row.digest.map(|digest| B256::try_from(digest.as_slice()));
            let positive = |number: i64| u64::try_from(number).map_err(|_| CORRUPT);
            Ok(Sent {
                hash: B256::try_from(row.hash.as_slice()).map_err(|_| CORRUPT)?,
                nonce: positive(row.nonce)?,
                digest: digest.transpose().map_err(|_| CORRUPT)?,
                raw: row.raw,
                gas_limit: positive(row.gas_limit)?,
                fees: Fees {
                    max: positive(row.max_fee)?,
                    tip: positive(row.priority_fee)?,
                },
                sent_at: row.sent_at,
            })
        })
        .collect()
}

/// What is to be sent next: stops first, then what else protects; of those first what is about enrolled subjects, and
/// then in order of acceptance. A rotation waits until
/// the stops of its subject are on the chain.
pub async fn waiting(
    db: &mut PgConnection,
    limit: usize,
    now: OffsetDateTime,
) -> Result<Vec<Waiting>, QueueError> {
    let rows = sqlx::query!(
        "select digest, body, failures from intents i
         where state = 'accepted' and try_at <= $1
           and not (rotates and exists (
             select from intents s
             where s.subject = i.subject and s.rank = 0 and s.state in ('accepted', 'submitted')))
         order by rank, enrolled desc, place limit $2",
        now,
        i64::try_from(limit).unwrap_or(i64::MAX),
    )
    .fetch_all(db)
    .await?;
    const CORRUPT: QueueError = QueueError::Corrupt("intents");
    rows.into_iter()
        .map(|row| {
            Ok(Waiting {
                digest: B256::try_from(row.digest.as_slice()).map_err(|_| CORRUPT)?,
                signed: SignedIntent::from_json(&row.body).map_err(|_| CORRUPT)?,
                failures: row.failures,
            })
        })
        .collect()
}

/// Writes a signed transaction down, before it is sent. False if its intent needs none any more.
pub async fn record(
    db: &mut PgConnection,
    account: Address,
    sent: &Sent,
) -> Result<bool, QueueError> {
    let mut tx = db.begin().await?;
    if let Some(digest) = sent.digest {
        let moved = sqlx::query!(
            "update intents set state = 'submitted', reason = null, block_no = null, changed_at = $2
             where digest = $1 and state in ('accepted', 'submitted')",
            digest.as_slice(),
            sent.sent_at,
        )
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if moved != 1 {
            return Ok(false);
        }
    }
    let stored = |number: u64| i64::try_from(number).map_err(|_| QueueError::Corrupt("fees"));
    sqlx::query!(
        "insert into transactions (hash, sender, nonce, digest, raw, gas_limit, max_fee, priority_fee, sent_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        sent.hash.as_slice(),
        account.as_slice(),
        stored(sent.nonce)?,
        sent.digest.as_ref().map(|digest| digest.as_slice()),
        sent.raw,
        stored(sent.gas_limit)?,
        stored(sent.fees.max)?,
        stored(sent.fees.tip)?,
        sent.sent_at,
    )
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(true)
}

/// The state of an intent changed; nothing happens if it was that state already.
pub async fn advance(
    db: &mut PgConnection,
    digest: B256,
    state: State,
    block_no: Option<u64>,
    reason: Option<&str>,
    now: OffsetDateTime,
) -> Result<bool, QueueError> {
    let block_no = block_no.map(|block_no| i64::try_from(block_no).unwrap_or(i64::MAX));
    let changed = sqlx::query!(
        "update intents set state = $2, block_no = $3, reason = $4, changed_at = $5
         where digest = $1
           and (state <> $2 or block_no is distinct from $3::bigint or reason is distinct from $4::text)",
        digest.as_slice(),
        state.as_str(),
        block_no,
        reason,
        now,
    )
    .execute(db)
    .await?
    .rows_affected();
    Ok(changed == 1)
}

/// An accepted intent cannot be sent now; it is tried again a little later.
pub async fn postpone(
    db: &mut PgConnection,
    digest: B256,
    reason: &str,
    pause: Duration,
    now: OffsetDateTime,
) -> Result<(), QueueError> {
    advance(db, digest, State::Accepted, None, Some(reason), now).await?;
    sqlx::query!(
        "update intents set try_at = $2 where digest = $1",
        digest.as_slice(),
        now + pause,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// A transaction was mined and failed. The intent is asked about anew after a pause that grows; what opens something is
/// given up in the end. Returns whether it was.
pub async fn failed_on_chain(
    db: &mut PgConnection,
    digest: B256,
    now: OffsetDateTime,
) -> Result<bool, QueueError> {
    let failures = sqlx::query_scalar!(
        "select failures from intents where digest = $1",
        digest.as_slice()
    )
    .fetch_one(&mut *db)
    .await?;
    let pause = Duration::seconds((1 << failures.clamp(0, 20)).min(MAX_PAUSE));
    let row = sqlx::query!(
        "update intents set
           failures = failures + 1,
           state = case when rank = 2 and failures + 1 >= $3 then 'failed' else 'accepted' end,
           reason = 'Reverted', block_no = null, changed_at = $2, try_at = $4
         where digest = $1 returning state",
        digest.as_slice(),
        now,
        MAX_FAILURES,
        now + pause,
    )
    .fetch_one(db)
    .await?;
    Ok(row.state == State::Failed.as_str())
}

/// Another transaction has, or is to have, an intent's nonce: the intent is sent again, unless it already is.
pub async fn displaced(
    db: &mut PgConnection,
    digest: B256,
    nonce: u64,
    now: OffsetDateTime,
) -> Result<(), QueueError> {
    sqlx::query!(
        "update intents set state = 'accepted', block_no = null, reason = null, changed_at = $3, try_at = $3
         where digest = $1 and state in ('submitted', 'included') and not exists (
           select from transactions t where t.digest = $1 and not t.settled and t.nonce <> $2)",
        digest.as_slice(),
        i64::try_from(nonce).unwrap_or(i64::MAX),
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The name of a rotation of a subject that was sent and is not mined.
pub async fn rotation_under_way(
    db: &mut PgConnection,
    subject: Address,
) -> Result<Option<B256>, QueueError> {
    let digest = sqlx::query_scalar!(
        "select digest from intents where subject = $1 and rotates and state = 'submitted' order by place limit 1",
        subject.as_slice(),
    )
    .fetch_optional(db)
    .await?;
    digest
        .map(|digest| B256::try_from(digest.as_slice()))
        .transpose()
        .map_err(|_| QueueError::Corrupt("intents"))
}

/// Nothing more is expected of a nonce.
pub async fn settle(db: &mut PgConnection, account: Address, nonce: u64) -> Result<(), QueueError> {
    sqlx::query!(
        "update transactions set settled = true where sender = $1 and nonce = $2",
        account.as_slice(),
        i64::try_from(nonce).unwrap_or(i64::MAX),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// How many intents wait or are on their way.
pub async fn unfinished(db: &mut PgConnection) -> Result<i64, QueueError> {
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from intents where state in ('accepted', 'submitted', 'included')"#
    )
    .fetch_one(db)
    .await?;
    Ok(count)
}
