//! What people allowed which app, for themselves or for a patient for whom they act. This is not the consent to read a
//! record: that one is on chain.

use access_token::ScopeSet;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::authorizations::{self, Authorization, End};
use crate::App;
use crate::db::StoreError;
use crate::directory::proxies::{Kind, Proxy};
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
    /// For whom, where that is not the person.
    pub for_patient: Option<ForPatient>,
}

/// For whom a person allowed an app something by a mandate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForPatient {
    /// The mandate.
    pub proxy: Uuid,
    /// The patient.
    pub fhir_id: String,
    /// By what right.
    pub kind: Kind,
}

impl From<&Proxy> for ForPatient {
    fn from(proxy: &Proxy) -> Self {
        Self {
            proxy: proxy.id,
            fhir_id: proxy.fhir_id.clone(),
            kind: proxy.kind,
        }
    }
}

/// What the person allowed this app, for themselves or by this mandate.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    tenant: &str,
    account: Uuid,
    client_id: &str,
    proxy: Option<Uuid>,
) -> Result<Option<ScopeSet>, StoreError> {
    let scope = sqlx::query_scalar!(
        "select scope from app_consents
         where tenant = $1 and account = $2 and client_id = $3 and proxy is not distinct from $4 and ended_at is null",
        tenant,
        account,
        client_id,
        proxy,
    )
    .fetch_optional(db)
    .await?;
    scope
        .map(|scope| ScopeSet::parse_all(&scope).map_err(|_| CORRUPT))
        .transpose()
}

/// Allows the authorization's app what it names, in place of what it was allowed before.
///
/// # Errors
/// [`StoreError`].
pub async fn allow(
    connection: &mut PgConnection,
    app: &App,
    given: &Authorization,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into app_consents (tenant, account, client_id, proxy, scope, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $6)
         on conflict (tenant, account, client_id, proxy) do update set
            scope = excluded.scope, updated_at = excluded.updated_at, ended_at = null",
        app.tenant,
        given.account,
        given.client_id,
        given.proxy,
        given.scope.to_string(),
        now,
    )
    .execute(&mut *connection)
    .await?;
    let kind = events::Kind::GrantMade;
    let mut made = Event::new(&app.random, &app.tenant, kind, given.account, now)
        .with("client", given.client_id.as_str());
    if let Some(proxy) = given.proxy {
        made = made.with("proxy", proxy.to_string());
    }
    events::emit(connection, &made).await
}

/// The apps that the person allowed something, by id.
///
/// # Errors
/// [`StoreError`].
pub async fn list(db: &PgPool, tenant: &str, account: Uuid) -> Result<Vec<AppConsent>, StoreError> {
    let rows = sqlx::query!(
        r#"select c.client_id, a.name as "name?", c.scope, c.updated_at, p.id as "proxy?", p.fhir_id as "fhir_id?",
                  p.kind as "kind?"
           from app_consents c
           left join clients a on a.tenant = c.tenant and a.client_id = c.client_id
           left join proxies p on p.tenant = c.tenant and p.id = c.proxy
           where c.tenant = $1 and c.account = $2 and c.ended_at is null
           order by c.client_id, p.fhir_id nulls first"#,
        tenant,
        account,
    )
    .fetch_all(db)
    .await?;
    rows.into_iter()
        .map(|row| {
            let for_patient = match (row.proxy, row.fhir_id, row.kind) {
                (Some(proxy), Some(fhir_id), Some(kind)) => Some(ForPatient {
                    proxy,
                    fhir_id,
                    kind: Kind::parse(&kind).ok_or(StoreError::Corrupt("proxies"))?,
                }),
                _ => None,
            };
            Ok(AppConsent {
                client_id: row.client_id,
                name: row.name,
                scope: ScopeSet::parse_all(&row.scope).map_err(|_| CORRUPT)?,
                updated_at: row.updated_at,
                for_patient,
            })
        })
        .collect()
}

/// Takes back what the person allowed this app, for themselves or by this mandate, and ends all that it got so. False
/// when there was nothing.
///
/// # Errors
/// [`StoreError`].
pub async fn end(
    app: &App,
    account: Uuid,
    client_id: &str,
    proxy: Option<Uuid>,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let (mut transaction, tenant) = (app.db.begin().await?, &app.tenant);
    let done = sqlx::query!(
        "update app_consents set ended_at = $5
         where tenant = $1 and account = $2 and client_id = $3 and proxy is not distinct from $4 and ended_at is null",
        tenant,
        account,
        client_id,
        proxy,
        now,
    )
    .execute(&mut *transaction)
    .await?;
    let ids = authorizations::of_app(&mut transaction, tenant, account, client_id, proxy).await?;
    for id in &ids {
        authorizations::end(&mut transaction, app, *id, End::TakenBack, now).await?;
    }
    transaction.commit().await?;
    Ok(done.rows_affected() == 1 || !ids.is_empty())
}

/// Takes back what was allowed by a mandate, to all apps. What they got is for the caller to end.
///
/// # Errors
/// [`StoreError`].
pub async fn end_of_proxy(
    connection: &mut PgConnection,
    tenant: &str,
    proxy: Uuid,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "update app_consents set ended_at = $3 where tenant = $1 and proxy = $2 and ended_at is null",
        tenant,
        proxy,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}
