//! Settings, from flags or environment variables.

use std::str::FromStr as _;
use std::time::Duration;

use anyhow::Context as _;
use conf::Conf;
use consent_core::Address;
use contract_bindings::Followed;
use contract_bindings::event::chain_address;
use service_kit::ServerConfig;
use sqlx::PgPool;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use url::Url;

use crate::row::Finality;

/// Settings of the indexer.
#[derive(Conf, Debug, Clone)]
pub struct Config {
    /// The HTTP server.
    #[conf(flatten)]
    pub server: ServerConfig,
    /// PostgreSQL database of the indexer, postgres://…
    #[conf(env, secret)]
    pub database_url: String,
    /// JSON-RPC endpoint of the chain, http(s)://…
    #[conf(env, secret)]
    pub chain_rpc_url: Url,
    /// The chain's id; another one at the endpoint stops ingest.
    #[conf(long, env)]
    pub chain_id: u64,
    /// Address of the consent registry.
    #[conf(long, env)]
    pub registry_address: Address,
    /// Address of the registry of organisations; without it none are known.
    #[conf(long, env)]
    pub hospitals_address: Option<Address>,
    /// Address of the registry of practitioners; without it none are known.
    #[conf(long, env)]
    pub providers_address: Option<Address>,
    /// Kafka bootstrap servers, host:port,…
    #[conf(long, env)]
    pub kafka_brokers: String,
    /// Issuer that access tokens name: URL by which people reach auth-service.
    #[conf(long, env)]
    pub issuer: Url,
    /// URL by which auth-service is reached from here, for its keys; ISSUER when not given.
    #[conf(long, env)]
    pub auth_url: Option<Url>,
    /// Own URL, the audience that tokens must be for.
    #[conf(long, env)]
    pub audience: String,
    /// From which level on a grant counts: latest (development only), safe or finalized.
    #[conf(long, env)]
    pub finality: Finality,
    /// Milliseconds between two looks at the chain's head.
    #[conf(long, env, default_value = "100")]
    pub poll_interval_ms: u64,
    /// Milliseconds that one call to the chain's node may take.
    #[conf(long, env, default_value = "3000")]
    pub chain_timeout_ms: u64,
    /// Blocks below the tip that a fork can be followed into.
    #[conf(long, env, default_value = "128")]
    pub ring_blocks: u16,
    /// Seconds since the head was last confirmed after which nothing is answered.
    #[conf(long, env, default_value = "10")]
    pub max_head_age: u64,
}

impl Config {
    /// The database pool; it connects when first used.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub fn pool(&self) -> anyhow::Result<PgPool> {
        let options = PgConnectOptions::from_str(&self.database_url)
            .context("DATABASE_URL is not a postgres URL")?
            .application_name("consent-indexer")
            .options([
                ("statement_timeout", "5000"),
                ("idle_in_transaction_session_timeout", "10000"),
            ]);
        Ok(PgPoolOptions::new()
            .max_connections(12)
            .acquire_timeout(Duration::from_secs(2))
            .connect_lazy_with(options))
    }

    /// The contracts to follow.
    pub fn followed(&self) -> Followed {
        Followed {
            registry: chain_address(self.registry_address),
            hospitals: self.hospitals_address.map(chain_address),
            providers: self.providers_address.map(chain_address),
        }
    }

    /// Where the issuer publishes its keys.
    ///
    /// # Errors
    /// When AUTH_URL or ISSUER cannot be a base URL.
    pub fn jwks_url(&self) -> anyhow::Result<Url> {
        let reached = self.auth_url.as_ref().unwrap_or(&self.issuer);
        let base = reached.as_str().trim_end_matches('/');
        format!("{base}/oauth2/jwks")
            .parse()
            .context("AUTH_URL or ISSUER cannot be a base URL")
    }

    /// The issuer as its tokens write it: without a trailing slash.
    pub fn issuer_name(&self) -> &str {
        self.issuer.as_str().trim_end_matches('/')
    }
}
