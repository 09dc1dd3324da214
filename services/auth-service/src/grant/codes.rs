//! Authorization codes in the database: good for a minute, and once.

use sqlx::{PgConnection, PgPool};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::secret::Secret;
use crate::Random;
use crate::db::StoreError;

/// How long a code is good.
const LIFE: Duration = Duration::seconds(60);

/// What a code is bound to.
#[derive(Debug, Clone, Copy)]
pub struct Bound<'a> {
    /// The app.
    pub client_id: &'a str,
    /// Where the code is sent.
    pub redirect_uri: &'a str,
    /// The SHA-256 of the verifier.
    pub challenge: &'a [u8; 32],
    /// The key whose proof has to come with it.
    pub jkt: Option<&'a str>,
}

/// Makes the code of an authorization.
///
/// # Errors
/// [`StoreError`].
pub async fn make(
    connection: &mut PgConnection,
    tenant: &str,
    authorization: Uuid,
    bound: Bound<'_>,
    nonce: Option<&str>,
    random: &Random,
    now: OffsetDateTime,
) -> Result<Secret, StoreError> {
    let secret = Secret::generate(random);
    sqlx::query!(
        "insert into authorization_codes
            (tenant, code_hash, authorization_id, client_id, redirect_uri, challenge, nonce, jkt, created_at, expires_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        tenant,
        &secret.hash()[..],
        authorization,
        bound.client_id,
        bound.redirect_uri,
        &bound.challenge[..],
        nonce,
        bound.jkt,
        now,
        now + LIFE,
    )
    .execute(connection)
    .await?;
    Ok(secret)
}

/// What came of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redeemed {
    /// It is good, and used now.
    Good {
        /// What it stands for.
        authorization: Uuid,
        /// For the ID token.
        nonce: Option<String>,
    },
    /// It was used before: somebody has copied it, or the app is at fault.
    Again {
        /// What it stood for.
        authorization: Uuid,
    },
    /// It is unknown, too old, somebody else's, or came without what it is bound to. It stays as it is, so that nobody
    /// can use up a code that is not theirs.
    Refused,
}

/// Redeems a code if it is bound to all of this. One statement decides.
///
/// # Errors
/// [`StoreError`].
pub async fn redeem(
    db: &PgPool,
    tenant: &str,
    code: &Secret,
    bound: Bound<'_>,
    now: OffsetDateTime,
) -> Result<Redeemed, StoreError> {
    let used = sqlx::query!(
        "update authorization_codes set used_at = $7
         where tenant = $1 and code_hash = $2 and client_id = $3 and redirect_uri = $4 and challenge = $5
           and (jkt is null or jkt = $6) and used_at is null and expires_at > $7
         returning authorization_id, nonce",
        tenant,
        &code.hash()[..],
        bound.client_id,
        bound.redirect_uri,
        &bound.challenge[..],
        bound.jkt,
        now,
    )
    .fetch_optional(db)
    .await?;
    if let Some(row) = used {
        return Ok(Redeemed::Good {
            authorization: row.authorization_id,
            nonce: row.nonce,
        });
    }
    let before = sqlx::query_scalar!(
        "select authorization_id from authorization_codes
         where tenant = $1 and code_hash = $2 and used_at is not null",
        tenant,
        &code.hash()[..],
    )
    .fetch_optional(db)
    .await?;
    Ok(match before {
        Some(authorization) => Redeemed::Again { authorization },
        None => Redeemed::Refused,
    })
}
