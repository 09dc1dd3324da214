//! `GET /oauth2/authorize` (RFC 6749 §3.1): an app sends a person here to be let in.
//!
//! The order is written once, in [`answer`]: what arrived → is it a good request → who is signed in and what could they
//! give → sign in, ask, answer or refuse.

use std::sync::Arc;

use access_token::{IdentityScope, ScopeSet};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use service_kit::{CorrId, extract};
use time::OffsetDateTime;
use url::Url;

use crate::App;
use crate::client::{self, Client};
use crate::directory::proxies::Proxy;
use crate::grant::authorizations::{self, Authorization};
use crate::grant::codes::{self, Bound};
use crate::grant::consents::{self, ForPatient};
use crate::grant::params::Params;
use crate::grant::pending::{self, Pending, REQUEST_URI, State as Stage};
use crate::grant::possible::Possible;
use crate::grant::refresh;
use crate::grant::request::{
    self, AuthorizationRequest, Channel, Fault, PageFault, Refusal, Target,
};
use crate::grant::secret::Secret;
use crate::grant::step::{self, Scene, Step};
use crate::pages;
use crate::pages::apps::{Ask, leading_to};
use crate::pages::browser::MemberForm;
use crate::pages::error::PageError;
use crate::pages::frame::Frame;
use crate::pages::language::Language;
use crate::pages::rights::{Whose, rights};
use crate::pages::wants::Place;
use crate::random_id;
use crate::session::{self, Session, cookie};

/// Ask a person for access.
#[utoipa::path(
    get,
    path = "/oauth2/authorize",
    tag = "oauth",
    operation_id = "authorize",
    params(
        ("client_id" = String, Query, description = "The app."),
        ("redirect_uri" = Option<String>, Query, description = "Where the answer goes; one of those registered, exactly. Only the port of a loopback address is free."),
        ("response_type" = Option<String>, Query, description = "`code`."),
        ("scope" = Option<String>, Query, description = "The scopes, separated by spaces."),
        ("state" = Option<String>, Query, description = "Returned as it is."),
        ("nonce" = Option<String>, Query, description = "Repeated in the ID token."),
        ("code_challenge" = Option<String>, Query, description = "PKCE; required."),
        ("code_challenge_method" = Option<String>, Query, description = "`S256`."),
        ("resource" = Option<String>, Query, description = "For which service (RFC 8707); without it the first that is registered."),
        ("aud" = Option<String>, Query, description = "The same in the words of SMART App Launch."),
        ("patient" = Option<String>, Query, description = "For which patient: the FHIR id, where the person is to act for another patient by a mandate (a parent, a power of attorney). Without a mandate that holds the answer is access_denied, whether there is such a patient or not. Tokens then name the mandate as `sub`, the patient as `patient` and the person as `act`."),
        ("acr_values" = Option<String>, Query, description = "How sure the sign-in has to be: `aal1` or `aal2`."),
        ("max_age" = Option<String>, Query, description = "How old the sign-in may be, in seconds."),
        ("prompt" = Option<String>, Query, description = "`none`, `login`, `select_account`, `consent`."),
        ("ui_locales" = Option<String>, Query, description = "In which languages the person is spoken to, best first, separated by spaces; those that there are not are ignored. Kept for the pages that follow, until the person picks another."),
        ("dpop_jkt" = Option<String>, Query, description = "The key that the code is bound to (RFC 9449)."),
        ("request_uri" = Option<String>, Query, description = "A request pushed before, in place of all but client_id (RFC 9126)."),
    ),
    responses(
        (status = 200, description = "A page that asks the person.", content_type = "text/html"),
        (status = 303, description = "Back to the app with `code`, `state` and `iss`, or with `error`; or to the sign-in page."),
        (status = 400, description = "A page that says why the request leads nowhere.", content_type = "text/html"),
    ),
)]
pub async fn authorize(State(app): State<Arc<App>>, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let mut frame = Frame::of(&app, request.headers(), request.uri()).at(Place::of_no_request());
    let outcome = match pages::limit(&app, &request) {
        Ok(()) => answer(&app, &mut frame, request.headers(), query.as_bytes()).await,
        Err(error) => Err(error),
    };
    pages::shown(frame, outcome).await
}

