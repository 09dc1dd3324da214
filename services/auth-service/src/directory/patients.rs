//! Patients and the subject addresses bound to them.

use alloy::primitives::{Address, U256};
use alloy::sol_types::Eip712Domain;
use contract_bindings::intent::{Bind, SignatureError};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::page::Page;
use super::{ReadPermit, WritePermit};
use crate::Random;
use crate::db::StoreError;
use crate::events::{self, Event, Kind};

/// A subject's signed statement about which patient it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// The address.
    pub subject: Address,
    /// Grows with every statement of this subject.
    pub nonce: U256,
    /// Unix seconds after which it is no longer accepted.
    pub deadline: i64,
    /// 65 bytes r ‖ s ‖ v.
    pub signature: [u8; 65],
}

/// A statement whose signature was verified, for one tenant and patient.
#[derive(Debug)]
pub struct Verified<'a> {
    fhir_id: &'a str,
    statement: Statement,
}

/// A stored binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    /// What was signed.
    pub statement: Statement,
    /// When it was stored.
    pub bound_at: OffsetDateTime,
}

/// A patient of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// The custodian.
    pub tenant: String,
    /// The id on the tenant's FHIR server.
    pub fhir_id: String,
    /// The addresses that stand for the patient, oldest first.
    pub bindings: Vec<Binding>,
}

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
    /// Not signed by the subject, or signed for something else.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The deadline has passed.
    #[error("the deadline has passed")]
    PastDeadline,
    /// The nonce does not grow.
    #[error("the nonce is not greater than that of the stored binding")]
    StaleNonce,
    /// The subject stands for another patient.
    #[error("the subject already stands for another patient")]
    SubjectTaken,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BindError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Checks the signature over `Bind(tenant, patient, subject, nonce, deadline)`.
///
/// # Errors
/// [`BindError::Signature`].
pub fn verify<'a>(
    domain: &Eip712Domain,
    permit: &WritePermit,
    fhir_id: &'a str,
    statement: Statement,
) -> Result<Verified<'a>, BindError> {
    let deadline = u64::try_from(statement.deadline).map_err(|_| BindError::PastDeadline)?;
    let message = Bind::new(
        permit.tenant(),
        fhir_id,
        statement.subject,
        statement.nonce,
        deadline,
    );
    message.verify(domain, &statement.signature)?;
    Ok(Verified { fhir_id, statement })
}

