//! Transactional outbox: follow-up events are written in the transaction that causes them, and one
//! relay publishes them in order afterwards. At-least-once; readers are idempotent by `ce_id`.
//!
//! A service that uses it has this table in its migrations:
//!
//! ```sql
//! CREATE TABLE outbox (
//!     id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
//!     topic        text        NOT NULL,
//!     key          text        NOT NULL,
//!     event_id     uuid        NOT NULL UNIQUE,
//!     kind         text        NOT NULL,
//!     source       text        NOT NULL,
//!     happened_at  timestamptz NOT NULL,
//!     tenant       text,
//!     corr_id      text        NOT NULL,
//!     body         bytea       NOT NULL,
//!     published_at timestamptz
//! );
//! CREATE INDEX outbox_unpublished ON outbox (id) WHERE published_at IS NULL;
//! ```

use std::time::Duration;

use sqlx::{PgConnection, PgPool, Row};

use crate::Shutdown;
use crate::bus::{Event, Producer};

const BATCH: i64 = 200;
const POLL: Duration = Duration::from_millis(50);
const BACKOFF: Duration = Duration::from_secs(1);

/// Adds an event to the caller's transaction.
pub async fn insert(connection: &mut PgConnection, event: &Event) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO outbox (topic, key, event_id, kind, source, happened_at, tenant, corr_id, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(&event.topic)
    .bind(&event.key)
    .bind(event.id)
    .bind(&event.kind)
    .bind(&event.source)
    .bind(event.time)
    .bind(&event.tenant)
    .bind(&event.corr_id)
    .bind(&event.body)
    .execute(connection)
    .await?;
    Ok(())
}

/// Publishes until the shutdown signal. A database or broker outage delays and never loses.
pub async fn relay(pool: PgPool, producer: Producer, shutdown: Shutdown) -> anyhow::Result<()> {
    loop {
        let pause = match publish_batch(&pool, &producer).await {
            Ok(0) => POLL,
            Ok(_) => Duration::ZERO,
            Err(error) => {
                tracing::warn!(%error, "the outbox waits for its database or the bus");
                BACKOFF
            }
        };
        if shutdown.sleep(pause).await {
            return Ok(());
        }
    }
}

/// Publishes the oldest unpublished events in order; returns how many were marked.
async fn publish_batch(pool: &PgPool, producer: &Producer) -> anyhow::Result<usize> {
    let rows = sqlx::query(
        "SELECT id, topic, key, event_id, kind, source, happened_at, tenant, corr_id, body
         FROM outbox WHERE published_at IS NULL ORDER BY id LIMIT $1",
    )
    .bind(BATCH)
    .fetch_all(pool)
    .await?;
    let mut ids = Vec::with_capacity(rows.len());
    let mut events = Vec::with_capacity(rows.len());
    for row in &rows {
        ids.push(row.try_get::<i64, _>("id")?);
        events.push(Event {
            topic: row.try_get("topic")?,
            key: row.try_get("key")?,
            id: row.try_get("event_id")?,
            kind: row.try_get("kind")?,
            source: row.try_get("source")?,
            time: row.try_get("happened_at")?,
            tenant: row.try_get("tenant")?,
            corr_id: row.try_get("corr_id")?,
            body: row.try_get("body")?,
        });
    }
    // All are queued in order; of the reports only the unbroken run from the first counts, so a
    // failure in the middle repeats later events but never lets one overtake another for good.
    let reports =
        futures::future::join_all(events.iter().map(|event| producer.publish(event))).await;
    let delivered = reports.iter().take_while(|report| report.is_ok()).count();
    if delivered > 0 {
        sqlx::query("UPDATE outbox SET published_at = now() WHERE id = ANY($1)")
            .bind(&ids[..delivered])
            .execute(pool)
            .await?;
    }
    match reports.into_iter().find_map(Result::err) {
        Some(error) => Err(error.into()),
        None => Ok(delivered),
    }
}
