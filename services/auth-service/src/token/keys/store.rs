//! Signing keys in the database.

use access_token::PublicJwk;
use sqlx::PgConnection;

use super::state::{Key, State};
use crate::db::StoreError;

const CORRUPT: StoreError = StoreError::Corrupt("signing_keys");

/// A key with both its halves.
#[derive(Clone)]
pub(super) struct StoredKey {
    pub key: Key,
    pub public: PublicJwk,
    /// The private half, sealed; gone when the key is destroyed or compromised.
    pub sealed: Option<String>,
}

/// One change of a tenant's keys at a time, by any process, until the end of the transaction.
pub(super) async fn lock(connection: &mut PgConnection, tenant: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('signing keys ' || $1, 0))",
        tenant,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The tenant's keys, oldest first; those that are gone as well.
pub(super) async fn all(
    connection: &mut PgConnection,
    tenant: &str,
) -> Result<Vec<StoredKey>, StoreError> {
    let rows = sqlx::query!(
        "select kid, state, since, created_at, public_jwk, sealed from signing_keys
         where tenant = $1 order by created_at, kid",
        tenant,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let public = PublicJwk::from_value(&row.public_jwk).map_err(|_| CORRUPT)?;
            let state: State = row.state.parse().map_err(|_| CORRUPT)?;
            // The name is the key's own, so no row can put another key in the place of a known one.
            if public.thumbprint() != row.kid || state.is_kept() != row.sealed.is_some() {
                return Err(CORRUPT);
            }
            Ok(StoredKey {
                key: Key {
                    kid: row.kid,
                    state,
                    since: row.since,
                    created_at: row.created_at,
                },
                public,
                sealed: row.sealed,
            })
        })
        .collect()
}

/// Stores a new key.
pub(super) async fn insert(
    connection: &mut PgConnection,
    tenant: &str,
    key: &Key,
    public: &PublicJwk,
    sealed: &str,
) -> Result<(), StoreError> {
    let public = serde_json::to_value(public).map_err(|_| CORRUPT)?;
    sqlx::query!(
        "insert into signing_keys (tenant, kid, state, since, created_at, public_jwk, sealed)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        key.kid,
        key.state.as_str(),
        key.since,
        key.created_at,
        public,
        sealed,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Stores what became of a key, without the private half where it is no longer kept.
pub(super) async fn update(
    connection: &mut PgConnection,
    tenant: &str,
    before: State,
    key: &Key,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update signing_keys set state = $4, since = $5, sealed = case when $6 then sealed end
         where tenant = $1 and kid = $2 and state = $3",
        tenant,
        key.kid,
        before.as_str(),
        key.state.as_str(),
        key.since,
        key.state.is_kept(),
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(CORRUPT)
    }
}

/// The names and times of the keys.
pub(super) fn keys(stored: &[StoredKey]) -> Vec<Key> {
    stored.iter().map(|stored| stored.key.clone()).collect()
}
