//! `/account/password`: a new password ends everything that the old one let in.

use std::sync::Arc;

use access_token::Persona;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::enrol::chosen_password;
use crate::App;
use crate::account::administration::end_everything;
use crate::account::{password, store as accounts};
use crate::events::{self, Event, Kind};
use crate::pages::browser::{Member, MemberForm};
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::views;
use crate::pages::{page, see_other};

const PATH: &str = "/account/password";

fn form(frame: Frame, member: &Member, notice: Option<&str>) -> views::NewPassword {
    views::NewPassword {
        frame,
        action: PATH,
        csrf: member.secret.csrf(),
        notice: notice.map(str::to_owned),
        login: member.session.account.login.clone(),
        signs_out: true,
        back: "/account",
    }
}

/// Administrators have none: a passkey is all that lets them in.
fn check_persona(member: &Member) -> Result<(), PageError> {
    if member.session.account.role.persona() == Persona::Admin {
        Err(PageError::NotEnough)
    } else {
        Ok(())
    }
}

/// The form.
pub async fn get(
    State(app): State<Arc<App>>,
    member: Member,
    frame: Frame,
) -> Result<Response, PageError> {
    check_persona(&member)?;
    member.fresh(&app, PATH).await?;
    page(StatusCode::OK, &form(frame, &member, None))
}

/// A new password.
pub async fn post(
    State(app): State<Arc<App>>,
    frame: Frame,
    sent: MemberForm,
) -> Result<Response, PageError> {
    let member = &sent.member;
    check_persona(member)?;
    member.fresh(&app, PATH).await?;
    let login = &member.session.account.login;
    let (typed, repeat) = (sent.fields.get("password")?, sent.fields.get("repeat")?);
    let words = &frame.words().new_password;
    let password = match chosen_password(typed, repeat, login, words) {
        Ok(password) => password,
        Err(notice) => {
            return page(
                StatusCode::UNPROCESSABLE_ENTITY,
                &form(frame, member, Some(notice)),
            );
        }
    };
    let hash = app.means.passwords.hash(password, &app.random).await?;
    let (now, id) = (app.now(), member.session.account.id);
    let mut transaction = app.db.begin().await?;
    let account = accounts::lock(&mut transaction, &app.tenant, id)
        .await?
        .ok_or(PageError::Over)?;
    password::put(&mut transaction, &app.tenant, id, &hash, now).await?;
    let event = Event::new(&app.random, &app.tenant, Kind::AccountChanged, id, now);
    events::emit(&mut transaction, &event.with("change", "password")).await?;
    end_everything(
        &mut transaction,
        &account,
        Some(member.session.id),
        &app.random,
        now,
    )
    .await?;
    transaction.commit().await?;
    Ok(see_other("/account?done=password"))
}
