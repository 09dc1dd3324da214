//! Organisations and their addresses on chain.

use alloy::primitives::Address;
use sqlx::PgPool;
use time::OffsetDateTime;

use super::page::Page;
use super::{ReadPermit, WritePermit};
use crate::Random;
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
    /// Its addresses, in order.
    pub addresses: Vec<Address>,
}

/// Why an organisation was not stored.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// An address belongs to another organisation of the tenant.
    #[error("an address belongs to another organisation")]
    AddressTaken,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PutError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Stores an organisation with exactly these addresses; true when it is new. When it loses one, its tokens are dead.
///
/// # Errors
/// [`PutError`].
pub async fn put(
    db: &PgPool,
    permit: &WritePermit,
    id: &str,
    name: &str,
    addresses: &[Address],
    random: &Random,
    now: OffsetDateTime,
) -> Result<bool, PutError> {
    let mut addresses: Vec<Vec<u8>> = addresses.iter().map(|address| address.to_vec()).collect();
    addresses.sort();
    addresses.dedup();
    let mut transaction = db.begin().await?;
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
    let lost = sqlx::query!(
        "delete from organization_addresses where tenant = $1 and organization = $2 and address <> all($3)",
        permit.tenant,
        id,
        &addresses,
    )
    .execute(&mut *transaction)
    .await?;
    let owned = sqlx::query!(
        "insert into organization_addresses (tenant, address, organization)
         select $1, address, $2 from unnest($3::bytea[]) as address
         on conflict (tenant, address) do update set organization = excluded.organization
         where organization_addresses.organization = excluded.organization",
        permit.tenant,
        id,
        &addresses,
    )
    .execute(&mut *transaction)
    .await?;
    if owned.rows_affected() != addresses.len() as u64 {
        return Err(PutError::AddressTaken);
    }
    let event = Event::new(
        random,
        &permit.tenant,
        events::Kind::OrganizationChanged,
        id,
        now,
    );
    events::emit(&mut transaction, &event).await?;
    if lost.rows_affected() > 0 {
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
    let row = sqlx::query!(
        r#"select name, array(select address from organization_addresses
                              where tenant = $1 and organization = $2 order by address) as "addresses!"
           from organizations where tenant = $1 and id = $2"#,
        permit.tenant,
        id,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| organization(permit, id.to_owned(), row.name, row.addresses))
        .transpose()
}

/// The addresses of one organisation; `None` when the tenant has none of this id.
///
/// # Errors
/// [`StoreError`].
pub async fn addresses(
    db: &PgPool,
    permit: &ReadPermit,
    id: &str,
) -> Result<Option<Vec<Address>>, StoreError> {
    Ok(find(db, permit, id)
        .await?
        .map(|organization| organization.addresses))
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
        "select distinct organization from organization_addresses
         where tenant = $1 and address = any($2) order by organization",
        permit.tenant,
        &addresses,
    )
    .fetch_all(db)
    .await?;
    Ok(owners)
}

/// A page of organisations by id, and the cursor of the next.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    db: &PgPool,
    permit: &ReadPermit,
    page: &Page,
) -> Result<(Vec<Organization>, Option<String>), StoreError> {
    let rows = sqlx::query!(
        r#"select o.id, o.name, array(select a.address from organization_addresses a
                                      where a.tenant = o.tenant and a.organization = o.id
                                      order by a.address) as "addresses!"
           from organizations o where o.tenant = $1 and o.id > $2 collate "C"
           order by o.id collate "C" limit $3"#,
        permit.tenant,
        page.after,
        page.probe(),
    )
    .fetch_all(db)
    .await?;
    let mut organizations = rows
        .into_iter()
        .map(|row| organization(permit, row.id, row.name, row.addresses))
        .collect::<Result<Vec<_>, _>>()?;
    let next = page.cut(&mut organizations, |organization| &organization.id);
    Ok((organizations, next))
}

fn organization(
    permit: &ReadPermit,
    id: String,
    name: String,
    addresses: Vec<Vec<u8>>,
) -> Result<Organization, StoreError> {
    let addresses = addresses
        .iter()
        .map(|bytes| Address::try_from(bytes.as_slice()))
        .collect::<Result<_, _>>()
        .map_err(|_| StoreError::Corrupt("organization_addresses"))?;
    Ok(Organization {
        tenant: permit.tenant.clone(),
        id,
        name,
        addresses,
    })
}
