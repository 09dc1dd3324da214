//! Settings, from flags or environment variables. Files are read while they are parsed, so that every fault is reported
//! at once.

use std::str::FromStr;
use std::time::Duration;

use access_token::SigningKey;
use alloy::eips::BlockNumberOrTag;
use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use anyhow::Context as _;
use conf::Conf;
use service_kit::ServerConfig;
use sqlx::postgres::PgConnectOptions;
use url::Url;

/// Settings of the relay.
#[derive(Conf, Debug, Clone)]
#[conf(about = "Brings signed intents onto the chain, paid by the operator.")]
pub struct Config {
    /// The HTTP server.
    #[conf(flatten)]
    pub server: ServerConfig,
    /// PostgreSQL database of the relay, postgres://… Only from the environment.
    #[conf(env, secret)]
    pub database_url: String,
    /// JSON-RPC endpoint of the chain, http(s)://…
    #[conf(env, secret)]
    pub chain_rpc_url: Url,
    /// The chain's id; nothing is sent to another one.
    #[conf(long, env)]
    pub chain_id: u64,
    /// Address of the consent registry.
    #[conf(long, env)]
    pub registry_address: Address,
    /// From which level on a block is final for us: latest (development only), safe or finalized.
    #[conf(long, env)]
    pub finality: Finality,
    /// Kafka bootstrap servers, host:port,…
    #[conf(long, env)]
    pub kafka_brokers: String,
    /// Issuer that access tokens name: URL by which people reach auth-service.
    #[conf(long, env)]
    pub issuer: Url,
    /// Own URL, the audience that tokens must be for.
    #[conf(long, env)]
    pub audience: String,
    /// URL by which auth-service is reached from here: directory, keys, tokens. An audience of its tokens.
    #[conf(long, env)]
    pub auth_url: Url,
    /// Own client id at the issuer.
    #[conf(long, env)]
    pub client_id: String,
    /// File with the private key (JWK, ES256) of the own client.
    #[conf(long = "client-key-file", env = "CLIENT_KEY_FILE", value_parser = read_client_key)]
    pub client_key: SigningKey,
    /// File with the key of the funded account that sends transactions: 64 hex digits.
    #[conf(long = "key-file", env = "KEY_FILE", value_parser = read_account)]
    pub account: PrivateKeySigner,
    /// Wei below which the account's balance raises the alarm. At half of it only what protects patients is taken.
    #[conf(long, env)]
    pub min_balance: u128,
    /// Gas that an intent may take, its signature's check included; a batch gets more for each item.
    #[conf(long, env, default_value = "700000")]
    pub max_gas: u64,
    /// Wei that a unit of gas may cost.
    #[conf(long, env, default_value = "500000000000")]
    pub max_fee_per_gas: u64,
    /// Transactions under way at once.
    #[conf(long, env, default_value = "32")]
    pub max_in_flight: usize,
    /// Milliseconds after which a transaction that was not mined is sent again with higher fees.
    #[conf(long, env, default_value = "15000")]
    pub bump_after_ms: u64,
    /// Milliseconds between two looks at chain and queue.
    #[conf(long, env, default_value = "250")]
    pub poll_interval_ms: u64,
    /// Milliseconds that one call to the chain's node may take.
    #[conf(long, env, default_value = "3000")]
    pub chain_timeout_ms: u64,
    /// Intents a minute for one enrolled subject; what only protects is not counted.
    #[conf(long, env, default_value = "30")]
    pub subject_per_minute: u32,
    /// Intents a minute for one organisation.
    #[conf(long, env, default_value = "600")]
    pub organization_per_minute: u32,
    /// Invalid intents a minute from one address, beyond which it has to wait.
    #[conf(long, env, default_value = "60")]
    pub invalid_per_minute: u32,
    /// Streams of state changes open at once.
    #[conf(long, env, default_value = "256")]
    pub max_streams: usize,
}

/// How final a block must be before we let go of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finality {
    /// As soon as it is mined.
    Latest,
    /// Under the chain's safe head.
    Safe,
    /// Under the chain's finalized head.
    Finalized,
}

impl Finality {
    /// The block that has it.
    pub fn tag(self) -> BlockNumberOrTag {
        match self {
            Self::Latest => BlockNumberOrTag::Latest,
            Self::Safe => BlockNumberOrTag::Safe,
            Self::Finalized => BlockNumberOrTag::Finalized,
        }
    }
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
    /// How the database is reached.
    ///
    /// # Errors
    /// When the URL cannot be read.
    pub fn database(&self) -> anyhow::Result<PgConnectOptions> {
        Ok(PgConnectOptions::from_str(&self.database_url)
            .ok()
            .context("DATABASE_URL is not a postgres URL")?
            .application_name("consent-relay")
            .options([
                ("statement_timeout", "5000"),
                ("idle_in_transaction_session_timeout", "10000"),
            ]))
    }

    /// The issuer as its tokens write it: without a trailing slash.
    pub fn issuer_name(&self) -> &str {
        self.issuer.as_str().trim_end_matches('/')
    }

    /// An endpoint of auth-service, where it is reached from here: not always by the name that people know.
    ///
    /// # Errors
    /// When AUTH_URL cannot be a base URL.
    pub fn at_auth(&self, path: &str) -> anyhow::Result<Url> {
        let base = self.auth_url.as_str().trim_end_matches('/');
        format!("{base}{path}")
            .parse()
            .context("AUTH_URL cannot be a base URL")
    }

    /// The time that one call to the node may take.
    pub fn chain_timeout(&self) -> Duration {
        Duration::from_millis(self.chain_timeout_ms)
    }
}

fn read_client_key(path: &str) -> Result<SigningKey, String> {
    SigningKey::from_jwk(&read(path)?).map_err(|error| error.to_string())
}

fn read_account(path: &str) -> Result<PrivateKeySigner, String> {
    const FAULT: &str = "does not hold a key of 64 hex digits";
    let bytes: B256 = read(path)?.trim().parse().map_err(|_| FAULT)?;
    PrivateKeySigner::from_bytes(&bytes).map_err(|_| FAULT.to_owned())
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {}", error.kind()))
}
