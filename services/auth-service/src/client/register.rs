//! Writing clients: those of the clients file at each start, those of administrators one by one.

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::document::Registration;
use super::registry::Registry;
use super::store::Origin;
use crate::Random;
use crate::db::StoreError;
use crate::events::{self, Event};
use crate::revocation;

/// Why the clients file was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// Ids under which administrators registered clients.
    #[error(
        "these clients of the file were registered by an administrator (CLIENTS_FILE): take them out of the file, or \
         give them other ids: {}", .0.join(", ")
    )]
    Administered(Vec<String>),
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for RegisterError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Makes the clients that come from the file those of the file: new ones added, changed ones changed, missing ones
/// deactivated. Those of administrators, and what they disabled, stay as they are. All or nothing.
///
/// # Errors
/// [`RegisterError`].
pub async fn take_over(
    db: &PgPool,
    tenant: &str,
    registry: &Registry,
    random: &Random,
    now: OffsetDateTime,
) -> Result<(), RegisterError> {
    let mut transaction = db.begin().await?;
    lock(&mut transaction, tenant).await?;
    let ids: Vec<String> = registry
        .clients()
        .iter()
        .map(|client| client.client_id.clone())
        .collect();
    let administered = sqlx::query_scalar!(
        "select client_id from clients where tenant = $1 and origin = 'api' and client_id = any($2) order by client_id",
        tenant,
        &ids,
    )
    .fetch_all(&mut *transaction)
    .await?;
    if !administered.is_empty() {
        return Err(RegisterError::Administered(administered));
    }
    let mut changed = 0;
    for client in registry.clients() {
        let written = write(&mut transaction, tenant, client, Origin::File, random, now).await?;
        changed += u64::from(written != Written::Unchanged);
    }
    let gone = sqlx::query_scalar!(
        "update clients set active = false, updated_at = $3
         where tenant = $1 and active and origin = 'file' and client_id <> all($2) returning client_id",
        tenant,
        &ids,
        now,
    )
    .fetch_all(&mut *transaction)
    .await?;
    for id in &gone {
        ended(&mut transaction, tenant, id, random, now).await?;
    }
    transaction.commit().await?;
    tracing::info!(
        registered = ids.len(),
        changed,
        deactivated = gone.len(),
        "clients registered"
    );
    Ok(())
}

/// One change of a tenant's clients at a time, until the end of the transaction.
pub(super) async fn lock(connection: &mut PgConnection, tenant: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "select pg_advisory_xact_lock(hashtextextended('clients ' || $1, 0))",
        tenant,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What a registration changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The client is new.
    Created,
    /// It is another than before.
    Changed,
    /// It was so already.
    Unchanged,
}

/// Stores a client. One that is another than before gets new tokens: the old ones may say more than it is granted now.
/// Only with [`lock`].
pub(super) async fn write(
    connection: &mut PgConnection,
    tenant: &str,
    client: &Registration,
    origin: Origin,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Written, StoreError> {
    let jwks = serde_json::to_value(&client.jwks).map_err(|_| StoreError::Corrupt("clients"))?;
    let grants: Vec<String> = client
        .grant_types
        .iter()
        .map(|grant| grant.as_str().to_owned())
        .collect();
    let created = sqlx::query_scalar!(
        r#"insert into clients as c (
               client_id, tenant, name, persona, organization, scope, audiences, purposes, jwks, grant_types,
               token_endpoint_auth_method, redirect_uris, post_logout_redirect_uris, require_dpop, resources,
               first_party, origin, active, updated_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, true, $18)
           on conflict (tenant, client_id) do update set
               name = excluded.name, persona = excluded.persona, organization = excluded.organization,
               scope = excluded.scope, audiences = excluded.audiences, purposes = excluded.purposes,
               jwks = excluded.jwks, grant_types = excluded.grant_types,
               token_endpoint_auth_method = excluded.token_endpoint_auth_method,
               redirect_uris = excluded.redirect_uris,
               post_logout_redirect_uris = excluded.post_logout_redirect_uris,
               require_dpop = excluded.require_dpop, resources = excluded.resources,
               first_party = excluded.first_party, active = true, updated_at = excluded.updated_at
           where (c.name, c.persona, c.organization, c.scope, c.audiences, c.purposes, c.jwks, c.grant_types,
                  c.token_endpoint_auth_method, c.redirect_uris, c.post_logout_redirect_uris, c.require_dpop, c.resources,
                  c.first_party, c.active)
               is distinct from
                 (excluded.name, excluded.persona, excluded.organization, excluded.scope, excluded.audiences,
                  excluded.purposes, excluded.jwks, excluded.grant_types, excluded.token_endpoint_auth_method,
                  excluded.redirect_uris, excluded.post_logout_redirect_uris, excluded.require_dpop,
                  excluded.resources, excluded.first_party, true)
           returning (xmax = 0) as "created!""#,
        client.client_id,
        tenant,
        client.name,
        client.persona.as_str(),
        client.organization,
        client.scope.to_string(),
        &client.audiences,
        &client.purposes,
        jwks,
        &grants,
        client.auth_method.as_str(),
        &client.redirect_uris,
        &client.post_logout_redirect_uris,
        client.require_dpop,
        &client.resources,
        client.first_party,
        origin.as_str(),
        now,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let written = match created {
        Some(true) => Written::Created,
        Some(false) => Written::Changed,
        None => Written::Unchanged,
    };
    if written != Written::Unchanged {
        let event = Event::new(
            random,
            tenant,
            events::Kind::ClientChanged,
            &client.client_id,
            now,
        )
        .with("created", written == Written::Created)
        .with("origin", origin.as_str());
        events::emit(connection, &event).await?;
    }
    if written == Written::Changed {
        revocation::record(
            connection,
            tenant,
            revocation::Kind::Client,
            &client.client_id,
            now,
        )
        .await?;
    }
    Ok(written)
}

/// What follows when a client may no longer obtain tokens: those it has are dead, and it is told.
pub(super) async fn ended(
    connection: &mut PgConnection,
    tenant: &str,
    id: &str,
    random: &Random,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let event = Event::new(random, tenant, events::Kind::ClientDisabled, id, now);
    events::emit(connection, &event).await?;
    revocation::record(connection, tenant, revocation::Kind::Client, id, now).await
}
