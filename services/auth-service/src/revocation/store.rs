//! Revocations in the database.

use access_token::revocation::{Kind, Revocation};
use sqlx::PgConnection;
use time::OffsetDateTime;

use crate::db::StoreError;
use crate::events;

pub(super) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Session => "session",
        Kind::Token => "token",
        Kind::Client => "client",
        Kind::Account => "account",
        Kind::Organization => "organization",
        Kind::Key => "key",
    }
}

/// Ends every token that `id` names and that was issued up to now, once the caller's transaction commits.
///
/// From here to the end of the transaction no other one can record anything for this tenant, so that entries become
/// visible in the order of their places: do it last.
///
/// # Errors
/// [`StoreError`].
pub async fn record(
    connection: &mut PgConnection,
    tenant: &str,
    kind: Kind,
    id: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    const CORRUPT: StoreError = StoreError::Corrupt("revocation_feeds");
    let place = sqlx::query_scalar!(
        "insert into revocation_feeds (tenant, last_seq) values ($1, 1)
         on conflict (tenant) do update set last_seq = revocation_feeds.last_seq + 1
         returning last_seq",
        tenant,
    )
    .fetch_one(&mut *connection)
    .await?;
    let seq = u64::try_from(place).map_err(|_| CORRUPT)?;
    let entry = Revocation::new(seq, kind, id, Some(tenant.to_owned()), now);
    sqlx::query!(
        "insert into revocations (tenant, seq, kind, id, before, until, created_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        place,
        name(kind),
        id,
        entry.before,
        entry.until,
        now,
    )
    .execute(&mut *connection)
    .await?;
    events::publish_revocation(connection, tenant, &entry, now).await
}
