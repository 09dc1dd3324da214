//! Settings, from flags and environment variables. All faults are reported at once.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use conf::Conf;
use consent_core::Address;
use service_kit::ServerConfig;
use url::Url;

use crate::journal::Settings;

/// Settings of the gateway.
#[derive(Conf, Debug, Clone)]
pub struct Config {
    /// The HTTP server.
    #[conf(flatten)]
    pub server: ServerConfig,
    /// Issuer that access tokens name: URL by which people reach auth-service.
    #[arg(long, env)]
    pub issuer: Url,
    /// Own URL, the audience that tokens must be for.
    #[arg(long, env)]
    pub audience: Url,
    /// The custodian whose records are behind this gateway.
    #[arg(long, env)]
    pub tenant: String,
    /// Name of this instance; the key of its records on the bus.
    #[arg(long, env)]
    pub gateway_id: String,
    /// Own client id at the issuer, for calls to directory and indexer.
    #[arg(long, env)]
    pub client_id: String,
    /// File with the private key (JWK, ES256) of the own client.
    #[arg(long, env)]
    pub client_key_file: PathBuf,
    /// URL by which auth-service is reached from here: directory, keys, tokens, revocations. An audience of its tokens.
    #[arg(long, env)]
    pub auth_url: Url,
    /// URL of the consent-indexer.
    #[arg(long, env)]
    pub indexer_url: Url,
    /// Address of the FHIR server, http://…; TLS to it belongs to a proxy beside the gateway for now.
    #[conf(long = "fhir-base-url", env = "FHIR_BASE_URL", value_parser = fhir_base)]
    pub fhir_base_url: String,
    /// EIP-155 id of the chain that the registry is on.
    #[arg(long, env)]
    pub chain_id: u64,
    /// Address of the consent registry.
    #[arg(long, env)]
    pub registry_address: Address,
    /// Kafka bootstrap servers, `host:port[,host:port…]`.
    #[arg(long, env)]
    pub kafka_brokers: String,
    /// Directory of the decision journal, on a disk that survives.
    #[arg(long, env)]
    pub journal_dir: PathBuf,
    /// File with the key of patients' pseudonyms: 64 hex digits.
    #[arg(long, env)]
    pub pseudonym_key_file: PathBuf,
    /// The oldest confirmation of the chain's head, in milliseconds, on which anything is decided.
    #[arg(long, env, default_value = "10000")]
    pub max_facts_age_ms: u64,
    /// How long ago, in milliseconds, the last complete look at the issuer's revocations may have begun. With more, no
    /// token is believed.
    #[arg(long, env, default_value = "10000")]
    pub max_revocations_age_ms: u64,
    /// Stopped consents that are kept until the chain has their stops.
    #[arg(long, env, default_value = "500000")]
    pub max_stops: usize,
    /// Bytes of the journal that may wait for the bus; with more, every decision is refused.
    #[arg(long, env, default_value = "268435456")]
    pub max_unshipped_bytes: u64,
    /// Decisions under way at once; more are turned away.
    #[arg(long, env, default_value = "256")]
    pub max_decisions: usize,
}

impl Config {
    /// The issuer as its tokens write it: without a slash at its end.
    pub fn issuer_name(&self) -> &str {
        without_slash(&self.issuer)
    }

    /// The own address, without a slash at its end.
    pub fn public_url(&self) -> &str {
        without_slash(&self.audience)
    }

    /// An endpoint of auth-service, where it is reached from here: not always by the name that people know.
    ///
    /// # Errors
    /// When AUTH_URL cannot be a base URL.
    pub fn at_auth(&self, path: &str) -> anyhow::Result<Url> {
        format!("{}{path}", without_slash(&self.auth_url))
            .parse()
            .context("AUTH_URL cannot be a base URL")
    }

    /// How the journal works.
    pub fn journal(&self) -> Settings {
        Settings {
            dir: self.journal_dir.clone(),
            gateway_id: self.gateway_id.clone(),
            queue: 1024,
            max_unshipped: self.max_unshipped_bytes,
            segment_bytes: 64 << 20,
            retry: Duration::from_secs(1),
        }
    }
}

/// A URL's text without the slash at its end.
pub fn without_slash(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

fn fhir_base(text: &str) -> Result<String, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL")?;
    let plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    if url.scheme() == "http" && url.has_host() && plain {
        Ok(without_slash(&url).to_owned())
    } else {
        Err("must be http://host[:port]/path, without query or user")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fhir_base_is_plain_http_without_extras() {
        assert_eq!(
            fhir_base("http://127.0.0.1:7080/fhir/R4/").unwrap(),
            "http://127.0.0.1:7080/fhir/R4"
        );
        for bad in [
            "",
            "fhir",
            "https://x/fhir",
            "http://u:p@x/",
            "http://x/?a=1",
            "http://x/#a",
            "file:///etc",
        ] {
            assert!(fhir_base(bad).is_err(), "{bad}");
        }
    }
}
