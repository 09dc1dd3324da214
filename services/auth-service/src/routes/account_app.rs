//! `/account/app`: setting up an authenticator app, and taking it away.

use std::sync::Arc;

use access_token::Amr;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use uuid::Uuid;

use crate::account::administration::end_everything;
use crate::account::factors::{self, Factors};
use crate::account::{store as accounts, totp};
use crate::events::{self, Event, Kind};
use crate::pages::browser::{Member, MemberForm, Visit};
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::views;
use crate::pages::wants::Wants;
use crate::pages::{page, see_other};
use crate::session::ceremony::{self, Ceremony, Step};
use crate::session::{Proven, Shown, sign_in};
use crate::{App, random_id};

const PATH: &str = "/account/app";
/// How [`Step::AddingApp`] is called in the database.
const ADDING_APP: &str = "adding-app";

fn form(
    frame: Frame,
    member: &Member,
    wants: &Wants,
    secret: &totp::Secret,
    notice: Option<&str>,
) -> Result<views::AuthenticatorApp, PageError> {
    let login = &member.session.account.login;
    Ok(views::AuthenticatorApp {
        action: wants.at(PATH),
        csrf: member.secret.csrf(),
        notice: notice.map(str::to_owned),
        picture: secret
            .picture(&frame.site, login)
            .ok_or(PageError::Failed)?,
        key: secret.show(),
        back: "/account",
        frame,
    })
}

/// The secret that this browser was shown, with the step it is of.
async fn shown(
    app: &App,
    member: &Member,
) -> Result<Option<(Uuid, String, totp::Secret)>, PageError> {
    let found = ceremony::find(&app.db, &app.tenant, &member.secret, ADDING_APP, app.now()).await?;
    let Some(Ceremony {
        id,
        step: Step::AddingApp { secret: sealed },
        ..
    }) = found
    else {
        return Ok(None);
    };
    let account = member.session.account.id;
    let secret = totp::Secret::open(&*app.means.provider, &app.tenant, account, &sealed).await?;
    Ok(Some((id, sealed, secret)))
}

/// An app goes with a password; without one it would never be asked for.
async fn check_password(app: &App, member: &Member) -> Result<Factors, PageError> {
    let factors = factors::of(&app.db, &app.tenant, member.session.account.id).await?;
    if factors.password {
        Ok(factors)
    } else {
        Err(PageError::BadLink)
    }
}

/// The form, with a secret that stays the same while this browser is at it.
pub async fn get(
    State(app): State<Arc<App>>,
    member: Member,
    visit: Visit,
    frame: Frame,
) -> Result<Response, PageError> {
    check_password(&app, &member).await?;
    member.fresh(&app, &visit.wants.at(PATH)).await?;
    let secret = match shown(&app, &member).await? {
        Some((_, _, secret)) => secret,
        None => {
            let account = member.session.account.id;
            let secret = totp::Secret::generate(&app.random);
            let sealed = secret
                .seal(&*app.means.provider, &app.tenant, account)
                .await?;
            let ceremony = Ceremony {
                id: random_id(&app.random),
                account: Some(account),
                step: Step::AddingApp { secret: sealed },
            };
            ceremony::begin(&app.db, &app.tenant, &member.secret, &ceremony, app.now()).await?;
            secret
        }
    };
    page(
        StatusCode::OK,
        &form(frame, &member, &visit.wants, &secret, None)?,
    )
}

/// The first code of the app.
pub async fn post(
    State(app): State<Arc<App>>,
    visit: Visit,
    frame: Frame,
    sent: MemberForm,
) -> Result<Response, PageError> {
    let member = &sent.member;
    let factors = check_password(&app, member).await?;
    member.fresh(&app, &visit.wants.at(PATH)).await?;
    let (now, tenant) = (app.now(), &app.tenant);
    let (ceremony, sealed, secret) = shown(&app, member).await?.ok_or(PageError::Over)?;
    if !ceremony::attempt(&app.db, tenant, ceremony, now).await? {
        return Err(PageError::Over);
    }
    let Some(step) = secret.step_of(sent.fields.get("code")?, now) else {
        let notice = Some(frame.words().app.wrong);
        let again = form(frame, member, &visit.wants, &secret, notice)?;
        return page(StatusCode::UNPROCESSABLE_ENTITY, &again);
    };
    let session = &member.session;
    let id = session.account.id;
    let mut transaction = app.db.begin().await?;
    let account = accounts::lock(&mut transaction, tenant, id)
        .await?
        .ok_or(PageError::Over)?;
    let taken = ceremony::take(&mut transaction, tenant, &member.secret, ceremony, now).await?;
    if taken.is_none() {
        return Err(PageError::Over);
    }
    totp::put(&mut transaction, tenant, id, &sealed, step, now).await?;
    let event = Event::new(&app.random, tenant, Kind::AccountChanged, id, now);
    events::emit(&mut transaction, &event.with("change", "app")).await?;
    if factors.app {
        // Another app in place of one that may be lost.
        end_everything(
            &mut transaction,
            &account,
            Some(session.id),
            &app.random,
            now,
        )
        .await?;
    }
    // The password was proven just before and the code now: together they are two factors.
    let entered = if session.amr == [Amr::Pwd] {
        let proven = Proven {
            amr: vec![Amr::Pwd, Amr::Otp],
        };
        let shown = Shown {
            session: Some(session.clone()),
            device: member.device.clone(),
        };
        Some(sign_in::complete(&app, &mut transaction, &shown, id, proven).await?)
    } else {
        None
    };
    transaction.commit().await?;
    let next = match &visit.wants.return_to {
        Some(_) => visit.wants.next(),
        None => "/account?done=app".to_owned(),
    };
    Ok(entered.map_or_else(|| see_other(&next), |entered| entered.to_page(&next)))
}

/// Takes the app away, unless the account could not be signed in to without it.
pub async fn remove(State(app): State<Arc<App>>, sent: MemberForm) -> Result<Response, PageError> {
    let session = &sent.member.session;
    sent.member.fresh(&app, "/account").await?;
    let (now, id, tenant) = (app.now(), session.account.id, &app.tenant);
    let mut transaction = app.db.begin().await?;
    let account = accounts::lock(&mut transaction, tenant, id)
        .await?
        .ok_or(PageError::Over)?;
    let removed = totp::remove(&mut transaction, tenant, id).await?;
    let left = factors::of(&mut *transaction, tenant, id).await?;
    if !left.are_enough_for(account.role.persona()) {
        return Ok(see_other("/account?done=kept"));
    }
    if removed {
        let event = Event::new(&app.random, tenant, Kind::AccountChanged, id, now);
        events::emit(&mut transaction, &event.with("change", "app-removed")).await?;
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
    Ok(see_other("/account?done=app-removed"))
}
