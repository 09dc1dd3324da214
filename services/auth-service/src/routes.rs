//! Every route of the service.

use std::sync::Arc;

use alloy::primitives::Address;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::Response;
use axum::routing::{get, post};
use service_kit::Problem;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::directory::text;
use crate::pages::error::{self, PageError};
use crate::pages::{self, assets};
use crate::token::endpoint;

pub mod access;
pub mod account;
pub mod account_app;
pub mod account_passkey;
pub mod account_password;
pub mod accounts;
pub mod bindings;
pub mod blocks;
pub mod clients;
pub mod discovery;
pub mod enrol;
pub mod enrol_passkey;
pub mod enrolments;
pub mod entrance;
pub mod grantees;
pub mod keys;
pub mod language;
pub mod oauth;
pub mod organizations;
pub mod patients;
pub mod proxies;
pub mod rebindings;
pub mod revocations;
pub mod sessions;
pub mod sign_in;
pub mod sign_in_passkey;
pub mod sign_out;
pub mod stops;
pub mod subjects;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "auth-service",
        description = "Access tokens for organisations' backends, administrators and services; the directory of patients and organisations.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    modifiers(&Bearer),
    tags(
        (name = "oauth", description = "Tokens, keys and metadata"),
        (name = "accounts", description = "People's accounts and the codes by which they get them; only the service's tenant"),
        (name = "sessions", description = "Where a person is signed in"),
        (name = "directory", description = "Patients and organisations with their signed bindings; only the token's tenant is visible"),
        (name = "patient", description = "What signed-in patients do for themselves"),
        (name = "practitioner", description = "What signed-in practitioners do for themselves"),
        (name = "administration", description = "Clients and signing keys of the tenant, for its administrators"),
        (name = "revocation", description = "What died before its time, for verifiers"),
    ),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("accessToken", SecurityScheme::Http(scheme));
        let cookie = ApiKey::Cookie(ApiKeyValue::new(crate::session::cookie::NAME));
        components.add_security_scheme("session", SecurityScheme::ApiKey(cookie));
    }
}

fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(
            oauth::authorize::authorize,
            oauth::authorize::authorize_by_form
        ))
        .routes(routes!(oauth::par::par))
        .routes(routes!(endpoint::token))
        .routes(routes!(oauth::introspect::introspect))
        .routes(routes!(oauth::revoke::revoke))
        .routes(routes!(oauth::userinfo::get, oauth::userinfo::post))
        .routes(routes!(oauth::logout::get, oauth::logout::post))
        .routes(routes!(discovery::jwks))
        .routes(routes!(discovery::metadata))
        .routes(routes!(discovery::openid_configuration))
        .routes(routes!(discovery::smart_configuration))
        .routes(routes!(enrolments::post))
        .routes(routes!(accounts::list))
        .routes(routes!(accounts::get))
        .routes(routes!(accounts::disable))
        .routes(routes!(accounts::enable))
        .routes(routes!(sessions::list))
        .routes(routes!(sessions::end))
        .routes(routes!(patients::put, patients::get))
        .routes(routes!(patients::list))
        .routes(routes!(organizations::put, organizations::get))
        .routes(routes!(organizations::list))
        .routes(routes!(bindings::post, bindings::get))
        .routes(routes!(grantees::post, grantees::get))
        .routes(routes!(grantees::end))
        .routes(routes!(stops::post, stops::get))
        .routes(routes!(stops::lift))
        .routes(routes!(blocks::get))
        .routes(routes!(blocks::put, blocks::delete))
        .routes(routes!(rebindings::post, rebindings::get))
        .routes(routes!(rebindings::list))
        .routes(routes!(proxies::put, proxies::delete))
        .routes(routes!(rebindings::confirm))
        .routes(routes!(rebindings::veto))
        .routes(routes!(clients::list))
        .routes(routes!(clients::get, clients::put, clients::disable))
        .routes(routes!(clients::enable))
        .routes(routes!(keys::list))
        .routes(routes!(keys::rotate))
        .routes(routes!(keys::compromise))
        .routes(routes!(revocations::read))
        .routes(routes!(subjects::get))
}

