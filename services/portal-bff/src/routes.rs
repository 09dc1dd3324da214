//! Every route of the service, and the document that describes them.

mod api;
pub mod assets;
mod callback;
pub mod deployment;
mod end;
mod headers;
mod me;
mod refusal;
mod start;

use std::sync::Arc;

use axum::Router;
use axum::middleware;
use axum::routing::any;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::portal::Portal;

/// The API and the application. Probes and metrics are added by the server.
pub fn router(portal: Arc<Portal>) -> Router {
    let secure = portal.origin.starts_with("https:");
    let assets = portal.assets.router();
    described()
        .0
        .route("/api/{*path}", any(api::forward))
        .with_state(portal)
        .merge(assets)
        .layer(middleware::from_fn_with_state(secure, headers::harden))
}

fn described() -> (Router<Arc<Portal>>, OpenApi) {
    let info = InfoBuilder::new()
        .title("portal-bff")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Serves one application to browsers and keeps its users' tokens. Calls below /api/ go to the services with \
             the person's token, as far as the application needs them; each carries X-CSRF-Token.",
        ))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .routes(routes!(deployment::get))
        .routes(routes!(me::get))
        .routes(routes!(start::start))
        .routes(routes!(callback::callback))
        .routes(routes!(end::end))
        .split_for_parts()
}

/// The OpenAPI 3.1 document, committed as `docs/api/portal-bff.json`.
pub fn openapi() -> OpenApi {
    described().1
}
