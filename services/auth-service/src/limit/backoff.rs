//! Failed proofs slow down: each in a row doubles the wait before the next is looked at, up to a bound. Kept in the database,
//! so that several processes agree.
//!
//! A try is counted before it is looked at, and forgiven when it was right: tries sent at the same moment do not slip past
//! the count. It is counted for where it comes from (a network, or a browser that has signed in to the account before), so
//! that a stranger's failures do not hold up the person; and, for strangers, loosely for the name, so that many networks
//! together do not guess faster than a few.

use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};

use super::TooMany;
use super::address::Network;
use crate::db::StoreError;
use crate::session::cookie::Secret;

/// Failures are forgotten after this time without another.
const MEMORY: Duration = Duration::hours(24);

/// How tries are slowed down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Failures without any wait.
    pub free: i32,
    /// The longest wait.
    pub longest: Duration,
}

/// Passwords, for one source.
pub const PASSWORD: Pace = Pace {
    free: 3,
    longest: Duration::minutes(1),
};
/// Passwords, for all strangers together.
pub const STRANGERS: Pace = Pace {
    free: 20,
    longest: Duration::minutes(1),
};
/// Codes of authenticator apps. There are only a million, and whoever gets here knows the password.
pub const APP_CODE: Pace = Pace {
    free: 5,
    longest: Duration::minutes(15),
};
/// Enrolment codes, for one network.
pub const ENROLMENT: Pace = Pace {
    free: 5,
    longest: Duration::minutes(1),
};

/// What tries are counted for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counter {
    key: [u8; 32],
    pace: Pace,
}

impl Counter {
    fn new(pace: Pace, parts: &[&[u8]]) -> Self {
        let mut digest = Sha256::new();
        for part in parts {
            // The lengths keep one list from reading as another.
            digest.update((part.len() as u64).to_be_bytes());
            digest.update(part);
        }
        Self {
            key: digest.finalize().into(),
            pace,
        }
    }

    /// Passwords for a name from a browser that has signed in to that account.
    pub fn of_device(login: &str, device: &Secret) -> Vec<Self> {
        let device = device.hash();
        vec![Self::new(PASSWORD, &[b"device", login.as_bytes(), &device])]
    }

    /// Passwords for a name from a network.
    pub fn of_stranger(login: &str, network: Network) -> Vec<Self> {
        let login = login.as_bytes();
        vec![
            Self::new(PASSWORD, &[b"network", login, &network.bytes()]),
            Self::new(STRANGERS, &[b"strangers", login]),
        ]
    }

    /// Codes of an account's authenticator app.
    pub fn of_app(account: uuid::Uuid) -> Vec<Self> {
        vec![Self::new(APP_CODE, &[b"app", account.as_bytes()])]
    }

    /// Enrolment codes from a network.
    pub fn of_enrolment(network: Network) -> Vec<Self> {
        vec![Self::new(ENROLMENT, &[b"enrolment", &network.bytes()])]
    }
}

/// How long to wait after so many failures in a row.
fn wait(failures: i32, pace: Pace) -> Duration {
    match u32::try_from(failures - pace.free) {
        Err(_) | Ok(0) => Duration::ZERO,
        Ok(beyond) => Duration::seconds(1i64 << (beyond - 1).min(30)).min(pace.longest),
    }
}

/// Why a try is not looked at.
#[derive(Debug, thiserror::Error)]
pub enum BackoffError {
    /// Too soon.
    #[error(transparent)]
    TooSoon(#[from] TooMany),
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BackoffError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Counts a try that is about to be looked at, as failed until it is forgiven.
///
/// # Errors
/// [`BackoffError`].
pub async fn attempt(
    db: &PgPool,
    tenant: &str,
    counters: &[Counter],
    now: OffsetDateTime,
) -> Result<(), BackoffError> {
    let mut transaction = db.begin().await?;
    for counter in counters {
        let key = &counter.key[..];
        // The row stays locked until the end: another try of the same source waits for this one.
        let failures = sqlx::query_scalar!(
            "insert into sign_in_failures (tenant, key, failures, last_at, next_at) values ($1, $2, 1, $3, $3)
             on conflict (tenant, key) do update set
                 failures = case when sign_in_failures.last_at < $4 then 1
                                 else least(sign_in_failures.failures + 1, 1000) end,
                 last_at = $3
             where sign_in_failures.next_at <= $3
             returning failures",
            tenant,
            key,
            now,
            now - MEMORY,
        )
        .fetch_optional(&mut *transaction)
        .await?;
        let Some(failures) = failures else {
            return Err(too_soon(&mut transaction, tenant, key, now).await?.into());
        };
        sqlx::query!(
            "update sign_in_failures set next_at = $3 where tenant = $1 and key = $2",
            tenant,
            key,
            now + wait(failures, counter.pace),
        )
        .execute(&mut *transaction)
        .await?;
    }
    Ok(transaction.commit().await?)
}

async fn too_soon(
    connection: &mut PgConnection,
    tenant: &str,
    key: &[u8],
    now: OffsetDateTime,
) -> Result<TooMany, StoreError> {
    let next = sqlx::query_scalar!(
        "select next_at from sign_in_failures where tenant = $1 and key = $2",
        tenant,
        key,
    )
    .fetch_one(connection)
    .await?;
    metrics::counter!("requests_limited_total", "limit" => "failures").increment(1);
    let wait = std::time::Duration::try_from(next - now).unwrap_or_default();
    // Whole seconds, so that whoever waits as long as they are told comes late enough.
    Ok(TooMany(std::time::Duration::from_secs(wait.as_secs() + 1)))
}

/// A try was right: what was counted for its source is forgotten.
///
/// # Errors
/// [`StoreError`].
pub async fn forgive(
    connection: &mut PgConnection,
    tenant: &str,
    counters: &[Counter],
) -> Result<(), StoreError> {
    let keys: Vec<Vec<u8>> = counters
        .iter()
        .map(|counter| counter.key.to_vec())
        .collect();
    sqlx::query!(
        "delete from sign_in_failures where tenant = $1 and key = any($2)",
        tenant,
        &keys,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Forgets failures of long ago.
///
/// # Errors
/// [`StoreError`].
pub async fn forget_old(db: &PgPool, now: OffsetDateTime) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from sign_in_failures where last_at < $1",
        now - MEMORY
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_doubles_the_wait_up_to_the_longest() {
        let waits = |pace| {
            [1, 3, 4, 5, 6, 9, 10, 1000].map(|failures| wait(failures, pace).whole_seconds())
        };
        assert_eq!(waits(PASSWORD), [0, 0, 1, 2, 4, 32, 60, 60]);
        assert_eq!(wait(1000, APP_CODE), Duration::minutes(15));
    }

    #[test]
    fn sources_are_counted_apart() {
        let network = |text: &str| Network::of(text.parse().unwrap());
        let random: crate::Random = std::sync::Arc::new(|bytes: &mut [u8]| bytes.fill(7));
        let counters = [
            Counter::of_stranger("jane", network("192.0.2.1")),
            Counter::of_stranger("jane", network("192.0.2.2")),
            Counter::of_stranger("jan", network("192.0.2.1")),
            Counter::of_device("jane", &Secret::generate(&random)),
        ];
        let sources: std::collections::HashSet<_> =
            counters.iter().map(|counters| counters[0].key).collect();
        assert_eq!(sources.len(), counters.len());
        assert_eq!(counters[0][1], counters[1][1]);
    }
}
