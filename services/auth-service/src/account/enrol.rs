//! The end of an enrolment, in one transaction: the code is used up, the account is there with what it proves itself with,
//! and its owner is signed in. Or nothing of that happened.

use access_token::Amr;
use sqlx::PgConnection;
use uuid::Uuid;
use webauthn_rs::prelude::Passkey;

use super::administration::end_everything;
use super::enrolment::{self, Enrolment};
use super::store::{self, CreateError};
use super::{Account, passkey, password, totp};
use crate::db::StoreError;
use crate::events::{self, Event, Kind};
use crate::session::ceremony::{self, Enrolling};
use crate::session::cookie::Secret;
use crate::session::sign_in::{self, Entered, SignInError};
use crate::session::{Proven, Shown};
use crate::{App, random_id};

/// What somebody proves themselves with from now on, proven already.
pub enum Chosen<'a> {
    /// A password.
    Password {
        /// Its hash.
        hash: &'a str,
    },
    /// A password and an authenticator app.
    PasswordAndApp {
        /// The password's hash.
        hash: &'a str,
        /// The app's sealed secret.
        sealed: &'a str,
        /// The step of the code that proved it.
        step: i64,
    },
    /// A passkey.
    Passkey {
        /// It.
        passkey: &'a Passkey,
        /// What it is called.
        name: &'a str,
    },
}

impl Chosen<'_> {
    fn proven(&self) -> Proven {
        let amr = match self {
            Self::Password { .. } => vec![Amr::Pwd],
            Self::PasswordAndApp { .. } => vec![Amr::Pwd, Amr::Otp],
            Self::Passkey { .. } => vec![Amr::Pop],
        };
        Proven { amr }
    }
}

/// Why there is no account.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The code was used up or has expired.
    #[error("the enrolment is over")]
    Over,
    /// An organisation made the code, and whom it is for has an account meanwhile.
    #[error("whom the code is for has an account already")]
    HasAccount,
    /// Somebody took the name meanwhile.
    #[error("the sign-in name is taken")]
    LoginTaken,
    /// The passkey belongs to an account.
    #[error("the passkey is an account's already")]
    PasskeyTaken,
    /// The account cannot be signed in to, or the database gave no answer.
    #[error(transparent)]
    SignIn(#[from] SignInError),
}

impl From<StoreError> for EnrolError {
    fn from(error: StoreError) -> Self {
        Self::SignIn(error.into())
    }
}

impl From<sqlx::Error> for EnrolError {
    fn from(error: sqlx::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// Ends an enrolment; whoever did is signed in.
///
/// # Errors
/// [`EnrolError`].
pub async fn finish(
    app: &App,
    shown: &Shown,
    browser: &Secret,
    ceremony: Uuid,
    enrolling: &Enrolling,
    enrolment: &Enrolment,
    chosen: Chosen<'_>,
) -> Result<Entered, EnrolError> {
    let now = app.now();
    let tenant = &app.tenant;
    let mut transaction = app.db.begin().await?;
    let taken = ceremony::take(&mut transaction, tenant, browser, ceremony, now).await?;
    if taken.is_none() {
        return Err(EnrolError::Over);
    }
    match enrolment.account {
        None => create(app, &mut transaction, enrolling, enrolment).await?,
        Some(id) => {
            let account = store::lock(&mut transaction, tenant, id)
                .await?
                .ok_or(EnrolError::Over)?;
            forget_factors(&mut transaction, &account).await?;
            end_everything(&mut transaction, &account, None, &app.random, now).await?;
        }
    }
    let id = enrolling.account;
    if !enrolment::use_up(&mut transaction, tenant, enrolment.id, id, now).await? {
        return Err(EnrolError::Over);
    }
    match &chosen {
        Chosen::Password { hash } => password::put(&mut transaction, tenant, id, hash, now).await?,
        Chosen::PasswordAndApp { hash, sealed, step } => {
            password::put(&mut transaction, tenant, id, hash, now).await?;
            totp::put(&mut transaction, tenant, id, sealed, *step, now).await?;
        }
        Chosen::Passkey { passkey, name } => {
            let key = random_id(&app.random);
            if !passkey::add(&mut transaction, tenant, id, key, passkey, name, now).await? {
                return Err(EnrolError::PasskeyTaken);
            }
        }
    }
    let event = Event::new(&app.random, tenant, Kind::EnrolmentUsed, id, now);
    let event = event
        .with("again", enrolment.account.is_some())
        .with("enrolment", enrolment.id.to_string());
    events::emit(&mut transaction, &event).await?;
    let entered = sign_in::complete(app, &mut transaction, shown, id, chosen.proven()).await?;
    transaction.commit().await?;
    Ok(entered)
}

async fn create(
    app: &App,
    connection: &mut PgConnection,
    enrolling: &Enrolling,
    enrolment: &Enrolment,
) -> Result<(), EnrolError> {
    // What an administrator opened or closed is not walked around by an organisation.
    let tenant = &app.tenant;
    if enrolment.invited_by.is_some()
        && store::is_taken(connection, tenant, &enrolment.role).await?
    {
        return Err(EnrolError::HasAccount);
    }
    let account = Account {
        id: enrolling.account,
        tenant: tenant.clone(),
        login: enrolling.login.clone().ok_or(EnrolError::Over)?,
        role: enrolment.role.clone(),
        disabled: false,
        version: 0,
    };
    match store::create(connection, &account, app.now()).await {
        Ok(()) => Ok(()),
        Err(CreateError::LoginTaken) => Err(EnrolError::LoginTaken),
        Err(CreateError::Store(error)) => Err(error.into()),
    }
}

/// Nothing of what was lost opens the account any more.
async fn forget_factors(
    connection: &mut PgConnection,
    account: &Account,
) -> Result<(), StoreError> {
    let (tenant, id) = (&account.tenant, account.id);
    sqlx::query!(
        "delete from passwords where tenant = $1 and account = $2",
        tenant,
        id
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "delete from authenticator_apps where tenant = $1 and account = $2",
        tenant,
        id
    )
    .execute(&mut *connection)
    .await?;
    sqlx::query!(
        "delete from passkeys where tenant = $1 and account = $2",
        tenant,
        id
    )
    .execute(&mut *connection)
    .await?;
    Ok(())
}
