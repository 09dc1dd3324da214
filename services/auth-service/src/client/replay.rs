//! An assertion is used once: its `jti` is remembered until it has expired.

use std::sync::Arc;
use std::time::Duration;

use access_token::AssertionClaims;
use service_kit::Shutdown;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::Client;
use crate::App;
use crate::db::StoreError;

const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Remembers the assertion; false when it was used before. One statement, so that two requests cannot both pass.
///
/// # Errors
/// [`StoreError`].
pub async fn first_use(
    db: &PgPool,
    client: &Client,
    assertion: &AssertionClaims,
) -> Result<bool, StoreError> {
    let expires_at = OffsetDateTime::from_unix_timestamp(assertion.remember_until())
        .map_err(|_| StoreError::Corrupt("used_assertions"))?;
    let done = sqlx::query!(
        "insert into used_assertions (client_id, jti, tenant, expires_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        client.id,
        assertion.jti,
        client.tenant,
        expires_at,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets assertions that have expired.
///
/// # Errors
/// [`StoreError`].
pub async fn forget_expired(db: &PgPool, now: OffsetDateTime) -> Result<u64, StoreError> {
    let done = sqlx::query!("delete from used_assertions where expires_at < $1", now)
        .execute(db)
        .await?;
    Ok(done.rows_affected())
}

/// Forgets expired assertions once a minute until the service stops.
///
/// # Errors
/// None; a failed round is logged and the next one tried.
pub async fn sweep(app: Arc<App>, shutdown: Shutdown) -> anyhow::Result<()> {
    while !shutdown.sleep(SWEEP_EVERY).await {
        if let Err(error) = forget_expired(&app.db, app.now()).await {
            tracing::warn!(%error, "expired assertions were not removed");
        }
    }
    Ok(())
}
