//! `/sign-out`.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use crate::App;
use crate::pages::browser::{Member, MemberForm};
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::views;
use crate::pages::{page, with_cookie};
use crate::session::{cookie, sign_in};

/// The question.
pub async fn get(member: Member, frame: Frame) -> Result<Response, PageError> {
    let template = views::SignOut {
        frame,
        csrf: member.secret.csrf(),
        login: member.session.account.login,
    };
    page(StatusCode::OK, &template)
}

/// Ends the session.
pub async fn post(
    State(app): State<Arc<App>>,
    frame: Frame,
    form: MemberForm,
) -> Result<Response, PageError> {
    let session = &form.member.session;
    let mut transaction = app.db.begin().await?;
    sign_in::end(
        &app,
        &mut transaction,
        &session.account,
        session.id,
        app.now(),
    )
    .await?;
    transaction.commit().await?;
    done(frame)
}

/// Says so, and takes the cookie away.
///
/// # Errors
/// When the page cannot be rendered.
pub fn done(frame: Frame) -> Result<Response, PageError> {
    let response = page(StatusCode::OK, &views::Message::signed_out(frame))?;
    Ok(with_cookie(response, cookie::clear()))
}
