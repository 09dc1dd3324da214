//! Every route of the gateway, and what no route may be asked with.

use std::sync::Arc;

use access_token::{Call, Challenge};
use axum::extract::{OriginalUri, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{any, get, post};
use axum::{Json, Router};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use service_kit::Problem;
use service_kit::extract::{Head, JsonBody, QueryParams};
use utoipa::{IntoParams, Modify, OpenApi, ToSchema};

use crate::evaluation::{self, EvaluationAnswer, EvaluationRequest, unauthenticated};
use crate::release::answer;
use crate::request::table;
use crate::serve::Gateway;

const FHIR: &str = "/fhir/R4";
const MAX_HEADERS: usize = 16 * 1024;
const MAX_DAYS: i64 = 366;

type App = State<Arc<Gateway>>;

/// The routes.
pub fn router(gateway: Arc<Gateway>) -> Router {
    let fhir = Router::new()
        .route("/metadata", get(metadata))
        .route("/{type}", get(search))
        .route("/{type}/{id}", get(read))
        .fallback(not_offered)
        .method_not_allowed_fallback(not_allowed);
    Router::new()
        .nest(FHIR, fhir)
        // Batches, transactions and searches over all types.
        .route("/fhir/R4/", any(not_offered))
        .route("/access/v1/evaluation", post(evaluate))
        .route("/v1/counts", get(counts))
        .route(
            "/.well-known/oauth-protected-resource",
            get(protected_resource),
        )
        .route(
            "/.well-known/authzen-configuration",
            get(authzen_configuration),
        )
        .with_state(gateway)
        .layer(middleware::from_fn(guard))
}

/// Refuses what is not a plain request before anything looks at it. Two readers of one request must not be able to
/// understand two different things.
async fn guard(request: Request, next: Next) -> Response {
    match oddity(&request) {
        None => next.run(request).await,
        Some((status, text)) => {
            metrics::counter!("gateway_garbage_total").increment(1);
            let is_fhir = request.uri().path().starts_with("/fhir");
            let mut response = if is_fhir {
                answer::refused(status, "invalid", text)
            } else {
                Problem::new(status, "odd-request", text).into_response()
            };
            // What follows on this connection may be a part of the same trick.
            response
                .headers_mut()
                .insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

fn oddity(request: &Request) -> Option<(StatusCode, &'static str)> {
    let (uri, headers) = (request.uri(), request.headers());
    let path = uri.path();
    let odd_path = path.contains("//")
        || path
            .bytes()
            .any(|byte| matches!(byte, b'%' | b';' | b'\\') || !byte.is_ascii_graphic())
        || path
            .split('/')
            .any(|segment| segment == "." || segment == "..");
    if odd_path {
        return Some((StatusCode::BAD_REQUEST, "The path is not a plain path."));
    }
    if uri.authority().is_some() && request.version() <= Version::HTTP_11 {
        return Some((
            StatusCode::BAD_REQUEST,
            "The request target must be a path.",
        ));
    }
    let size: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    if size > MAX_HEADERS {
        return Some((
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "The header fields are too long.",
        ));
    }
    let has_body = headers.contains_key(header::TRANSFER_ENCODING)
        || headers
            .get(header::CONTENT_LENGTH)
            .is_some_and(|length| length != "0");
    if has_body && matches!(*request.method(), Method::GET | Method::HEAD) {
        return Some((StatusCode::BAD_REQUEST, "A GET request takes no body."));
    }
    None
}

async fn not_offered() -> Response {
    answer::refused(
        StatusCode::NOT_FOUND,
        "not-supported",
        "This interaction is not offered. See the CapabilityStatement.",
    )
}

async fn not_allowed() -> Response {
    answer::refused(
        StatusCode::METHOD_NOT_ALLOWED,
        "not-supported",
        "Only GET is offered: nothing is written here.",
    )
}

/// What the gateway lets through.
#[utoipa::path(get, path = "/fhir/R4/metadata", tag = "fhir",
    responses((status = 200, description = "FHIR CapabilityStatement", content_type = "application/fhir+json", body = Value)))]
async fn metadata(State(gateway): App) -> Response {
    let date = gateway.clock.now().date().to_string();
    let url = format!("{}{FHIR}", gateway.public_url);
    answer::fhir(
        StatusCode::OK,
        table::capability_statement(&url, &date).to_string(),
    )
}

/// The resources of one patient. Every answer is decided under the patient's consent and put on record first.
#[utoipa::path(get, path = "/fhir/R4/{type}", tag = "fhir",
    params(
        ("type" = String, Path, description = "FHIR resource type"),
        ("patient" = String, Query, description = "The patient's id (`_id` for type Patient)"),
        ("_count" = Option<u32>, Query, description = "The most records to return, 1 to 1000"),
        ("category" = Option<String>, Query, description = "As in FHIR, where the CapabilityStatement offers it; so are code, date, status and others"),
    ),
    responses(
        (status = 200, description = "Bundle of what the consent covers; its last entry always says that records may be withheld", content_type = "application/fhir+json", body = Value),
        (status = 400, description = "Unknown parameter, modifier, prefix or value", content_type = "application/fhir+json", body = Value),
        (status = 401, description = "No valid token", content_type = "application/fhir+json", body = Value),
        (status = 403, description = "Denied; `issue[0].details.coding[0].code` names the rule", content_type = "application/fhir+json", body = Value),
        (status = 404, description = "Not offered", content_type = "application/fhir+json", body = Value),
        (status = 503, description = "Undecidable, or not recordable", content_type = "application/fhir+json", body = Value),
    ),
    security(("token" = ["provider:records.read", "system/*.rs"]), ("token" = ["provider:records.read", "user/*.rs"])))]
