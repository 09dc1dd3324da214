//! Every route of the service.

use std::sync::Arc;

use alloy::primitives::Address;
use axum::Router;
use axum::http::{HeaderValue, header};
use axum::middleware::map_response;
use axum::response::Response;
use service_kit::Problem;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::App;
use crate::token::endpoint;

pub mod access;
pub mod bindings;
pub mod clients;
pub mod discovery;
pub mod keys;
pub mod organizations;
pub mod patients;
pub mod proxies;
pub mod rebindings;
pub mod revocations;
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
        (name = "directory", description = "Patients with their signed bindings, and organisations; only the token's tenant is visible"),
        (name = "patient", description = "What signed-in patients do for themselves"),
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
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("accessToken", SecurityScheme::Http(scheme));
    }
}

fn documented() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(endpoint::token))
        .routes(routes!(discovery::jwks))
        .routes(routes!(discovery::metadata))
        .routes(routes!(discovery::smart_configuration))
        .routes(routes!(patients::put, patients::get))
        .routes(routes!(patients::list))
        .routes(routes!(organizations::put, organizations::get))
        .routes(routes!(organizations::list))
        .routes(routes!(bindings::post, bindings::get))
        .routes(routes!(stops::post, stops::get))
        .routes(routes!(stops::lift))
        .routes(routes!(rebindings::post, rebindings::get))
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
    router.layer(map_response(no_store)).with_state(app)
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

/// 400 for one member of a body. Names the member and the rule, never the value.
fn fault_in(member: &str, fault: &str) -> Problem {
    Problem::bad_request("invalid-body", format!("{member} {fault}."))
}
