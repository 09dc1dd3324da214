//! `.local/endpoints.json`: where everything of a running stack is, and the development keys to use it with.

use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::folders::write_private;

/// What a reader has to know before anything else.
pub const WARNING: &str = "Development keys of a stack on this machine. Worthless elsewhere; never use them for anything real.";

/// The whole file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Endpoints {
    /// [`WARNING`].
    pub warning: String,
    /// The custodian that everything works for.
    pub tenant: String,
    /// The chain.
    pub chain: Chain,
    /// URL of auth-service, which is also the issuer.
    pub auth: String,
    /// URL of consent-indexer.
    pub indexer: String,
    /// URL of ehr-gateway.
    pub gateway: String,
    /// URL of audit-pipeline.
    pub audit: String,
    /// URL of consent-relay.
    pub relay: String,
    /// Base URL of the FHIR server behind the gateway.
    pub fhir: String,
    /// URL of the database cluster, as its administrator.
    pub postgres: String,
    /// The broker, `host:port`.
    pub kafka: String,
    /// The object store.
    pub s3: S3,
    /// OAuth clients.
    pub clients: Vec<Client>,
    /// Apps that people sign in to.
    pub apps: Vec<App>,
    /// What people sign in to from a terminal.
    pub terminals: Vec<Terminal>,
    /// Id on the FHIR server of the patient to show the system on: nobody has made an account or bound a key for them.
    pub newcomer: String,
    /// The other patients, each bound to a chain address.
    pub patients: Vec<Patient>,
}

/// The development chain.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Chain {
    /// JSON-RPC URL.
    pub rpc: String,
    /// Chain id.
    pub id: u64,
    /// Address of the consent registry.
    pub registry: String,
    /// Address of the registry of organisations.
    pub hospitals: String,
    /// Address of the registry of practitioners.
    pub providers: String,
}

/// The object store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct S3 {
    /// URL, addressed path-style.
    pub endpoint: String,
    /// The audit bucket.
    pub bucket: String,
    /// Access key.
    pub access_key: String,
    /// Secret key.
    pub secret_key: String,
}

/// An OAuth client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// Client id.
    pub id: String,
    /// Private key as a JWK; an object in the file, JSON text here.
    #[serde(with = "json_text")]
    pub private_jwk: String,
    /// `provider`, `admin` or `system`.
    pub persona: String,
    /// The organisation it speaks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The organisation's chain address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The organisation's chain key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key: Option<String>,
}

/// An app that people sign in to: a public OAuth client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct App {
    /// Client id.
    pub id: String,
    /// `patient`, `provider` or `admin`.
    pub persona: String,
    /// Where it is served.
    pub url: String,
    /// Where people are sent back to with a code.
    pub redirect_uri: String,
    /// Scopes it may ask for.
    pub scopes: Vec<String>,
}

/// What people sign in to from a terminal: a public OAuth client.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terminal {
    /// Client id.
    pub id: String,
    /// `patient`, `provider` or `admin`.
    pub persona: String,
    /// Where people are sent back to with a code, at any port.
    pub redirect_uri: String,
    /// Scopes it may ask for.
    pub scopes: Vec<String>,
}

/// A patient who is bound to a chain address.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Patient {
    /// Id on the FHIR server.
    pub fhir_id: String,
    /// Chain address.
    pub subject: String,
    /// Chain key.
    pub private_key: String,
}

impl Endpoints {
    /// Reads the file of a running stack.
    ///
    /// # Errors
    /// When there is none, or it is of another form.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        serde_json::from_str(&text).with_context(|| format!("{}", path.display()))
    }

    /// Writes the file, for its owner only.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        write_private(path, &format!("{}\n", serde_json::to_string_pretty(self)?))
    }
}

/// JSON text in memory, a JSON value in the file.
mod json_text {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};
    use serde_json::Value;

    pub fn serialize<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        let value: Value = serde_json::from_str(text).map_err(ser::Error::custom)?;
        value.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
        let value = Value::deserialize(deserializer)?;
        serde_json::to_string(&value).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_is_private_carries_the_warning_and_keeps_keys_as_objects() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("endpoints.json");
        let endpoints = Endpoints {
            warning: WARNING.into(),
            tenant: "general-hospital".into(),
            chain: Chain {
                rpc: "http://127.0.0.1:7545".into(),
                id: 31_337,
                registry: "0x00".into(),
                hospitals: "0x01".into(),
                providers: "0x02".into(),
            },
            auth: String::new(),
            indexer: String::new(),
            gateway: String::new(),
            audit: String::new(),
            relay: String::new(),
            fhir: String::new(),
            postgres: String::new(),
            kafka: String::new(),
            s3: S3 {
                endpoint: String::new(),
                bucket: "b".into(),
                access_key: "a".into(),
                secret_key: "s".into(),
            },
            clients: vec![Client {
                id: "clinic-a".into(),
                private_jwk: r#"{"kty":"EC"}"#.into(),
                persona: "provider".into(),
                organization: Some("clinic-a".into()),
                address: None,
                private_key: None,
            }],
            apps: vec![App {
                id: "patient-portal".into(),
                persona: "patient".into(),
                url: String::new(),
                redirect_uri: String::new(),
                scopes: Vec::new(),
            }],
            terminals: Vec::new(),
            newcomer: "n".into(),
            patients: vec![Patient {
                fhir_id: "p".into(),
                subject: "0x01".into(),
                private_key: "0x02".into(),
            }],
        };
        endpoints.write(&path).unwrap();
        assert_eq!(
            std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let raw: serde_json::Value =
            serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(raw["warning"], WARNING);
        assert_eq!(raw["clients"][0]["privateJwk"]["kty"], "EC");
        assert_eq!(raw["patients"][0]["fhirId"], "p");
        assert_eq!(raw["apps"][0]["id"], "patient-portal");
        assert_eq!(
            Endpoints::read(&path).unwrap().clients[0].private_jwk,
            r#"{"kty":"EC"}"#
        );
    }
}
