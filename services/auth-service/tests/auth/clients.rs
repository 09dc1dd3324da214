//! What a client can be registered as, and what it may do then.

use crate::support::{ADMIN, GATEWAY, NOW, SYSTEM, Service, at, key};
use auth_service::client::{register, registry::Registry};
use auth_service::revocation;
use serde_json::{Value, json};

fn with(mut client: Value, name: &str, to: Value) -> Value {
    client[name] = to;
    client
}

/// An application that patients sign in to.
fn app() -> Value {
    json!({
        "clientId": "patient-app", "name": "Patient App", "persona": "patient",
        "jwks": {"keys": [key(20).public()]}, "scopes": ["patient:consent.read", "patient/Observation.rs"],
        "audiences": [GATEWAY], "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": ["https://app.example/callback"], "postLogoutRedirectUris": ["https://app.example/"],
        "requireDpop": true,
    })
}

/// The same without a key of its own.
fn public_app() -> Value {
    with(
        with(app(), "tokenEndpointAuthMethod", json!("none")),
        "jwks",
        json!({"keys": []}),
    )
}

fn faults(client: Value) -> Vec<String> {
    match Registry::parse(&json!([client]).to_string()) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.0,
    }
}

#[test]
fn applications_that_people_sign_in_to_are_registered_with_or_without_a_key() {
    assert_eq!(faults(app()), Vec::<String>::new());
    assert_eq!(faults(public_app()), Vec::<String>::new());
}

#[test]
fn a_client_that_contradicts_itself_is_not_registered() {
    let both = json!(["authorization_code", "client_credentials"]);
    for (client, fault) in [
        (with(app(), "grantTypes", both), "speaks for itself"),
        (with(app(), "grantTypes", json!([])), "must have"),
        (with(app(), "grantTypes", json!(["implicit"])), "implicit"),
        (
            with(app(), "grantTypes", json!(["client_credentials"])),
            "persona patient is for clients that people sign in to",
        ),
        (
            with(app(), "persona", json!("system")),
            "persona system is for clients that speak for themselves",
        ),
        (with(app(), "redirectUris", json!([])), "needs one"),
        (
            with(
                app(),
                "redirectUris",
                json!(["http://app.example/callback"]),
            ),
            "redirectUris",
        ),
        (
            with(app(), "postLogoutRedirectUris", json!(["javascript:x"])),
            "postLogoutRedirectUris",
        ),
        (
            with(app(), "organization", json!("clinic-a")),
            "organization",
        ),
        (with(app(), "jwks", json!({"keys": []})), "there is no key"),
        (
            with(app(), "tokenEndpointAuthMethod", json!("none")),
            "a public client has no key",
        ),
        (
            with(
                app(),
                "tokenEndpointAuthMethod",
                json!("client_secret_basic"),
            ),
            "private_key_jwt or none",
        ),
        (with(app(), "name", json!("")), "name must be"),
        (
            with(app(), "scopes", json!(["admin:*"])),
            "not one of this persona",
        ),
    ] {
        let found = faults(client);
        assert!(
            found.iter().any(|found| found.contains(fault)),
            "{fault:?} is missing in {found:?}"
        );
    }
}

async fn admin(service: &Service) -> String {
    service.token(ADMIN, "admin:clients.write").await
}

/// A backend that administrators register.
fn backend(id: &str) -> Value {
    json!({
        "persona": "system", "jwks": {"keys": [key(30).public()]}, "scopes": ["system:consent.read"],
        "audiences": [GATEWAY], "clientId": id,
    })
}

const BACKEND: (&str, u8) = ("reporting", 30);
const SCOPE: [(&str, &str); 1] = [("scope", "system:consent.read")];

async fn entries(service: &Service) -> Vec<String> {
    let page = revocation::store::page(&service.db, &service.app.tenant, 0, at(service.time()));
    let entries = page.await.unwrap().revocations;
    entries.into_iter().map(|entry| entry.id).collect()
}

#[tokio::test]
async fn a_client_that_administrators_register_outlives_the_start_and_the_file_does_not_take_it() {
    let service = Service::start().await;
    let token = admin(&service).await;
    let stored = service
        .put("/v1/clients/reporting", &token, &backend("reporting"))
        .await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    assert_eq!(stored.body["origin"], "api");
    assert_eq!(service.ask(BACKEND, &SCOPE).await.status, 200);
    let unchanged = service
        .put("/v1/clients/reporting", &token, &backend(""))
        .await;
    assert_eq!(unchanged.status, 200);
    assert_eq!(entries(&service).await, Vec::<String>::new());

    let file = |clients: Value| Registry::parse(&clients.to_string()).unwrap();
    let take_over = async |registry: Registry| {
        let random = auth_service::system_random();
        register::take_over(
            &service.db,
            &service.app.tenant,
            &registry,
            &random,
            at(NOW),
        )
        .await
    };
    take_over(file(crate::support::clients())).await.unwrap();
    assert_eq!(service.ask(BACKEND, &SCOPE).await.status, 200);
    let error = take_over(file(json!([backend("reporting")])))
        .await
        .unwrap_err();
    assert!(error.to_string().contains("reporting"));
    let from_file = service
        .put(
            &format!("/v1/clients/{}", ADMIN.0),
            &token,
            &backend(ADMIN.0),
        )
        .await;
    assert_eq!(from_file.problem(), (409, "client-from-file"));
}

