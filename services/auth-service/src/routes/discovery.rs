//! What clients and verifiers find out by themselves: keys and metadata.

use std::sync::Arc;

use access_token::scope;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::Problem;
use utoipa::ToSchema;

use crate::App;

/// Short, because a withdrawn key must be forgotten soon.
const CACHE: [(header::HeaderName, &str); 1] = [(header::CACHE_CONTROL, "public, max-age=60")];

/// A JSON Web Key Set (RFC 7517).
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes access_token::Jwks")]
pub struct KeySet {
    keys: Vec<Key>,
}

/// A P-256 public key.
#[derive(ToSchema)]
#[allow(dead_code, reason = "describes access_token::PublicJwk")]
pub struct Key {
    /// `EC`.
    kty: String,
    /// `P-256`.
    crv: String,
    x: String,
    y: String,
    /// The RFC 7638 thumbprint.
    kid: String,
    /// `sig`.
    r#use: String,
    /// `ES256`.
    alg: String,
}

/// The keys that sign access tokens.
#[utoipa::path(
    get,
    path = "/oauth2/jwks",
    tag = "oauth",
    operation_id = "getKeys",
    responses(
        (status = 200, description = "The keys.", body = KeySet),
        (status = 503, description = "The database has not been available for a while.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn jwks(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let keys = app.keys.shown(app.now()).await?;
    Ok((CACHE, Json(keys)).into_response())
}

/// Authorization server metadata (RFC 8414).
#[derive(Serialize, ToSchema)]
pub struct Metadata {
    issuer: String,
    token_endpoint: String,
    jwks_uri: String,
    grant_types_supported: [&'static str; 1],
    /// None: there is no authorization endpoint.
    response_types_supported: [&'static str; 0],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 1],
    scopes_supported: Vec<String>,
}

impl Metadata {
    fn of(app: &App) -> Self {
        Self {
            issuer: app.issuer.clone(),
            token_endpoint: app.token_endpoint(),
            jwks_uri: format!("{}/oauth2/jwks", app.issuer),
            grant_types_supported: ["client_credentials"],
            response_types_supported: [],
            token_endpoint_auth_methods_supported: ["private_key_jwt"],
            token_endpoint_auth_signing_alg_values_supported: ["ES256"],
            scopes_supported: scope::supported().collect(),
        }
    }
}

/// Authorization server metadata.
#[utoipa::path(
    get,
    path = "/.well-known/oauth-authorization-server",
    tag = "oauth",
    operation_id = "getMetadata",
    responses((status = 200, description = "The metadata.", body = Metadata)),
)]
pub async fn metadata(State(app): State<Arc<App>>) -> Response {
    (CACHE, Json(Metadata::of(&app))).into_response()
}

/// SMART App Launch 2.2 configuration: the metadata and what is supported of SMART.
#[derive(Serialize, ToSchema)]
pub struct SmartConfiguration {
    #[serde(flatten)]
    metadata: Metadata,
    capabilities: [&'static str; 2],
    /// None: there is no authorization endpoint.
    code_challenge_methods_supported: [&'static str; 0],
}

/// SMART configuration.
#[utoipa::path(
    get,
    path = "/.well-known/smart-configuration",
    tag = "oauth",
    operation_id = "getSmartConfiguration",
    responses((status = 200, description = "The configuration.", body = SmartConfiguration)),
)]
pub async fn smart_configuration(State(app): State<Arc<App>>) -> Response {
    let configuration = SmartConfiguration {
        metadata: Metadata::of(&app),
        capabilities: ["client-confidential-asymmetric", "permission-v2"],
        code_challenge_methods_supported: [],
    };
    (CACHE, Json(configuration)).into_response()
}
