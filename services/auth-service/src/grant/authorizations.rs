//! Authorizations and their refresh families in the database.

use access_token::{Acr, Amr, MAX_TOKEN_LIFETIME, ScopeSet, SignIn};
use sqlx::{Connection, PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::refresh::{Family, Hash, Verdict};
use crate::App;
use crate::db::StoreError;
use crate::events::{self, Event};
use crate::revocation::{self, Kind};
use crate::token::issue::token_id;

const CORRUPT: StoreError = StoreError::Corrupt("authorizations");

/// The most access tokens of one authorization that may be alive, so that ending it stays a small thing. Far more than
/// any app needs that refreshes when its token runs out.
const MAX_RECENT: i64 = 128;

/// Kept for so long after nothing can come of it any more, for whoever looks into an incident.
const KEPT: Duration = Duration::days(30);

/// What an app got from one authorization request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// Its id.
    pub id: Uuid,
    /// The app.
    pub client_id: String,
    /// Who gave it.
    pub account: Uuid,
    /// By which mandate they act for a patient; none where they act for themselves.
    pub proxy: Option<Uuid>,
    /// What was granted then; now it may be less.
    pub scope: ScopeSet,
    /// For which service.
    pub audience: String,
    /// The sign-in that it came from.
    pub session: Uuid,
    /// How sure that was.
    pub acr: Acr,
    /// By what.
    pub amr: Vec<Amr>,
    /// When.
    pub auth_time: OffsetDateTime,
    /// The account's version at that time.
    pub account_version: i64,
    /// Whether it outlives that sign-in.
    pub offline: bool,
    /// The key that refreshing needs the proof of.
    pub jkt: Option<String>,
    /// When refreshing ends whatever happens.
    pub refresh_ends_at: Option<OffsetDateTime>,
    /// How long a refresh token waits to be used.
    pub idle: Duration,
}

impl Authorization {
    /// What a token says of the sign-in.
    pub fn sign_in(&self) -> SignIn {
        SignIn {
            sid: self.session.to_string(),
            auth_time: self.auth_time.unix_timestamp(),
            acr: self.acr,
            amr: self.amr.clone(),
            sv: self.account_version,
        }
    }
}

/// Stores a new one.
///
/// # Errors
/// [`StoreError`].
pub async fn insert(
    connection: &mut PgConnection,
    tenant: &str,
    authorization: &Authorization,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    let amr: Vec<String> = authorization
        .amr
        .iter()
        .map(|amr| amr.as_str().to_owned())
        .collect();
    let idle = i32::try_from(authorization.idle.whole_seconds()).map_err(|_| CORRUPT)?;
    sqlx::query!(
        "insert into authorizations
            (tenant, id, client_id, account, scope, audience, session, acr, amr, auth_time, account_version, offline,
             created_at, refresh_ends_at, idle_seconds, proxy, recent_tokens)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, '{}')",
        tenant,
        authorization.id,
        authorization.client_id,
        authorization.account,
        authorization.scope.to_string(),
        authorization.audience,
        authorization.session,
        authorization.acr.as_str(),
        &amr,
        authorization.auth_time,
        authorization.account_version,
        authorization.offline,
        now,
        authorization.refresh_ends_at,
        idle,
        authorization.proxy,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The one of this id, unless it has ended.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: &PgPool,
    tenant: &str,
    id: Uuid,
) -> Result<Option<Authorization>, StoreError> {
    let row = sqlx::query!(
        "select id, client_id, account, proxy, scope, audience, session, acr, amr, auth_time, account_version, offline, jkt,
                refresh_ends_at, idle_seconds
         from authorizations where tenant = $1 and id = $2 and ended_at is null",
        tenant,
        id,
    )
    .fetch_optional(db)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let amr = row.amr.iter().map(|amr| amr.parse());
    Ok(Some(Authorization {
        id: row.id,
        client_id: row.client_id,
        account: row.account,
        proxy: row.proxy,
        scope: ScopeSet::parse_all(&row.scope).map_err(|_| CORRUPT)?,
        audience: row.audience,
        session: row.session,
        acr: row.acr.parse().map_err(|_| CORRUPT)?,
        amr: amr.collect::<Result<_, _>>().map_err(|_| CORRUPT)?,
        auth_time: row.auth_time,
        account_version: row.account_version,
        offline: row.offline,
        jkt: row.jkt,
        refresh_ends_at: row.refresh_ends_at,
        idle: Duration::seconds(i64::from(row.idle_seconds)),
    }))
}

