//! Patients and the subject addresses bound to them.

use std::collections::HashMap;

use sqlx::PgPool;
use time::OffsetDateTime;

use super::ReadPermit;
use super::page::Page;
use super::statement::Statement;
use super::stops::Stop;
use crate::db::StoreError;

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
    /// What the patient stopped without a key.
    pub stop: Option<Stop>,
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
        r#"select p.fhir_id, s.id as "stop?", s.placed_at as "stopped_at?"
           from patients p
           left join stops s on s.tenant = p.tenant and s.fhir_id = p.fhir_id and s.lifted_at is null
           where p.tenant = $1 and p.fhir_id = any($2)
           order by p.fhir_id collate "C""#,
        permit.tenant,
        ids,
    )
    .fetch_all(db)
    .await?;
    let mut bindings = bindings(db, permit, ids).await?;
    Ok(rows
        .into_iter()
        .map(|row| Patient {
            tenant: permit.tenant.clone(),
            bindings: bindings.remove(&row.fhir_id).unwrap_or_default(),
            fhir_id: row.fhir_id,
            stop: row
                .stop
                .zip(row.stopped_at)
                .map(|(id, since)| Stop { id, since }),
        })
        .collect())
}

/// Whose addresses are which, oldest first.
async fn bindings(
    db: &PgPool,
    permit: &ReadPermit,
    ids: &[String],
) -> Result<HashMap<String, Vec<Binding>>, StoreError> {
    let rows = sqlx::query!(
        "select fhir_id, subject, nonce, deadline, signer, signature, bound_at from bindings
         where tenant = $1 and fhir_id = any($2) and ended_at is null
         order by bound_at, subject",
        permit.tenant,
        ids,
    )
    .fetch_all(db)
    .await?;
    let mut found: HashMap<String, Vec<Binding>> = HashMap::new();
    for row in rows {
        let statement = Statement::stored(
            &row.subject,
            &row.nonce,
            row.deadline,
            row.signer,
            row.signature,
            "bindings",
        )?;
        found.entry(row.fhir_id).or_default().push(Binding {
            statement,
            bound_at: row.bound_at,
        });
    }
    Ok(found)
}
