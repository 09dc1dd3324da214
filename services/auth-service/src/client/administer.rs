//! What administrators do with clients. Those of the clients file can be disabled and enabled here, not changed.

use sqlx::PgPool;
use time::OffsetDateTime;

use super::document::Registration;
use super::register::{self, Written};
use super::store::{Origin, find_registered};
use crate::Random;
use crate::db::StoreError;
use crate::events::{self, Event};

/// Why a client was not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The clients file says what it is.
    #[error("this client comes from the clients file: change it there, or register another id")]
    FromFile,
    /// There is none of this id.
    #[error("there is no client of this id")]
    NotFound,
    /// It left the clients file, and only the file brings it back.
    #[error("this client is no longer in the clients file: put it back there")]
    Removed,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ChangeError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Registers a client, or changes one that an administrator registered. A disabled one stays disabled.
///
/// # Errors
/// [`ChangeError`].
pub async fn put(
    db: &PgPool,
    tenant: &str,
    client: &Registration,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Written, ChangeError> {
    let mut transaction = db.begin().await?;
    register::lock(&mut transaction, tenant).await?;
    let from_file = sqlx::query_scalar!(
        "select 1 from clients where tenant = $1 and client_id = $2 and origin = 'file'",
        tenant,
        client.client_id,
    )
    .fetch_optional(&mut *transaction)
    .await?;
    if from_file.is_some() {
        return Err(ChangeError::FromFile);
    }
    let written =
        register::write(&mut transaction, tenant, client, Origin::Api, random, now).await?;
    transaction.commit().await?;
    Ok(written)
}

/// Disables a client and all its tokens, whoever registered it; false when it was already.
///
/// # Errors
/// [`ChangeError`].
pub async fn disable(
    db: &PgPool,
    tenant: &str,
    id: &str,
    random: &Random,
    now: OffsetDateTime,
) -> Result<bool, ChangeError> {
    let mut transaction = db.begin().await?;
    register::lock(&mut transaction, tenant).await?;
    let done = sqlx::query!(
        "update clients set disabled_at = $3, updated_at = $3
         where tenant = $1 and client_id = $2 and disabled_at is null",
        tenant,
        id,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    if done.rows_affected() == 0 {
        transaction.rollback().await?;
        let known = find_registered(db, tenant, id).await?.is_some();
        return if known {
            Ok(false)
        } else {
            Err(ChangeError::NotFound)
        };
    }
    register::ended(&mut transaction, tenant, id, random, now).await?;
    transaction.commit().await?;
    Ok(true)
}

/// Lets a disabled client obtain tokens again; false when it could already.
///
/// # Errors
/// [`ChangeError`].
pub async fn enable(
    db: &PgPool,
    tenant: &str,
    id: &str,
    random: &Random,
    now: OffsetDateTime,
) -> Result<bool, ChangeError> {
    let mut transaction = db.begin().await?;
    register::lock(&mut transaction, tenant).await?;
    let row = sqlx::query!(
        "select active, disabled_at from clients where tenant = $1 and client_id = $2",
        tenant,
        id,
    )
    .fetch_optional(&mut *transaction)
    .await?
    .ok_or(ChangeError::NotFound)?;
    if !row.active {
        return Err(ChangeError::Removed);
    }
    if row.disabled_at.is_none() {
        return Ok(false);
    }
    let done = sqlx::query!(
        "update clients set disabled_at = null, updated_at = $3 where tenant = $1 and client_id = $2",
        tenant,
        id,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    if done.rows_affected() != 1 {
        return Err(StoreError::Corrupt("clients").into());
    }
    let event = Event::new(random, tenant, events::Kind::ClientEnabled, id, now);
    events::emit(&mut transaction, &event).await?;
    transaction.commit().await?;
    Ok(true)
}
