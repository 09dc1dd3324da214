//! Configuration. Files are read and checked while it is parsed, so that every fault is reported at once.

use std::str::FromStr;

use access_token::SigningKey;
use alloy::primitives::Address;
use conf::Conf;
use service_kit::ServerConfig;
use url::Url;

use crate::client::registry::Registry;
use crate::directory::text;

/// Everything the service needs to know.
#[derive(Conf, Debug)]
#[conf(about = "Issues access tokens and keeps the directory of patients and organisations.")]
pub struct Config {
    /// The HTTP server.
    #[conf(flatten)]
    pub server: ServerConfig,
    /// Address of the Postgres database of this service. Only from the environment, where no process list shows it.
    #[conf(env, secret)]
    pub database_url: String,
    /// The issuer: this service's public origin, such as https://auth.example, without a path.
    #[conf(long, env)]
    pub issuer: Issuer,
    /// The audience of tokens for the directory, usually the issuer.
    #[conf(long, env)]
    pub audience: String,
    /// The custodian to whom the clients of CLIENTS_FILE belong.
    #[conf(long, env, value_parser = text::id)]
    pub tenant: String,
    /// Chain id of the consent registry, part of the domain of signed bindings.
    #[conf(long, env)]
    pub chain_id: u64,
    /// Address of the consent registry, part of the domain of signed bindings.
    #[conf(long, env, value_parser = text::address)]
    pub registry_address: Address,
    /// File with the registered clients (JSON).
    #[conf(long = "clients-file", env = "CLIENTS_FILE", value_parser = Registry::read)]
    pub clients: Registry,
    /// File with the private key that signs tokens (PKCS#8 PEM, P-256).
    #[conf(long = "signing-key-file", env = "SIGNING_KEY_FILE", value_parser = read_signing_key)]
    pub signing_key: SigningKey,
    /// Whether administrators may take over bindings that were enrolled elsewhere. For the time of a migration, and for
    /// development: whoever may import can bind a key of their own to a patient who has not bound one.
    #[conf(long, env)]
    pub directory_import: bool,
    /// Kafka brokers, host:port and separated by commas, to which events are published.
    #[conf(long, env)]
    pub kafka_brokers: String,
    /// Address of the consent-indexer, which says what is verified on chain.
    #[conf(long, env)]
    pub indexer_url: Url,
    /// Most connections to the database.
    #[conf(long, env, default_value = "16")]
    pub database_connections: u32,
}

/// An issuer identifier (RFC 8414 §2): an http or https origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issuer(pub String);

impl FromStr for Issuer {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const FAULT: &str = "not an origin such as https://auth.example (no path, query or user)";
        let url = Url::parse(text).map_err(|_| FAULT)?;
        let origin = url.origin().ascii_serialization();
        let is_origin = matches!(url.scheme(), "http" | "https")
            && (text == origin || text.strip_suffix('/') == Some(&origin));
        if is_origin {
            Ok(Self(origin))
        } else {
            Err(FAULT)
        }
    }
}

fn read_signing_key(path: &str) -> Result<SigningKey, String> {
    let pem = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot be read: {}", error.kind()))?;
    SigningKey::from_pkcs8_pem(&pem).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_an_origin_and_nothing_more() {
        for (given, kept) in [
            ("https://auth.example", "https://auth.example"),
            ("https://auth.example/", "https://auth.example"),
            ("http://127.0.0.1:7001", "http://127.0.0.1:7001"),
        ] {
            assert_eq!(given.parse::<Issuer>().unwrap().0, kept);
        }
        for refused in [
            "",
            "auth.example",
            "ftp://auth.example",
            "https://auth.example/a",
            "https://auth.example/?q",
            "https://auth.example/#f",
            "https://user@auth.example",
            "https://auth.example//",
        ] {
            assert!(refused.parse::<Issuer>().is_err(), "{refused}");
        }
    }
}
