//! What clients and verifiers find out by themselves: keys and metadata.

use std::sync::Arc;

use access_token::{Acr, scope};
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::Problem;
use utoipa::ToSchema;

use crate::App;
use crate::client::{AuthMethod, GrantType};
use crate::pages::language::Language;

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

/// What there is to know about this issuer: RFC 8414, OpenID Connect Discovery, and the base of the SMART configuration.
#[derive(Serialize, ToSchema)]
pub struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    pushed_authorization_request_endpoint: String,
    token_endpoint: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    userinfo_endpoint: String,
    end_session_endpoint: String,
    jwks_uri: String,
    scopes_supported: Vec<String>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 4],
    token_endpoint_auth_methods_supported: [&'static str; 2],
    token_endpoint_auth_signing_alg_values_supported: [&'static str; 1],
    introspection_endpoint_auth_methods_supported: [&'static str; 1],
    introspection_endpoint_auth_signing_alg_values_supported: [&'static str; 1],
    revocation_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint_auth_signing_alg_values_supported: [&'static str; 1],
    code_challenge_methods_supported: [&'static str; 1],
    dpop_signing_alg_values_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    acr_values_supported: [&'static str; 2],
    prompt_values_supported: [&'static str; 4],
    subject_types_supported: [&'static str; 1],
    id_token_signing_alg_values_supported: [&'static str; 1],
    claims_supported: [&'static str; 8],
    ui_locales_supported: [&'static str; 3],
    claims_parameter_supported: bool,
    request_parameter_supported: bool,
    request_uri_parameter_supported: bool,
}

/// Of whoever signs anything here.
const ALGORITHMS: [&str; 1] = ["ES256"];
const METHODS: [&str; 2] = [
    AuthMethod::PrivateKeyJwt.as_str(),
    AuthMethod::None.as_str(),
];

impl Metadata {
    fn of(app: &App) -> Self {
        Self {
            issuer: app.issuer.clone(),
            authorization_endpoint: app.endpoint("/oauth2/authorize"),
            pushed_authorization_request_endpoint: app.endpoint("/oauth2/par"),
            token_endpoint: app.token_endpoint(),
            introspection_endpoint: app.endpoint("/oauth2/introspect"),
            revocation_endpoint: app.endpoint("/oauth2/revoke"),
            userinfo_endpoint: app.endpoint("/oauth2/userinfo"),
            end_session_endpoint: app.endpoint("/oauth2/logout"),
            jwks_uri: app.endpoint("/oauth2/jwks"),
            scopes_supported: scope::supported().collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: GrantType::ALL.map(GrantType::as_str),
            token_endpoint_auth_methods_supported: METHODS,
            token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            introspection_endpoint_auth_methods_supported: [AuthMethod::PrivateKeyJwt.as_str()],
            introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            revocation_endpoint_auth_methods_supported: METHODS,
            revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
            code_challenge_methods_supported: ["S256"],
            dpop_signing_alg_values_supported: ALGORITHMS,
            authorization_response_iss_parameter_supported: true,
            acr_values_supported: [Acr::Aal1.as_str(), Acr::Aal2.as_str()],
            prompt_values_supported: ["none", "login", "select_account", "consent"],
            subject_types_supported: ["public"],
            id_token_signing_alg_values_supported: ALGORITHMS,
            claims_supported: [
                "iss",
                "sub",
                "auth_time",
                "nonce",
                "acr",
                "amr",
                "sid",
                "fhirUser",
            ],
            ui_locales_supported: Language::TAGS,
            claims_parameter_supported: false,
            request_parameter_supported: false,
            // Only references to pushed requests (RFC 9126 §5), never addresses.
            request_uri_parameter_supported: false,
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

/// The same for OpenID Connect.
#[utoipa::path(
    get,
    path = "/.well-known/openid-configuration",
    tag = "oauth",
    operation_id = "getOpenIdConfiguration",
    responses((status = 200, description = "The metadata.", body = Metadata)),
)]
pub async fn openid_configuration(State(app): State<Arc<App>>) -> Response {
    (CACHE, Json(Metadata::of(&app))).into_response()
}

/// SMART App Launch 2.2 configuration: the metadata and what is supported of SMART.
#[derive(Serialize, ToSchema)]
pub struct SmartConfiguration {
    #[serde(flatten)]
    metadata: Metadata,
    /// Only what is true: an app starts by itself, never from within an EHR.
    capabilities: [&'static str; 10],
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
        capabilities: [
            "launch-standalone",
            "client-public",
            "client-confidential-asymmetric",
            "sso-openid-connect",
            "context-standalone-patient",
            "permission-offline",
            "permission-online",
            "permission-patient",
            "permission-user",
            "permission-v2",
        ],
    };
    (CACHE, Json(configuration)).into_response()
}