/// The same with the parameters in the body (OpenID Connect Core §3.1.2.1).
#[utoipa::path(
    post,
    path = "/oauth2/authorize",
    tag = "oauth",
    operation_id = "authorizeByForm",
    request_body(content = String, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "A page that asks the person.", content_type = "text/html"),
        (status = 303, description = "As for GET."),
        (status = 400, description = "A page that says why the request leads nowhere.", content_type = "text/html"),
    ),
)]
pub async fn authorize_by_form(State(app): State<Arc<App>>, request: Request) -> Response {
    let mut frame = Frame::of(&app, request.headers(), request.uri()).at(Place::of_no_request());
    let outcome = by_form(&app, &mut frame, request).await;
    pages::shown(frame, outcome).await
}

async fn by_form(app: &App, frame: &mut Frame, request: Request) -> Result<Response, PageError> {
    pages::limit(app, &request)?;
    let headers = request.headers().clone();
    let body = extract::body_bytes(request, &()).await;
    let body = body.map_err(|_| PageError::BadForm)?;
    answer(app, frame, &headers, &body).await
}

/// A request that has arrived, from whichever side.
struct Arrived {
    client: Client,
    params: Params,
    channel: Channel,
    asked_at: OffsetDateTime,
    /// Under what it waits already.
    waiting: Option<Secret>,
}

impl Arrived {
    /// The language that it asks for. One that waited has asked already, and the person may have picked another since.
    fn language(&self) -> Option<Language> {
        let asked = self.params.ui_locales.as_deref();
        asked
            .filter(|_| self.waiting.is_none())
            .and_then(Language::of_ui_locales)
    }
}

async fn answer(
    app: &App,
    frame: &mut Frame,
    headers: &HeaderMap,
    encoded: &[u8],
) -> Result<Response, PageError> {
    let now = app.now();
    let arrived = arrive(app, encoded, now).await?;
    if let Some(language) = arrived.language() {
        frame.switch_to(language);
    }
    let request = match request::validate(&arrived.client, &arrived.params, arrived.channel) {
        Ok(request) => request,
        Err(Refusal::Page(fault)) => return Err(fault.into()),
        Err(Refusal::Redirect(target, fault)) => return refuse(app, arrived, &target, fault).await,
    };
    let session = session::current(app, headers).await?;
    let possible = Possible::of(app, &arrived.client, &request, session.as_ref()).await?;
    let proxy = possible.proxy.as_ref();
    match decide(app, &arrived, &request, session.as_ref(), &possible, now).await? {
        Step::Refuse(fault) => refuse(app, arrived, &request.target, fault).await,
        Step::SignIn { acr, max_age } => {
            let waiting = wait(app, arrived, now).await?.0;
            let return_to = format!("/oauth2/authorize?continue={}", waiting.text());
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("return_to", &return_to);
            query.append_pair("acr", acr.as_str());
            if let Some(max_age) = max_age {
                query.append_pair("max_age", &max_age.to_string());
            }
            Ok(go(&format!("/sign-in?{}", query.finish())))
        }
        Step::Ask(scope) => {
            let secret = cookie::Secret::from_headers(headers).ok_or(PageError::Failed)?;
            let (waiting, arrived) = wait(app, arrived, now).await?;
            let client = &arrived.client;
            ask(frame, client, &request, &scope, proxy, &waiting, &secret)
        }
        Step::Answer(scope) => {
            let session = session.ok_or(PageError::Failed)?;
            let given = Possible { scope, ..possible };
            give(app, arrived, &request, &session, given, false, now).await
        }
    }
}

async fn arrive(app: &App, encoded: &[u8], now: OffsetDateTime) -> Result<Arrived, PageError> {
    const UNKNOWN: PageError = PageError::Request(PageFault::UnknownRequest);
    let going_on = url::form_urlencoded::parse(encoded).find(|(name, _)| name == "continue");
    if let Some((_, text)) = going_on {
        return resume(app, &text, now).await;
    }
    let params = Params::parse(encoded);
    let client_id = params.client_id.as_deref().unwrap_or_default();
    let client = client::store::find(&app.db, &app.tenant, client_id)
        .await?
        .ok_or(PageFault::UnknownClient)?;
    let Some(request_uri) = &params.request_uri else {
        return Ok(Arrived {
            client,
            params,
            channel: Channel::Browser,
            asked_at: now,
            waiting: None,
        });
    };
    let reference = request_uri.strip_prefix(REQUEST_URI).ok_or(UNKNOWN)?;
    let secret = Secret::parse(reference).ok_or(UNKNOWN)?;
    let mut connection = app.db.acquire().await?;
    let pushed = pending::take(&mut connection, &app.tenant, Stage::Pushed, &secret, now)
        .await?
        .filter(|pushed| pushed.client_id == client.id)
        .ok_or(UNKNOWN)?;
    Ok(Arrived {
        client,
        params: pushed.params,
        channel: Channel::Pushed,
        asked_at: now,
        waiting: None,
    })
}

