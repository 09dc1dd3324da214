//! What a patient stops without a key: everything, until one of their keys lifts it. It can only deny.

use sqlx::PgPool;
use time::OffsetDateTime;
use uuid::Uuid;

use super::bindings::{bound_to, ensure_patient};
use super::statement::{Lift, StatementError};
use super::{PatientPermit, ReadPermit};
use crate::db::StoreError;

/// A stop that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Its id.
    pub id: Uuid,
    /// Since when it holds.
    pub since: OffsetDateTime,
}

/// Why a stop was not lifted.
#[derive(Debug, thiserror::Error)]
pub enum LiftError {
    /// It is not signed, or too late.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// Whoever signed does not stand for this patient.
    #[error("the signing subject does not stand for this patient")]
    ForeignSubject,
    /// Nothing is stopped by that id.
    #[error("there is no such stop, or it was lifted before")]
    NoStop,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for LiftError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Stops everything of a patient; the stop that holds already if there is one. True when it is new.
///
/// # Errors
/// [`StoreError`].
pub async fn place(
    db: &PgPool,
    permit: &PatientPermit,
    account: Uuid,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<(Stop, bool), StoreError> {
    let mut transaction = db.begin().await?;
    ensure_patient(&mut transaction, &permit.tenant, &permit.fhir_id, now).await?;
    let placed = sqlx::query!(
        "insert into stops (id, tenant, fhir_id, placed_by, placed_at) values ($1, $2, $3, $4, $5)
         on conflict (tenant, fhir_id) where lifted_at is null do nothing",
        id,
        permit.tenant,
        permit.fhir_id,
        account,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    let stop = find(db, &permit.read(), &permit.fhir_id)
        .await?
        .ok_or(StoreError::Corrupt("stops"))?;
    Ok((stop, placed.rows_affected() == 1))
}

/// The stop that holds for a patient.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    permit: &ReadPermit,
    fhir_id: &str,
) -> Result<Option<Stop>, StoreError> {
    let stop = sqlx::query_as!(
        Stop,
        "select id, placed_at as since from stops where tenant = $1 and fhir_id = $2 and lifted_at is null",
        permit.tenant,
        fhir_id,
    )
    .fetch_optional(db)
    .await?;
    Ok(stop)
}

/// Lifts a stop whose statement was verified, if the key that signed stands for the patient.
///
/// # Errors
/// [`LiftError`].
pub async fn lift(
    db: &PgPool,
    permit: &PatientPermit,
    lift: &Lift,
    now: OffsetDateTime,
) -> Result<(), LiftError> {
    let mut transaction = db.begin().await?;
    ensure_patient(&mut transaction, &permit.tenant, &permit.fhir_id, now).await?;
    let bound = bound_to(&mut transaction, &permit.tenant, &permit.fhir_id).await?;
    if !bound.iter().any(|stored| stored.subject == lift.subject) {
        return Err(LiftError::ForeignSubject);
    }
    let lifted = sqlx::query!(
        "update stops set lifted_by = $4, lifted_at = $5
         where tenant = $1 and fhir_id = $2 and id = $3 and lifted_at is null",
        permit.tenant,
        permit.fhir_id,
        lift.stop,
        lift.subject.as_slice(),
        now,
    )
    .execute(&mut *transaction)
    .await?;
    if lifted.rows_affected() == 0 {
        return Err(LiftError::NoStop);
    }
    transaction.commit().await?;
    Ok(())
}
