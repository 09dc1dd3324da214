//! What is over is removed: ceremonies, sessions, enrolments, counted failures.

use std::sync::Arc;
use std::time::Duration;

use service_kit::Shutdown;
use sqlx::PgPool;
use time::OffsetDateTime;

use crate::App;
use crate::db::StoreError;
use crate::limit::backoff;
use crate::session::device;

const EVERY: Duration = Duration::from_secs(60);
/// How long an ended session is kept, for whoever asks about a token of it.
const KEEP_SESSIONS: time::Duration = time::Duration::days(1);
/// How long enrolments are kept after their end, for whoever asks what became of a code.
const KEEP_ENROLMENTS: time::Duration = time::Duration::days(90);
/// Rows removed in one go, so that nothing is locked for long.
const BATCH: i64 = 1000;

/// Removes what is over; how many rows that were.
///
/// # Errors
/// [`StoreError`].
pub async fn remove_ended(db: &PgPool, now: OffsetDateTime) -> Result<u64, StoreError> {
    let ceremonies = sqlx::query!(
        "delete from ceremonies where id in (select id from ceremonies where expires_at < $1 limit $2)",
        now,
        BATCH,
    )
    .execute(db)
    .await?;
    let sessions = sqlx::query!(
        "delete from sessions where id in
            (select id from sessions where least(ends_at, coalesce(ended_at, ends_at)) < $1 limit $2)",
        now - KEEP_SESSIONS,
        BATCH,
    )
    .execute(db)
    .await?;
    let enrolments = sqlx::query!(
        "delete from enrolments where id in (select id from enrolments where expires_at < $1 limit $2)",
        now - KEEP_ENROLMENTS,
        BATCH,
    )
    .execute(db)
    .await?;
    let failures = backoff::forget_old(db, now).await?;
    let devices = device::forget_old(db, now).await?;
    Ok([ceremonies, sessions, enrolments]
        .iter()
        .map(|done| done.rows_affected())
        .sum::<u64>()
        + failures
        + devices)
}

/// Removes what is over once a minute until the service stops.
///
/// # Errors
/// None; a failed round is logged and the next one tried.
pub async fn run(app: Arc<App>, shutdown: Shutdown) -> anyhow::Result<()> {
    while !shutdown.sleep(EVERY).await {
        app.limits.forget_idle();
        if let Err(error) = remove_ended(&app.db, app.now()).await {
            tracing::warn!(%error, "what is over was not removed");
        }
    }
    Ok(())
}
