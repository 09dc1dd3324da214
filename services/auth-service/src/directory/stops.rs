//! What a patient stops without a key: everything, until one of their keys lifts it. It can only deny.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::bindings::{bound_to, ensure_patient};
use super::statement::{Lift, StatementError};
use super::{PatientPermit, ReadPermit};
use crate::db::StoreError;
use crate::events::{self, Event, Kind};
use crate::{App, random_id};

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
    app: &App,
    permit: &PatientPermit,
    account: Uuid,
) -> Result<(Stop, bool), StoreError> {
    let (id, now) = (random_id(&app.random), app.now());
    let mut transaction = app.db.begin().await?;
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
    let is_new = placed.rows_affected() == 1;
    if is_new {
        tell(&mut transaction, app, Kind::StopPlaced, permit, now).await?;
    }
    transaction.commit().await?;
    let stop = find(&app.db, &permit.read(), &permit.fhir_id)
        .await?
        .ok_or(StoreError::Corrupt("stops"))?;
    Ok((stop, is_new))
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
pub async fn lift(app: &App, permit: &PatientPermit, lift: &Lift) -> Result<(), LiftError> {
    let now = app.now();
    let mut transaction = app.db.begin().await?;
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
    tell(&mut transaction, app, Kind::StopLifted, permit, now).await?;
    transaction.commit().await?;
    Ok(())
}

async fn tell(
    connection: &mut PgConnection,
    app: &App,
    kind: Kind,
    permit: &PatientPermit,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let event = Event::new(&app.random, &permit.tenant, kind, &permit.account, now);
    events::emit(connection, &event).await
}
