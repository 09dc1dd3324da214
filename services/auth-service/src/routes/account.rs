//! `/account`: what an account has, where it is signed in, and ending that.

use std::sync::Arc;

use access_token::Persona;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::Response;

use super::sign_out;
use crate::App;
use crate::account::{administration, factors, passkey};
use crate::pages::browser::{Member, MemberForm};
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::views::{self, Notice};
use crate::pages::{page, see_other, text};
use crate::session::{sign_in, store as sessions};

/// What was done before this page came.
fn notice(query: Option<&str>, text: &text::Account) -> Option<Notice> {
    let (words, good) = match query?.strip_prefix("done=")? {
        "password" => (text.done_password, true),
        "app" => (text.done_app, true),
        "app-removed" => (text.done_app_removed, true),
        "passkey" => (text.done_passkey, true),
        "passkey-removed" => (text.done_passkey_removed, true),
        "session" => (text.done_session, true),
        "enrolled" => (text.done_enrolled, true),
        "kept" => (text.keeps, false),
        _ => return None,
    };
    Some(Notice { text: words, good })
}

/// The page.
pub async fn get(
    State(app): State<Arc<App>>,
    member: Member,
    frame: Frame,
    uri: Uri,
) -> Result<Response, PageError> {
    let account = &member.session.account;
    let template = views::Account {
        csrf: member.secret.csrf(),
        notice: notice(uri.query(), &frame.words().account),
        login: account.login.clone(),
        factors: factors::of(&app.db, &app.tenant, account.id).await?,
        may_have_password: account.role.persona() != Persona::Admin,
        may_add_passkey: app.means.passkeys.is_some(),
        passkeys: passkey::list(&app.db, &app.tenant, account.id).await?,
        sessions: sessions::list(&app.db, account, app.now()).await?,
        session: member.session.id,
        frame,
    };
    page(StatusCode::OK, &template)
}

/// Ends one session.
pub async fn end_session(
    State(app): State<Arc<App>>,
    frame: Frame,
    form: MemberForm,
) -> Result<Response, PageError> {
    let session = &form.member.session;
    let id = form
        .fields
        .get("id")?
        .parse()
        .map_err(|_| PageError::BadForm)?;
    let mut transaction = app.db.begin().await?;
    sign_in::end(&app, &mut transaction, &session.account, id, app.now()).await?;
    transaction.commit().await?;
    if id == session.id {
        sign_out::done(frame)
    } else {
        Ok(see_other("/account?done=session"))
    }
}

/// Ends all of them, and the access of every app.
pub async fn end_all(
    State(app): State<Arc<App>>,
    frame: Frame,
    form: MemberForm,
) -> Result<Response, PageError> {
    let account = form.member.session.account.id;
    administration::sign_out_everywhere(&app.db, &app.tenant, account, &app.random, app.now())
        .await?;
    sign_out::done(frame)
}
