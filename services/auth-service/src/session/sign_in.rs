//! From a proof to a session: the one place where a sign-in is completed.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::cookie::Secret;
use super::{Proven, Shown, device, store};
use crate::account::{Account, factors, store as accounts};
use crate::db::StoreError;
use crate::events::{self, Event, Kind};
use crate::{App, revocation};

/// What a browser holds from now on.
pub struct Entered {
    /// Its session.
    pub secret: Secret,
    /// That somebody has signed in with it.
    pub device: Secret,
}

/// Why nobody is let in although something was proven.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// An administrator has closed the account.
    #[error("the account is closed")]
    Closed,
    /// What was proven is less than the persona needs.
    #[error("the proof is not enough for this persona")]
    NotEnough,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SignInError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Lets an account in that has proven who it is. The session that the browser shows already, if there is one, goes on under
/// another secret when it is the same account's, and ends when it is somebody else's.
///
/// # Errors
/// [`SignInError`].
pub async fn complete(
    app: &App,
    connection: &mut PgConnection,
    shown: &Shown,
    account: Uuid,
    proven: Proven,
) -> Result<Entered, SignInError> {
    let now = app.now();
    let account = accounts::lock(connection, &app.tenant, account)
        .await?
        .filter(|account| !account.disabled)
        .ok_or(SignInError::Closed)?;
    if !factors::admits(account.role.persona(), &proven) {
        return Err(SignInError::NotEnough);
    }
    let persona = account.role.persona();
    let event = Event::new(
        &app.random,
        &app.tenant,
        Kind::SignInSucceeded,
        account.id,
        now,
    )
    .with("acr", proven.acr().as_str())
    .with(
        "amr",
        proven
            .amr
            .iter()
            .map(|amr| amr.as_str())
            .collect::<Vec<_>>(),
    );
    let (same, other) = match &shown.session {
        Some(session) if session.account.id == account.id => (Some(session), None),
        other => (None, other.as_ref()),
    };
    let device = shown.device.as_ref();
    let device = device::remember(
        connection,
        &app.tenant,
        account.id,
        device,
        &app.random,
        now,
    )
    .await?;
    let continued = match same {
        Some(session) => store::prove_again(connection, session, &proven, &app.random, now)
            .await?
            .map(|secret| (session.id, secret)),
        None => None,
    };
    let (sid, secret) = match continued {
        Some(continued) => continued,
        None => {
            let (session, secret) =
                store::start(connection, account, proven, &app.random, now).await?;
            (session.id, secret)
        }
    };
    events::emit(connection, &event.with("sid", sid.to_string())).await?;
    if let Some(other) = other {
        end(app, connection, &other.account, other.id, now).await?;
    }
    metrics::counter!("sign_ins_total", "persona" => persona.as_str(), "outcome" => "succeeded")
        .increment(1);
    Ok(Entered { secret, device })
}

/// Ends a session, and with it every token that comes from it; false when it had ended before, or is not this account's.
///
/// # Errors
/// [`StoreError`].
pub async fn end(
    app: &App,
    connection: &mut PgConnection,
    account: &Account,
    id: Uuid,
    now: OffsetDateTime,
) -> Result<bool, StoreError> {
    if !store::end_of(connection, account, id, now).await? {
        return Ok(false);
    }
    let event = Event::new(
        &app.random,
        &account.tenant,
        Kind::SessionEnded,
        account.id,
        now,
    );
    events::emit(connection, &event.with("sid", id.to_string())).await?;
    let id = id.to_string();
    revocation::record(
        connection,
        &account.tenant,
        revocation::Kind::Session,
        &id,
        now,
    )
    .await?;
    Ok(true)
}
