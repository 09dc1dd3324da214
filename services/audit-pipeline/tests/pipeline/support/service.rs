//! The real binary, started, asked and killed.

use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::Value;
use tempfile::NamedTempFile;

use super::records::PSEUDONYM_KEY;
use super::tokens::Issuer;
use super::{Bench, eventually};

pub struct Service {
    child: Child,
    pub url: String,
    metrics: String,
    pub issuer: Issuer,
    http: reqwest::Client,
    log: NamedTempFile,
    _keys: [NamedTempFile; 2],
}

impl Service {
    /// Starts the pipeline and waits until it takes records.
    pub async fn ready(bench: &Bench) -> Self {
        let service = Self::start(bench, &[]).await;
        service.until_ready().await;
        service
    }

    /// Starts the pipeline with other settings, without waiting.
    pub async fn start(bench: &Bench, settings: &[(&str, &str)]) -> Self {
        let (listen, metrics) = (free_address(), free_address());
        let url = format!("http://{listen}");
        let issuer = Issuer::start().await;
        let mut key = NamedTempFile::new().unwrap();
        writeln!(key, "{PSEUDONYM_KEY}").unwrap();
        let client_key = test_support::client_key_file();
        let log = NamedTempFile::new().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_audit-pipeline"));
        command
            .env_clear()
            .env("LISTEN", listen)
            .env("METRICS_LISTEN", &metrics)
            .env("KAFKA_BROKERS", &bench.brokers)
            .env("TOPIC", &bench.topic)
            .env("GROUP", bench.group())
            .env("FLUSH_MS", "100")
            .env("S3_ENDPOINT", &bench.access.endpoint)
            .env("S3_BUCKET", &bench.bucket)
            .env("S3_ACCESS_KEY", &bench.access.access_key)
            .env("S3_SECRET_KEY", &bench.access.secret_key)
            .env("RETENTION_DAYS", "2")
            .env("ISSUER", &issuer.url)
            .env("AUDIENCE", &url)
            .env("CLIENT_ID", "audit-pipeline")
            .env("CLIENT_KEY_FILE", client_key.path())
            .env("PSEUDONYM_KEY_FILE", key.path())
            .envs(settings.iter().copied())
            .stdout(Stdio::from(log.reopen().unwrap()))
            .stderr(Stdio::inherit());
        Self {
            child: command.spawn().expect("the service cannot be started"),
            metrics: format!("http://{metrics}/metrics"),
            url,
            issuer,
            http: reqwest::Client::builder()
                .no_proxy()
                .timeout(Duration::from_secs(10))
                .build()
                .unwrap(),
            log,
            _keys: [key, client_key],
        }
    }

    pub async fn until_ready(&self) {
        eventually("the service does not become ready", || async {
            match self.readiness().await {
                Some((StatusCode::OK, _)) => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// Waits until readiness is 503 and `check` gives a reason with these words in it.
    pub async fn until_unready(&self, check: &str, words: &str) {
        eventually("the service does not say what is wrong", || async {
            let (status, report) = self.readiness().await.ok_or("no answer")?;
            let reason = report["checks"][check].as_str().unwrap_or_default();
            if status == StatusCode::SERVICE_UNAVAILABLE && reason.contains(words) {
                Ok(())
            } else {
                Err(format!("{status} {report}"))
            }
        })
        .await;
    }

    async fn readiness(&self) -> Option<(StatusCode, Value)> {
        let answer = self
            .http
            .get(format!("{}/health/ready", self.url))
            .send()
            .await
            .ok()?;
        Some((answer.status(), answer.json().await.ok()?))
    }

    /// GET with a token that may read the audit trail.
    pub async fn get(&self, path: &str) -> Value {
        let token = self.issuer.token(&self.url, "system", "system:audit.read");
        let answer = self.get_with(path, Some(&token)).await;
        assert_eq!(answer.status(), StatusCode::OK, "GET {path}");
        answer.json().await.unwrap()
    }

    pub async fn get_with(&self, path: &str, token: Option<&str>) -> reqwest::Response {
        let mut request = self.http.get(format!("{}{path}", self.url));
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        request.send().await.unwrap()
    }

    /// The value of a metric without labels.
    pub async fn metric(&self, name: &str) -> Option<f64> {
        let text = self
            .http
            .get(&self.metrics)
            .send()
            .await
            .ok()?
            .text()
            .await
            .ok()?;
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
    }

    /// Everything it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log.path()).unwrap()
    }

    /// SIGKILL: no last words.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// SIGTERM, and waits for the end; true when it ended well.
    pub async fn stop(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").arg(&id).status().unwrap().success());
        eventually("the service does not stop", || {
            let ended = self.child.try_wait().unwrap();
            async move { ended.ok_or_else(|| "still running".to_owned()) }
        })
        .await
        .success()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of the service ---\n{}", self.log());
        }
    }
}

fn free_address() -> String {
    format!("127.0.0.1:{}", local_stack::ports::any_free().unwrap())
}
