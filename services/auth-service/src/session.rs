//! Sign-ins: how long one lasts, how its browser shows it, where it is kept.
//!
//! A browser holds a random secret in a `__Host-` cookie. The database has its hash only, so that neither a copy of the
//! database nor a token (which names the session by [`Session::id`]) can be used to continue somebody's session. Each
//! time the person proves something, the secret is replaced (no fixation).

pub mod ceremony;
pub mod cookie;
pub mod device;
pub mod lifetime;
pub mod sign_in;
pub mod store;
pub mod sweep;

use access_token::{Acr, Amr, SignIn};
use axum::http::HeaderMap;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::App;
use crate::account::Account;
use crate::db::StoreError;

/// A sign-in that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// What tokens name as `sid`.
    pub id: Uuid,
    /// Who signed in.
    pub account: Account,
    /// How surely.
    pub acr: Acr,
    /// By what.
    pub amr: Vec<Amr>,
    /// When the person last proved who they are.
    pub auth_time: OffsetDateTime,
    /// When it ends whatever the person does.
    pub ends_at: OffsetDateTime,
}

impl Session {
    /// What a token says of it.
    pub fn sign_in(&self) -> SignIn {
        SignIn {
            sid: self.id.to_string(),
            auth_time: self.auth_time.unix_timestamp(),
            acr: self.acr,
            amr: self.amr.clone(),
            sv: self.account.version,
        }
    }

    /// Whether the person proved who they are at least this surely, at most `max_age` ago.
    pub fn satisfies(
        &self,
        acr: Acr,
        max_age: Option<time::Duration>,
        now: OffsetDateTime,
    ) -> bool {
        self.acr >= acr && max_age.is_none_or(|age| now - self.auth_time <= age)
    }
}

/// The session of the browser that sent these headers; `None` when nobody is signed in there.
///
/// # Errors
/// [`StoreError`].
pub async fn current(app: &App, headers: &HeaderMap) -> Result<Option<Session>, StoreError> {
    match cookie::Secret::from_headers(headers) {
        Some(secret) => store::find(&app.db, &app.tenant, &secret, app.now()).await,
        None => Ok(None),
    }
}

/// What a browser shows of what it has here.
#[derive(Default)]
pub struct Shown {
    /// Its session, if it counts.
    pub session: Option<Session>,
    /// That somebody has signed in with it.
    pub device: Option<cookie::Secret>,
}

impl Shown {
    /// By these headers.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn by(app: &App, headers: &HeaderMap) -> Result<Self, StoreError> {
        Ok(Self {
            session: current(app, headers).await?,
            device: cookie::Secret::of_device(headers),
        })
    }
}

/// What a person has just proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// By what, in the order in which it was proven.
    pub amr: Vec<Amr>,
}

impl Proven {
    /// A passkey is unlocked by the person, so it counts for two factors; so do a password and a one-time password.
    pub fn acr(&self) -> Acr {
        let has = |amr| self.amr.contains(&amr);
        if has(Amr::Pop) || (has(Amr::Pwd) && has(Amr::Otp)) {
            Acr::Aal2
        } else {
            Acr::Aal1
        }
    }
}
