//! Every route of the service, and the document that describes them.

pub mod account;
pub mod get;
pub mod post;
mod refusal;

use std::sync::Arc;

use axum::Router;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::relay::Relay;

/// The API. Probes and metrics are added by the server.
pub fn router(relay: Arc<Relay>) -> Router {
    described().0.with_state(relay)
}

fn described() -> (Router<Arc<Relay>>, OpenApi) {
    let info = InfoBuilder::new()
        .title("consent-relay")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Takes signed intents in and brings them onto the chain, unchanged and paid by the operator.",
        ))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .routes(routes!(post::post))
        .routes(routes!(get::get))
        .routes(routes!(account::get))
        .split_for_parts()
}

/// The OpenAPI 3.1 document, committed as `docs/api/consent-relay.json`.
pub fn openapi() -> OpenApi {
    let (_, mut document) = described();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    document
}
