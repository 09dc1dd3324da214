//! What a browser is in the middle of, between one page and the next. Kept here, not in the browser, so that a step counts
//! once and for the browser that began it.

use serde::{Deserialize, Serialize};
use sqlx::{PgConnection, PgExecutor};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyRegistration};

use super::cookie::Secret;
use crate::db::StoreError;

/// How long people may take over one page.
pub const PATIENCE: Duration = Duration::minutes(15);
/// How many wrong codes a step takes before it has to be begun anew.
const MOST_ATTEMPTS: i32 = 5;

/// What comes next.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "kebab-case")]
pub enum Step {
    /// A password was right, the code of the authenticator app is awaited.
    PasswordProven,
    /// A passkey was asked for, anybody's.
    PasskeyAsked {
        /// What the answer is checked against.
        state: Box<DiscoverableAuthentication>,
    },
    /// An enrolment code was entered.
    Enrolling(Enrolling),
    /// A new passkey was asked for, to end an enrolment with.
    EnrollingPasskey {
        /// The enrolment so far.
        enrolling: Enrolling,
        /// What the answer is checked against.
        state: Box<PasskeyRegistration>,
    },
    /// A new passkey was asked for by somebody who is signed in.
    AddingPasskey {
        /// What the answer is checked against.
        state: Box<PasskeyRegistration>,
    },
    /// Somebody who is signed in was shown the secret of a new authenticator app.
    AddingApp {
        /// The secret, sealed.
        secret: String,
    },
}

/// How far an enrolment has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolling {
    /// Which.
    pub enrolment: Uuid,
    /// The id of the account, that to be or that there is.
    pub account: Uuid,
    /// The sign-in name, once it is chosen.
    pub login: Option<String>,
    /// The hash of the password, once it is chosen.
    pub password: Option<String>,
    /// The secret of the authenticator app, sealed, once it was shown.
    pub secret: Option<String>,
}

/// A step that a browser is at.
#[derive(Debug, Clone)]
pub struct Ceremony {
    /// Its id.
    pub id: Uuid,
    /// Whose, where that is known.
    pub account: Option<Uuid>,
    /// The step.
    pub step: Step,
}

struct Row {
    id: Uuid,
    account: Option<Uuid>,
    step: serde_json::Value,
}

impl TryFrom<Row> for Ceremony {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            account: row.account,
            step: serde_json::from_value(row.step)
                .map_err(|_| StoreError::Corrupt("ceremonies"))?,
        })
    }
}

fn json(step: &Step) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(step).map_err(|_| StoreError::Corrupt("ceremonies"))
}

/// Remembers a step for the browser that holds the secret.
///
/// # Errors
/// [`StoreError`].
pub async fn begin(
    db: impl PgExecutor<'_>,
    tenant: &str,
    browser: &Secret,
    ceremony: &Ceremony,
    now: OffsetDateTime,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into ceremonies (id, tenant, browser_hash, account, step, attempts, expires_at)
         values ($1, $2, $3, $4, $5, 0, $6)",
        ceremony.id,
        tenant,
        &browser.hash()[..],
        ceremony.account,
        json(&ceremony.step)?,
        now + PATIENCE,
    )
    .execute(db)
    .await?;
    Ok(())
}

/// The latest step of the browser that is not about passkeys, whose answers name their step.
///
/// # Errors
/// [`StoreError`].
pub async fn find(
    db: impl PgExecutor<'_>,
    tenant: &str,
    browser: &Secret,
    kind: &str,
    now: OffsetDateTime,
) -> Result<Option<Ceremony>, StoreError> {
    sqlx::query_as!(
        Row,
        "select id, account, step from ceremonies
         where tenant = $1 and browser_hash = $2 and step ->> 'step' = $3 and expires_at > $4
         order by expires_at desc, id limit 1",
        tenant,
        &browser.hash()[..],
        kind,
        now,
    )
    .fetch_optional(db)
    .await?
    .map(Ceremony::try_from)
    .transpose()
}

/// Replaces a step by the next.
///
/// # Errors
/// [`StoreError`].
pub async fn advance(
    db: impl PgExecutor<'_>,
    tenant: &str,
    id: Uuid,
    step: &Step,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update ceremonies set step = $3, attempts = 0, expires_at = $4
         where tenant = $1 and id = $2 and expires_at > $5",
        tenant,
        id,
        json(step)?,
        now + PATIENCE,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts a try at a code before it is looked at; false when there were too many.
///
/// # Errors
/// [`StoreError`].
pub async fn attempt(
    db: impl PgExecutor<'_>,
    tenant: &str,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "update ceremonies set attempts = attempts + 1
         where tenant = $1 and id = $2 and attempts < $3 and expires_at > $4",
        tenant,
        id,
        MOST_ATTEMPTS,
        now,
    )
    .execute(db)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes a step away from the browser that holds the secret: whoever gets it is the only one who does.
///
/// # Errors
/// [`StoreError`].
pub async fn take(
    connection: &mut PgConnection,
    tenant: &str,
    browser: &Secret,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<Option<Ceremony>, StoreError> {
    sqlx::query_as!(
        Row,
        "delete from ceremonies where tenant = $1 and browser_hash = $2 and id = $3 and expires_at > $4
         returning id, account, step",
        tenant,
        &browser.hash()[..],
        id,
        now,
    )
    .fetch_optional(connection)
    .await?
    .map(Ceremony::try_from)
    .transpose()
}