/// A request that the person comes back to.
async fn resume(app: &App, text: &str, now: OffsetDateTime) -> Result<Arrived, PageError> {
    const UNKNOWN: PageError = PageError::Request(PageFault::UnknownRequest);
    let secret = Secret::parse(text).ok_or(UNKNOWN)?;
    let pending = pending::waiting(&app.db, &app.tenant, &secret, now)
        .await?
        .ok_or(UNKNOWN)?;
    let client = client::store::find(&app.db, &app.tenant, &pending.client_id)
        .await?
        .ok_or(PageFault::UnknownClient)?;
    Ok(Arrived {
        client,
        params: pending.params,
        // Whether it had to be pushed was looked at when it arrived.
        channel: Channel::Pushed,
        asked_at: pending.asked_at,
        waiting: Some(secret),
    })
}

async fn decide(
    app: &App,
    arrived: &Arrived,
    request: &AuthorizationRequest,
    session: Option<&Session>,
    possible: &Possible,
    now: OffsetDateTime,
) -> Result<Step, PageError> {
    let client = &arrived.client;
    let allowed = match session {
        Some(session) if !client.first_party => {
            let (account, proxy) = (session.account.id, &possible.proxy);
            let proxy = proxy.as_ref().map(|proxy| proxy.id);
            consents::find(&app.db, &app.tenant, account, &client.id, proxy).await?
        }
        _ => None,
    };
    let scene = Scene {
        client,
        request,
        asked_at: arrived.asked_at,
        session,
        possible: &possible.scope,
        allowed: allowed.as_ref(),
    };
    Ok(step::next(scene, now))
}

/// Keeps the request until the person comes back.
async fn wait(
    app: &App,
    mut arrived: Arrived,
    now: OffsetDateTime,
) -> Result<(Secret, Arrived), PageError> {
    if let Some(waiting) = arrived.waiting.take() {
        return Ok((waiting, arrived));
    }
    let pending = Pending {
        client_id: arrived.client.id.clone(),
        params: arrived.params.clone(),
        asked_at: arrived.asked_at,
    };
    let (db, random) = (&app.db, &app.random);
    let waiting = pending::keep(db, &app.tenant, Stage::Waiting, &pending, random, now).await?;
    Ok((waiting, arrived))
}

fn ask(
    frame: &Frame,
    client: &Client,
    request: &AuthorizationRequest,
    scope: &ScopeSet,
    proxy: Option<&Proxy>,
    waiting: &Secret,
    secret: &cookie::Secret,
) -> Result<Response, PageError> {
    let uri = &request.target.redirect_uri;
    let url = Url::parse(uri).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or(uri);
    let ask = Ask {
        frame: frame.clone().at(Place::of_waiting(&waiting.text())),
        csrf: secret.csrf(),
        waiting: waiting.text(),
        app: client.shown_name().to_owned(),
        host: host.to_owned(),
        rights: rights(scope, Whose::of(proxy.is_some()), frame.language),
        for_patient: proxy.map(ForPatient::from),
    };
    Ok(leading_to(pages::page(StatusCode::OK, &ask)?, uri))
}

/// What the person answered. Not in the OpenAPI document: only our own page sends it.
///
/// # Errors
/// [`PageError`].
pub async fn decision(
    State(app): State<Arc<App>>,
    form: MemberForm,
) -> Result<Response, PageError> {
    let (app, session) = (&*app, &form.member.session);
    let now = app.now();
    let decision = form.fields.get("decision")?;
    let arrived = resume(app, form.fields.get("continue")?, now).await?;
    let request = match request::validate(&arrived.client, &arrived.params, arrived.channel) {
        Ok(request) => request,
        Err(Refusal::Page(fault)) => return Err(fault.into()),
        Err(Refusal::Redirect(target, fault)) => return refuse(app, arrived, &target, fault).await,
    };
    let possible = Possible::of(app, &arrived.client, &request, Some(session)).await?;
    let scope = match decide(app, &arrived, &request, Some(session), &possible, now).await? {
        // Another tab may have been quicker; what is ticked here counts.
        Step::Ask(scope) | Step::Answer(scope) if !arrived.client.first_party => scope,
        Step::Refuse(fault) => return refuse(app, arrived, &request.target, fault).await,
        _ => return Err(PageError::BadForm),
    };
    let ticked = form.fields.all("scope").join(" ");
    let ticked = ScopeSet::parse(&ticked).map_err(|_| PageError::BadForm)?;
    let granted = scope.intersect(&ticked);
    let nothing = granted.rights().is_empty() && !granted.has(IdentityScope::OpenId);
    if decision != "allow" || nothing {
        let fault = Fault::new("access_denied", "the person did not allow it");
        return refuse(app, arrived, &request.target, fault).await;
    }
    let given = Possible {
        scope: granted,
        ..possible
    };
    give(app, arrived, &request, session, given, true, now).await
}

