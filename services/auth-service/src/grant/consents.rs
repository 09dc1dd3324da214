//! What people allowed which app. This is not the consent to read a record: that one is on chain.

use access_token::ScopeSet;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::authorizations::{self, End};
use crate::App;
use crate::db::StoreError;
use crate::events::{self, Event};

const CORRUPT: StoreError = StoreError::Corrupt("app_consents");

/// An app that a person allowed something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppConsent {
    /// The app.
    pub client_id: String,
    /// What the app is called, if it still has a name.
    pub name: Option<String>,
    /// What it was allowed.
    pub scope: ScopeSet,
    /// When last.
    pub updated_at: OffsetDateTime,
}

/// What the person allowed this app.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    tenant: &str,
    account: Uuid,
    client_id: &str,
) -> Result<Option<ScopeSet>, StoreError> {
    let scope = sqlx::query_scalar!(
        "select scope from app_consents
         where tenant = $1 and account = $2 and client_id = $3 and ended_at is null",
        tenant,
        account,
        client_id,
    )
    .fetch_optional(db)
    .await?;
    scope
        .map(|scope| ScopeSet::parse_all(&scope).map_err(|_| CORRUPT))
        .transpose()
}

/// Allows the app this, in place of what it was allowed before.
///
/// # Errors
/// [`StoreError`].
pub async fn allow(
    connection: &mut PgConnection,
    app: &App,
    account: Uuid,
    client_id: &str,
    scope: &ScopeSet,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into app_consents (tenant, account, client_id, scope, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $5)
         on conflict (tenant, account, client_id) do update set
            scope = excluded.scope, updated_at = excluded.updated_at, ended_at = null",
        app.tenant,
        account,
        client_id,
        scope.to_string(),
        now,
    )
    .execute(&mut *connection)
    .await?;
    let made = Event::new(
        &app.random,
        &app.tenant,
        events::Kind::GrantMade,
        account,
        now,
    );
    events::emit(connection, &made.with("client", client_id)).await
}

/// The apps that the person allowed something, by id.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &PgPool, tenant: &str, account: Uuid) -> Result<Vec<AppConsent>, StoreError> {
    let rows = sqlx::query!(
        r#"select c.client_id, a.name as "name?", c.scope, c.updated_at
           from app_consents c left join clients a on a.tenant = c.tenant and a.client_id = c.client_id
           where c.tenant = $1 and c.account = $2 and c.ended_at is null order by c.client_id"#,
        tenant,
        account,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(AppConsent {
                client_id: row.client_id,
                name: row.name,
                scope: ScopeSet::parse_all(&row.scope).map_err(|_| CORRUPT)?,
                updated_at: row.updated_at,
            })
        })
        .collect()
}

/// Takes back what the person allowed this app, and ends all that it got. False when there was nothing.
///
/// # Errors
/// [`StoreError`].
pub async fn end(
    app: &App,
    account: Uuid,
    client_id: &str,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let mut transaction = app.db.begin().await?;
    let done = sqlx::query!(
        "update app_consents set ended_at = $4
         where tenant = $1 and account = $2 and client_id = $3 and ended_at is null",
        app.tenant,
        account,
        client_id,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    let ids = authorizations::of_app(&mut transaction, &app.tenant, account, client_id).await?;
    for id in &ids {
        authorizations::end(&mut transaction, app, *id, End::TakenBack, now).await?;
    }
    transaction.commit().await?;
    Ok(done.rows_affected() == 1 || !ids.is_empty())
}
