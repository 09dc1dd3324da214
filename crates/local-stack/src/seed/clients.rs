//! The file of registered OAuth clients that auth-service reads at start.

use anyhow::Result;
use serde_json::{Value, json};

use crate::layout::{Addresses, App, Layout};
use crate::secrets::Secrets;

/// The URL by which a service is named in tokens.
pub fn audience(addresses: &Addresses, service: &str) -> String {
    let host = addresses.hosts.get(service).map_or(service, String::as_str);
    format!("http://{host}")
}

/// Where an app is sent its codes.
pub fn callback(url: &str) -> String {
    format!("{url}/callback")
}

/// The file's content; it has no private key in it.
///
/// # Errors
/// When a client's key is broken.
pub fn registrations(layout: &Layout, secrets: &Secrets, addresses: &Addresses) -> Result<Value> {
    let clients = layout.clients.iter().map(|client| {
        let audiences = audiences(addresses, &client.audiences);
        let mut registration = json!({
            "clientId": client.id,
            "persona": client.persona,
            "jwks": {"keys": [secrets.public_jwk(&client.id)?]},
            "scopes": client.scopes,
            "audiences": audiences,
            "purposes": ["TREAT"],
        });
        if let Some(organization) = &client.organization {
            registration["organization"] = json!(organization);
        }
        Ok(registration)
    });
    let apps = layout.apps.iter().map(|app| registration(app, addresses));
    clients
        .chain(apps)
        .collect::<Result<Vec<_>>>()
        .map(Value::Array)
}

/// An app that people sign in to: the custodian's own, public, so that it has no key.
fn registration(app: &App, addresses: &Addresses) -> Result<Value> {
    let url = app.url(addresses.port_offset)?;
    let mut registration = json!({
        "clientId": app.id,
        "name": app.name,
        "persona": app.persona,
        "firstParty": true,
        "tokenEndpointAuthMethod": "none",
        "grantTypes": ["authorization_code", "refresh_token"],
        "redirectUris": [callback(&url)],
        "postLogoutRedirectUris": [url],
        "scopes": app.scopes,
        "audiences": audiences(addresses, &app.audiences),
    });
    if app.persona == "provider" {
        registration["purposes"] = json!(["TREAT"]);
    }
    Ok(registration)
}

fn audiences(addresses: &Addresses, services: &[String]) -> Vec<String> {
    services
        .iter()
        .map(|service| audience(addresses, service))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registrations_hold_public_keys_only_and_audiences_follow_the_ports() {
        let layout = Layout::parse(include_str!("../../../../infra/stack.toml")).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::load_or_generate(folder.path(), &layout).unwrap();
        let file =
            registrations(&layout, &secrets, &layout.native_addresses(9000).unwrap()).unwrap();
        let clinic = &file.as_array().unwrap()[0];
        assert_eq!(clinic["clientId"], "clinic-a");
        assert_eq!(clinic["audiences"][0], "http://127.0.0.1:16003");
        let portal = file.as_array().unwrap().iter();
        let portal = portal
            .clone()
            .find(|client| client["clientId"] == "patient-portal")
            .unwrap();
        assert_eq!(
            portal["redirectUris"],
            json!(["http://localhost:16010/callback"])
        );
        assert_eq!(portal["tokenEndpointAuthMethod"], "none");
        assert!(
            !file.to_string().contains("\"d\""),
            "a private key is in the clients file"
        );
    }
}
