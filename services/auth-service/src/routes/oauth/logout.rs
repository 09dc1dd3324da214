//! `/oauth2/logout` (OpenID Connect RP-Initiated Logout): an app signs a person out.
//!
//! An app that shows an ID token names the session it means, and that one ends. Without one the person is asked: anybody
//! can make a link.

use std::sync::Arc;

use access_token::IdTokenHint;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_kit::extract;
use uuid::Uuid;

use crate::App;
use crate::account::{Account, store as accounts};
use crate::client::{self, Client};
use crate::directory::proxies;
use crate::grant::request::PageFault;
use crate::pages;
use crate::pages::apps::{AppSignOut, leading_to};
use crate::pages::browser;
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::views::Message;
use crate::pages::wants::Place;
use crate::session::{self, Session, cookie, sign_in};

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
pub async fn get(State(app): State<Arc<App>>, request: Request) -> Response {
    let wish = Wish::parse(request.uri().query().unwrap_or_default().as_bytes());
    let frame = Frame::of(&app, request.headers(), request.uri());
    let outcome = match pages::limit(&app, &request) {
        Ok(()) => answer(&app, &frame, request.headers(), wish).await,
        Err(error) => Err(error),
    };
    pages::shown(frame, outcome).await
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
    let frame = Frame::of(&app, request.headers(), request.uri());
    let outcome = by_form(&app, &frame, request).await;
    pages::shown(frame, outcome).await
}

async fn by_form(app: &App, frame: &Frame, request: Request) -> Result<Response, PageError> {
    pages::limit(app, &request)?;
    let headers = request.headers().clone();
    let body = extract::body_bytes(request, &()).await;
    let wish = Wish::parse(&body.map_err(|_| PageError::BadForm)?);
    answer(app, frame, &headers, wish).await
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

async fn answer(
    app: &App,
    frame: &Frame,
    headers: &HeaderMap,
    mut wish: Wish,
) -> Result<Response, PageError> {
    let hint = match &wish.hint {
        // One that is not ours, or says something else than the request, hints at nothing.
        Some(text) => {
            app.keys.refresh(app.now()).await.ok();
            app.verifier.read_id_token(text, app.now()).await.ok()
        }
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
            let is_this_one = here.is_some_and(|id| id.to_string() == hint.sid);
            done(frame, target, is_this_one)
        }
        (None, Some(session), Some(secret)) => {
            let sent = wish.csrf.as_deref().unwrap_or_default();
            if secret.made_form(sent) && browser::check_origin(app, headers).is_ok() {
                end(app, &session.account, session.id).await?;
                done(frame, target, true)
            } else {
                ask(frame, &wish, session, target.as_deref(), &secret)
            }
        }
        _ => done(frame, target, false),
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

fn ask(
    frame: &Frame,
    wish: &Wish,
    session: Session,
    target: Option<&str>,
    secret: &cookie::Secret,
) -> Result<Response, PageError> {
    let fields = wish.fields();
    let question = AppSignOut {
        frame: frame.clone().at(Place::of_logout(&fields)),
        csrf: secret.csrf(),
        login: session.account.login,
        fields,
    };
    let response = pages::page(StatusCode::OK, &question)?;
    Ok(match target {
        Some(target) => leading_to(response, target),
        None => response,
    })
}

async fn end_hinted(app: &App, hint: &IdTokenHint) -> Result<(), PageError> {
    let (Ok(id), Ok(session)) = (Uuid::parse_str(&hint.sub), Uuid::parse_str(&hint.sid)) else {
        return Ok(());
    };
    // What a proxy's app got names the mandate.
    let proxy = proxies::account_of(&app.db, &app.tenant, id).await?;
    match accounts::find(&app.db, &app.tenant, proxy.unwrap_or(id)).await? {
        Some(account) => end(app, &account, session).await,
        None => Ok(()),
    }
}

/// Ends a session and all its tokens.
async fn end(app: &App, account: &Account, session: Uuid) -> Result<(), PageError> {
    let mut transaction = app.db.begin().await?;
    sign_in::end(app, &mut transaction, account, session, app.now()).await?;
    transaction.commit().await?;
    Ok(())
}

fn done(frame: &Frame, target: Option<String>, clear: bool) -> Result<Response, PageError> {
    let location = target.and_then(|target| HeaderValue::try_from(target).ok());
    let response = match location {
        Some(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        None => pages::page(StatusCode::OK, &Message::signed_out(frame.clone()))?,
    };
    Ok(if clear {
        pages::with_cookie(response, cookie::clear())
    } else {
        response
    })
}
