//! `/account/apps`: which apps may act for the person, and taking that back.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use time::macros::format_description;

use crate::App;
use crate::grant::consents;
use crate::pages::apps::{Apps, ListedApp};
use crate::pages::browser::{Member, MemberForm};
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::rights::{Whose, rights};
use crate::pages::{page, see_other};

/// The apps.
///
/// # Errors
/// [`PageError`].
pub async fn list(
    State(app): State<Arc<App>>,
    member: Member,
    frame: Frame,
) -> Result<Response, PageError> {
    let consents = consents::list(&app.db, &app.tenant, member.session.account.id).await?;
    let date = format_description!("[year]-[month]-[day]");
    let apps = consents.into_iter().map(|consent| ListedApp {
        name: consent.name.unwrap_or_else(|| consent.client_id.clone()),
        client_id: consent.client_id,
        date: consent.updated_at.format(&date).unwrap_or_default(),
        rights: rights(
            &consent.scope,
            Whose::of(consent.for_patient.is_some()),
            frame.language,
        ),
        for_patient: consent.for_patient,
    });
    let apps = Apps {
        csrf: member.secret.csrf(),
        apps: apps.collect(),
        frame,
    };
    page(StatusCode::OK, &apps)
}

/// Takes back what the person allowed an app.
///
/// # Errors
/// [`PageError`].
pub async fn end(State(app): State<Arc<App>>, form: MemberForm) -> Result<Response, PageError> {
    let client_id = form.fields.get("client_id")?;
    let proxy = match form.fields.all("proxy").first() {
        Some(text) => Some(text.parse().map_err(|_| PageError::BadForm)?),
        None => None,
    };
    let account = form.member.session.account.id;
    consents::end(&app, account, client_id, proxy, app.now()).await?;
    Ok(see_other("/account/apps"))
}