/// Stores a verified statement. Sent again unchanged it changes nothing, even after its deadline.
///
/// # Errors
/// [`BindError`].
pub async fn bind(
    db: &PgPool,
    permit: &WritePermit,
    verified: Verified<'_>,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Bound, BindError> {
    let Verified { fhir_id, statement } = verified;
    let mut transaction = db.begin().await?;
    let stored = own_binding(&mut transaction, permit, fhir_id, statement.subject).await?;
    if stored.is_some_and(|stored| stored == statement) {
        return Ok(Bound::Unchanged);
    }
    if now.unix_timestamp() > statement.deadline {
        return Err(BindError::PastDeadline);
    }
    sqlx::query!(
        "insert into patients (tenant, fhir_id, created_at) values ($1, $2, $3) on conflict do nothing",
        permit.tenant,
        fhir_id,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    // A subject of another tenant is taken too, but its row is not there for us: no upsert can meet it.
    let created = sqlx::query!(
        "insert into bindings (subject, tenant, fhir_id, nonce, deadline, signature, bound_at)
         values ($1, $2, $3, $4, $5, $6, $7)
         on conflict (subject) do nothing",
        statement.subject.as_slice(),
        permit.tenant,
        fhir_id,
        &statement.nonce.to_be_bytes::<32>()[..],
        statement.deadline,
        &statement.signature[..],
        now,
    )
    .execute(&mut *transaction)
    .await?
    .rows_affected()
        == 1;
    if !created {
        // One statement decides: the same patient's with a greater nonce, or nothing.
        let renewed = sqlx::query!(
            "update bindings set nonce = $4, deadline = $5, signature = $6, bound_at = $7
             where subject = $1 and tenant = $2 and fhir_id = $3 and nonce < $4",
            statement.subject.as_slice(),
            permit.tenant,
            fhir_id,
            &statement.nonce.to_be_bytes::<32>()[..],
            statement.deadline,
            &statement.signature[..],
            now,
        )
        .execute(&mut *transaction)
        .await?;
        if renewed.rows_affected() != 1 {
            let stored = own_binding(&mut transaction, permit, fhir_id, statement.subject).await?;
            return match stored {
                Some(stored) if stored == statement => Ok(Bound::Unchanged),
                Some(_) => Err(BindError::StaleNonce),
                None => Err(BindError::SubjectTaken),
            };
        }
    }
    let about = contract_bindings::intent::patient_ref_hash(fhir_id);
    let event = Event::new(random, &permit.tenant, Kind::BindingChanged, about, now);
    events::emit(&mut transaction, &event).await?;
    transaction.commit().await?;
    Ok(if created {
        Bound::Created
    } else {
        Bound::Renewed
    })
}

async fn own_binding(
    db: &mut PgConnection,
    permit: &WritePermit,
    fhir_id: &str,
    subject: Address,
) -> Result<Option<Statement>, StoreError> {
    let row = sqlx::query!(
        "select subject, nonce, deadline, signature from bindings
         where tenant = $1 and fhir_id = $2 and subject = $3",
        permit.tenant,
        fhir_id,
        subject.as_slice(),
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| statement(&row.subject, &row.nonce, row.deadline, &row.signature))
        .transpose()
}

fn statement(
    subject: &[u8],
    nonce: &[u8],
    deadline: i64,
    signature: &[u8],
) -> Result<Statement, StoreError> {
    const CORRUPT: StoreError = StoreError::Corrupt("bindings");
    Ok(Statement {
        subject: Address::try_from(subject).map_err(|_| CORRUPT)?,
        nonce: U256::from_be_bytes::<32>(nonce.try_into().map_err(|_| CORRUPT)?),
        deadline,
        signature: signature.try_into().map_err(|_| CORRUPT)?,
    })
}

/// One patient; `None` when the tenant has none of this id.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    permit: &ReadPermit,
    fhir_id: &str,
) -> Result<Option<Patient>, StoreError> {
    let mut patients = read(db, permit, &[fhir_id.to_owned()]).await?;
    Ok(patients.pop())
}

/// A page of patients by id, and the cursor of the next.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    db: &PgPool,
    permit: &ReadPermit,
    page: &Page,
) -> Result<(Vec<Patient>, Option<String>), StoreError> {
    let mut ids = sqlx::query_scalar!(
        r#"select fhir_id from patients where tenant = $1 and fhir_id > $2 collate "C"
           order by fhir_id collate "C" limit $3"#,
        permit.tenant,
        page.after,
        page.probe(),
    )
    .fetch_all(db)
    .await?;
    let next = page.cut(&mut ids, |id| id);
    Ok((read(db, permit, &ids).await?, next))
}

/// The patients of these ids, in order of id.
async fn read(
    db: &PgPool,
    permit: &ReadPermit,
    ids: &[String],
) -> Result<Vec<Patient>, StoreError> {
    let rows = sqlx::query!(
        r#"select fhir_id, subject, nonce, deadline, signature, bound_at from bindings
           where tenant = $1 and fhir_id = any($2)
           order by fhir_id collate "C", bound_at, subject"#,
        permit.tenant,
        ids,
    )
    .fetch_all(db)
    .await?;
    let mut patients: Vec<Patient> = Vec::new();
    for row in rows {
        let statement = statement(&row.subject, &row.nonce, row.deadline, &row.signature)?;
        let binding = Binding {
            statement,
            bound_at: row.bound_at,
        };
        match patients.last_mut() {
            Some(patient) if patient.fhir_id == row.fhir_id => patient.bindings.push(binding),
            _ => patients.push(Patient {
                tenant: permit.tenant.clone(),
                fhir_id: row.fhir_id,
                bindings: vec![binding],
            }),
        }
    }
    Ok(patients)
}