/// The first tokens of an authorization whose code was redeemed just now. False when it was ended meanwhile, because the
/// code came back.
///
/// # Errors
/// [`StoreError`].
pub async fn begin(
    db: &PgPool,
    tenant: &str,
    id: Uuid,
    refresh: Option<(Hash, OffsetDateTime)>,
    jkt: Option<&str>,
    token: Uuid,
) -> Result<bool, StoreError> {
    let (hash, expires_at) = refresh.unzip();
    let done = sqlx::query!(
        "update authorizations
         set current_hash = $3, current_expires_at = $4, jkt = $5, recent_tokens = array[$6::uuid]
         where tenant = $1 and id = $2 and ended_at is null",
        tenant,
        id,
        hash.as_ref().map(|hash| &hash[..]),
        expires_at,
        jkt,
        token,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// What came of a refresh token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented {
    /// As the state machine says.
    Judged(Verdict),
    /// There is no such family.
    Unknown,
    /// More access tokens are alive than any app needs.
    TooMany,
}

/// Presents a refresh token, as [`Family::present`] does: `next` counts from now on and `token` is the access token that
/// goes with it, or nothing changes. One statement compares and sets. A token that was copied ends the authorization.
///
/// # Errors
/// [`StoreError`].
pub async fn present(
    app: &App,
    id: Uuid,
    presented: &Hash,
    next: &Hash,
    token: Uuid,
    now: OffsetDateTime,
) -> Result<Presented, StoreError> {
    const RENEWED: Presented = Presented::Judged(Verdict::Renewed);
    let mut connection = app.db.acquire().await?;
    if compare_and_set(
        &mut connection,
        &app.tenant,
        id,
        presented,
        next,
        token,
        now,
    )
    .await?
    {
        return Ok(RENEWED);
    }
    let mut transaction = connection.begin().await?;
    let Some(family) = family(&mut transaction, &app.tenant, id).await? else {
        return Ok(Presented::Unknown);
    };
    let verdict = family.judge(presented, now);
    let outcome = match verdict {
        // Another request was quicker, and has made this one a second question for the same answer.
        Verdict::Renewed => {
            let set = compare_and_set(
                &mut transaction,
                &app.tenant,
                id,
                presented,
                next,
                token,
                now,
            );
            if set.await? {
                RENEWED
            } else {
                Presented::TooMany
            }
        }
        Verdict::Reused => {
            end(&mut transaction, app, id, End::Reuse, now).await?;
            Presented::Judged(verdict)
        }
        Verdict::Expired | Verdict::Ended => Presented::Judged(verdict),
    };
    transaction.commit().await?;
    Ok(outcome)
}

/// Until when a refresh token counts, if it is the current one of its family; Unix seconds.
///
/// # Errors
/// [`StoreError`].
pub async fn current_until(
    db: &PgPool,
    tenant: &str,
    id: Uuid,
    hash: &Hash,
    now: OffsetDateTime,
) -> Result<Option<i64>, StoreError> {
    let until = sqlx::query_scalar!(
        "select current_expires_at from authorizations
         where tenant = $1 and id = $2 and current_hash = $3 and ended_at is null and current_expires_at > $4",
        tenant,
        id,
        &hash[..],
        now,
    )
    .fetch_optional(db)
    .await?;
    Ok(until.flatten().map(OffsetDateTime::unix_timestamp))
}

async fn compare_and_set(
    connection: &mut PgConnection,
    tenant: &str,
    id: Uuid,
    presented: &Hash,
    next: &Hash,
    token: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update authorizations set
            previous_expires_at = case when current_hash = $3 then current_expires_at else previous_expires_at end,
            previous_hash = $3,
            current_hash = $4,
            current_expires_at = least($6::timestamptz + make_interval(secs => idle_seconds), refresh_ends_at),
            recent_tokens = array(select recent from unnest(recent_tokens) as recent where recent >= $7::uuid)
                            || $5::uuid
         where tenant = $1 and id = $2 and ended_at is null
           and ((current_hash = $3 and current_expires_at > $6) or (previous_hash = $3 and previous_expires_at > $6))
           and (select count(*) from unnest(recent_tokens) as recent where recent >= $7::uuid) < $8",
        tenant,
        id,
        &presented[..],
        &next[..],
        token,
        now,
        oldest_alive(now),
        MAX_RECENT,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The family as it stands; nobody changes it until the caller's transaction ends.
async fn family(
    connection: &mut PgConnection,
    tenant: &str,
    id: Uuid,
) -> Result<Option<Family>, StoreError> {
    let row = sqlx::query!(
        "select current_hash, current_expires_at, previous_hash, previous_expires_at, refresh_ends_at, idle_seconds,
                ended_at
         from authorizations where tenant = $1 and id = $2 for update",
        tenant,
        id,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let hash = |bytes: Vec<u8>| Hash::try_from(bytes).map_err(|_| CORRUPT);
    let (Some(current), Some(until)) = (row.current_hash, row.current_expires_at) else {
        return Ok(None);
    };
    let previous = match (row.previous_hash, row.previous_expires_at) {
        (Some(previous), Some(until)) => Some((hash(previous)?, until)),
        _ => None,
    };
    Ok(Some(Family {
        current: (hash(current)?, until),
        previous,
        ends_at: row.refresh_ends_at,
        idle: Duration::seconds(i64::from(row.idle_seconds)),
        ended: row.ended_at.is_some(),
    }))
}

/// No token with an earlier id is alive.
fn oldest_alive(now: OffsetDateTime) -> Uuid {
    token_id(now - Duration::seconds(MAX_TOKEN_LIFETIME + 1), [0; 10])
}

/// Why an authorization is ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// A code or a refresh token came back.
    Reuse,
    /// The app or its person took it back.
    TakenBack,
    /// The mandate that it rests on is over.
    Mandate,
}

/// Ends an authorization: its refresh tokens count no more, its access tokens are revoked. False when it had ended.
/// Do it last in a transaction, see [`revocation::record`].
///
/// # Errors
/// [`StoreError`].
pub async fn end(
    connection: &mut PgConnection,
    app: &App,
    id: Uuid,
    why: End,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let row = sqlx::query!(
        "update authorizations set ended_at = $3 where tenant = $1 and id = $2 and ended_at is null
         returning client_id, account, recent_tokens",
        app.tenant,
        id,
        now,
    )
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(false) };
    let (kind, key) = match why {
        End::Reuse => (events::Kind::TokenReused, row.client_id),
        End::TakenBack | End::Mandate => (events::Kind::GrantRevoked, row.account.to_string()),
    };
    let event = Event::new(&app.random, &app.tenant, kind, key, now);
    events::emit(connection, &event).await?;
    let oldest = oldest_alive(now);
    for token in row.recent_tokens.iter().filter(|token| **token >= oldest) {
        let jti = token.simple().to_string();
        revocation::record(connection, &app.tenant, Kind::Token, &jti, now).await?;
    }
    Ok(true)
}

/// A token was exchanged for another: what ends the one has to end the other. False when the authorization that the first
/// came from has ended.
///
/// # Errors
/// [`StoreError`].
pub async fn descend(
    db: &PgPool,
    tenant: &str,
    account: Uuid,
    from: Uuid,
    token: Uuid,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update authorizations set recent_tokens = recent_tokens || $4::uuid
         where tenant = $1 and account = $2 and ended_at is null and $3 = any(recent_tokens)",
        tenant,
        account,
        from,
        token,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Ends what rests on a mandate. Its access tokens are for the caller to revoke: all of them name the mandate.
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
        "update authorizations set ended_at = $3 where tenant = $1 and proxy = $2 and ended_at is null",
        tenant,
        proxy,
        now,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The account's authorizations for an app, for themselves or by one mandate, that have not ended; locked.
///
/// # Errors
/// [`StoreError`].
pub async fn of_app(
    connection: &mut PgConnection,
    tenant: &str,
    account: Uuid,
    client_id: &str,
    proxy: Option<Uuid>,
) -> Result<Vec<Uuid>, StoreError> {
    let ids = sqlx::query_scalar!(
        "select id from authorizations
         where tenant = $1 and account = $2 and client_id = $3 and proxy is not distinct from $4 and ended_at is null
         order by id for update",
        tenant,
        account,
        client_id,
        proxy,
    )
    .fetch_all(connection)
    .await?;
    Ok(ids)
}

/// Forgets those of which nothing can come any more, and codes with them.
///
/// # Errors
/// [`StoreError`].
pub async fn forget_old(db: &PgPool, tenant: &str, now: OffsetDateTime) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "delete from authorizations where tenant = $1 and created_at < $2
         and (ended_at < $2 or current_expires_at < $2 or current_expires_at is null)",
        tenant,
        now - KEPT,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected())
}
