//! The file of registered OAuth clients that auth-service reads at start.

use anyhow::Result;
use serde_json::{Value, json};

use crate::layout::{Addresses, Layout};
use crate::secrets::Secrets;

/// The URL by which a service is named in tokens.
pub fn audience(addresses: &Addresses, service: &str) -> String {
    let host = addresses.hosts.get(service).map_or(service, String::as_str);
    format!("http://{host}")
}

/// The file's content; it has no private key in it.
///
/// # Errors
/// When a client's key is broken.
pub fn registrations(layout: &Layout, secrets: &Secrets, addresses: &Addresses) -> Result<Value> {
    let clients = layout.clients.iter().map(|client| {
        let audiences: Vec<String> = client
            .audiences
            .iter()
            .map(|service| audience(addresses, service))
            .collect();
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
    clients.collect::<Result<Vec<_>>>().map(Value::Array)
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
        assert!(
            !file.to_string().contains("\"d\""),
            "a private key is in the clients file"
        );
    }
}
