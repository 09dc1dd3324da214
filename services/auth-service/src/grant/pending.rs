//! Authorization requests on their way, in the database: pushed ones (RFC 9126), and those that wait for a person.

use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};

use super::params::Params;
use super::secret::Secret;
use crate::db::StoreError;
use crate::{App, Random};

/// How long a pushed request waits for its browser.
pub const PUSHED: Duration = Duration::seconds(60);
/// How long a person may take to sign in and to answer.
const WAITING: Duration = Duration::minutes(15);
/// What the `request_uri` of a pushed request begins with (RFC 9126 §2.2).
pub const REQUEST_URI: &str = "urn:ietf:params:oauth:request_uri:";

/// What a request waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Its browser.
    Pushed,
    /// Its person.
    Waiting,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            Self::Pushed => "pushed",
            Self::Waiting => "waiting",
        }
    }

    fn life(self) -> Duration {
        match self {
            Self::Pushed => PUSHED,
            Self::Waiting => WAITING,
        }
    }
}

/// A request on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Whose it is.
    pub client_id: String,
    /// As it came.
    pub params: Params,
    /// When its browser brought it.
    pub asked_at: OffsetDateTime,
}

/// Keeps a request, and returns the secret by which it goes on.
///
/// # Errors
/// [`StoreError`].
pub async fn keep(
    db: &PgPool,
    tenant: &str,
    state: State,
    pending: &Pending,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Secret, StoreError> {
    const CORRUPT: StoreError = StoreError::Corrupt("authorization_requests");
    let secret = Secret::generate(random);
    let params = serde_json::to_value(&pending.params).map_err(|_| CORRUPT)?;
    sqlx::query!(
        "insert into authorization_requests (tenant, id_hash, state, client_id, params, asked_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7)",
        tenant,
        &secret.hash()[..],
        state.as_str(),
        pending.client_id,
        params,
        pending.asked_at,
        now + state.life(),
    )
    .execute(db)
    .await?;
    Ok(secret)
}

/// The request that waits for its person under this secret. It stays.
///
/// # Errors
/// [`StoreError`].
pub async fn waiting(
    db: &PgPool,
    tenant: &str,
    secret: &Secret,
    now: OffsetDateTime,
) -> Result<Option<Pending>, StoreError> {
    let row = sqlx::query!(
        "select client_id, params, asked_at from authorization_requests
         where tenant = $1 and id_hash = $2 and state = 'waiting' and expires_at > $3",
        tenant,
        &secret.hash()[..],
        now,
    )
    .fetch_optional(db)
    .await?;
    row.map(|row| pending(row.client_id, row.params, row.asked_at))
        .transpose()
}

/// Takes the request under this secret: whoever else asks for it finds nothing. One statement.
///
/// # Errors
/// [`StoreError`].
pub async fn take(
    connection: &mut PgConnection,
    tenant: &str,
    state: State,
    secret: &Secret,
    now: OffsetDateTime,
) -> Result<Option<Pending>, StoreError> {
    let row = sqlx::query!(
        "delete from authorization_requests
         where tenant = $1 and id_hash = $2 and state = $3 and expires_at > $4
         returning client_id, params, asked_at",
        tenant,
        &secret.hash()[..],
        state.as_str(),
        now,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| pending(row.client_id, row.params, row.asked_at))
        .transpose()
}

fn pending(
    client_id: String,
    params: serde_json::Value,
    asked_at: OffsetDateTime,
) -> Result<Pending, StoreError> {
    const CORRUPT: StoreError = StoreError::Corrupt("authorization_requests");
    Ok(Pending {
        client_id,
        params: serde_json::from_value(params).map_err(|_| CORRUPT)?,
        asked_at,
    })
}

/// Remembers that a proof of a key was used; false when it was before. One statement.
///
/// # Errors
/// [`StoreError`].
pub async fn first_use(app: &App, proof: &access_token::dpop::Proof) -> Result<bool, StoreError> {
    let expires_at = OffsetDateTime::from_unix_timestamp(proof.remember_until)
        .map_err(|_| StoreError::Corrupt("used_proofs"))?;
    let done = sqlx::query!(
        "insert into used_proofs (tenant, jkt, jti, expires_at) values ($1, $2, $3, $4) on conflict do nothing",
        app.tenant,
        proof.jkt,
        proof.jti,
        expires_at,
    )
    .execute(&app.db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets requests and proofs whose time is over.
///
/// # Errors
/// [`StoreError`].
pub async fn forget_expired(
    db: &PgPool,
    tenant: &str,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "delete from authorization_requests where tenant = $1 and expires_at < $2",
        tenant,
        now,
    )
    .execute(db)
    .await?;
    sqlx::query!(
        "delete from used_proofs where tenant = $1 and expires_at < $2",
        tenant,
        now,
    )
    .execute(db)
    .await?;
    Ok(())
}
