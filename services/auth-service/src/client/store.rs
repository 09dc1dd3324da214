//! Clients in the database.

use access_token::{Jwks, ScopeSet};
use sqlx::PgPool;
use time::OffsetDateTime;

use super::Client;
use super::registry::Registry;
use crate::db::StoreError;

/// Why the clients file was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Ids that belong to another tenant.
    #[error("these client ids belong to another tenant: {}", .0.join(", "))]
    ForeignIds(Vec<String>),
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RegisterError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes the tenant's clients those of the file: new ones added, changed ones changed, missing ones deactivated.
/// All or nothing.
///
/// # Errors
/// [`RegisterError`].
pub async fn register(
    db: &PgPool,
    tenant: &str,
    registry: &Registry,
    now: OffsetDateTime,
) -> Result<(), RegisterError> {
    let mut transaction = db.begin().await?;
    let mut foreign = Vec::new();
    for client in registry.clients() {
        let jwks =
            serde_json::to_value(&client.jwks).map_err(|_| StoreError::Corrupt("clients"))?;
        let done = sqlx::query!(
            "insert into clients (client_id, tenant, persona, organization, scope, audiences, purposes, jwks, active, updated_at)
             values ($1, $2, $3, $4, $5, $6, $7, $8, true, $9)
             on conflict (client_id) do update set
                persona = excluded.persona, organization = excluded.organization, scope = excluded.scope,
                audiences = excluded.audiences, purposes = excluded.purposes, jwks = excluded.jwks,
                active = true, updated_at = excluded.updated_at
             where clients.tenant = excluded.tenant",
            client.client_id,
            tenant,
            client.persona.as_str(),
            client.organization,
            client.scope.to_string(),
            &client.audiences,
            &client.purposes,
            jwks,
            now,
        )
        .execute(&mut *transaction)
        .await?;
        if done.rows_affected() == 0 {
            foreign.push(client.client_id.clone());
        }
    }
    if !foreign.is_empty() {
        return Err(RegisterError::ForeignIds(foreign));
    }
    let ids: Vec<String> = registry
        .clients()
        .iter()
        .map(|client| client.client_id.clone())
        .collect();
    let gone = sqlx::query!(
        "update clients set active = false, updated_at = $3
         where tenant = $1 and active and client_id <> all($2)",
        tenant,
        &ids,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    transaction.commit().await?;
    tracing::info!(
        registered = ids.len(),
        deactivated = gone.rows_affected(),
        "clients registered"
    );
    Ok(())
}

/// The active client of this id. The one query without a tenant: the id decides the tenant.
///
/// # Errors
/// [`StoreError`].
pub async fn find(db: &PgPool, client_id: &str) -> Result<Option<Client>, StoreError> {
    let row = sqlx::query!(
        "select client_id, tenant, persona, organization, scope, audiences, purposes, jwks
         from clients where client_id = $1 and active",
        client_id,
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let corrupt = StoreError::Corrupt("clients");
    let (Ok(persona), Ok(scope)) = (row.persona.parse(), ScopeSet::parse_all(&row.scope)) else {
        return Err(corrupt);
    };
    let Some(jwks) = Jwks::parse(row.jwks.to_string().as_bytes()) else {
        return Err(corrupt);
    };
    if row.audiences.is_empty() {
        return Err(corrupt);
    }
    Ok(Some(Client {
        id: row.client_id,
        tenant: row.tenant,
        persona,
        organization: row.organization,
        scope,
        audiences: row.audiences,
        purposes: row.purposes,
        keys: jwks.keys().to_vec(),
    }))
}
