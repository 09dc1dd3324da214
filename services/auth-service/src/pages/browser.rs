//! Who is at the other end: a visitor, or somebody signed in; and whether their form was made by us for them.

use std::sync::Arc;

use access_token::Acr;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use service_kit::extract::body_bytes;
use time::Duration;

use super::error::PageError;
use super::wants::{ReturnTo, Wants};
use crate::App;
use crate::account::factors;
use crate::limit::address::Network;
use crate::session::cookie::Secret;
use crate::session::{self, Session, Shown};

/// How fresh a proof has to be for whoever changes what they prove themselves with.
pub const FRESH: Duration = Duration::minutes(5);

/// The fields of a form, each at most once.
#[derive(Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// A field that has to be there.
    ///
    /// # Errors
    /// [`PageError::BadForm`].
    pub fn get(&self, name: &str) -> Result<&str, PageError> {
        let mut found = self.0.iter().filter(|(field, _)| field == name);
        match (found.next(), found.next()) {
            (Some((_, value)), None) => Ok(value),
            _ => Err(PageError::BadForm),
        }
    }
}

impl Fields {
    /// Every value of a field that may come several times.
    pub fn all(&self, name: &str) -> Vec<&str> {
        let found = self.0.iter().filter(|(field, _)| field == name);
        found.map(|(_, value)| value.as_str()).collect()
    }
}

/// A browser on the pages before a session.
pub struct Visit {
    /// What ties its pages together.
    pub secret: Secret,
    /// Whether it still has to be given that.
    pub is_new: bool,
    /// What it came for.
    pub wants: Wants,
    /// The session that it shows.
    pub session: Option<Session>,
}

impl FromRequestParts<Arc<App>> for Visit {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, PageError> {
        let known = Secret::of_visit(&parts.headers);
        Ok(Self {
            is_new: known.is_none(),
            secret: known.unwrap_or_else(|| Secret::generate(&app.random)),
            wants: wants(parts)?,
            session: session::current(app, &parts.headers).await?,
        })
    }
}

/// A form of the pages before a session.
pub struct VisitForm {
    /// What ties its pages together.
    pub secret: Secret,
    /// What it came for.
    pub wants: Wants,
    /// What it shows of what it has here.
    pub shown: Shown,
    /// Where it is.
    pub network: Network,
    /// What was filled in.
    pub fields: Fields,
}

impl FromRequest<Arc<App>> for VisitForm {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        let wants = wants(&parts)?;
        let secret = Secret::of_visit(&parts.headers).ok_or(PageError::NotOurForm)?;
        let fields = fields(app, &secret, &parts, body).await?;
        Ok(Self {
            wants,
            shown: Shown::by(app, &parts.headers).await?,
            network: app.limits.source.network(&parts.headers, &parts.extensions),
            secret,
            fields,
        })
    }
}

/// A form of ours that changes nothing of anybody's: no secret is needed to send it.
pub struct OwnForm {
    /// What was filled in.
    pub fields: Fields,
}

impl FromRequest<Arc<App>> for OwnForm {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        let fields = read(app, &parts, body).await?;
        Ok(Self { fields })
    }
}

/// What the passkey script sends on the pages before a session.
pub struct VisitScript<T> {
    /// What ties the pages together.
    pub secret: Secret,
    /// What the browser came for.
    pub wants: Wants,
    /// What the browser shows of what it has here.
    pub shown: Shown,
    /// What was sent.
    pub body: T,
}

impl<T: DeserializeOwned + Send> FromRequest<Arc<App>> for VisitScript<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        let wants = wants(&parts)?;
        let secret = Secret::of_visit(&parts.headers).ok_or(PageError::NotOurForm)?;
        let body = script(app, &secret, &parts, body).await?;
        let shown = Shown::by(app, &parts.headers).await?;
        Ok(Self {
            secret,
            wants,
            shown,
            body,
        })
    }
}

/// Somebody who is signed in.
pub struct Member {
    /// Their session.
    pub session: Session,
    /// What their browser holds.
    pub secret: Secret,
    /// That somebody has signed in with it.
    pub device: Option<Secret>,
}

impl FromRequestParts<Arc<App>> for Member {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, PageError> {
        let here = parts.uri.path_and_query().map(|path| path.as_str());
        let return_to = here.and_then(ReturnTo::parse);
        member(app, &parts.headers, return_to).await
    }
}

/// A form of somebody who is signed in.
pub struct MemberForm {
    /// Who.
    pub member: Member,
    /// What was filled in.
    pub fields: Fields,
}

impl FromRequest<Arc<App>> for MemberForm {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        let member = member(app, &parts.headers, None).await?;
        let fields = fields(app, &member.secret, &parts, body).await?;
        Ok(Self { member, fields })
    }
}

