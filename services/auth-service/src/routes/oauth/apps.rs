//! `/account/apps`: which apps may act for the person, and taking that back.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_kit::extract;
use time::macros::format_description;

use crate::App;
use crate::grant::{consents, words};
use crate::screen::{self, Apps, ListedApp, PageError};
use crate::session::{self, cookie};

const PATH: &str = "/account/apps";

/// The apps that may act for the person.
pub async fn list(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    listed(&app, &headers)
        .await
        .unwrap_or_else(|error| error.page(&app))
}

async fn listed(app: &App, headers: &HeaderMap) -> Result<Response, PageError> {
    let session = session::current(app, headers).await?;
    let (Some(session), Some(secret)) = (session, cookie::Secret::from_headers(headers)) else {
        return Ok(see_other("/sign-in?return_to=%2Faccount%2Fapps"));
    };
    let consents = consents::list(&app.db, &app.tenant, session.account.id).await?;
    let date = format_description!("[year]-[month]-[day]");
    let apps: Vec<_> = consents
        .into_iter()
        .map(|consent| ListedApp {
            name: consent.name.unwrap_or_else(|| consent.client_id.clone()),
            client_id: consent.client_id,
            date: consent.updated_at.format(&date).unwrap_or_default(),
            rights: words::rights(&consent.scope),
        })
        .collect();
    let csrf = screen::csrf(&secret, PATH);
    Ok(screen::respond(app, StatusCode::OK, None, |nonce| {
        let page = Apps {
            nonce,
            csrf: &csrf,
            apps: &apps,
        };
        page.render()
    }))
}

/// Takes back what the person allowed an app.
pub async fn end(State(app): State<Arc<App>>, request: Request) -> Response {
    let headers = request.headers().clone();
    match extract::body_bytes(request, &()).await {
        Ok(body) => ended(&app, &headers, &body)
            .await
            .unwrap_or_else(|error| error.page(&app)),
        Err(problem) => problem.into_response(),
    }
}

async fn ended(app: &App, headers: &HeaderMap, body: &[u8]) -> Result<Response, PageError> {
    let field = |wanted: &str| {
        let mut fields = url::form_urlencoded::parse(body);
        fields
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let (Some(csrf), Some(client_id)) = (field("csrf"), field("client_id")) else {
        return Err(PageError::Form);
    };
    let secret = cookie::Secret::from_headers(headers).ok_or(PageError::Form)?;
    if !screen::is_ours(app, headers, &secret, PATH, &csrf) {
        return Err(PageError::Form);
    }
    let session = session::current(app, headers)
        .await?
        .ok_or(PageError::Form)?;
    consents::end(app, session.account.id, &client_id, app.now()).await?;
    Ok(see_other(PATH))
}

fn see_other(path: &'static str) -> Response {
    let location = [(header::LOCATION, HeaderValue::from_static(path))];
    (StatusCode::SEE_OTHER, location).into_response()
}
