use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256};
use alloy::signers::local::PrivateKeySigner;
use serde_json::Value;
use tempfile::TempDir;

use super::anvil::registry;
use super::neighbours::{AUDIENCE, ISSUER};
use super::{Database, Neighbours, PATIENCE, Process, free_address, until};

/// The account that the relay sends from.
pub fn account() -> Address {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(0x5a))
        .unwrap()
        .address()
}

/// The relay's environment.
#[derive(Clone)]
pub struct Settings {
    variables: BTreeMap<&'static str, String>,
    _files: Arc<TempDir>,
}

impl Settings {
    pub fn new(chain: &str, database: &Database, neighbours: &Neighbours) -> Self {
        let files = TempDir::new().unwrap();
        let file = |name: &str, content: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, content).unwrap();
            path.display().to_string()
        };
        let client = p256::SecretKey::from_slice(&[8; 32]).unwrap();
        let variables = BTreeMap::from([
            ("DATABASE_URL", database.url.clone()),
            ("CHAIN_RPC_URL", chain.to_owned()),
            ("CHAIN_ID", "31337".to_owned()),
            ("REGISTRY_ADDRESS", registry().to_string()),
            ("FINALITY", "latest".to_owned()),
            // Nobody listens there: the outbox keeps what cannot be published.
            ("KAFKA_BROKERS", "127.0.0.1:9".to_owned()),
            ("ISSUER", ISSUER.to_owned()),
            ("AUTH_URL", neighbours.url.clone()),
            ("AUDIENCE", AUDIENCE.to_owned()),
            ("CLIENT_ID", "consent-relay".to_owned()),
            (
                "CLIENT_KEY_FILE",
                file("client.jwk.json", &client.to_jwk_string()),
            ),
            ("KEY_FILE", file("account.hex", &"5a".repeat(32))),
            ("MIN_BALANCE", "1000000000000000000".to_owned()),
            ("POLL_INTERVAL_MS", "25".to_owned()),
            ("MAX_BODY_BYTES", "131072".to_owned()),
            ("SUBJECT_PER_MINUTE", "1000".to_owned()),
            ("INVALID_PER_MINUTE", "1000".to_owned()),
            ("LOG", "consent_relay=warn".to_owned()),
        ]);
        Self {
            variables,
            _files: Arc::new(files),
        }
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.variables.insert(name, value.to_string());
        self
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Reply {
    /// Status, and the last part of the problem's type.
    pub fn problem(&self) -> (u16, &str) {
        let kind = self.body["type"].as_str().unwrap_or_default();
        (self.status, kind.rsplit('/').next().unwrap_or_default())
    }

    pub fn digest(&self) -> String {
        self.body["digest"].as_str().unwrap().to_owned()
    }
}

/// The service's process.
pub struct Relay {
    process: Process,
    pub http: reqwest::Client,
    pub url: String,
    metrics: String,
}

impl Relay {
    /// Starts the binary and waits for it to believe tokens.
    pub async fn start(settings: &Settings) -> Self {
        let (listen, metrics) = (free_address(), free_address());
        let child = Command::new(env!("CARGO_BIN_EXE_consent-relay"))
            .env_clear()
            .envs(&settings.variables)
            .env("LISTEN", listen.to_string())
            .env("METRICS_LISTEN", metrics.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut relay = Self {
            process: Process(child),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            url: format!("http://{listen}"),
            metrics: format!("http://{metrics}/metrics"),
        };
        let start = Instant::now();
        let live = format!("{}/health/live", relay.url);
        while relay.http.get(&live).send().await.is_err() {
            if let Some(status) = relay.process.0.try_wait().unwrap() {
                panic!("the relay ended: {status}");
            }
            assert!(start.elapsed() < PATIENCE, "the relay did not come alive");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        until("revocations to be heard of", async || {
            relay.get("/health/ready").await.body["checks"]["revocations"] == "ok"
        })
        .await;
        relay
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.process.kill();
    }

    pub async fn post(&self, body: &Value) -> Reply {
        self.send(self.post_request().body(body.to_string())).await
    }

    pub async fn post_as(&self, token: &str, body: &Value) -> Reply {
        let request = self.post_request().bearer_auth(token);
        self.send(request.body(body.to_string())).await
    }

    pub fn post_request(&self) -> reqwest::RequestBuilder {
        self.http
            .post(format!("{}/v1/intents", self.url))
            .header("content-type", "application/json")
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.http.get(format!("{}{path}", self.url)))
            .await
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Reply {
        let request = self.http.get(format!("{}{path}", self.url));
        self.send(request.bearer_auth(token)).await
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = response.bytes().await.unwrap();
        Reply {
            status,
            headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }

    /// How far an intent has come.
    pub async fn intent(&self, digest: &str) -> Value {
        self.get(&format!("/v1/intents/{digest}")).await.body
    }

    /// Takes it in, and waits until it has come so far.
    pub async fn reaches(&self, digest: &str, state: &str) -> Value {
        until(&format!("the intent to be {state}"), async || {
            self.intent(digest).await["state"] == state
        })
        .await;
        self.intent(digest).await
    }

    /// Posts an intent that must be taken in; its digest.
    pub async fn accepted(&self, body: &Value) -> String {
        let reply = self.post(body).await;
        assert_eq!(reply.status, 202, "{}", reply.body);
        reply.digest()
    }

    /// The hash of an intent's latest transaction, once there is one.
    pub async fn transaction(&self, digest: &str) -> String {
        until("a transaction", async || {
            self.intent(digest).await["transaction"].is_string()
        })
        .await;
        self.intent(digest).await["transaction"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// The value of a metric without labels.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self.http.get(&self.metrics).send().await.ok()?;
        let text = text.text().await.ok()?;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))?;
        line.parse().ok()
    }
}