async fn search(
    State(gateway): App,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    fhir(gateway, &method, &uri, &headers).await
}

/// One resource. Absent and forbidden look the same.
#[utoipa::path(get, path = "/fhir/R4/{type}/{id}", tag = "fhir",
    params(("type" = String, Path, description = "FHIR resource type"), ("id" = String, Path, description = "Its id")),
    responses(
        (status = 200, description = "The resource", content_type = "application/fhir+json", body = Value),
        (status = 400, description = "Parameters, or not an id", content_type = "application/fhir+json", body = Value),
        (status = 401, description = "No valid token", content_type = "application/fhir+json", body = Value),
        (status = 403, description = "Denied or absent", content_type = "application/fhir+json", body = Value),
        (status = 404, description = "Not offered", content_type = "application/fhir+json", body = Value),
        (status = 503, description = "Undecidable, or not recordable", content_type = "application/fhir+json", body = Value),
    ),
    security(("token" = ["provider:records.read", "system/*.rs"]), ("token" = ["provider:records.read", "user/*.rs"])))]
async fn read(
    State(gateway): App,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    fhir(gateway, &method, &uri, &headers).await
}

async fn fhir(gateway: Arc<Gateway>, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
    // The router offers HEAD wherever it offers GET.
    if method != Method::GET {
        return not_allowed().await;
    }
    let path = uri.path().strip_prefix(FHIR).unwrap_or_default();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let call = Call {
        method,
        uri,
        headers,
    };
    gateway.fhir(call, &segments, uri.query()).await
}

/// A request, as its token's proof has to be about it.
fn call(head: &Head) -> Call<'_> {
    Call {
        method: &head.method,
        uri: &head.uri,
        headers: &head.headers,
    }
}

/// The decision of a read without the data (AuthZEN 1.0). A denial is `200` with `decision: false`.
#[utoipa::path(post, path = "/access/v1/evaluation", tag = "access", request_body = EvaluationRequest,
    responses(
        (status = 200, description = "The decision", body = EvaluationAnswer),
        (status = 400, description = "Not an evaluation request", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token may not ask on behalf of this organisation", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Undecidable, or not recordable", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = ["provider:records.read"]), ("token" = ["system:decision.evaluate"]), ("token" = ["admin:decision.evaluate"])))]