/// The routes; limits, error bodies and probes are added around them by `service_kit::server`.
pub fn router(app: Arc<App>) -> Router {
    let (router, _) = documented().split_for_parts();
    router
        .layer(map_response(no_store))
        .merge(pages(&app))
        .with_state(app)
}

/// What people see, not programs: it is in no OpenAPI document.
fn pages(app: &Arc<App>) -> Router<Arc<App>> {
    let limited = || from_fn_with_state(app.clone(), limit_network);
    let pages = Router::new()
        .route("/sign-in", get(sign_in::get).post(sign_in::post))
        .route(
            "/sign-in/code",
            get(sign_in::get_code).post(sign_in::post_code),
        )
        .route("/sign-in/continue", get(sign_in::go_on))
        .route("/sign-in/second-step", get(sign_in::second_step))
        .route("/sign-out", get(sign_out::get).post(sign_out::post))
        .route("/enrol", get(enrol::get).post(enrol::post))
        .route("/enrol/name", get(enrol::get_name).post(enrol::post_name))
        .route("/enrol/proof", get(enrol::get_proof))
        .route(
            "/enrol/password",
            get(enrol::get_password).post(enrol::post_password),
        )
        .route("/enrol/app", get(enrol::get_app).post(enrol::post_app))
        .route("/account", get(account::get))
        .route("/account/sessions/end", post(account::end_session))
        .route("/account/sessions/end-all", post(account::end_all))
        .route(
            "/account/password",
            get(account_password::get).post(account_password::post),
        )
        .route(
            "/account/app",
            get(account_app::get).post(account_app::post),
        )
        .route("/account/app/remove", post(account_app::remove))
        .route("/account/passkey", get(account_passkey::get))
        .route("/account/passkey/remove", post(account_passkey::remove))
        .route("/account/apps", get(oauth::apps::list))
        .route("/account/apps/end", post(oauth::apps::end))
        .route(
            "/oauth2/authorize/decision",
            post(oauth::authorize::decision),
        )
        .route("/language", post(language::post))
        .route_layer(limited())
        .layer(from_fn_with_state(app.clone(), error::as_page))
        .layer(map_response(pages::protect));
    let scripts = Router::new()
        .route("/sign-in/passkey/options", post(sign_in_passkey::options))
        .route("/sign-in/passkey", post(sign_in_passkey::finish))
        .route("/enrol/passkey/options", post(enrol_passkey::options))
        .route("/enrol/passkey", post(enrol_passkey::finish))
        .route("/account/passkey/options", post(account_passkey::options))
        .route("/account/passkey/made", post(account_passkey::made))
        .route_layer(limited())
        .layer(from_fn(error::as_problem))
        .layer(map_response(no_store));
    let assets = Router::new()
        .route("/assets/style.css", get(assets::style))
        .route("/assets/passkey.js", get(assets::passkey_script))
        .route("/assets/times.js", get(assets::times_script));
    pages.merge(scripts).merge(assets)
}

/// Every page costs us something, and some cost much.
async fn limit_network(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, PageError> {
    let network = app
        .limits
        .source
        .network(request.headers(), request.extensions());
    app.limits.page(network)?;
    Ok(next.run(request).await)
}

/// Answers about patients stay out of caches; what may be cached says so itself.
async fn no_store(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    documented().into_openapi()
}

/// The form in which addresses leave the service.
fn shown(address: &Address) -> String {
    address.to_checksum(None)
}

/// An address that a path names.
fn address_in_path(text: &str) -> Result<Address, Problem> {
    text::address(text).map_err(|fault| {
        Problem::bad_request(
            "invalid-address",
            format!("The address in the path {fault}."),
        )
    })
}

/// 400 for one member of a body. Names the member and the rule, never the value.
fn fault_in(member: &str, fault: &str) -> Problem {
    Problem::bad_request("invalid-body", format!("{member} {fault}."))
}
