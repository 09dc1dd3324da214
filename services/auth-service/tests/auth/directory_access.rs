//! Who may see and change the directory: by token, by scope, by tenant, page by page.

use crate::support::{
    CLINIC_A, CLINIC_A_KEY, GATEWAY, NOW, OTHER_TENANT, SYSTEM, Service, TENANT, binding,
    binding_for, clinician_token, grantee_statement, key, organization, organization_for, subject,
    token_by_hand,
};
use alloy::primitives::{Address, U256};
use axum::body::Body;
use axum::http::{Method, Request, header};
use contract_bindings::intent::BindGrantee;
use serde_json::{Value, json};

/// Routes that take a scope.
const ROUTES: [(Method, &str); 5] = [
    (Method::GET, "/v1/patients"),
    (Method::GET, "/v1/patients/pat-1"),
    (Method::PUT, "/v1/patients/pat-1"),
    (Method::PUT, "/v1/organizations/clinic-a"),
    (
        Method::GET,
        "/v1/subjects/0x00000000000000000000000000000000000000aa",
    ),
];
/// Routes that take any valid token.
const PUBLIC: [(Method, &str); 2] = [
    (Method::GET, "/v1/organizations"),
    (Method::GET, "/v1/organizations/clinic-a"),
];

async fn call(
    service: &Service,
    method: &Method,
    path: &str,
    token: &str,
) -> crate::support::Answer {
    let body = (method == Method::PUT).then(|| "{}".to_owned());
    service.request(method.clone(), path, token, body).await
}

