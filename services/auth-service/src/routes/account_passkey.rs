//! `/account/passkey`: adding a passkey, and taking one away.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::enrol_passkey::Made;
use super::entrance::go_to;
use super::sign_in_passkey::{Empty, passkeys};
use crate::account::administration::end_everything;
use crate::account::{factors, passkey, store as accounts};
use crate::events::{self, Event, Kind};
use crate::pages::browser::{Member, MemberForm, MemberScript, Visit};
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::views::{self, PasskeyButton};
use crate::pages::{page, see_other};
use crate::session::ceremony::{self, Ceremony, Step};
use crate::{App, random_id};

const PATH: &str = "/account/passkey";
const MOST_NAME: usize = 64;

/// The form.
pub async fn get(
    State(app): State<Arc<App>>,
    member: Member,
    visit: Visit,
    frame: Frame,
) -> Result<Response, PageError> {
    passkeys(&app)?;
    member.fresh(&app, &visit.wants.at(PATH)).await?;
    let passkey = PasskeyButton {
        ask: "create",
        options: "/account/passkey/options",
        finish: visit.wants.at("/account/passkey/made"),
        csrf: member.secret.csrf(),
        words: &frame.words().script,
    };
    page(StatusCode::OK, &views::AddPasskey { frame, passkey })
}

/// What the browser is asked.
pub async fn options(
    State(app): State<Arc<App>>,
    script: MemberScript<Empty>,
) -> Result<Response, PageError> {
    let member = &script.member;
    member.fresh(&app, PATH).await?;
    let account = &member.session.account;
    let known = passkey::credentials(&app.db, &app.tenant, account.id).await?;
    let (asked, state) = passkeys(&app)?
        .ask_for_new(account.id, &account.login, known)
        .map_err(|_| PageError::Failed)?;
    let ceremony = Ceremony {
        id: random_id(&app.random),
        account: Some(account.id),
        step: Step::AddingPasskey {
            state: Box::new(state),
        },
    };
    ceremony::begin(&app.db, &app.tenant, &member.secret, &ceremony, app.now()).await?;
    Ok(Json(json!({"id": ceremony.id, "options": asked})).into_response())
}

/// What its owner calls it, or what it is called without a name.
fn name(made: &Made, unnamed: &str) -> String {
    let given = made.name.as_deref().unwrap_or_default().trim();
    let sane = !given.is_empty()
        && given.chars().count() <= MOST_NAME
        && !given.chars().any(char::is_control);
    if sane { given } else { unnamed }.to_owned()
}

/// What the browser made.
pub async fn made(
    State(app): State<Arc<App>>,
    visit: Visit,
    frame: Frame,
    script: MemberScript<Made>,
) -> Result<Response, PageError> {
    let member = &script.member;
    member.fresh(&app, PATH).await?;
    let (now, tenant, id) = (app.now(), &app.tenant, member.session.account.id);
    let mut transaction = app.db.begin().await?;
    accounts::lock(&mut transaction, tenant, id)
        .await?
        .ok_or(PageError::Over)?;
    let taken = ceremony::take(
        &mut transaction,
        tenant,
        &member.secret,
        script.body.id,
        now,
    )
    .await?;
    let Some(Step::AddingPasskey { state }) = taken.map(|ceremony| ceremony.step) else {
        return Err(PageError::Over);
    };
    let passkey = passkeys(&app)?
        .made(&script.body.credential, &state)
        .map_err(|_| PageError::PasskeyRefused)?;
    let key = random_id(&app.random);
    let name = name(&script.body, frame.words().passkey.unnamed);
    if !passkey::add(&mut transaction, tenant, id, key, &passkey, &name, now).await? {
        return Err(PageError::PasskeyRefused);
    }
    let event = Event::new(&app.random, tenant, Kind::AccountChanged, id, now);
    events::emit(&mut transaction, &event.with("change", "passkey")).await?;
    transaction.commit().await?;
    Ok(match &visit.wants.return_to {
        Some(_) => go_to(&visit.wants.next()),
        None => go_to("/account?done=passkey"),
    })
}

/// Takes a passkey away, unless the account could not be signed in to without it.
pub async fn remove(State(app): State<Arc<App>>, sent: MemberForm) -> Result<Response, PageError> {
    let session = &sent.member.session;
    sent.member.fresh(&app, "/account").await?;
    let key = sent
        .fields
        .get("id")?
        .parse()
        .map_err(|_| PageError::BadForm)?;
    let (now, id, tenant) = (app.now(), session.account.id, &app.tenant);
    let mut transaction = app.db.begin().await?;
    let account = accounts::lock(&mut transaction, tenant, id)
        .await?
        .ok_or(PageError::Over)?;
    let removed = passkey::remove(&mut transaction, tenant, id, key).await?;
    let left = factors::of(&mut *transaction, tenant, id).await?;
    if !left.are_enough_for(account.role.persona()) {
        return Ok(see_other("/account?done=kept"));
    }
    if removed {
        let event = Event::new(&app.random, tenant, Kind::AccountChanged, id, now);
        events::emit(&mut transaction, &event.with("change", "passkey-removed")).await?;
        end_everything(
            &mut transaction,
            &account,
            Some(session.id),
            &app.random,
            now,
        )
        .await?;
    }
    transaction.commit().await?;
    Ok(see_other("/account?done=passkey-removed"))
}
