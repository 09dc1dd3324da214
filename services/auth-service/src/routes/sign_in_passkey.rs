//! `/sign-in/passkey`: signing in with a passkey alone. The browser offers those it has for us; nobody types a name.

use std::sync::Arc;

use access_token::Amr;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use webauthn_rs::prelude::PublicKeyCredential;

use super::sign_in::{failed, next};
use crate::account::passkey::{self, Passkeys};
use crate::pages::browser::VisitScript;
use crate::pages::error::PageError;
use crate::session::ceremony::{self, Ceremony, Step};
use crate::session::{Proven, sign_in};
use crate::{App, random_id};

/// Nothing.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// What the browser shows.
#[derive(Deserialize)]
pub struct Answer {
    id: Uuid,
    credential: PublicKeyCredential,
}

/// Where passkeys work.
///
/// # Errors
/// [`PageError::NoPasskeys`].
pub fn passkeys(app: &App) -> Result<&Passkeys, PageError> {
    app.means.passkeys.as_ref().ok_or(PageError::NoPasskeys)
}

/// What the browser is asked.
pub async fn options(
    State(app): State<Arc<App>>,
    script: VisitScript<Empty>,
) -> Result<Response, PageError> {
    let (asked, state) = passkeys(&app)?.ask().map_err(|_| PageError::Failed)?;
    let ceremony = Ceremony {
        id: random_id(&app.random),
        account: None,
        step: Step::PasskeyAsked {
            state: Box::new(state),
        },
    };
    ceremony::begin(&app.db, &app.tenant, &script.secret, &ceremony, app.now()).await?;
    Ok(Json(json!({"id": ceremony.id, "options": asked})).into_response())
}

/// What the browser answers. Each question is answered once.
pub async fn finish(
    State(app): State<Arc<App>>,
    script: VisitScript<Answer>,
) -> Result<Response, PageError> {
    let now = app.now();
    let passkeys = passkeys(&app)?;
    let answer = &script.body;
    let mut connection = app.db.acquire().await?;
    let taken =
        ceremony::take(&mut connection, &app.tenant, &script.secret, answer.id, now).await?;
    drop(connection);
    let Some(Step::PasskeyAsked { state }) = taken.map(|ceremony| ceremony.step) else {
        return Err(PageError::Over);
    };
    let (account, credential) = passkeys
        .claimed(&answer.credential)
        .map_err(|_| PageError::PasskeyRefused)?;
    let Some(mut passkey) = passkey::find(&app.db, &app.tenant, account, credential).await? else {
        failed(&app, None, Amr::Pop).await?;
        return Err(PageError::PasskeyRefused);
    };
    let Ok(shown) = passkeys.shown(&answer.credential, *state, &passkey) else {
        failed(&app, Some(account), Amr::Pop).await?;
        return Err(PageError::PasskeyRefused);
    };
    let mut transaction = app.db.begin().await?;
    if !passkey::used(&mut transaction, &app.tenant, &mut passkey, &shown, now).await? {
        drop(transaction);
        failed(&app, Some(account), Amr::Pop).await?;
        return Err(PageError::PasskeyRefused);
    }
    let proven = Proven {
        amr: vec![Amr::Pop],
    };
    let acr = proven.acr();
    let entered = sign_in::complete(&app, &mut transaction, &script.shown, account, proven).await?;
    transaction.commit().await?;
    Ok(entered.to_script(&next(&app, &script.wants, account, acr).await?))
}
