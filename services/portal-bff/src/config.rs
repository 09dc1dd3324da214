//! Settings, from flags or environment variables.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use access_token::SigningKey;
use conf::Conf;
use serde::Serialize;
use service_kit::ServerConfig;
use service_kit::issuer::{read_client_key, without_slash};
use url::Url;

use crate::application::Application;

/// Settings of one application's server.
#[derive(Conf, Debug, Clone)]
#[conf(about = "Serves one application to browsers and keeps its users' tokens.")]
pub struct Config {
    /// The HTTP server.
    #[conf(flatten)]
    pub server: ServerConfig,
    /// Which application: patient-portal, clinic-console or admin-console.
    #[conf(long, env)]
    pub application: Application,
    /// Where browsers reach it: scheme, host and port.
    #[conf(long, env, value_parser = read_origin)]
    pub origin: Url,
    /// Folder of the built application, with index.html in it.
    #[conf(long, env)]
    pub assets_dir: PathBuf,
    /// Issuer of access tokens: URL of auth-service as browsers reach it.
    #[conf(long, env)]
    pub issuer: Url,
    /// URL under which auth-service is reached from here, which is also the audience of tokens for it; ISSUER when not
    /// given.
    #[conf(long, env)]
    pub auth_url: Option<Url>,
    /// The application's client id at the issuer.
    #[conf(long, env)]
    pub client_id: String,
    /// File with the private key (JWK, ES256) of the client; none for a public client.
    #[conf(long = "client-key-file", env = "CLIENT_KEY_FILE", value_parser = read_client_key)]
    pub client_key: Option<SigningKey>,
    /// The scopes to ask for, separated by spaces.
    #[conf(long, env)]
    pub scopes: String,
    /// URL of consent-indexer, and the audience of tokens for it.
    #[conf(long, env)]
    pub indexer_url: Url,
    /// URL of consent-relay, and the audience of tokens for it.
    #[conf(long, env)]
    pub relay_url: Url,
    /// URL of ehr-gateway, and the audience of tokens for it.
    #[conf(long, env)]
    pub gateway_url: Url,
    /// URL of audit-pipeline, and the audience of tokens for it.
    #[conf(long, env)]
    pub audit_url: Url,
    /// The chain's id, for what is signed in the browser.
    #[conf(long, env)]
    pub chain_id: u64,
    /// Address of the consent registry.
    #[conf(long, env)]
    pub registry_address: String,
    /// Address of the contract that verifies passkeys.
    #[conf(long, env)]
    pub webauthn_verifier_address: Option<String>,
    /// From which level on a block is final: latest (development only), safe or finalized.
    #[conf(long, env)]
    pub finality: Finality,
    /// Seconds without a call after which a session ends.
    #[conf(long, env, default_value = "900")]
    pub session_idle_seconds: u32,
    /// Seconds after which a session ends whatever happens.
    #[conf(long, env, default_value = "28800")]
    pub session_seconds: u32,
    /// Sessions at once; with more, the ones that were used least recently end.
    #[conf(long, env, default_value = "20000")]
    pub max_sessions: u64,
    /// Milliseconds that a service may take to begin its answer.
    #[conf(long, env, default_value = "10000")]
    pub upstream_timeout_ms: u64,
    /// Bytes of an answer that are passed on.
    #[conf(long, env, default_value = "16777216")]
    pub max_answer_bytes: usize,
    /// Streams of one session open at once.
    #[conf(long, env, default_value = "8")]
    pub max_streams: usize,
}

/// From which level on a block counts as final.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Finality {
    /// As soon as it is mined.
    Latest,
    /// Under the chain's safe head.
    Safe,
    /// Under the chain's finalized head.
    Finalized,
}

impl FromStr for Finality {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "latest" => Ok(Self::Latest),
            "safe" => Ok(Self::Safe),
            "finalized" => Ok(Self::Finalized),
            _ => Err("expected latest, safe or finalized"),
        }
    }
}

impl Config {
    /// Where auth-service is reached from here.
    pub fn auth_reached(&self) -> &Url {
        self.auth_url.as_ref().unwrap_or(&self.issuer)
    }

    /// The origin as browsers write it.
    pub fn origin_text(&self) -> &str {
        without_slash(&self.origin)
    }

    /// The time that a service may take to begin its answer.
    pub fn upstream_timeout(&self) -> Duration {
        Duration::from_millis(self.upstream_timeout_ms)
    }
}

fn read_origin(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|_| "is no URL".to_owned())?;
    let is_origin = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    let is_web = matches!(url.scheme(), "http" | "https") && url.username().is_empty();
    if is_origin && is_web {
        Ok(url)
    } else {
        Err("must be scheme, host and port only".to_owned())
    }
}
