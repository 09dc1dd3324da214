//! The file of registered OAuth clients that auth-service reads at start.

use anyhow::Result;
use serde_json::{Value, json};

use crate::layout::{Addresses, App, Layout, Terminal};
use crate::secrets::Secrets;

/// Where terminals are sent their codes; the port is theirs to choose.
pub const LOOPBACK: &str = "http://127.0.0.1/callback";

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
    let apps = layout.apps.iter().map(|one| app(one, addresses));
    let terminals = layout.terminals.iter();
    let terminals = terminals.map(|one| Ok(terminal(one, addresses)));
    clients
        .chain(apps)
        .chain(terminals)
        .collect::<Result<Vec<_>>>()
        .map(Value::Array)
}

/// An app that people sign in to.
fn app(app: &App, addresses: &Addresses) -> Result<Value> {
    let url = app.url(addresses.port_offset)?;
    let audiences = audiences(addresses, &app.audiences);
    let mut registration = of_people(&app.id, &app.name, &app.persona, &app.scopes, audiences);
    registration["redirectUris"] = json!([callback(&url)]);
    registration["postLogoutRedirectUris"] = json!([url]);
    Ok(registration)
}

/// What people sign in to from a terminal.
fn terminal(terminal: &Terminal, addresses: &Addresses) -> Value {
    let Terminal {
        id,
        name,
        persona,
        scopes,
        audiences: services,
    } = terminal;
    let mut registration = of_people(id, name, persona, scopes, audiences(addresses, services));
    registration["redirectUris"] = json!([LOOPBACK]);
    registration
}

/// What apps and terminals have in common: they are the custodian's own, and public, so that they have no key.
fn of_people(
    id: &str,
    name: &str,
    persona: &str,
    scopes: &[String],
    audiences: Vec<String>,
) -> Value {
    let mut registration = json!({
        "clientId": id,
        "name": name,
        "persona": persona,
        "firstParty": true,
        "tokenEndpointAuthMethod": "none",
        "grantTypes": ["authorization_code", "refresh_token"],
        "scopes": scopes,
        "audiences": audiences,
    });
    if persona == "provider" {
        registration["purposes"] = json!(["TREAT"]);
    }
    registration
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
