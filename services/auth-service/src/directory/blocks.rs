//! Whom a patient does not want to be asked by again. It hides requests from the patient's eyes and does nothing else:
//! whether somebody may read is decided by consents alone.

use alloy::primitives::Address;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::PatientPermit;
use super::bindings::ensure_patient;
use crate::App;
use crate::db::StoreError;

/// How many a patient can have; beyond any honest need.
pub const MOST: i64 = 500;

/// An address whose requests are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Block {
    /// The address on chain that asks.
    pub address: Address,
    /// Since when.
    pub created_at: OffsetDateTime,
}

/// Why an address was not blocked.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// There are [`MOST`] already.
    #[error("there are {MOST} blocked addresses already: allow one again first")]
    TooMany,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BlockError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Hides an address's requests from now on; nothing changes where they are hidden already.
///
/// # Errors
/// [`BlockError`].
pub async fn place(app: &App, permit: &PatientPermit, grantee: Address) -> Result<(), BlockError> {
    let now = app.now();
    let mut transaction = app.db.begin().await?;
    // The patient's row is locked by this, so that two calls cannot both be the last one that fits.
    ensure_patient(&mut transaction, &permit.tenant, &permit.fhir_id, now).await?;
    sqlx::query!(
        "insert into blocks (tenant, fhir_id, grantee, created_at) values ($1, $2, $3, $4)
         on conflict (tenant, fhir_id, grantee) do nothing",
        permit.tenant,
        permit.fhir_id,
        grantee.as_slice(),
        now,
    )
    .execute(&mut *transaction)
    .await?;
    let count = sqlx::query_scalar!(
        r#"select count(*) as "count!" from blocks where tenant = $1 and fhir_id = $2"#,
        permit.tenant,
        permit.fhir_id,
    )
    .fetch_one(&mut *transaction)
    .await?;
    if count > MOST {
        return Err(BlockError::TooMany);
    }
    transaction.commit().await?;
    Ok(())
}

/// Shows an address's requests again; nothing changes where they were shown.
///
/// # Errors
/// [`StoreError`].
pub async fn lift(db: &PgPool, permit: &PatientPermit, grantee: Address) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from blocks where tenant = $1 and fhir_id = $2 and grantee = $3",
        permit.tenant,
        permit.fhir_id,
        grantee.as_slice(),
    )
    .execute(db)
    .await?;
    Ok(())
}

/// Those of one patient, newest first.
///
/// # Errors
/// [`StoreError`].
pub async fn of_patient(db: &PgPool, permit: &PatientPermit) -> Result<Vec<Block>, StoreError> {
    let rows = sqlx::query!(
        "select grantee, created_at from blocks where tenant = $1 and fhir_id = $2
         order by created_at desc, grantee",
        permit.tenant,
        permit.fhir_id,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let grantee = Address::try_from(row.grantee.as_slice())
                .map_err(|_| StoreError::Corrupt("blocks"))?;
            Ok(Block {
                address: grantee,
                created_at: row.created_at,
            })
        })
        .collect()
}
