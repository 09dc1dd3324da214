//! Configuration. Files are read and checked while it is parsed, so that every fault is reported at once.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use alloy::primitives::Address;
use axum::http::HeaderName;
use conf::Conf;
use service_kit::ServerConfig;
use time::Duration;
use url::Url;
use zeroize::Zeroizing;

use crate::account::enrolment::Lifetimes;
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
    /// Audiences that are our own services, separated by commas: only tokens for them name a patient's addresses on chain.
    #[conf(long, env, default_value = "")]
    pub internal_audiences: Audiences,
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
    /// Whether administrators may take over bindings that were enrolled elsewhere. For the time of a migration, and for
    /// development: whoever may import can bind a key of their own to a patient who has not bound one.
    #[conf(long, env)]
    pub directory_import: bool,
    /// File with the key under which secrets in the database are sealed (64 hex digits).
    #[conf(long = "key-encryption-key-file", env = "KEY_ENCRYPTION_KEY_FILE", value_parser = KeyEncryptionKey::read)]
    pub key_encryption_key: KeyEncryptionKey,
    /// Hours for which a key signs before another takes its place.
    #[conf(long, env, default_value = "720")]
    pub signing_key_hours: u32,
    /// Kafka brokers, host:port and separated by commas, to which events are published.
    #[conf(long, env)]
    pub kafka_brokers: String,
    /// What the sign-in pages call the custodian; without it TENANT.
    #[conf(long, env, value_parser = site_name)]
    pub display_name: Option<String>,
    /// Header in which the proxy before this service writes the client's address, such as X-Forwarded-For; its last entry
    /// counts. Without it the address is that of the connection.
    #[conf(long, env)]
    pub client_address_header: Option<HeaderName>,
    /// Requests for pages that one network (an IPv4 address, an IPv6 /64) may send in a minute.
    #[conf(long, env, default_value = "600")]
    pub page_requests_per_minute: NonZeroU32,
    /// Requests that one client may send to the token endpoint in a second.
    #[conf(long, env, default_value = "1000")]
    pub client_requests_per_second: NonZeroU32,
    /// Passwords checked at the same time; each takes a core and 19 MiB for a while.
    #[conf(long, env, default_value = "1")]
    pub password_checks: usize,
    /// How long enrolment codes are good for.
    #[conf(flatten)]
    pub enrolment: EnrolmentHours,
    /// Enrolment codes that the backends of one organisation may make in an hour.
    #[conf(long, env, default_value = "100")]
    pub organization_enrolments_per_hour: i64,
    /// Address of the consent-indexer, which says what is verified on chain.
    #[conf(long, env)]
    pub indexer_url: Url,
    /// Most connections to the database.
    #[conf(long, env, default_value = "16")]
    pub database_connections: u32,
}

/// How long enrolment codes are good for: the same for the service and for the command that makes them.
#[derive(Conf, Debug)]
pub struct EnrolmentHours {
    /// Hours for which a patient's enrolment code is good.
    #[conf(long, env, default_value = "168")]
    patient_enrolment_hours: i64,
    /// Hours for which any other enrolment code is good.
    #[conf(long, env, default_value = "24")]
    staff_enrolment_hours: i64,
}

impl EnrolmentHours {
    /// As durations.
    pub fn lifetimes(&self) -> Lifetimes {
        Lifetimes {
            patient: Duration::hours(self.patient_enrolment_hours),
            staff: Duration::hours(self.staff_enrolment_hours),
        }
    }
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

impl Issuer {
    /// As a URL.
    ///
    /// # Panics
    /// Never: it was read as one.
    pub fn url(&self) -> Url {
        Url::parse(&self.0).expect("an issuer is an origin")
    }
}

/// Audiences, separated by commas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audiences(pub Vec<String>);

impl FromStr for Audiences {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let audiences = text
            .split(',')
            .map(str::trim)
            .filter(|text| !text.is_empty());
        audiences
            .map(|text| match Url::parse(text) {
                Ok(_) => Ok(text.to_owned()),
                Err(_) => Err("not absolute URIs, separated by commas"),
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

/// The key under which secrets in the database are sealed.
#[derive(Clone)]
pub struct KeyEncryptionKey(pub Zeroizing<[u8; 32]>);

impl KeyEncryptionKey {
    /// Reads the file at `path`.
    ///
    /// # Errors
    /// In words, without what the file holds.
    pub fn read(path: &str) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map(Zeroizing::new)
            .map_err(|error| format!("cannot be read: {}", error.kind()))?;
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), &mut *key)
            .map_err(|_| "does not hold 64 hex digits".to_owned())?;
        Ok(Self(key))
    }
}

impl fmt::Debug for KeyEncryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyEncryptionKey(…)")
    }
}

/// Authenticator apps put a colon between this name and the person's.
fn site_name(text: &str) -> Result<String, &'static str> {
    let sane = (1..=64).contains(&text.chars().count())
        && !text.chars().any(|c| c.is_control() || c == ':');
    if sane {
        Ok(text.to_owned())
    } else {
        Err("must be 1 to 64 characters without colons")
    }
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
