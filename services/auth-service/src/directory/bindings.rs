//! Binding subject addresses to patients.

use alloy::primitives::Address;
use sqlx::PgConnection;
use time::OffsetDateTime;

use super::BindPermit;
use super::statement::{Statement, StatementError, Verified};
use crate::App;
use crate::db::StoreError;
use crate::events::{self, Event, Kind};

/// What a statement changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The subject is new.
    Created,
    /// A newer statement replaced the subject's older one.
    Renewed,
    /// The very same statement was already there.
    Unchanged,
}

/// Why a statement was not taken.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// It is not signed, or too late.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// The nonce does not grow.
    #[error("the nonce is not greater than that of the stored binding")]
    StaleNonce,
    /// The subject stands for another patient, or has done so.
    #[error("the subject already stands for another patient")]
    SubjectTaken,
    /// The patient has a key, and it did not sign.
    #[error(
        "this patient has a key already: send an endorsement by it, or ask an administrator for a rebinding if it is lost"
    )]
    EndorsementNeeded,
    /// Who endorses does not stand for this patient.
    #[error("the endorsing subject does not stand for this patient")]
    ForeignEndorsement,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BindError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Stores a verified statement. Sent again unchanged it changes nothing, even after its deadline. `endorsed_by` is the
/// address whose endorsement was verified, if one was sent.
///
/// # Errors
/// [`BindError`].
pub async fn bind(
    app: &App,
    permit: &BindPermit,
    verified: Verified,
    endorsed_by: Option<Address>,
) -> Result<Bound, BindError> {
    let (statement, now) = (verified.statement, app.now());
    let mut transaction = app.db.begin().await?;
    ensure_patient(&mut transaction, &permit.tenant, &permit.fhir_id, now).await?;
    let bound = bound_to(&mut transaction, &permit.tenant, &permit.fhir_id).await?;
    let stored = bound
        .iter()
        .find(|stored| stored.subject == statement.subject);
    if stored == Some(&statement) {
        return Ok(Bound::Unchanged);
    }
    if statement.is_past(now) {
        return Err(StatementError::PastDeadline.into());
    }
    // A subject renews its own statement. A further one needs the word of one that is there; the first needs none.
    if permit.needs_endorsement() && stored.is_none() && !bound.is_empty() {
        let endorsing = endorsed_by.ok_or(BindError::EndorsementNeeded)?;
        if !bound.iter().any(|stored| stored.subject == endorsing) {
            return Err(BindError::ForeignEndorsement);
        }
    }
    let outcome = store(
        &mut transaction,
        &permit.tenant,
        &permit.fhir_id,
        &statement,
        now,
    )
    .await?;
    changed(&mut transaction, app, statement.subject, now).await?;
    transaction.commit().await?;
    Ok(outcome)
}

/// Tells that an address stands for somebody from now on.
pub(super) async fn changed(
    connection: &mut PgConnection,
    app: &App,
    subject: Address,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let key = subject.to_checksum(None);
    let event = Event::new(&app.random, &app.tenant, Kind::BindingChanged, key, now);
    events::emit(connection, &event).await
}

/// Makes sure the patient is there, and that nobody else changes their bindings before this transaction ends.
pub(super) async fn ensure_patient(
    connection: &mut PgConnection,
    tenant: &str,
    fhir_id: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into patients (tenant, fhir_id, created_at) values ($1, $2, $3) on conflict do nothing",
        tenant,
        fhir_id,
        now,
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query_scalar!(
        "select fhir_id from patients where tenant = $1 and fhir_id = $2 for update",
        tenant,
        fhir_id,
    )
    .fetch_one(connection)
    .await?;
    Ok(())
}

/// The statements of the addresses that stand for a patient now.
pub(super) async fn bound_to(
    connection: &mut PgConnection,
    tenant: &str,
    fhir_id: &str,
) -> Result<Vec<Statement>, StoreError> {
    let rows = sqlx::query!(
        "select subject, nonce, deadline, signer, signature from bindings
         where tenant = $1 and fhir_id = $2 and ended_at is null",
        tenant,
        fhir_id,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Statement::stored(
                &row.subject,
                &row.nonce,
                row.deadline,
                row.signer,
                row.signature,
                "bindings",
            )
        })
        .collect()
}

/// Stores a new subject's statement, or one of the same patient's subject with a greater nonce.
pub(super) async fn store(
    connection: &mut PgConnection,
    tenant: &str,
    fhir_id: &str,
    statement: &Statement,
    now: OffsetDateTime,
) -> Result<Bound, BindError> {
    let nonce = statement.nonce.to_be_bytes::<32>();
    // A subject of another tenant is taken too, but its row is not there for us: no upsert can meet it.
    let created = sqlx::query!(
        "insert into bindings (subject, tenant, fhir_id, nonce, deadline, signer, signature, bound_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (subject) do nothing",
        statement.subject.as_slice(),
        tenant,
        fhir_id,
        &nonce[..],
        statement.deadline,
        &statement.proof.signer[..],
        &statement.proof.signature[..],
        now,
    )
    .execute(&mut *connection)
    .await?;
    if created.rows_affected() == 1 {
        return Ok(Bound::Created);
    }
    let renewed = sqlx::query!(
        "update bindings set nonce = $4, deadline = $5, signer = $6, signature = $7, bound_at = $8, ended_at = null
         where subject = $1 and tenant = $2 and fhir_id = $3 and nonce < $4",
        statement.subject.as_slice(),
        tenant,
        fhir_id,
        &nonce[..],
        statement.deadline,
        &statement.proof.signer[..],
        &statement.proof.signature[..],
        now,
    )
    .execute(&mut *connection)
    .await?;
    if renewed.rows_affected() == 1 {
        return Ok(Bound::Renewed);
    }
    let own = sqlx::query_scalar!(
        "select subject from bindings where tenant = $1 and fhir_id = $2 and subject = $3",
        tenant,
        fhir_id,
        statement.subject.as_slice(),
    )
    .fetch_optional(connection)
    .await?;
    Err(match own {
        Some(_) => BindError::StaleNonce,
        None => BindError::SubjectTaken,
    })
}
