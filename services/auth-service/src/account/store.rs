//! Accounts in the database.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Account, Role};
use crate::db::StoreError;

/// Why no account was made.
#[derive(Debug, thiserror::Error)]
pub enum CreateError {
    /// Somebody of this tenant signs in by that name.
    #[error("this sign-in name is taken")]
    LoginTaken,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

struct Row {
    id: Uuid,
    tenant: String,
    persona: String,
    login: String,
    status: String,
    version: i64,
    fhir_id: Option<String>,
    organization: Option<String>,
    practitioner: Option<String>,
}

impl TryFrom<Row> for Account {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let role = role(
            &row.persona,
            row.fhir_id,
            row.organization,
            row.practitioner,
        );
        Ok(Self {
            id: row.id,
            tenant: row.tenant,
            login: row.login,
            role: role.ok_or(StoreError::Corrupt("accounts"))?,
            disabled: row.status != "active",
            version: row.version,
        })
    }
}

/// A role as columns.
pub(super) struct Columns<'a> {
    pub(super) fhir_id: Option<&'a str>,
    pub(super) organization: Option<&'a str>,
    pub(super) practitioner: Option<&'a str>,
}

pub(super) fn columns(role: &Role) -> Columns<'_> {
    let (fhir_id, organization, practitioner) = match role {
        Role::Patient { fhir_id } => (Some(fhir_id.as_str()), None, None),
        Role::Provider {
            organization,
            practitioner,
        } => (None, Some(organization.as_str()), practitioner.as_deref()),
        Role::Admin => (None, None, None),
    };
    Columns {
        fhir_id,
        organization,
        practitioner,
    }
}

/// The role that columns say; none if they say no whole one.
pub(super) fn role(
    persona: &str,
    fhir_id: Option<String>,
    organization: Option<String>,
    practitioner: Option<String>,
) -> Option<Role> {
    match (persona, fhir_id, organization, practitioner) {
        ("patient", Some(fhir_id), None, None) => Some(Role::Patient { fhir_id }),
        ("provider", None, Some(organization), practitioner) => Some(Role::Provider {
            organization,
            practitioner,
        }),
        ("admin", None, None, None) => Some(Role::Admin),
        _ => None,
    }
}

/// Stores a new account.
///
/// # Errors
/// [`CreateError`].
pub async fn create(
    connection: &mut PgConnection,
    account: &Account,
    now: OffsetDateTime,
) -> Result<(), CreateError> {
    let columns = columns(&account.role);
    let done = sqlx::query!(
        "insert into accounts
            (id, tenant, persona, login, status, version, fhir_id, organization, practitioner, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)
         on conflict (tenant, login) do nothing",
        account.id,
        account.tenant,
        account.role.persona().as_str(),
        account.login,
        if account.disabled { "disabled" } else { "active" },
        account.version,
        columns.fhir_id,
        columns.organization,
        columns.practitioner,
        now,
    )
    .execute(connection)
    .await
    .map_err(StoreError::from)?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(CreateError::LoginTaken)
    }
}

/// The tenant's account of this id, disabled ones too.
///
/// # Errors
/// [`StoreError`].
pub async fn find(db: &PgPool, tenant: &str, id: Uuid) -> Result<Option<Account>, StoreError> {
    sqlx::query_as!(
        Row,
        "select id, tenant, persona, login, status, version, fhir_id, organization, practitioner
         from accounts where tenant = $1 and id = $2",
        tenant,
        id,
    )
    .fetch_optional(db)
    .await?
    .map(Account::try_from)
    .transpose()
}

/// The tenant's account that signs in by this name, disabled ones too.
///
/// # Errors
/// [`StoreError`].
pub async fn find_by_login(
    db: &PgPool,
    tenant: &str,
    login: &str,
) -> Result<Option<Account>, StoreError> {
    sqlx::query_as!(
        Row,
        "select id, tenant, persona, login, status, version, fhir_id, organization, practitioner
         from accounts where tenant = $1 and login = lower($2)",
        tenant,
        login,
    )
    .fetch_optional(db)
    .await?
    .map(Account::try_from)
    .transpose()
}

/// Whether whom a role stands for has an account, closed ones too. Nobody in particular has none: a provider who is no
/// practitioner, an administrator.
///
/// # Errors
/// [`StoreError`].
pub async fn is_taken(
    connection: &mut PgConnection,
    tenant: &str,
    role: &Role,
) -> Result<bool, StoreError> {
    let columns = columns(role);
    Ok(sqlx::query_scalar!(
        r#"select exists (
               select from accounts
               where tenant = $1 and (fhir_id = $2 or organization = $3 and practitioner = $4)
           ) as "taken!""#,
        tenant,
        columns.fhir_id,
        columns.organization,
        columns.practitioner,
    )
    .fetch_one(connection)
    .await?)
}

/// Takes an account for this transaction alone, so that what is decided about it holds until the end; `None` when there is
/// none.
///
/// # Errors
/// [`StoreError`].
pub async fn lock(
    connection: &mut PgConnection,
    tenant: &str,
    id: Uuid,
) -> Result<Option<Account>, StoreError> {
    sqlx::query_as!(
        Row,
        "select id, tenant, persona, login, status, version, fhir_id, organization, practitioner
         from accounts where tenant = $1 and id = $2 for update",
        tenant,
        id,
    )
    .fetch_optional(connection)
    .await?
    .map(Account::try_from)
    .transpose()
}

/// A page of the tenant's accounts by id, of one persona if one is named.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    db: &PgPool,
    tenant: &str,
    persona: Option<&str>,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Account>, StoreError> {
    sqlx::query_as!(
        Row,
        "select id, tenant, persona, login, status, version, fhir_id, organization, practitioner
         from accounts where tenant = $1 and id > $2 and ($3::text is null or persona = $3)
         order by id limit $4",
        tenant,
        after,
        persona,
        limit,
    )
    .fetch_all(db)
    .await?
    .into_iter()
    .map(Account::try_from)
    .collect()
}

/// Opens or closes an account; false when it was so already.
///
/// # Errors
/// [`StoreError`].
pub async fn set_disabled(
    connection: &mut PgConnection,
    account: &Account,
    disabled: bool,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update accounts set status = $3, updated_at = $4 where tenant = $1 and id = $2 and status <> $3",
        account.tenant,
        account.id,
        if disabled { "disabled" } else { "active" },
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Raises the account's version, so that no token of before counts any more.
///
/// # Errors
/// [`StoreError`].
pub async fn raise_version(
    connection: &mut PgConnection,
    account: &Account,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "update accounts set version = version + 1, updated_at = $3 where tenant = $1 and id = $2",
        account.tenant,
        account.id,
        now,
    )
    .execute(connection)
    .await?;
    if done.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Corrupt("accounts"))
    }
}