async fn evaluate(
    State(gateway): App,
    head: Head,
    JsonBody(request): JsonBody<EvaluationRequest>,
) -> Response {
    evaluation::evaluate(gateway, call(&head), request).await
}

/// Days to count.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct Days {
    /// First day, `YYYY-MM-DD`, UTC.
    from: String,
    /// Last day, `YYYY-MM-DD`, UTC.
    to: String,
}

/// Decisions a day.
#[derive(Debug, Serialize, ToSchema)]
struct Counts {
    /// By date, action and result.
    counts: Vec<audit_core::counts::Count>,
}

/// Decisions a day, from the journal. The audit archive answers the same path with the same totals.
#[utoipa::path(get, path = "/v1/counts", tag = "audit", params(Days),
    responses(
        (status = 200, description = "The totals", body = Counts),
        (status = 400, description = "Not a span of days", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow this", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Tokens cannot be checked right now", body = Problem, content_type = "application/problem+json"),
    ),
    security(("token" = ["system:audit.read"]), ("token" = ["admin:audit.read"])))]
async fn counts(State(gateway): App, head: Head, QueryParams(days): QueryParams<Days>) -> Response {
    let claims = match gateway
        .tokens
        .verifier
        .verify_call(call(&head), gateway.clock.now())
        .await
    {
        Ok(token) => token.claims,
        Err(error) => return unauthenticated(&gateway, error),
    };
    let allowed = ["system:audit.read", "admin:audit.read"]
        .iter()
        .any(|scope| claims.scope.allows_persona(scope));
    if !allowed || claims.tenant != gateway.tenant {
        let mut response =
            Problem::forbidden("Needs the scope system:audit.read or admin:audit.read.")
                .into_response();
        gateway.add_challenge(
            &mut response,
            Challenge::insufficient_scope("system:audit.read"),
        );
        return response;
    }
    let span = (
        audit_core::counts::parse_date(&days.from),
        audit_core::counts::parse_date(&days.to),
    );
    let (Ok(from), Ok(to)) = span else {
        return Problem::bad_request(
            "invalid-parameter",
            "`from` and `to` must be dates YYYY-MM-DD.",
        )
        .into_response();
    };
    if from > to || (to - from).whole_days() > MAX_DAYS {
        return Problem::bad_request(
            "invalid-parameter",
            "`from` to `to` must be a span of 366 days at most.",
        )
        .into_response();
    }
    Json(Counts {
        counts: gateway.journal.counts(from, to),
    })
    .into_response()
}

/// Who issues tokens for this gateway (RFC 9728).
#[utoipa::path(get, path = "/.well-known/oauth-protected-resource", tag = "metadata",
    responses((status = 200, description = "Protected resource metadata", body = Value)))]
async fn protected_resource(State(gateway): App) -> Json<Value> {
    Json(json!({
        "resource": gateway.public_url,
        "authorization_servers": [gateway.issuer],
        "scopes_supported": ["provider:records.read", "system/*.rs", "user/*.rs", "system:decision.evaluate", "system:audit.read"],
        "bearer_methods_supported": ["header"],
    }))
}

/// Where evaluations are asked (AuthZEN 1.0).
#[utoipa::path(get, path = "/.well-known/authzen-configuration", tag = "metadata",
    responses((status = 200, description = "Policy decision point metadata", body = Value)))]
async fn authzen_configuration(State(gateway): App) -> Json<Value> {
    let url = &gateway.public_url;
    Json(
        json!({"policy_decision_point": url, "access_evaluation_endpoint": format!("{url}/access/v1/evaluation")}),
    )
}

#[derive(OpenApi)]
#[openapi(
    info(title = "ehr-gateway", description = "FHIR reads under the patient's consent, and the decision alone"),
    paths(metadata, search, read, evaluate, counts, protected_resource, authzen_configuration),
    modifiers(&TokenScheme)
)]
struct Document;

struct TokenScheme;

impl Modify for TokenScheme {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let components = document.components.get_or_insert_with(Default::default);
        components.add_security_scheme("token", SecurityScheme::Http(bearer));
    }
}

/// The OpenAPI document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}
