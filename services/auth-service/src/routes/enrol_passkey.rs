//! `/enrol/passkey`: an enrolment that ends with a passkey.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use super::enrol::{DONE, NAME_TAKEN, Progress};
use super::entrance::go_to;
use super::sign_in_passkey::{Empty, passkeys};
use crate::account::enrol;
use crate::pages::browser::VisitScript;
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::session::ceremony::{self, Ceremony, Step};
use crate::{App, random_id};

/// What the browser made.
#[derive(Deserialize)]
pub struct Made {
    pub(super) id: Uuid,
    pub(super) credential: RegisterPublicKeyCredential,
    #[serde(default)]
    pub(super) name: Option<String>,
}

/// What the browser is asked.
pub async fn options(
    State(app): State<Arc<App>>,
    script: VisitScript<Empty>,
) -> Result<Response, PageError> {
    let progress = Progress::of(&app, &script.secret).await?;
    let enrolling = progress.enrolling;
    let login = enrolling.login.as_deref().ok_or(PageError::Over)?;
    let (asked, state) = passkeys(&app)?
        .ask_for_new(enrolling.account, login, Vec::new())
        .map_err(|_| PageError::Failed)?;
    let ceremony = Ceremony {
        id: random_id(&app.random),
        account: None,
        step: Step::EnrollingPasskey {
            enrolling,
            state: Box::new(state),
        },
    };
    ceremony::begin(&app.db, &app.tenant, &script.secret, &ceremony, app.now()).await?;
    Ok(Json(json!({"id": ceremony.id, "options": asked})).into_response())
}

/// What the browser made: the end of the enrolment.
pub async fn finish(
    State(app): State<Arc<App>>,
    frame: Frame,
    script: VisitScript<Made>,
) -> Result<Response, PageError> {
    let now = app.now();
    let made = &script.body;
    let progress = Progress::of(&app, &script.secret).await?;
    let mut connection = app.db.acquire().await?;
    let taken = ceremony::take(&mut connection, &app.tenant, &script.secret, made.id, now).await?;
    drop(connection);
    let Some(Step::EnrollingPasskey { enrolling, state }) = taken.map(|ceremony| ceremony.step)
    else {
        return Err(PageError::Over);
    };
    // The passkey carries the name that it was made for.
    if enrolling != progress.enrolling {
        return Err(PageError::Over);
    }
    let passkey = passkeys(&app)?
        .made(&made.credential, &state)
        .map_err(|_| PageError::PasskeyRefused)?;
    let chosen = enrol::Chosen::Passkey {
        passkey: &passkey,
        name: frame.words().enrol_proof.passkey_name,
    };
    let entered = progress
        .finish(&app, &script.shown, &script.secret, chosen)
        .await?;
    Ok(entered.map_or_else(|| go_to(NAME_TAKEN), |entered| entered.to_script(DONE)))
}
