//! Acting for a patient: a mandate with a ceiling, and no consent without the chain's word.

use crate::support::{NOW, Service, TENANT, at};
use access_token::{Claims, ScopeSet};
use alloy::primitives::Address;
use auth_service::account::{Account, Role, store as accounts};
use auth_service::directory::proxies;
use axum::extract::Path;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use uuid::Uuid;

const PARENT: Uuid = Uuid::from_u128(0x7f0c_1f64_7e1b_4d3e_9a55_0d5d_2c1b_7a10);
const CHILD_SUBJECT: Address = Address::repeat_byte(0xc1);
const DELEGATE: Address = Address::repeat_byte(0xde);

/// Stands for a consent-indexer that says this of every subject's first delegate, and is down without it.
async fn indexer(row: Option<Value>) -> String {
    let answer = move |Path(_): Path<String>, headers: HeaderMap| async move {
        assert!(headers.contains_key("authorization"));
        row.map(|row| Json(json!({"delegates": [row]})))
            .ok_or(StatusCode::SERVICE_UNAVAILABLE)
    };
    let routes = Router::new().route("/v1/subjects/{address}/delegates", get(answer));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    url
}

fn delegate(status: &str, rights: &[&str]) -> Option<Value> {
    Some(json!({"delegate": DELEGATE, "status": status, "rights": rights}))
}

async fn service(row: Option<Value>) -> Service {
    let url = indexer(row).await;
    let service = Service::start_with(|setup| setup.indexer(&url)).await;
    for (id, login, role) in [
        (
            PARENT,
            "parent",
            Role::Patient {
                fhir_id: "parent-1".into(),
            },
        ),
        (Uuid::from_u128(9), "admin", Role::Admin),
    ] {
        let account = Account {
            id,
            tenant: TENANT.into(),
            login: login.into(),
            role,
            disabled: false,
            version: 0,
        };
        let mut connection = service.db.acquire().await.unwrap();
        accounts::create(&mut connection, &account, at(NOW))
            .await
            .unwrap();
    }
    service
}

fn mandate() -> Value {
    json!({
        "kind": "parent", "scope": "patient:consent.read patient:consent.write patient/*.rs",
        "delegate": DELEGATE, "validFrom": "2030-03-17T00:00:00Z", "validTo": "2035-01-01T00:00:00Z",
    })
}

async fn put(
    service: &Service,
    account: Uuid,
    fhir_id: &str,
    body: &Value,
) -> crate::support::Answer {
    let admin = service.admin().await;
    service
        .put(
            &format!("/v1/patients/{fhir_id}/proxies/{account}"),
            &admin,
            body,
        )
        .await
}

/// What a token of the parent for the child allows at most.
async fn allowed(service: &Service) -> Result<ScopeSet, String> {
    let proxy = proxies::find(&service.db, TENANT, PARENT, "child-1", at(service.time()))
        .await
        .unwrap()
        .ok_or("no mandate")?;
    proxy
        .allowed(&service.app, &[CHILD_SUBJECT])
        .await
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_delegate_who_may_grant_on_chain_may_write_consents() {
    let service = service(delegate("ACTIVE", &["REVOKE", "GRANT"])).await;
    let stored = put(&service, PARENT, "child-1", &mandate()).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    assert!(
        allowed(&service)
            .await
            .unwrap()
            .allows_persona("patient:consent.write")
    );
}

/// Attack 12.
#[tokio::test]
async fn without_the_right_to_grant_on_chain_a_proxy_writes_no_consent() {
    for row in [
        delegate("ACTIVE", &["REVOKE", "DENY"]),
        delegate("EXPIRED", &["GRANT"]),
        delegate("VOID", &["GRANT"]),
        Some(json!({"delegate": Address::repeat_byte(1), "status": "ACTIVE", "rights": ["GRANT"]})),
    ] {
        let service = service(row.clone()).await;
        put(&service, PARENT, "child-1", &mandate()).await;
        let allowed = allowed(&service).await.unwrap();
        assert!(!allowed.allows_persona("patient:consent.write"), "{row:?}");
        assert!(allowed.allows_persona("patient:consent.read"));
    }
}

#[tokio::test]
async fn without_the_chains_word_there_is_no_answer() {
    let service = service(None).await;
    put(&service, PARENT, "child-1", &mandate()).await;
    assert!(allowed(&service).await.unwrap_err().contains("not ready"));
}

#[tokio::test]
async fn a_mandate_holds_in_its_window_and_until_it_is_ended() {
    let service = service(delegate("ACTIVE", &["GRANT"])).await;
    put(&service, PARENT, "child-1", &mandate()).await;
    service.set_time(time_of("2035-01-01T00:00:00Z"));
    assert!(allowed(&service).await.is_err());
    service.set_time(NOW);
    assert!(allowed(&service).await.is_ok());
    let admin = service.admin().await;
    let path = format!("/v1/patients/child-1/proxies/{PARENT}");
    for status in [204, 404] {
        let ended = service.request(Method::DELETE, &path, &admin, None).await;
        assert_eq!(ended.status, status);
    }
    assert_eq!(allowed(&service).await.unwrap_err(), "no mandate");
}

#[tokio::test]
async fn the_tokens_of_a_mandate_end_with_it() {
    let service = service(delegate("ACTIVE", &["GRANT"])).await;
    let stored = put(&service, PARENT, "child-1", &mandate()).await;
    let id = stored.body["id"].as_str().unwrap().to_owned();
    let token = crate::support::patient_token_with("child-1", 10, |claims| {
        claims["sub"] = json!(id);
        claims["act"] = json!({"sub": PARENT});
        claims["iat"] = json!(NOW - 1);
        claims["exp"] = json!(NOW + 200);
    });
    let claims: Claims = service.app.verifier.verify(&token, at(NOW)).await.unwrap();
    let stands = async || {
        auth_service::revocation::store::stands(&service.db, &claims, at(NOW))
            .await
            .unwrap()
    };
    assert!(stands().await);
    put(&service, PARENT, "child-1", &mandate()).await;
    assert!(!stands().await, "the earlier mandate has ended");
}

#[tokio::test]
async fn unsuitable_mandates_are_refused() {
    let service = service(None).await;
    let with = |name: &str, value: Value| {
        let mut body = mandate();
        body[name] = value;
        body
    };
    let unknown = Uuid::from_u128(1);
    let admin_account = Uuid::from_u128(9);
    for (account, fhir_id, body, expected) in [
        (unknown, "child-1", mandate(), 409),
        (admin_account, "child-1", mandate(), 409),
        (PARENT, "parent-1", mandate(), 409),
        (PARENT, "child-1", with("kind", json!("uncle")), 400),
        (PARENT, "child-1", with("scope", json!("admin:*")), 400),
        (PARENT, "child-1", with("scope", json!("patient:all")), 400),
        (PARENT, "child-1", with("scope", json!("")), 400),
        (PARENT, "child-1", with("delegate", json!("0x12")), 400),
        (
            PARENT,
            "child-1",
            with("validTo", json!("2030-03-17T00:00:00Z")),
            400,
        ),
        (PARENT, "child-1", with("name", json!("Jane")), 400),
    ] {
        let answer = put(&service, account, fhir_id, &body).await;
        assert_eq!(answer.status, expected, "{body} {}", answer.body);
    }
}

fn time_of(text: &str) -> i64 {
    use time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::parse(text, &Rfc3339)
        .unwrap()
        .unix_timestamp()
}