#[tokio::test]
async fn without_a_token_every_route_answers_401_with_a_bare_challenge() {
    let service = Service::start().await;
    for (method, path) in ROUTES.into_iter().chain(PUBLIC) {
        let answer = service
            .send(
                Request::builder()
                    .method(method)
                    .uri(path)
                    .body(Body::empty())
                    .unwrap(),
            )
            .await;
        assert_eq!(answer.problem(), (401, "unauthenticated"), "{path}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert_eq!(answer.body["corrId"], answer.header("x-correlation-id"));
    }
}

#[tokio::test]
async fn a_token_of_another_persona_or_scope_is_denied() {
    let service = Service::start().await;
    let by_hand = |scope: &str, persona: &str| {
        token_by_hand(|claims| {
            claims["scope"] = json!(scope);
            claims["persona"] = json!(persona);
            if persona == "provider" {
                claims["org"] = json!("clinic-a");
            }
        })
    };
    let strangers = [
        by_hand("provider:records.read provider:consent.request", "provider"),
        by_hand("patient:consent.read patient:consent.write", "patient"),
        by_hand("system:consent.read", "system"),
        by_hand("admin:audit.read", "admin"),
        by_hand("", "admin"),
    ];
    for (method, path) in ROUTES {
        for token in &strangers {
            let answer = call(&service, &method, path, token).await;
            assert_eq!(
                answer.problem(),
                (403, "insufficient-scope"),
                "{method} {path}"
            );
            assert!(
                answer
                    .header("www-authenticate")
                    .contains("insufficient_scope")
            );
        }
        let reader = call(&service, &method, path, &service.system().await).await;
        assert_eq!(
            reader.status == 403,
            method == Method::PUT,
            "{method} {path}: system reads and never writes"
        );
        let writer = by_hand("admin:directory.write", "admin");
        assert_eq!(
            call(&service, &method, path, &writer).await.status == 403,
            method == Method::GET,
            "{method} {path}"
        );
    }
    for (method, path) in PUBLIC {
        for token in &strangers {
            let answer = call(&service, &method, path, token).await;
            assert_eq!(answer.status, 200, "{method} {path}");
        }
    }
}

/// Who asks, by the address that a request on chain names: an organisation's own, or that of a practitioner of it.
#[tokio::test]
async fn anybody_finds_the_organisation_that_an_address_belongs_to() {
    let service = Service::start().await;
    let own = said_by_dr_7(&service).await;
    let patient = token_by_hand(|claims| {
        claims["scope"] = json!("patient:consent.read");
        claims["persona"] = json!("patient");
    });
    let found = async |address: Address| {
        let path = format!("/v1/organizations?address={address}");
        let answer = service.get(&path, &patient).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let rows = answer.body["organizations"].as_array().unwrap();
        rows.iter()
            .map(|row| row["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(found(subject(CLINIC_A_KEY).address()).await, ["clinic-a"]);
    assert_eq!(found(own).await, ["clinic-a"]);
    assert_eq!(found(Address::ZERO).await, [""; 0]);
    let wrong = service.get("/v1/organizations?address=0x1", &patient).await;
    assert_eq!(wrong.status, 400, "{}", wrong.body);
}

/// Binds an address to a practitioner of clinic-a; returns it.
async fn said_by_dr_7(service: &Service) -> Address {
    let (grantee, deadline) = (subject(7).address(), NOW as u64 + 600);
    let said =
        BindGrantee::of_practitioner(TENANT, "clinic-a", "dr-7", grantee, U256::ONE, deadline);
    let body = grantee_statement(&said, &subject(7));
    let token = clinician_token("dr-7", 10, |_| {});
    let bound = service.post("/v1/grantee-bindings", &token, &body).await;
    assert_eq!(bound.status, 201, "{}", bound.body);
    grantee
}

#[tokio::test]
async fn a_token_that_is_not_ours_not_for_us_or_no_longer_good_is_refused() {
    let service = Service::start().await;
    let gateway_token = service
        .ask(
            SYSTEM,
            &[("scope", "system:directory.read"), ("resource", GATEWAY)],
        )
        .await;
    let provider_token = service
        .ask(CLINIC_A, &[("scope", "provider:records.read")])
        .await;
    let mut claims = json!({});
    let good = token_by_hand(|good| claims = good.clone());
    let bad = [
        gateway_token.body["access_token"]
            .as_str()
            .unwrap()
            .to_owned(),
        provider_token.body["access_token"]
            .as_str()
            .unwrap()
            .to_owned(),
        token_by_hand(|claims| claims["exp"] = json!(NOW)),
        token_by_hand(|claims| claims["exp"] = json!((NOW + 300).to_string())),
        token_by_hand(|claims| claims["exp"] = json!(NOW + 301)),
        token_by_hand(|claims| claims["nbf"] = json!(NOW + 60)),
        token_by_hand(|claims| claims["aud"] = json!([crate::support::ISSUER])),
        token_by_hand(|claims| claims["iss"] = json!("https://evil.example")),
        token_by_hand(|claims| claims["tenant"] = Value::Null),
        key(77).sign("at+jwt", &claims).unwrap(),
        key(crate::support::SIGNER).sign("JWT", &claims).unwrap(),
        service.assertion(crate::support::ADMIN),
        "garbage".to_owned(),
        format!("{good}x"),
    ];
    assert_eq!(service.get("/v1/patients", &good).await.status, 200);
    for (index, token) in bad.iter().enumerate() {
        for (method, path) in ROUTES {
            let answer = call(&service, &method, path, token).await;
            assert_eq!(answer.problem(), (401, "unauthenticated"), "{index} {path}");
            assert!(answer.header("www-authenticate").contains("invalid_token"));
        }
    }
    let twice = Request::get("/v1/patients")
        .header(header::AUTHORIZATION, format!("Bearer {good}"))
        .header(header::AUTHORIZATION, format!("Bearer {good}"))
        .body(Body::empty());
    assert_eq!(
        service.send(twice.unwrap()).await.problem(),
        (400, "invalid-authorization")
    );
}

#[tokio::test]
async fn authentication_comes_before_every_other_check() {
    let service = Service::start().await;
    for path in [
        "/v1/patients/a_b",
        "/v1/patients?limit=0",
        "/v1/patients?nonsense=1",
        "/v1/organizations/a%20b",
    ] {
        assert_eq!(service.get(path, "garbage").await.status, 401, "{path}");
    }
}

#[tokio::test]
async fn only_the_services_own_tenant_is_visible() {
    let service = Service::start().await;
    let other = service.beside().await;
    let (admin, theirs) = (service.admin().await, other.admin().await);
    let patient = binding("pat-1", &subject(1), 1);
    let stored = service.put("/v1/patients/pat-1", &admin, &patient).await;
    assert_eq!(stored.status, 201);
    let patient = binding_for(OTHER_TENANT, "pat-2", &subject(2), 1, NOW as u64 + 600);
    let stored = other.put("/v1/patients/pat-2", &theirs, &patient).await;
    assert_eq!(stored.status, 201);

    for token in [&theirs, &other.system().await] {
        assert_eq!(
            other.get("/v1/patients/pat-1", token).await.problem(),
            (404, "not-found")
        );
        assert_eq!(
            other
                .get("/v1/organizations/clinic-a", token)
                .await
                .problem(),
            (404, "not-found")
        );
        let patients = other.get("/v1/patients", token).await.body;
        assert_eq!(patients["patients"].as_array().unwrap().len(), 1);
        assert_eq!(patients["patients"][0]["tenant"], OTHER_TENANT);
        assert_eq!(
            other.get("/v1/organizations", token).await.body["organizations"],
            json!([])
        );
    }
    assert_eq!(service.get("/v1/patients/pat-2", &admin).await.status, 404);
    assert_eq!(
        service.get("/v1/patients", &admin).await.body["patients"][0]["tenant"],
        TENANT
    );
}

#[tokio::test]
async fn the_same_ids_in_two_tenants_are_different_rows() {
    let service = Service::start().await;
    let other = service.beside().await;
    let (admin, theirs) = (service.admin().await, other.admin().await);
    let body = organization_for(OTHER_TENANT, "clinic-a", "Theirs", &[CLINIC_A_KEY], 1);
    let stored = other
        .put("/v1/organizations/clinic-a", &theirs, &body)
        .await;
    assert_eq!(stored.status, 201);
    assert_eq!(
        service.get("/v1/organizations/clinic-a", &admin).await.body["name"],
        "clinic-a"
    );
    assert_eq!(
        other.get("/v1/organizations/clinic-a", &theirs).await.body["name"],
        "Theirs"
    );
    let patient = binding("pat-1", &subject(1), 1);
    let stored = service.put("/v1/patients/pat-1", &admin, &patient).await;
    assert_eq!(stored.status, 201);
    let patient = binding_for(OTHER_TENANT, "pat-1", &subject(2), 1, NOW as u64 + 600);
    let stored = other.put("/v1/patients/pat-1", &theirs, &patient).await;
    assert_eq!(stored.status, 201);
    let mine = service.get("/v1/patients/pat-1", &admin).await.body;
    assert_eq!(mine["bindings"].as_array().unwrap().len(), 1);
    assert_eq!(
        mine["bindings"][0]["subject"],
        subject(1).address().to_checksum(None)
    );
}

/// Walks all pages and returns the ids.
async fn walk(service: &Service, path: &str, rows: &str, id: &str, token: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = service.get(&format!("{path}?limit=2{cursor}"), token).await;
        assert_eq!(page.status, 200, "{}", page.body);
        let part = page.body[rows].as_array().unwrap();
        assert!(part.len() <= 2);
        ids.extend(part.iter().map(|row| row[id].as_str().unwrap().to_owned()));
        match page.body["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

#[tokio::test]
async fn pages_show_every_row_once_in_order() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for (n, id) in (1..).zip(["b", "B", "a", "a-1", "Z9"]) {
        let stored = service
            .put(
                &format!("/v1/patients/{id}"),
                &admin,
                &binding(id, &subject(n), 1),
            )
            .await;
        assert_eq!(stored.status, 201);
        let body = organization(id, id, &[n], 1);
        assert_eq!(
            service
                .put(&format!("/v1/organizations/{id}"), &admin, &body)
                .await
                .status,
            201
        );
    }
    assert_eq!(
        walk(&service, "/v1/patients", "patients", "fhirId", &admin).await,
        ["B", "Z9", "a", "a-1", "b"]
    );
    let organizations = walk(&service, "/v1/organizations", "organizations", "id", &admin).await;
    assert_eq!(
        organizations,
        ["B", "Z9", "a", "a-1", "b", "clinic-a", "clinic-b"]
    );
}

#[tokio::test]
async fn pages_are_cut_without_regard_to_other_tenants_rows() {
    let service = Service::start().await;
    let other = service.beside().await;
    let (admin, theirs) = (service.admin().await, other.admin().await);
    for (n, id) in (1..).zip(["a", "b", "c", "d"]) {
        let (tenant, service, token) = match n % 2 {
            1 => (TENANT, &service, &admin),
            _ => (OTHER_TENANT, &other, &theirs),
        };
        let patient = binding_for(tenant, id, &subject(n), 1, NOW as u64 + 600);
        let path = format!("/v1/patients/{id}");
        assert_eq!(service.put(&path, token, &patient).await.status, 201);
        let organization = organization_for(tenant, &format!("o-{id}"), id, &[n], 1);
        let path = format!("/v1/organizations/o-{id}");
        assert_eq!(service.put(&path, token, &organization).await.status, 201);
    }
    for (path, rows, count) in [
        ("/v1/patients", "patients", 2),
        ("/v1/organizations", "organizations", 2),
    ] {
        let page = other.get(&format!("{path}?limit={count}"), &theirs).await;
        assert_eq!(page.body[rows].as_array().unwrap().len(), count, "{path}");
        assert_eq!(page.body["next"], Value::Null, "{path}");
    }
}

#[tokio::test]
async fn wrong_and_unknown_parameters_are_refused() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for path in ["/v1/patients", "/v1/organizations"] {
        for query in [
            "limit=0",
            "limit=201",
            "limit=-1",
            "limit=x",
            "limit=1&limit=2",
            "cursor=%00",
            "cursor=!",
            "cursor=YSBi",
            "cursor=",
            "patient=1",
        ] {
            let answer = service.get(&format!("{path}?{query}"), &admin).await;
            assert_eq!(
                answer.problem(),
                (400, "invalid-parameter"),
                "{path}?{query}"
            );
        }
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_have_clear_bodies() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for path in ["/", "/v1", "/v1/patients/", "/v1/patients/a/b", "/admin"] {
        assert_eq!(
            service.get(path, &admin).await.problem(),
            (404, "not-found"),
            "{path}"
        );
    }
    let deleted = service
        .request(Method::DELETE, "/v1/patients/pat-1", &admin, None)
        .await;
    assert_eq!(deleted.problem(), (405, "method-not-allowed"));
    let form = Request::put("/v1/organizations/lab")
        .header(header::AUTHORIZATION, format!("Bearer {admin}"))
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("{}"));
    assert_eq!(
        service.send(form.unwrap()).await.problem(),
        (415, "unsupported-media-type")
    );
}

#[tokio::test]
async fn without_its_database_the_service_answers_503_and_still_publishes_its_keys_for_a_while() {
    let service = Service::start().await;
    let token = token_by_hand(|_| {});
    let assertion = service.assertion(crate::support::ADMIN);
    service.db.close().await;
    let keys = || service.send(Request::get("/oauth2/jwks").body(Body::empty()).unwrap());
    let (read, issued) = tokio::join!(
        service.get("/v1/patients/pat-1", &token),
        service.ask_with(&assertion, &[("scope", "admin:*")]),
    );
    assert_eq!(read.problem(), (503, "unavailable"));
    assert_eq!(issued.error(), (503, "temporarily_unavailable"));
    assert_eq!(
        service.get("/v1/patients/pat-1", "garbage").await.status,
        401,
        "a bad token needs no database"
    );
    service.set_time(NOW + 60);
    assert_eq!(keys().await.status, 200);
    // One of them might have been compromised meanwhile.
    service.set_time(NOW + 61);
    assert_eq!(keys().await.problem(), (503, "unavailable"));
}

#[tokio::test]
async fn a_subject_is_known_to_its_own_tenant_only_and_names_no_patient() {
    let service = Service::start().await;
    let path = format!("/v1/subjects/{}", subject(1).address());
    let system = service.system().await;
    assert_eq!(service.get(&path, &system).await.status, 404);

    let bind = binding("pat-1", &subject(1), 1);
    let admin = service.admin().await;
    let bound = service.put("/v1/patients/pat-1", &admin, &bind).await;
    assert_eq!(bound.status, 201);
    let found = service.get(&path, &system).await;
    assert_eq!(found.status, 200);
    let expected = json!({"subject": subject(1).address().to_checksum(None), "tenant": TENANT});
    assert_eq!(found.body, expected);

    let malformed = service.get("/v1/subjects/0x01", &system).await;
    assert_eq!(malformed.problem(), (400, "invalid-address"));
}
