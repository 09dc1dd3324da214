//! Browsers that have signed in to an account before. They get no more than a back-off of their own.

use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::cookie::{self, Secret};
use crate::Random;
use crate::db::StoreError;

/// How long a browser is remembered without signing in.
const MEMORY: Duration = Duration::seconds(cookie::LONG_AGE);

/// Whether this browser has signed in to this account before.
///
/// # Errors
/// [`StoreError`].
pub async fn is_known(
    db: &PgPool,
    tenant: &str,
    account: Uuid,
    device: &Secret,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"select 1 as "one!" from devices where tenant = $1 and account = $2 and device_hash = $3"#,
        tenant,
        account,
        &device.hash()[..],
    )
    .fetch_optional(db)
    .await?;
    Ok(found.is_some())
}

/// Remembers the browser that signs in now; what it holds from now on.
///
/// # Errors
/// [`StoreError`].
pub async fn remember(
    connection: &mut PgConnection,
    tenant: &str,
    account: Uuid,
    shown: Option<&Secret>,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Secret, StoreError> {
    let device = shown.cloned().unwrap_or_else(|| Secret::generate(random));
    sqlx::query!(
        "insert into devices (tenant, account, device_hash, seen_at) values ($1, $2, $3, $4)
         on conflict (account, device_hash) do update set seen_at = excluded.seen_at",
        tenant,
        account,
        &device.hash()[..],
        now,
    )
    .execute(connection)
    .await?;
    Ok(device)
}

/// Forgets browsers that have not come back.
///
/// # Errors
/// [`StoreError`].
pub async fn forget_old(db: &PgPool, now: OffsetDateTime) -> Result<u64, StoreError> {
    let done = sqlx::query!("delete from devices where seen_at < $1", now - MEMORY)
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}
