//! `/oauth2/logout` (OpenID Connect RP-Initiated Logout): an app signs a person out.
//!
//! An app that shows an ID token names the session it means, and that one ends. Without one the person is asked: anybody
//! can make a link.

use std::sync::Arc;

use access_token::IdTokenHint;
use askama::Template;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_kit::extract;
use uuid::Uuid;

use crate::App;
use crate::client::{self, Client};
use crate::events::{self, Event};
use crate::grant::request::PageFault;
use crate::revocation::{self, Kind};
use crate::screen::{self, PageError, SignOut};
use crate::session::{self, cookie};

const CSRF_SUBJECT: &str = "logout";

/// Sign out.
#[utoipa::path(
    get,
    path = "/oauth2/logout",
    tag = "oauth",
    operation_id = "logout",
    params(
        ("id_token_hint" = Option<String>, Query, description = "An ID token of the session that is meant."),
        ("client_id" = Option<String>, Query, description = "The app, if there is no ID token."),
        ("post_logout_redirect_uri" = Option<String>, Query, description = "Where to afterwards; one of those registered, exactly."),
        ("state" = Option<String>, Query, description = "Returned as it is."),
    ),
    responses(
        (status = 200, description = "A page: signed out, or a question.", content_type = "text/html"),
        (status = 303, description = "Signed out, and back to the app."),
        (status = 400, description = "A page that says why not.", content_type = "text/html"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    RawQuery(query): RawQuery,
) -> Response {
    let wish = Wish::parse(query.unwrap_or_default().as_bytes());
    answer(&app, &headers, wish)
        .await
        .unwrap_or_else(|error| error.page(&app))
}

/// The same by form, and the answer to the question.
#[utoipa::path(
    post,
    path = "/oauth2/logout",
    tag = "oauth",
    operation_id = "logoutByForm",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A page: signed out, or a question.", content_type = "text/html"),
        (status = 303, description = "Signed out, and back to the app."),
        (status = 400, description = "A page that says why not.", content_type = "text/html"),
    ),
)]
pub async fn post(State(app): State<Arc<App>>, request: Request) -> Response {
    let headers = request.headers().clone();
    match extract::body_bytes(request, &()).await {
        Ok(body) => answer(&app, &headers, Wish::parse(&body))
            .await
            .unwrap_or_else(|error| error.page(&app)),
        Err(problem) => problem.into_response(),
    }
}

#[derive(Default)]
struct Wish {
    hint: Option<String>,
    client_id: Option<String>,
    redirect_uri: Option<String>,
    state: Option<String>,
    csrf: Option<String>,
}

impl Wish {
    fn parse(encoded: &[u8]) -> Self {
        let mut wish = Self::default();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            let field = match &*name {
                "id_token_hint" => &mut wish.hint,
                "client_id" => &mut wish.client_id,
                "post_logout_redirect_uri" => &mut wish.redirect_uri,
                "state" => &mut wish.state,
                "csrf" => &mut wish.csrf,
                _ => continue,
            };
            if !value.is_empty() {
                *field = Some(value.into_owned());
            }
        }
        wish
    }

    fn fields(&self) -> Vec<(&'static str, String)> {
        let fields = [
            ("client_id", &self.client_id),
            ("post_logout_redirect_uri", &self.redirect_uri),
            ("state", &self.state),
        ];
        fields
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.clone()?)))
            .collect()
    }
}

async fn answer(app: &App, headers: &HeaderMap, mut wish: Wish) -> Result<Response, PageError> {
    let hint = match &wish.hint {
        // One that is not ours, or says something else than the request, hints at nothing.
        Some(text) => app.verifier.read_id_token(text, app.now()).await.ok(),
        None => None,
    };
    if let Some(hint) = &hint {
        let said = wish.client_id.get_or_insert_with(|| hint.aud.clone());
        if *said != hint.aud {
            return Err(PageFault::UnknownClient.into());
        }
    }
    let client = match &wish.client_id {
        Some(id) => client::store::find(&app.db, &app.tenant, id).await?,
        None => None,
    };
    let target = target(&wish, client.as_ref())?;
    let session = session::current(app, headers).await?;
    let here = session.as_ref().map(|session| session.id);
    match (hint, session, cookie::Secret::from_headers(headers)) {
        (Some(hint), ..) => {
            end_hinted(app, &hint).await?;
            Ok(done(
                app,
                target,
                here.is_some_and(|id| id.to_string() == hint.sid),
            ))
        }
        (None, Some(session), Some(secret)) => {
            let ours = wish
                .csrf
                .as_ref()
                .is_some_and(|sent| screen::is_ours(app, headers, &secret, CSRF_SUBJECT, sent));
            if ours {
                end(app, session.account.id, session.id).await?;
                Ok(done(app, target, true))
            } else {
                Ok(ask(app, &wish, target.as_deref(), &secret))
            }
        }
        _ => Ok(done(app, target, false)),
    }
}

/// Where to afterwards: with the very text of a registered address, or nowhere.
fn target(wish: &Wish, client: Option<&Client>) -> Result<Option<String>, PageError> {
    let Some(asked) = &wish.redirect_uri else {
        return Ok(None);
    };
    let registered = client.is_some_and(|client| client.post_logout_redirect_uris.contains(asked));
    if !registered {
        return Err(PageFault::UnknownRedirect.into());
    }
    Ok(Some(match &wish.state {
        Some(state) => {
            let separator = if asked.contains('?') { '&' } else { '?' };
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("state", state);
            format!("{asked}{separator}{}", query.finish())
        }
        None => asked.clone(),
    }))
}

fn ask(app: &App, wish: &Wish, target: Option<&str>, secret: &cookie::Secret) -> Response {
    let csrf = screen::csrf(secret, CSRF_SUBJECT);
    let fields = wish.fields();
    screen::respond(app, StatusCode::OK, target, |nonce| {
        let page = SignOut {
            nonce,
            csrf: &csrf,
            fields: &fields,
        };
        page.render()
    })
}

async fn end_hinted(app: &App, hint: &IdTokenHint) -> Result<(), PageError> {
    match (Uuid::parse_str(&hint.sub), Uuid::parse_str(&hint.sid)) {
        (Ok(account), Ok(session)) => end(app, account, session).await,
        _ => Ok(()),
    }
}

/// Ends a session and all its tokens.
async fn end(app: &App, account: Uuid, session: Uuid) -> Result<(), PageError> {
    let now = app.now();
    let mut transaction = app.db.begin().await?;
    if session::store::end(&mut transaction, &app.tenant, session, now).await? {
        let kind = events::Kind::SessionEnded;
        let event = Event::new(&app.random, &app.tenant, kind, account, now);
        events::emit(&mut transaction, &event).await?;
        let id = session.to_string();
        revocation::record(&mut transaction, &app.tenant, Kind::Session, &id, now).await?;
    }
    transaction.commit().await?;
    Ok(())
}

fn done(app: &App, target: Option<String>, clear: bool) -> Response {
    let location = target.and_then(|target| HeaderValue::try_from(target).ok());
    let mut response = match location {
        Some(location) => {
            let headers = [
                (header::LOCATION, location),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        None => screen::message(app, StatusCode::OK, "Signed out", "You are signed out."),
    };
    if clear {
        response
            .headers_mut()
            .append(header::SET_COOKIE, cookie::clear());
    }
    response
}
