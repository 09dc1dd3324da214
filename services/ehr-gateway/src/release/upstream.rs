//! The FHIR server. Requests are made from intents, never from what the client sent; answers are read under limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use consent_core::resource::TypeRow;
use http::{HeaderMap, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use service_kit::{CorrId, correlation};
use tokio::time::{Instant, timeout, timeout_at};
use url::form_urlencoded::Serializer;

use crate::decision::rule::Rule;
use crate::request::intent::Search;

/// The most that is read for one decision, all pages and parts together.
pub const MAX_BODY: usize = 4 << 20;
const CONNECT: Duration = Duration::from_millis(250);
const FIRST_BYTE: Duration = Duration::from_secs(2);
const TOTAL: Duration = Duration::from_secs(5);
/// What is asked for in one page. Enough for most patients; the rest is followed.
const PAGE: &str = "1000";

/// The FHIR server below one base address.
pub struct Upstream {
    client: Client<HttpConnector, Empty<Bytes>>,
    base: String,
}

/// What may still be spent on one decision.
#[derive(Debug)]
pub struct Budget {
    deadline: Instant,
    bytes: usize,
}

impl Budget {
    /// The whole budget, from now on.
    pub fn start() -> Self {
        Self {
            deadline: Instant::now() + TOTAL,
            bytes: MAX_BODY,
        }
    }
}

/// Why there is no body.
enum Failure {
    /// Before any header came: may be tried once more.
    Early,
    /// Later, or in time.
    Final(Rule),
}

impl Upstream {
    /// The server below `base`, which has no slash at its end and is `http://…`.
    pub fn new(base: &str) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(CONNECT));
        connector.set_nodelay(true);
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(connector);
        Self {
            client,
            base: base.to_owned(),
        }
    }

    /// The server's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// One resource; `None` when the server has none.
    ///
    /// # Errors
    /// The rule that the decision then rests on.
    pub async fn read(
        &self,
        row: &TypeRow,
        id: &str,
        budget: &mut Budget,
    ) -> Result<Option<Bytes>, Rule> {
        self.get(&format!("{}/{}/{id}", self.base, row.name), budget)
            .await
    }

    /// The first page of a search.
    ///
    /// # Errors
    /// The rule that the decision then rests on.
    pub async fn search(
        &self,
        row: &TypeRow,
        search: &Search,
        budget: &mut Budget,
    ) -> Result<Bytes, Rule> {
        let query = Serializer::new(String::new())
            .append_pair(row.patient_param(), &search.patient)
            .extend_pairs(&search.params)
            .append_pair("_count", PAGE)
            .finish();
        self.page(&format!("{}/{}?{query}", self.base, row.name), budget)
            .await
    }

    /// Some Observations of a patient by their ids.
    ///
    /// # Errors
    /// The rule that the decision then rests on.
    pub async fn observations(
        &self,
        patient: &str,
        ids: &[String],
        budget: &mut Budget,
    ) -> Result<Bytes, Rule> {
        let query = Serializer::new(String::new())
            .append_pair("patient", patient)
            .append_pair("_id", &ids.join(","))
            .append_pair("_count", PAGE)
            .finish();
        self.page(&format!("{}/Observation?{query}", self.base), budget)
            .await
    }

    /// A page that the server itself named. It must lie below the base: a link is not a way to other places.
    ///
    /// # Errors
    /// The rule that the decision then rests on.
    pub async fn next_page(&self, url: &str, budget: &mut Budget) -> Result<Bytes, Rule> {
        let below = url
            .strip_prefix(&self.base)
            .is_some_and(|rest| rest.starts_with(['/', '?']));
        let plain = url.len() <= 8192
            && url
                .bytes()
                .all(|byte| byte.is_ascii_graphic() && byte != b'#');
        if !below || !plain || url.contains("/../") {
            tracing::error!("the FHIR server names a next page outside of its own address");
            return Err(Rule::UnreadableAnswer);
        }
        self.page(url, budget).await
    }

    /// For readiness: whether the server answers at all.
    ///
    /// # Errors
    /// What is wrong, in a word.
    pub async fn check(&self) -> Result<(), String> {
        match self
            .get(&format!("{}/metadata", self.base), &mut Budget::start())
            .await
        {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err("has no CapabilityStatement".to_owned()),
            Err(_) => Err("unreachable".to_owned()),
        }
    }

    /// Like `get`, where there must be an answer.
    async fn page(&self, url: &str, budget: &mut Budget) -> Result<Bytes, Rule> {
        self.get(url, budget)
            .await?
            .ok_or(Rule::UpstreamUnavailable)
    }

    async fn get(&self, url: &str, budget: &mut Budget) -> Result<Option<Bytes>, Rule> {
        let uri: Uri = url.parse().map_err(|_| Rule::UpstreamUnavailable)?;
        let mut tries = 0;
        loop {
            tries += 1;
            match timeout_at(budget.deadline, self.attempt(&uri, budget.bytes)).await {
                Ok(Ok(body)) => {
                    budget.bytes -= body.as_ref().map_or(0, Bytes::len);
                    return Ok(body);
                }
                Ok(Err(Failure::Early)) if tries == 1 => {}
                Ok(Err(Failure::Early)) | Err(_) => return Err(Rule::UpstreamUnavailable),
                Ok(Err(Failure::Final(rule))) => return Err(rule),
            }
        }
    }

    async fn attempt(&self, uri: &Uri, limit: usize) -> Result<Option<Bytes>, Failure> {
        let request = Request::builder()
            .method(Method::GET)
            .uri(uri)
            .header(header::ACCEPT, "application/fhir+json")
            .header(header::ACCEPT_ENCODING, "identity")
            .header(correlation::HEADER, CorrId::current().header_value())
            .body(Empty::new())
            .map_err(|_| Failure::Final(Rule::UpstreamUnavailable))?;
        let response = match timeout(FIRST_BYTE, self.client.request(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => return Err(Failure::Early),
            Err(_) => return Err(Failure::Final(Rule::UpstreamUnavailable)),
        };
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(None),
            // Redirects too: nothing is followed. The body is the server's own words and stays unread.
            status => {
                tracing::warn!(
                    status = status.as_u16(),
                    "the FHIR server answers with an unexpected status"
                );
                return Err(Failure::Final(Rule::UpstreamUnavailable));
            }
        }
        if !is_plain_json(response.headers()) {
            return Err(Failure::Final(Rule::UnreadableAnswer));
        }
        collect(response.into_body(), limit).await.map(Some)
    }
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or("?").to_ascii_lowercase())
    };
    let mut kinds = headers.get_all(header::CONTENT_TYPE).iter();
    let one_kind = kinds.next().is_some() && kinds.next().is_none();
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let mut parts = kind.split(';').map(str::trim);
    let json = matches!(
        parts.next(),
        Some("application/fhir+json" | "application/json")
    );
    let utf8 = parts.all(|part| {
        part.strip_prefix("charset=")
            .is_none_or(|name| name.trim_matches('"') == "utf-8")
    });
    one_kind
        && json
        && utf8
        && text(header::CONTENT_ENCODING).is_none_or(|coding| coding == "identity")
}

async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, Failure> {
    let mut bytes = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // Broken off after the headers: what came before is not an answer.
        let frame = frame.map_err(|_| Failure::Final(Rule::UpstreamUnavailable))?;
        if let Ok(data) = frame.into_data() {
            if bytes.len() + data.len() > limit {
                return Err(Failure::Final(Rule::UnreadableAnswer));
            }
            bytes.extend_from_slice(&data);
        }
    }
    Ok(bytes.freeze())
}
