//! Sessions in the database.

use access_token::Amr;
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
/// describe one and the same moment), and the browser gets another secret.
///
/// # Errors
/// [`StoreError`]; the session has ended meanwhile: [`StoreError::Corrupt`].
pub async fn prove_again(
    connection: &mut PgConnection,
    session: &Session,
    proven: &Proven,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Secret, StoreError> {
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
    if done.rows_affected() == 1 {
        Ok(secret)
    } else {
        Err(StoreError::Corrupt("sessions"))
    }
}

/// Ends a session; false when it had ended before.
///
/// # Errors
/// [`StoreError`].
pub async fn end(
    connection: &mut PgConnection,
    tenant: &str,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update sessions set ended_at = $3 where tenant = $1 and id = $2 and ended_at is null",
        tenant,
        id,
        now,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
