//! Clients in the database.

use access_token::{Jwks, ScopeSet};
use sqlx::PgPool;
use time::OffsetDateTime;

use super::Client;
use crate::db::StoreError;
use crate::directory::page::Page;

/// Who says what a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The clients file, at each start.
    File,
    /// An administrator.
    Api,
}

impl Origin {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Api => "api",
        }
    }
}

/// A client with what administrators see of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The client.
    pub client: Client,
    /// Who says what it is.
    pub origin: Origin,
    /// Whether it may obtain tokens.
    pub status: Status,
    /// When it was last changed.
    pub updated_at: OffsetDateTime,
}

/// Whether a client may obtain tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// It may.
    Enabled,
    /// An administrator disabled it.
    Disabled,
    /// It is no longer in the clients file.
    Removed,
}

impl Status {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Disabled => "disabled",
            Self::Removed => "removed",
        }
    }
}

struct Row {
    client_id: String,
    tenant: String,
    name: Option<String>,
    persona: String,
    organization: Option<String>,
    scope: String,
    audiences: Vec<String>,
    purposes: Vec<String>,
    jwks: serde_json::Value,
    grant_types: Vec<String>,
    token_endpoint_auth_method: String,
    redirect_uris: Vec<String>,
    post_logout_redirect_uris: Vec<String>,
    require_dpop: bool,
    resources: Vec<String>,
    first_party: bool,
    origin: String,
    active: bool,
    disabled_at: Option<OffsetDateTime>,
    updated_at: OffsetDateTime,
}

impl TryFrom<Row> for Registered {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        const CORRUPT: StoreError = StoreError::Corrupt("clients");
        let jwks = Jwks::parse(row.jwks.to_string().as_bytes()).ok_or(CORRUPT)?;
        if row.audiences.is_empty() || row.grant_types.is_empty() {
            return Err(CORRUPT);
        }
        let client = Client {
            id: row.client_id,
            tenant: row.tenant,
            name: row.name,
            persona: row.persona.parse().map_err(|_| CORRUPT)?,
            organization: row.organization,
            scope: ScopeSet::parse_all(&row.scope).map_err(|_| CORRUPT)?,
            audiences: row.audiences,
            purposes: row.purposes,
            grant_types: row
                .grant_types
                .iter()
                .map(|grant| grant.parse())
                .collect::<Result<_, _>>()
                .map_err(|_| CORRUPT)?,
            auth_method: row
                .token_endpoint_auth_method
                .parse()
                .map_err(|_| CORRUPT)?,
            keys: jwks.keys().to_vec(),
            redirect_uris: row.redirect_uris,
            post_logout_redirect_uris: row.post_logout_redirect_uris,
            require_dpop: row.require_dpop,
            resources: row.resources,
            first_party: row.first_party,
        };
        Ok(Self {
            client,
            origin: match row.origin.as_str() {
                "file" => Origin::File,
                "api" => Origin::Api,
                _ => return Err(CORRUPT),
            },
            status: match (row.active, row.disabled_at) {
                (_, Some(_)) => Status::Disabled,
                (true, None) => Status::Enabled,
                (false, None) => Status::Removed,
            },
            updated_at: row.updated_at,
        })
    }
}

/// The tenant's client of this id, if it may obtain tokens.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    tenant: &str,
    client_id: &str,
) -> Result<Option<Client>, StoreError> {
    let registered = find_registered(db, tenant, client_id).await?;
    Ok(registered
        .filter(|registered| registered.status == Status::Enabled)
        .map(|registered| registered.client))
}

/// The tenant's client of this id, whether it may obtain tokens or not.
///
/// # Errors
/// [`StoreError`].
pub async fn find_registered(
    db: &PgPool,
    tenant: &str,
    client_id: &str,
) -> Result<Option<Registered>, StoreError> {
    sqlx::query_as!(
        Row,
        "select client_id, tenant, name, persona, organization, scope, audiences, purposes, jwks, grant_types,
                token_endpoint_auth_method, redirect_uris, post_logout_redirect_uris, require_dpop, resources, first_party,
                origin, active, disabled_at, updated_at
         from clients where tenant = $1 and client_id = $2",
        tenant,
        client_id,
    )
    .fetch_optional(db)
    .await?
    .map(Registered::try_from)
    .transpose()
}

/// A page of the tenant's clients by id, whether they may obtain tokens or not, and the cursor of the next.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    db: &PgPool,
    tenant: &str,
    page: &Page,
) -> Result<(Vec<Registered>, Option<String>), StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"select client_id, tenant, name, persona, organization, scope, audiences, purposes, jwks, grant_types,
                  token_endpoint_auth_method, redirect_uris, post_logout_redirect_uris, require_dpop, resources, first_party,
                  origin, active, disabled_at, updated_at
           from clients where tenant = $1 and client_id > $2 collate "C"
           order by client_id collate "C" limit $3"#,
        tenant,
        page.after,
        page.probe(),
    )
    .fetch_all(db)
    .await?;
    let mut clients = rows
        .into_iter()
        .map(Registered::try_from)
        .collect::<Result<Vec<_>, _>>()?;
    let next = page.cut(&mut clients, |registered| &registered.client.id);
    Ok((clients, next))
}
