use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::NamedTempFile;
use test_support::{client_key_file, until};

use super::issuer::{AUDIENCE, ISSUER};
use super::{Anvil, Database, Issuer, PATIENCE, Process, free_address};

/// The indexer's environment.
#[derive(Clone)]
pub struct Settings {
    variables: BTreeMap<&'static str, String>,
    _key: Arc<NamedTempFile>,
}

impl Settings {
    pub fn new(anvil: &Anvil, database: &Database, issuer: &Issuer) -> Self {
        let key = Arc::new(client_key_file());
        let variables = BTreeMap::from([
            ("DATABASE_URL", database.url.clone()),
            ("CHAIN_RPC_URL", anvil.url.clone()),
            ("CHAIN_ID", "31337".to_owned()),
            ("REGISTRY_ADDRESS", anvil.registry().to_string()),
            ("HOSPITALS_ADDRESS", anvil.hospitals().to_string()),
            ("PROVIDERS_ADDRESS", anvil.providers().to_string()),
            // Nobody listens there: the outbox keeps what the relay cannot send.
            ("KAFKA_BROKERS", "127.0.0.1:9".to_owned()),
            ("ISSUER", ISSUER.to_owned()),
            ("AUTH_URL", issuer.url.clone()),
            ("AUDIENCE", AUDIENCE.to_owned()),
            ("FINALITY", "latest".to_owned()),
            ("POLL_INTERVAL_MS", "20".to_owned()),
            ("MAX_HEAD_AGE", "30".to_owned()),
            ("CLIENT_ID", "consent-indexer".to_owned()),
            ("CLIENT_KEY_FILE", key.path().display().to_string()),
            ("LOG", "consent_indexer=warn".to_owned()),
        ]);
        Self {
            variables,
            _key: key,
        }
    }

    pub fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        self.variables.insert(name, value.to_string());
        self
    }

    pub fn without(mut self, name: &'static str) -> Self {
        self.variables.remove(name);
        self
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub bytes: bytes::Bytes,
    pub body: Value,
}

/// The service's process.
pub struct Indexer {
    process: Process,
    http: reqwest::Client,
    url: String,
    token: String,
}

impl Indexer {
    /// Starts the binary and waits for it to believe tokens.
    pub async fn start(settings: &Settings, issuer: &Issuer) -> Self {
        let (listen, metrics) = (free_address(), free_address());
        let child = Command::new(env!("CARGO_BIN_EXE_consent-indexer"))
            .env_clear()
            .envs(&settings.variables)
            .env("LISTEN", listen.to_string())
            .env("METRICS_LISTEN", metrics.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::inherit())
            .spawn()
            .unwrap();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(15))
            .build()
            .unwrap();
        let mut indexer = Self {
            process: Process(child),
            http,
            url: format!("http://{listen}"),
            token: issuer.system(),
        };
        let live = format!("{}/health/live", indexer.url);
        let started = Instant::now();
        while indexer.http.get(&live).send().await.is_err() {
            let ended = indexer.process.0.try_wait().unwrap();
            assert!(ended.is_none(), "the indexer ended at its start: {ended:?}");
            assert!(
                started.elapsed() < PATIENCE,
                "the indexer does not come alive"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        until("revocations to be heard of", async || {
            indexer.ready("revocations").await.1 == "ok"
        })
        .await;
        indexer
    }

    /// SIGKILL.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// With a token that may read everything.
    pub async fn get(&self, path: &str) -> Reply {
        self.get_as(&self.token, path).await
    }

    pub async fn get_as(&self, token: &str, path: &str) -> Reply {
        self.send(
            self.http
                .get(format!("{}{path}", self.url))
                .bearer_auth(token),
        )
        .await
    }

    pub async fn put_as(&self, token: &str, path: &str, body: impl Into<Vec<u8>>) -> Reply {
        let request = self
            .http
            .put(format!("{}{path}", self.url))
            .bearer_auth(token);
        self.send(
            request
                .header("content-type", "application/json")
                .body(body.into()),
        )
        .await
    }

    pub fn request(&self, method: http::Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url))
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Reply {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Reply {
            status,
            headers,
            bytes,
            body,
        }
    }

    /// The rows of `/v1/consents`, all of them on one page.
    pub async fn consents(&self, query: &str) -> Vec<Value> {
        let reply = self.get(&format!("/v1/consents?{query}")).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        assert_eq!(reply.body["next"], Value::Null);
        reply.body["consents"].as_array().unwrap().clone()
    }

    /// The one row of a patient, if there is one.
    pub async fn consent_of(&self, patient: impl std::fmt::Display) -> Option<Value> {
        let mut rows = self.consents(&format!("patient={patient}")).await;
        assert!(rows.len() <= 1, "{rows:?}");
        rows.pop()
    }

    /// Readiness: its status and what one check says.
    pub async fn ready(&self, check: &str) -> (u16, String) {
        let reply = self.get("/health/ready").await;
        (
            reply.status,
            reply.body["checks"][check]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    }
}