/// What the passkey script of somebody who is signed in sends.
pub struct MemberScript<T> {
    /// Who.
    pub member: Member,
    /// What was sent.
    pub body: T,
}

impl<T: DeserializeOwned + Send> FromRequest<Arc<App>> for MemberScript<T> {
    type Rejection = PageError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, PageError> {
        let (parts, body) = request.into_parts();
        let member = member(app, &parts.headers, None).await?;
        let body = script(app, &member.secret, &parts, body).await?;
        Ok(Self { member, body })
    }
}

impl Member {
    /// Refuses whoever did not prove who they are just now, as surely as their account can: only so may what it proves
    /// itself with be changed. They are sent to do so, and come back to `path`.
    ///
    /// # Errors
    /// [`PageError::SignIn`].
    pub async fn fresh(&self, app: &App, path: &str) -> Result<(), PageError> {
        let account = &self.session.account;
        let factors = factors::of(&app.db, &app.tenant, account.id).await?;
        let wants = Wants {
            return_to: ReturnTo::parse(path),
            acr: Some(factors.strongest()).filter(|acr| *acr > Acr::Aal1),
            max_age: Some(FRESH),
        };
        if wants.are_met_by(&self.session, app.now()) {
            Ok(())
        } else {
            Err(PageError::SignIn(wants.at("/sign-in")))
        }
    }
}

async fn member(
    app: &App,
    headers: &HeaderMap,
    return_to: Option<ReturnTo>,
) -> Result<Member, PageError> {
    let session = session::current(app, headers).await?;
    match (session, Secret::from_headers(headers)) {
        (Some(session), Some(secret)) => Ok(Member {
            session,
            secret,
            device: Secret::of_device(headers),
        }),
        _ => {
            let wants = Wants {
                return_to,
                ..Wants::default()
            };
            Err(PageError::SignIn(wants.at("/sign-in")))
        }
    }
}

fn wants(parts: &Parts) -> Result<Wants, PageError> {
    Wants::parse(parts.uri.query().unwrap_or_default()).map_err(|_| PageError::BadLink)
}

/// A form counts when the browser says that it comes from our own page, and it carries what only our pages know.
async fn fields(
    app: &Arc<App>,
    secret: &Secret,
    parts: &Parts,
    body: axum::body::Body,
) -> Result<Fields, PageError> {
    let fields = read(app, parts, body).await?;
    if fields.get("csrf").is_ok_and(|csrf| secret.made_form(csrf)) {
        Ok(fields)
    } else {
        Err(PageError::NotOurForm)
    }
}

/// What a form of our own pages holds.
async fn read(app: &Arc<App>, parts: &Parts, body: axum::body::Body) -> Result<Fields, PageError> {
    check_origin(app, &parts.headers)?;
    check_kind(&parts.headers, "application/x-www-form-urlencoded")?;
    let body = body_bytes(Request::from_parts(parts.clone(), body), app)
        .await
        .map_err(|_| PageError::BadForm)?;
    let fields = url::form_urlencoded::parse(&body);
    let fields = fields.map(|(name, value)| (name.into(), value.into()));
    Ok(Fields(fields.collect()))
}

async fn script<T: DeserializeOwned>(
    app: &Arc<App>,
    secret: &Secret,
    parts: &Parts,
    body: axum::body::Body,
) -> Result<T, PageError> {
    check_origin(app, &parts.headers)?;
    check_kind(&parts.headers, "application/json")?;
    let csrf = parts
        .headers
        .get("x-csrf")
        .and_then(|value| value.to_str().ok());
    if !csrf.is_some_and(|csrf| secret.made_form(csrf)) {
        return Err(PageError::NotOurForm);
    }
    let body = body_bytes(Request::from_parts(parts.clone(), body), app)
        .await
        .map_err(|_| PageError::BadForm)?;
    serde_json::from_slice(&body).map_err(|_| PageError::BadForm)
}

/// Whether a request that changes something comes from our own pages. Browsers say so with every POST.
///
/// # Errors
/// [`PageError::NotOurForm`].
pub fn check_origin(app: &App, headers: &HeaderMap) -> Result<(), PageError> {
    let ours = headers
        .get(header::ORIGIN)
        .is_some_and(|origin| origin.as_bytes() == app.issuer.as_bytes());
    if ours {
        Ok(())
    } else {
        Err(PageError::NotOurForm)
    }
}

fn check_kind(headers: &HeaderMap, wanted: &str) -> Result<(), PageError> {
    let kind = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case(wanted));
    if kind {
        Ok(())
    } else {
        Err(PageError::BadForm)
    }
}