/// Gives the app its code. `asked` says whether the person was asked just now. All of it in one transaction.
async fn give(
    app: &App,
    arrived: Arrived,
    request: &AuthorizationRequest,
    session: &Session,
    given: Possible,
    asked: bool,
    now: OffsetDateTime,
) -> Result<Response, PageError> {
    let client = &arrived.client;
    let Possible { scope, proxy } = given;
    let offline = scope.has(IdentityScope::OfflineAccess);
    let persona = session.account.role.persona();
    let terms = refresh::terms(persona, offline, session.ends_at).ok_or(PageError::Failed)?;
    let authorization = Authorization {
        id: random_id(&app.random),
        client_id: client.id.clone(),
        account: session.account.id,
        proxy: proxy.map(|proxy| proxy.id),
        scope,
        audience: request.resource.clone(),
        session: session.id,
        acr: session.acr,
        amr: session.amr.clone(),
        auth_time: session.auth_time,
        account_version: session.account.version,
        offline: terms.ends_at.is_none(),
        jkt: None,
        refresh_ends_at: terms.ends_at,
        idle: terms.idle,
    };
    let mut transaction = app.db.begin().await?;
    if let Some(waiting) = &arrived.waiting {
        // Whoever answers the same question twice gets one code.
        let tenant = &app.tenant;
        pending::take(&mut transaction, tenant, Stage::Waiting, waiting, now)
            .await?
            .ok_or(PageFault::UnknownRequest)?;
    }
    authorizations::insert(&mut transaction, &app.tenant, &authorization, now).await?;
    let bound = Bound {
        client_id: &client.id,
        redirect_uri: &request.target.redirect_uri,
        challenge: &request.challenge,
        jkt: request.jkt.as_deref(),
    };
    let nonce = request.nonce.as_deref();
    let code = codes::make(
        &mut transaction,
        &app.tenant,
        authorization.id,
        bound,
        nonce,
        &app.random,
        now,
    )
    .await?;
    if asked {
        consents::allow(&mut transaction, app, &authorization, now).await?;
    }
    transaction.commit().await?;
    tracing::info!(corr_id = %CorrId::current(), client_id = client.id, asked, "code issued");
    metrics::counter!("authorization_requests_total", "outcome" => "code").increment(1);
    let parameters = [("code", code.text())];
    let parameters = parameters
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    Ok(go(&request::answer(
        &request.target,
        &app.issuer,
        &parameters,
    )))
}

/// Tells the app that nothing comes of it.
async fn refuse(
    app: &App,
    arrived: Arrived,
    target: &Target,
    fault: Fault,
) -> Result<Response, PageError> {
    if let Some(waiting) = &arrived.waiting {
        let mut connection = app.db.acquire().await?;
        pending::take(
            &mut connection,
            &app.tenant,
            Stage::Waiting,
            waiting,
            app.now(),
        )
        .await?;
    }
    tracing::info!(
        corr_id = %CorrId::current(), client_id = arrived.client.id, error = fault.code,
        "authorization request refused"
    );
    metrics::counter!("authorization_requests_total", "outcome" => fault.code).increment(1);
    let parameters = [
        ("error", fault.code),
        ("error_description", fault.description),
    ];
    Ok(go(&request::answer(target, &app.issuer, &parameters)))
}

fn go(location: &str) -> Response {
    match HeaderValue::try_from(location) {
        Ok(location) => {
            let headers = [
                (header::LOCATION, location),
                (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
                (
                    header::REFERRER_POLICY,
                    HeaderValue::from_static("no-referrer"),
                ),
            ];
            (StatusCode::SEE_OTHER, headers).into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
