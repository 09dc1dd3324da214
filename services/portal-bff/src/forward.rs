//! Calls of the application to the services: the same request, by the person's token.

pub mod allowed;
mod answer;

use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, Method, header};
use axum::response::Response;
use reqwest::StatusCode;
use service_kit::{Problem, Shutdown, http_client};
use tokio::sync::OwnedSemaphorePermit;

use crate::config::Config;
use crate::portal::{address, audience};

/// How long a stream may last; services end them before.
const LONGEST_STREAM: Duration = Duration::from_secs(660);
/// How long an answer may take from its head to its end.
const LONGEST_BODY: Duration = Duration::from_secs(60);

/// What of a browser's request goes on. Cookies and credentials do not.
const PASSED_ON: [HeaderName; 7] = [
    header::ACCEPT,
    header::ACCEPT_LANGUAGE,
    header::CONTENT_TYPE,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    HeaderName::from_static("prefer"),
    HeaderName::from_static("idempotency-key"),
];

/// A service that calls are forwarded to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Target {
    /// auth-service.
    Auth,
    /// consent-indexer.
    Indexer,
    /// consent-relay.
    Relay,
    /// ehr-gateway.
    Gateway,
    /// audit-pipeline.
    Audit,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Auth,
        Self::Indexer,
        Self::Relay,
        Self::Gateway,
        Self::Audit,
    ];

    /// Its name in our paths.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Indexer => "indexer",
            Self::Relay => "relay",
            Self::Gateway => "gateway",
            Self::Audit => "audit",
        }
    }
}

/// A call as it goes on.
#[derive(Debug, Clone)]
pub struct Call {
    /// To whom.
    pub target: Target,
    /// The method.
    pub method: Method,
    /// Path and query below the service's address.
    pub path: String,
    /// What of the browser's headers goes on.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Call {
    /// The headers that go on.
    pub fn headers(sent: &HeaderMap) -> HeaderMap {
        let kept = PASSED_ON
            .into_iter()
            .filter_map(|name| sent.get(&name).cloned().map(|value| (name, value)));
        kept.collect()
    }

    /// Whether the answer is to be a stream.
    pub fn wants_stream(&self) -> bool {
        let accept = self.headers.get(header::ACCEPT);
        accept
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.contains("text/event-stream"))
    }
}

/// The way to the services.
pub struct Forwarder {
    http: reqwest::Client,
    addresses: [(Target, String, String); 5],
    timeout: Duration,
    max_answer: usize,
    shutdown: Shutdown,
}

impl Forwarder {
    /// The services that the settings name.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(config: &Config, shutdown: Shutdown) -> anyhow::Result<Self> {
        let places = Target::ALL.map(|target| {
            let base = address(config, target).as_str();
            let base = base.trim_end_matches('/').to_owned();
            (target, base, audience(config, target).to_owned())
        });
        Ok(Self {
            http: http_client::build(LONGEST_BODY)?,
            addresses: places,
            timeout: config.upstream_timeout(),
            max_answer: config.max_answer_bytes,
            shutdown,
        })
    }

    /// What a service is called in tokens.
    pub fn audience(&self, target: Target) -> &str {
        &self.place(target).2
    }

    fn place(&self, target: Target) -> &(Target, String, String) {
        let found = self.addresses.iter().find(|place| place.0 == target);
        // All targets are there.
        found.unwrap_or(&self.addresses[0])
    }

    /// Sends a call and waits for the head of its answer.
    ///
    /// # Errors
    /// A [`Problem`] when there is none.
    pub async fn send(
        &self,
        call: &Call,
        token: Option<&str>,
    ) -> Result<reqwest::Response, Problem> {
        let name = call.target.as_str();
        let url = format!("{}{}", self.place(call.target).1, call.path);
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .headers(call.headers.clone())
            .headers(http_client::correlation_headers())
            .body(call.body.clone());
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if call.wants_stream() {
            request = request.timeout(LONGEST_STREAM);
        }
        let problem = |status, detail: &str| {
            metrics::counter!("portal_upstream_failures_total", "service" => name).increment(1);
            tracing::warn!(corr_id = %service_kit::CorrId::current(), service = name, "no answer from a service");
            Problem::new(status, "service-unavailable", detail)
        };
        match tokio::time::timeout(self.timeout, request.send()).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) => Err(problem(
                StatusCode::BAD_GATEWAY,
                "The service behind this cannot be reached right now; try again shortly.",
            )),
            Err(_) => Err(problem(
                StatusCode::GATEWAY_TIMEOUT,
                "The service behind this does not answer in time; try again shortly.",
            )),
        }
    }

    /// The answer as it goes to the browser.
    ///
    /// # Errors
    /// A [`Problem`] when it is too long.
    pub fn pass_on(
        &self,
        call: &Call,
        answer: reqwest::Response,
        stream: Option<OwnedSemaphorePermit>,
    ) -> Result<Response, Problem> {
        let streamed = stream.map(|place| (place, self.shutdown.clone()));
        answer::pass_on(call.target, answer, self.max_answer, streamed)
    }
}
