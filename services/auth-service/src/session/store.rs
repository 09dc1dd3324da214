//! Sessions in the database.

use access_token::{Acr, Amr};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use uuid::Uuid;

use super::cookie::Secret;
use super::{Proven, Session, lifetime};
use crate::account::{Account, store as accounts};
use crate::db::StoreError;
use crate::{Random, random_id};

fn names(amr: &[Amr]) -> Vec<String> {
    amr.iter().map(|amr| amr.as_str().to_owned()).collect()
}

/// Starts a session of an account that has just proven who it is. The secret is for the browser and is not kept.
///
/// # Errors
/// [`StoreError`].
pub async fn start(
    connection: &mut PgConnection,
    account: Account,
    proven: Proven,
    random: &Random,
    now: OffsetDateTime,
) -> Result<(Session, Secret), StoreError> {
    let secret = Secret::generate(random);
    let session = Session {
        id: random_id(random),
        acr: proven.acr(),
        amr: proven.amr,
        auth_time: now,
        ends_at: now + lifetime::of(account.role.persona()).absolute,
        account,
    };
    sqlx::query!(
        "insert into sessions (id, tenant, account, cookie_hash, acr, amr, auth_time, created_at, seen_at, ends_at)
         values ($1, $2, $3, $4, $5, $6, $7, $7, $7, $8)",
        session.id,
        session.account.tenant,
        session.account.id,
        &secret.hash()[..],
        session.acr.as_str(),
        &names(&session.amr),
        now,
        session.ends_at,
    )
    .execute(connection)
    .await?;
    Ok((session, secret))
}

/// The session that a browser shows, and the fact that it was used now. `None` when it has ended in whatever way, or its
/// account was disabled.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    tenant: &str,
    secret: &Secret,
    now: OffsetDateTime,
) -> Result<Option<Session>, StoreError> {
    let row = sqlx::query!(
        "select id, account, acr, amr, auth_time, seen_at, ends_at
         from sessions where tenant = $1 and cookie_hash = $2 and ended_at is null",
        tenant,
        &secret.hash()[..],
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let Some(account) = accounts::find(db, tenant, row.account).await? else {
        return Err(StoreError::Corrupt("sessions"));
    };
    let persona = account.role.persona();
    if account.disabled || !lifetime::counts(persona, row.seen_at, row.ends_at, now) {
        return Ok(None);
    }
    let corrupt = |_| StoreError::Corrupt("sessions");
    let session = Session {
        id: row.id,
        account,
        acr: row.acr.parse().map_err(corrupt)?,
        amr: row
            .amr
            .iter()
            .map(|amr| amr.parse())
            .collect::<Result<_, _>>()
            .map_err(corrupt)?,
        auth_time: row.auth_time,
        ends_at: row.ends_at,
    };
    let used = sqlx::query!(
        "update sessions set seen_at = greatest(seen_at, $2) where id = $1 and ended_at is null",
        session.id,
        now,
    )
    .execute(db)
    .await?;
    Ok((used.rows_affected() == 1).then_some(session))
}

/// The person has proven anew who they are: what the session says of that is replaced (`acr` and `auth_time` always
/// describe one and the same moment), and the browser gets another secret. `None` when the session has ended meanwhile.
///
/// # Errors
/// [`StoreError`].
pub async fn prove_again(
    connection: &mut PgConnection,
    session: &Session,
    proven: &Proven,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Option<Secret>, StoreError> {
    let secret = Secret::generate(random);
    let done = sqlx::query!(
        "update sessions set cookie_hash = $2, acr = $3, amr = $4, auth_time = $5, seen_at = $5
         where id = $1 and ended_at is null",
        session.id,
        &secret.hash()[..],
        proven.acr().as_str(),
        &names(&proven.amr),
        now,
    )
    .execute(connection)
    .await?;
    Ok((done.rows_affected() == 1).then_some(secret))
}

/// Ends a session of this account; false when it had ended before, or is another's.
///
/// # Errors
/// [`StoreError`].
pub async fn end_of(
    connection: &mut PgConnection,
    account: &Account,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update sessions set ended_at = $4 where tenant = $1 and account = $2 and id = $3 and ended_at is null",
        account.tenant,
        account.id,
        id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends all of an account's sessions but one that it may keep; their ids.
///
/// # Errors
/// [`StoreError`].
pub async fn end_all(
    connection: &mut PgConnection,
    tenant: &str,
    account: Uuid,
    keep: Option<Uuid>,
    now: OffsetDateTime,
) -> Result<Vec<Uuid>, StoreError> {
    Ok(sqlx::query_scalar!(
        "update sessions set ended_at = $4
         where tenant = $1 and account = $2 and ended_at is null and ($3::uuid is null or id <> $3)
         returning id",
        tenant,
        account,
        keep,
        now,
    )
    .fetch_all(connection)
    .await?)
}

/// A session as its owner sees it in a list.
#[derive(Debug, Clone)]
pub struct Listed {
    /// What tokens name as `sid`.
    pub id: Uuid,
    /// When it began.
    pub created_at: OffsetDateTime,
    /// When it was last used.
    pub seen_at: OffsetDateTime,
    /// How surely the person proved who they are.
    pub acr: Acr,
    /// When it ends whatever the person does.
    pub ends_at: OffsetDateTime,
}

/// The sessions of an account that still count, the latest used first.
///
/// # Errors
/// [`StoreError`].
pub async fn list(
    db: &PgPool,
    account: &Account,
    now: OffsetDateTime,
) -> Result<Vec<Listed>, StoreError> {
    let rows = sqlx::query!(
        "select id, created_at, seen_at, acr, ends_at from sessions
         where tenant = $1 and account = $2 and ended_at is null
         order by seen_at desc, id",
        account.tenant,
        account.id,
    )
    .fetch_all(db)
    .await?;
    let persona = account.role.persona();
    rows.into_iter()
        .filter(|row| lifetime::counts(persona, row.seen_at, row.ends_at, now))
        .map(|row| {
            Ok(Listed {
                id: row.id,
                created_at: row.created_at,
                seen_at: row.seen_at,
                acr: row
                    .acr
                    .parse()
                    .map_err(|_| StoreError::Corrupt("sessions"))?,
                ends_at: row.ends_at,
            })
        })
        .collect()
}

/// Whether a session of an account has not been ended and is not over; a token of it may be shown when its browser has
/// been idle for long.
///
/// # Errors
/// [`StoreError`].
pub async fn is_live(
    db: &PgPool,
    account: &Account,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let found = sqlx::query_scalar!(
        r#"select 1 as "one!" from sessions
           where tenant = $1 and account = $2 and id = $3 and ended_at is null and ends_at > $4"#,
        account.tenant,
        account.id,
        id,
        now,
    )
    .fetch_optional(db)
    .await?;
    Ok(found.is_some())
}
