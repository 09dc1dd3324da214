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
        let role = match (row.persona.as_str(), row.fhir_id, row.organization) {
            ("patient", Some(fhir_id), None) => Role::Patient { fhir_id },
            ("provider", None, Some(organization)) => Role::Provider {
                organization,
                practitioner: row.practitioner,
            },
            ("admin", None, None) => Role::Admin,
            _ => return Err(StoreError::Corrupt("accounts")),
        };
        Ok(Self {
            id: row.id,
            tenant: row.tenant,
            login: row.login,
            role,
            disabled: row.status != "active",
            version: row.version,
        })
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
    let (fhir_id, organization, practitioner) = match &account.role {
        Role::Patient { fhir_id } => (Some(fhir_id), None, None),
        Role::Provider {
            organization,
            practitioner,
        } => (None, Some(organization), practitioner.as_ref()),
        Role::Admin => (None, None, None),
    };
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
        fhir_id,
        organization,
        practitioner,
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