#[tokio::test]
async fn a_disabled_client_and_its_tokens_are_dead_until_it_is_enabled() {
    let service = Service::start().await;
    let token = admin(&service).await;
    let disabled = service
        .delete(&format!("/v1/clients/{}", SYSTEM.0), &token)
        .await;
    assert_eq!(disabled.status, 200, "{}", disabled.body);
    assert_eq!(disabled.body["status"], "disabled");
    assert_eq!(
        service.ask(SYSTEM, &SCOPE).await.error(),
        (401, "invalid_client")
    );
    assert_eq!(entries(&service).await, [SYSTEM.0]);
    let told =
        "select count(*) from outbox where kind = 'consentry.client.disabled.v1' and key = $1";
    let told: i64 = sqlx::query_scalar(told)
        .bind(SYSTEM.0)
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert_eq!(told, 1);
    // It comes from the file, and the file does not bring it back.
    let registry = Registry::parse(&crate::support::clients().to_string()).unwrap();
    let random = auth_service::system_random();
    register::take_over(
        &service.db,
        &service.app.tenant,
        &registry,
        &random,
        at(NOW),
    )
    .await
    .unwrap();
    assert_eq!(service.ask(SYSTEM, &SCOPE).await.status, 401);
    let path = format!("/v1/clients/{}/enable", SYSTEM.0);
    assert_eq!(service.act(&path, &token).await.body["status"], "enabled");
    assert_eq!(service.ask(SYSTEM, &SCOPE).await.status, 200);
}

#[tokio::test]
async fn a_changed_client_needs_new_tokens() {
    let service = Service::start().await;
    let token = admin(&service).await;
    service
        .put("/v1/clients/reporting", &token, &backend("reporting"))
        .await;
    let narrower = with(
        backend("reporting"),
        "scopes",
        json!(["system:policy.write"]),
    );
    let changed = service
        .put("/v1/clients/reporting", &token, &narrower)
        .await;
    assert_eq!(changed.status, 200);
    assert_eq!(changed.body["scopes"], json!(["system:policy.write"]));
    assert_eq!(entries(&service).await, ["reporting"]);
}

#[tokio::test]
async fn an_application_that_people_sign_in_to_does_not_speak_for_itself() {
    let service = Service::start().await;
    let token = admin(&service).await;
    let stored = service.put("/v1/clients/patient-app", &token, &app()).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    let read = service.get("/v1/clients/patient-app", &token).await.body;
    for (name, value) in app().as_object().unwrap() {
        if name != "jwks" && name != "scopes" {
            assert_eq!(read[name], *value, "{name}");
        }
    }
    let answer = service
        .ask(("patient-app", 20), &[("scope", "patient:consent.read")])
        .await;
    assert_eq!(answer.error(), (400, "unauthorized_client"));
}

#[tokio::test]
async fn clients_are_for_administrators_who_may_change_them_and_faults_are_named() {
    let service = Service::start().await;
    let token = admin(&service).await;
    let faulty = with(
        with(backend("x"), "scopes", json!([])),
        "audiences",
        json!([]),
    );
    let refused = service.put("/v1/clients/x", &token, &faulty).await;
    assert_eq!(refused.problem(), (400, "invalid-client"));
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(
        detail.contains("no scope") && detail.contains("no audience"),
        "{detail}"
    );
    let misnamed = service.put("/v1/clients/y", &token, &backend("x")).await;
    assert_eq!(misnamed.problem(), (400, "invalid-body"));
    let list = service.get("/v1/clients?limit=2", &token).await.body;
    assert_eq!(list["clients"].as_array().unwrap().len(), 2);
    assert!(list["next"].is_string());
    assert_eq!(service.get("/v1/clients/none", &token).await.status, 404);
    assert_eq!(service.delete("/v1/clients/none", &token).await.status, 404);

    let other = service.token(ADMIN, "admin:keys.write").await;
    for (token, status) in [
        (other, 403),
        (service.system().await, 403),
        ("x".into(), 401),
    ] {
        assert_eq!(service.get("/v1/clients", &token).await.status, status);
        assert_eq!(
            service
                .put("/v1/clients/x", &token, &backend("x"))
                .await
                .status,
            status
        );
        assert_eq!(service.delete("/v1/clients/x", &token).await.status, status);
    }
}
