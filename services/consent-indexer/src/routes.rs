//! Every route of the service, and the document that describes them.

use axum::Router;
use axum::routing::get;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::query::{Shared, chain, changes, consents, grantees, policies, signatures, subjects};
use crate::row::Change;

/// The API. Probes and metrics are added by the server.
pub fn router(state: Shared) -> Router {
    let (router, _) = described();
    // The path of the first roadmap, kept for its readers.
    router
        .route("/consents", get(consents::list))
        .with_state(state)
}

fn described() -> (Router<Shared>, OpenApi) {
    let info = InfoBuilder::new()
        .title("consent-indexer")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Consents, their subjects and verified grantees as the canonical chain backs them, and policy documents by \
             their hash.",
        ))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .routes(routes!(consents::list))
        .routes(routes!(consents::get))
        .routes(routes!(subjects::get))
        .routes(routes!(subjects::delegates))
        .routes(routes!(grantees::organizations))
        .routes(routes!(grantees::organization))
        .routes(routes!(grantees::practitioners))
        .routes(routes!(grantees::practitioner))
        .routes(routes!(signatures::check))
        .routes(routes!(chain::get))
        .routes(routes!(changes::list))
        .routes(routes!(policies::put, policies::get))
        .split_for_parts()
}

/// The OpenAPI 3.1 document, committed as `docs/api/consent-indexer.json`.
pub fn openapi() -> OpenApi {
    let (_, mut document) = described();
    let components = document.components.get_or_insert_default();
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    components.add_security_scheme("token", SecurityScheme::Http(bearer));
    // The body of a consent.events.v1 record.
    let mut schemas = Vec::new();
    <Change as utoipa::ToSchema>::schemas(&mut schemas);
    components.schemas.insert(
        "Change".to_owned(),
        <Change as utoipa::PartialSchema>::schema(),
    );
    components.schemas.extend(schemas);
    document
}
