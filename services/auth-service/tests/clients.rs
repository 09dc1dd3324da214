//! What a client can be registered as, and what it may do then.

mod support;

use auth_service::client::registry::Registry;
use serde_json::{Value, json};
use support::{GATEWAY, key};

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
