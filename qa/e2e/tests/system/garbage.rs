//! Garbage anywhere gets a 4xx with a clear body: never a 5xx, never a hang.

use anyhow::{Result, ensure};
use e2e::api::Answer;
use reqwest::Method;

use crate::world::World;

/// Who sends it.
#[derive(Clone, Copy)]
enum As {
    Nobody,
    BadToken,
    Provider,
    Ops(&'static str),
    Admin(&'static str),
}

struct Case {
    service: &'static str,
    method: Method,
    path: String,
    caller: As,
    body: Option<(&'static str, Vec<u8>)>,
    expected: &'static [u16],
}

fn case(
    service: &'static str,
    method: Method,
    path: &str,
    caller: As,
    expected: &'static [u16],
) -> Case {
    Case {
        service,
        method,
        path: path.to_owned(),
        caller,
        body: None,
        expected,
    }
}

fn json(mut case: Case, body: impl Into<Vec<u8>>) -> Case {
    case.body = Some(("application/json", body.into()));
    case
}

fn cases() -> Vec<Case> {
    use As::{Admin, BadToken, Nobody, Ops, Provider};
    let (get, post, put) = (Method::GET, Method::POST, Method::PUT);
    let huge = vec![b'a'; 2 * 1024 * 1024];
    let hash = format!("0x{}", "ab".repeat(32));
    let consents = Ops("system:consent.read");
    let directory = Admin("admin:directory.write");
    let audit = Ops("system:audit.read");
    let mut cases = vec![
        // ehr-gateway
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Observation?patient=a",
            Nobody,
            &[401],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Observation?patient=a",
            BadToken,
            &[401],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Observation",
            Provider,
            &[400],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Observation?patient=a&_include=Observation:subject",
            Provider,
            &[400, 403],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Observation?patient=a&patient=b",
            Provider,
            &[400],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Observation?patient:exact=a",
            Provider,
            &[400],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Observation?patient=%2e%2e%2fx",
            Provider,
            &[400],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Observation?patient=a&_count=minus",
            Provider,
            &[400],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Observation/..%2fPatient",
            Provider,
            &[400, 403, 404],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Nonsense?patient=a",
            Provider,
            &[400, 403, 404],
        ),
        case(
            "gateway",
            get.clone(),
            "/fhir/R4/Patient/a/$everything",
            Provider,
            &[400, 403, 404],
        ),
        case(
            "gateway",
            post.clone(),
            "/fhir/R4/Observation",
            Provider,
            &[400, 403, 405],
        ),
        json(
            case(
                "gateway",
                post.clone(),
                "/access/v1/evaluation",
                Provider,
                &[400],
            ),
            "{",
        ),
        json(
            case(
                "gateway",
                post.clone(),
                "/access/v1/evaluation",
                Provider,
                &[400],
            ),
            "{\"subject\":1}",
        ),
        json(
            case(
                "gateway",
                post.clone(),
                "/access/v1/evaluation",
                Provider,
                &[413],
            ),
            huge.clone(),
        ),
        json(
            case(
                "gateway",
                post.clone(),
                "/access/v1/evaluation",
                Nobody,
                &[400, 401],
            ),
            "{}",
        ),
        case(
            "gateway",
            get.clone(),
            "/v1/counts?from=yesterday&to=today",
            audit,
            &[400],
        ),
        case("gateway", get.clone(), "/nowhere", Nobody, &[404]),
        // consent-indexer
        case(
            "indexer",
            get.clone(),
            "/v1/consents?patient=0x00",
            consents,
            &[400],
        ),
        case("indexer", get.clone(), "/v1/consents", consents, &[400]),
        case(
            "indexer",
            get.clone(),
            "/v1/consents?patient=0x1111111111111111111111111111111111111111&colour=red",
            consents,
            &[400],
        ),
        case(
            "indexer",
            get.clone(),
            "/v1/consents?patient=0x1111111111111111111111111111111111111111",
            Nobody,
            &[401],
        ),
        case(
            "indexer",
            get.clone(),
            "/v1/consents?patient=0x1111111111111111111111111111111111111111",
            BadToken,
            &[401],
        ),
        case(
            "indexer",
            get.clone(),
            "/v1/consents/not-a-hash",
            consents,
            &[400, 404],
        ),
        json(
            case(
                "indexer",
                put.clone(),
                &format!("/v1/policies/{hash}"),
                Ops("system:policy.write"),
                &[400, 409, 422],
            ),
            "{}",
        ),
        json(
            case(
                "indexer",
                put.clone(),
                &format!("/v1/policies/{hash}"),
                Ops("system:policy.write"),
                &[413],
            ),
            huge.clone(),
        ),
        json(
            case(
                "indexer",
                put.clone(),
                &format!("/v1/policies/{hash}"),
                Nobody,
                &[401],
            ),
            "{}",
        ),
        case(
            "indexer",
            Method::DELETE,
            &format!("/v1/policies/{hash}"),
            consents,
            &[404, 405],
        ),
        // audit-pipeline
        case(
            "audit",
            get.clone(),
            "/v1/counts?from=2026-99-99&to=2026-01-01",
            audit,
            &[400],
        ),
        case(
            "audit",
            get.clone(),
            "/v1/counts?from=2026-01-01&to=2026-01-02&colour=red",
            audit,
            &[400],
        ),
        case(
            "audit",
            get.clone(),
            "/v1/counts?from=2026-01-01&to=2026-01-02",
            Nobody,
            &[401],
        ),
        case("audit", get.clone(), "/v1/accesses", audit, &[400]),
        case(
            "audit",
            get.clone(),
            "/v1/accesses?patient=a",
            BadToken,
            &[401],
        ),
        // consent-relay
        json(
            case("relay", post.clone(), "/v1/intents", Nobody, &[400]),
            "{",
        ),
        json(
            case("relay", post.clone(), "/v1/intents", BadToken, &[400]),
            r#"{"action":"Expire","intent":{},"proof":{"signer":"0x","signature":"0x00"}}"#,
        ),
        json(
            case("relay", post.clone(), "/v1/intents", Nobody, &[413]),
            huge.clone(),
        ),
        case("relay", post.clone(), "/v1/intents", Nobody, &[415]),
        case(
            "relay",
            get.clone(),
            &format!("/v1/intents/{hash}"),
            Nobody,
            &[404],
        ),
        case("relay", get.clone(), "/v1/intents/a", Nobody, &[400]),
        // auth-service
        case("auth", get.clone(), "/oauth2/token", Nobody, &[405]),
        json(
            case(
                "auth",
                post.clone(),
                "/oauth2/token",
                Nobody,
                &[400, 401, 415],
            ),
            "{}",
        ),
        json(
            case("auth", put.clone(), "/v1/patients/a", directory, &[400]),
            "{",
        ),
        json(
            case("auth", put.clone(), "/v1/patients/a", directory, &[413]),
            huge,
        ),
        json(
            case("auth", put.clone(), "/v1/patients/a", Nobody, &[401]),
            "{}",
        ),
        json(
            case("auth", put, "/v1/organizations/a", Provider, &[401, 403]),
            "{}",
        ),
        case("auth", get, "/v1/patients/a", BadToken, &[401]),
    ];
    let mut form = case("auth", post, "/oauth2/token", Nobody, &[400]);
    form.body = Some((
        "application/x-www-form-urlencoded",
        b"grant_type=password&username=a".to_vec(),
    ));
    cases.push(form);
    cases
}

pub async fn garbage_is_answered_with_a_clear_refusal(world: &World) -> Result<()> {
    let mut wrong = Vec::new();
    for case in cases() {
        let answer = send(world, &case).await?;
        let clear = answer.json().is_object();
        if !case.expected.contains(&answer.status) || !clear {
            wrong.push(format!(
                "{} {} {}: HTTP {} (expected {:?}){}",
                case.service,
                case.method,
                case.path,
                answer.status,
                case.expected,
                if clear { "" } else { ", no JSON body" }
            ));
        }
    }
    ensure!(wrong.is_empty(), "{}", wrong.join("\n"));
    Ok(())
}

async fn send(world: &World, case: &Case) -> Result<Answer> {
    let endpoints = world.api.endpoints();
    let base = match case.service {
        "gateway" => &endpoints.gateway,
        "indexer" => &endpoints.indexer,
        "audit" => &endpoints.audit,
        "relay" => &endpoints.relay,
        _ => &endpoints.auth,
    };
    let mut request = world
        .api
        .http()
        .request(case.method.clone(), format!("{base}{}", case.path));
    request = match case.caller {
        As::Nobody => request,
        As::BadToken => request.bearer_auth("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."),
        As::Provider => request.bearer_auth(world.provider(0).await?.token),
        As::Ops(scope) => request.bearer_auth(world.ops(base, scope).await?),
        As::Admin(scope) => {
            request.bearer_auth(world.api.token("admin-tool", base, scope).await?.0)
        }
    };
    if let Some((kind, body)) = &case.body {
        request = request.header("content-type", *kind).body(body.clone());
    }
    world.api.send(request).await
}
