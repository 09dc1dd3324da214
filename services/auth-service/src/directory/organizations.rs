//! Organisations and their addresses on chain.

use std::collections::HashMap;

use alloy::primitives::Address;
use sqlx::PgPool;

use super::grantees::{self, BindError, Binding, Owner};
use super::page::Page;
use super::statement::Statement;
use super::{ReadPermit, WritePermit};
use crate::App;
use crate::db::StoreError;
use crate::events::{self, Event};
use crate::revocation;

/// An organisation that may ask for records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Organization {
    /// The custodian whose directory this is.
    pub tenant: String,
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its own addresses as they were signed, in order.
    pub bindings: Vec<Binding>,
}

impl Organization {
    /// What its bindings have to be signed for.
    pub fn owner(&self) -> Owner<'_> {
        Owner {
            tenant: &self.tenant,
            organization: &self.id,
            practitioner: None,
        }
    }
}

/// Stores an organisation with exactly the addresses of these statements, if each signed for it; true when it is new. When
/// it loses one, its tokens are dead.
///
/// # Errors
/// [`BindError`].
pub async fn put(
    app: &App,
    permit: &WritePermit,
    id: &str,
    name: &str,
    statements: Vec<Statement>,
) -> Result<bool, BindError> {
    let now = app.now();
    let owner = Owner {
        tenant: &permit.tenant,
        organization: id,
        practitioner: None,
    };
    let mut verified = grantees::verify_all(app, owner, statements).await?;
    verified.sort_by_key(|verified| verified.statement.subject);
    let addresses: Vec<Address> = verified
        .iter()
        .map(|verified| verified.statement.subject)
        .collect();
    let mut transaction = app.db.begin().await?;
    // One change of a tenant's organisations at a time: two that swap addresses would deadlock.
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('organizations ' || $1, 0))",
        permit.tenant,
    )
    .execute(&mut *transaction)
    .await?;
    let created = sqlx::query_scalar!(
        r#"insert into organizations (tenant, id, name, updated_at) values ($1, $2, $3, $4)
           on conflict (tenant, id) do update set name = excluded.name, updated_at = excluded.updated_at
           returning (xmax = 0) as "created!""#,
        permit.tenant,
        id,
        name,
        now,
    )
    .fetch_one(&mut *transaction)
    .await?;
    let lost = grantees::end_others(&mut transaction, owner, &addresses, now).await?;
    let bound = grantees::bound_to(&mut transaction, owner).await?;
    for verified in &verified {
        grantees::store(&mut transaction, verified, &bound, now).await?;
    }
    let event = Event::new(
        &app.random,
        &permit.tenant,
        events::Kind::OrganizationChanged,
        id,
        now,
    );
    events::emit(&mut transaction, &event).await?;
    if lost > 0 {
        // Tokens name the addresses; those with one that is no longer the organisation's are dead.
        let kind = revocation::Kind::Organization;
        revocation::record(&mut transaction, &permit.tenant, kind, id, now).await?;
    }
    transaction.commit().await?;
    Ok(created)
}

/// One organisation; `None` when the tenant has none of this id.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    permit: &ReadPermit,
    id: &str,
) -> Result<Option<Organization>, StoreError> {
    let name = sqlx::query_scalar!(
        "select name from organizations where tenant = $1 and id = $2",
        permit.tenant,
        id,
    )
    .fetch_optional(db)
    .await?;
    let Some(name) = name else {
        return Ok(None);
    };
    let mut bindings = bindings(db, permit, &[id.to_owned()]).await?;
    Ok(Some(Organization {
        tenant: permit.tenant.clone(),
        id: id.to_owned(),
        name,
        bindings: bindings.remove(id).unwrap_or_default(),
    }))
}

/// The organisations that these addresses belong to.
///
/// # Errors
/// [`StoreError`].
pub async fn owners(
    db: &PgPool,
    permit: &ReadPermit,
    addresses: &[Address],
) -> Result<Vec<String>, StoreError> {
    let addresses: Vec<Vec<u8>> = addresses.iter().map(|address| address.to_vec()).collect();
    let owners = sqlx::query_scalar!(
        "select distinct organization from grantee_bindings
         where tenant = $1 and grantee = any($2) and practitioner = '' and ended_at is null order by organization",
        permit.tenant,
        &addresses,
    )
    .fetch_all(db)
    .await?;
    Ok(owners)
}

/// A page of organisations by id, and the cursor of the next; with an address only the one that it belongs to, as its own
/// or as a practitioner's of it.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    db: &PgPool,
    permit: &ReadPermit,
    address: Option<Address>,
    page: &Page,
) -> Result<(Vec<Organization>, Option<String>), StoreError> {
    let mut rows = sqlx::query!(
        r#"select id, name from organizations where tenant = $1 and id > $2 collate "C"
           and ($4::bytea is null or id in (
               select organization from grantee_bindings where tenant = $1 and grantee = $4 and ended_at is null))
           order by id collate "C" limit $3"#,
        permit.tenant,
        page.after,
        page.probe(),
        address.map(|address| address.to_vec()),
    )
    .fetch_all(db)
    .await?;
    let next = page.cut(&mut rows, |row| &row.id);
    let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
    let mut bindings = bindings(db, permit, &ids).await?;
    let organizations = rows
        .into_iter()
        .map(|row| Organization {
            tenant: permit.tenant.clone(),
            bindings: bindings.remove(&row.id).unwrap_or_default(),
            id: row.id,
            name: row.name,
        })
        .collect();
    Ok((organizations, next))
}

/// Whose own addresses are which, in order.
async fn bindings(
    db: &PgPool,
    permit: &ReadPermit,
    ids: &[String],
) -> Result<HashMap<String, Vec<Binding>>, StoreError> {
    let rows = sqlx::query!(
        "select organization, grantee, nonce, deadline, signer, signature, bound_at from grantee_bindings
         where tenant = $1 and organization = any($2) and practitioner = '' and ended_at is null
         order by grantee",
        permit.tenant,
        ids,
    )
    .fetch_all(db)
    .await?;
    let mut found: HashMap<String, Vec<Binding>> = HashMap::new();
    for row in rows {
        let binding = Binding::stored(
            &row.grantee,
            &row.nonce,
            row.deadline,
            row.signer,
            row.signature,
            row.bound_at,
        )?;
        found.entry(row.organization).or_default().push(binding);
    }
    Ok(found)
}
