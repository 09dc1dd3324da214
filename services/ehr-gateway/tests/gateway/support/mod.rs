//! A gateway in this process between stubs of its neighbours. The stubs stand for the neighbours only as far as a test
//! needs them to fail or to lie; the whole system runs in the end-to-end tests.

pub mod fhir;
pub mod neighbours;
pub mod records;
pub mod stops;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use access_token::{
    Jwks, RevocationFeed, SigningKey, TokenSource, TokenSourceConfig, Verifier, revocation,
};
use audit_core::Record;
use audit_core::pseudonym::PseudonymKey;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use consent_core::Policy;
use consent_core::policy::Terms;
use ehr_gateway::decision::authorize::Authorizer;
use ehr_gateway::decision::directory::Directory;
use ehr_gateway::decision::facts::FactsSource;
use ehr_gateway::journal::{Journal, Settings};
use ehr_gateway::release::upstream::Upstream;
use ehr_gateway::routes;
use ehr_gateway::serve::{Clock, Gateway};
use ehr_gateway::stops::Stops;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use service_kit::issuer::TokenCheck;
use service_kit::peer::Peer;
use service_kit::{Readiness, ServerConfig, server};
use tempfile::TempDir;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;
use url::Url;

pub use fhir::FhirServer;
pub use neighbours::Neighbours;
pub use records::*;

pub const TENANT: &str = "general-hospital";
pub const ISSUER: &str = "http://issuer.example";
pub const SELF_URL: &str = "http://gateway.example";
pub const PSEUDONYM_KEY: &str = "1111111111111111111111111111111111111111111111111111111111111111";

/// Everything a test looks at.
pub struct World {
    pub app: Router,
    pub gateway: Arc<Gateway>,
    pub fhir: Arc<FhirServer>,
    pub neighbours: Arc<Neighbours>,
    pub journal: Journal,
    pub dir: TempDir,
    /// Added to everybody's clock, in seconds.
    pub clock_offset: Arc<AtomicI64>,
    issuer_key: SigningKey,
    _listener: AbortOnDrop,
}

/// A background task that ends with its world.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until something is so.
pub async fn until(condition: impl Fn() -> bool) {
    let reached = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), reached)
        .await
        .expect("never came true");
}

pub fn journal_settings(dir: &TempDir) -> Settings {
    Settings {
        dir: dir.path().join("journal"),
        gateway_id: "gateway-1".to_owned(),
        queue: 1024,
        max_unshipped: 1 << 30,
        segment_bytes: 1 << 30,
        retry: Duration::from_millis(1),
    }
}

impl World {
    pub async fn new() -> Self {
        let dir = TempDir::new().unwrap();
        let journal = Journal::open(journal_settings(&dir)).unwrap();
        Self::with_journal(dir, journal).await
    }

    /// A world whose gateway has not read the stops on the bus yet.
    pub async fn before_stops() -> Self {
        let dir = TempDir::new().unwrap();
        let journal = Journal::open(journal_settings(&dir)).unwrap();
        Self::build(dir, journal).await
    }

    pub async fn with_journal(dir: TempDir, journal: Journal) -> Self {
        let world = Self::build(dir, journal).await;
        world.gateway.authorizer.stops.set_replayed();
        world
    }

    async fn build(dir: TempDir, journal: Journal) -> Self {
        let fhir = Arc::new(FhirServer::default());
        let fhir_url = listen(fhir::router(fhir.clone())).await;
        let fhir_base = format!("{fhir_url}fhir");
        fhir.set_base(&fhir_base);
        let neighbours = Arc::new(Neighbours::default());
        let peers = listen(neighbours::router(neighbours.clone())).await;
        let issuer_key = key(7);
        let http = service_kit::http_client::build(Duration::from_secs(3)).unwrap();
        let tokens = || {
            let tokens = TokenSourceConfig {
                issuer: ISSUER.to_owned(),
                token_url: peers.join("oauth2/token").unwrap(),
                client_id: "ehr-gateway".to_owned(),
                key: key(8),
                scope: "system:consent.read".to_owned(),
                resource: "http://peer.example".to_owned(),
            };
            TokenSource::new(tokens, http.clone())
        };
        let peer = || Peer::new(http.clone(), peers.clone(), tokens());
        let clock_offset = neighbours.clock_offset.clone();
        let offset = clock_offset.clone();
        let clock = move || {
            OffsetDateTime::now_utc() + time::Duration::seconds(offset.load(Ordering::Relaxed))
        };
        let jwks = Jwks::new(vec![issuer_key.public().clone()]);
        let facts = Arc::new(FactsSource::new(
            peer(),
            CHAIN_ID,
            REGISTRY,
            Duration::from_secs(10),
        ));
        let revocations = Arc::new(RevocationFeed::new(
            peers.join(revocation::PATH).unwrap(),
            http.clone(),
            tokens(),
            Duration::from_secs(10),
        ));
        let verifier = Verifier::with_jwks(ISSUER, SELF_URL, &jwks);
        let gateway = Arc::new(Gateway {
            tokens: TokenCheck::new(verifier, revocations),
            authorizer: Authorizer {
                directory: Directory::new(peer(), facts.clone(), TENANT),
                stops: Arc::new(Stops::new(facts.clone(), 1000)),
                facts,
                fhir_base: fhir_base.clone(),
            },
            upstream: Upstream::new(&fhir_base),
            journal: journal.clone(),
            pseudonyms: PseudonymKey::from_hex(PSEUDONYM_KEY).unwrap(),
            tenant: TENANT.to_owned(),
            gateway_id: "gateway-1".to_owned(),
            public_url: SELF_URL.to_owned(),
            issuer: ISSUER.to_owned(),
            clock: Clock(Arc::new(clock)),
            busy: Arc::new(Semaphore::new(64)),
        });
        let listener = {
            let gateway = gateway.clone();
            tokio::spawn(
                async move { gateway.tokens.revocations.run(|| gateway.clock.now()).await },
            )
        };
        let config = ServerConfig {
            listen: ([127, 0, 0, 1], 0).into(),
            metrics_listen: ([127, 0, 0, 1], 0).into(),
            max_concurrency: 64,
            request_timeout_ms: 20_000,
            max_body_bytes: 65_536,
        };
        let app = server::app(
            &config,
            routes::router(gateway.clone()),
            Readiness::default(),
        );
        let world = Self {
            app,
            gateway,
            _listener: AbortOnDrop(listener),
            fhir,
            neighbours,
            journal,
            dir,
            clock_offset,
            issuer_key,
        };
        world.until_ready().await;
        world
    }

    /// Ends all of it but its folder.
    pub fn end(self) -> TempDir {
        self.dir
    }

    /// Waits until revocations are heard of.
    pub async fn until_ready(&self) {
        until(|| {
            self.gateway
                .tokens
                .revocations
                .ready(self.gateway.clock.now())
                .is_ok()
        })
        .await;
    }

    /// A world in which the patient shared these terms with clinic A, and whose server holds these resources.
    pub async fn sharing(terms: Terms, resources: Vec<Value>) -> Self {
        let world = Self::new().await;
        world.fill(terms, resources);
        world
    }

    /// Makes the patient share these terms with clinic A, and the server hold these resources.
    pub fn fill(&self, terms: Terms, resources: Vec<Value>) {
        self.neighbours.enrol(PATIENT);
        self.share(terms);
        resources
            .into_iter()
            .for_each(|resource| self.fhir.put(resource));
    }

    /// The patient shares these terms with clinic A. Returns the consent's row for changes.
    pub fn share(&self, terms: Terms) -> Policy {
        let policy = policy(terms);
        self.neighbours.store(&policy);
        self.neighbours.consent(row(&policy, "ACTIVE"));
        policy
    }

    pub fn token(&self) -> String {
        self.token_with(json!({}))
    }

    /// A token of clinic A's backend with other claims on top; a claim of `null` is left out.
    pub fn token_with(&self, other: Value) -> String {
        let now =
            OffsetDateTime::now_utc().unix_timestamp() + self.clock_offset.load(Ordering::Relaxed);
        let mut claims = json!({
            "iss": ISSUER, "aud": SELF_URL, "sub": "clinic-a-backend", "client_id": "clinic-a-backend", "jti": "j1",
            "iat": now, "exp": now + 300, "scope": "provider:records.read system/*.rs", "tenant": TENANT,
            "persona": "provider", "org": "clinic-a", "grantees": [GRANTEE.to_string()], "purpose": "TREAT",
        });
        for (name, value) in other.as_object().unwrap() {
            match value {
                Value::Null => _ = claims.as_object_mut().unwrap().remove(name),
                _ => claims[name] = value.clone(),
            }
        }
        self.issuer_key.sign("at+jwt", &claims).unwrap()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.get_with(path, &self.token()).await
    }

    pub async fn get_with(&self, path: &str, token: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {token}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn evaluate(&self, body: Value, token: &str) -> Answer {
        let request = Request::post("/access/v1/evaluation")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    /// The records on disk, in order.
    pub fn records(&self) -> Vec<Record> {
        records_in(&self.dir.path().join("journal"))
    }

    /// The one record there must be.
    pub fn only_record(&self) -> Record {
        let mut records = self.records();
        assert_eq!(records.len(), 1, "{records:?}");
        records.remove(0)
    }
}

pub fn records_in(dir: &std::path::Path) -> Vec<Record> {
    let mut names: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    names.retain(|name| name.extension().is_some_and(|end| end == "ndjson") && name.is_file());
    names.sort();
    let lines = names
        .iter()
        .map(|name| std::fs::read_to_string(name).unwrap())
        .collect::<String>();
    lines
        .lines()
        .map(|line| Record::from_line(line.as_bytes()).unwrap())
        .collect()
}

/// An answer of the gateway.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {}", self.body))
    }

    /// The rule named in an OperationOutcome.
    pub fn rule(&self) -> String {
        self.json()["issue"][0]["details"]["coding"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// As [`Answer::rule`]; nothing for a release.
    pub fn rule_if_denied(&self) -> String {
        if self.status == StatusCode::OK {
            String::new()
        } else {
            self.rule()
        }
    }

    /// Ids of the released resources.
    pub fn released(&self) -> Vec<String> {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        let bundle = self.json();
        let entries = bundle["entry"].as_array().unwrap().iter();
        let matches = entries.filter(|entry| entry["search"]["mode"] == "match");
        matches
            .map(|entry| entry["resource"]["id"].as_str().unwrap().to_owned())
            .collect()
    }

    #[track_caller]
    pub fn assert_denied(&self, status: u16, rule: &str) {
        assert_eq!(
            (self.status.as_u16(), self.rule().as_str()),
            (status, rule),
            "{}",
            self.body
        );
        self.assert_no_phi();
    }

    /// Nothing of any record is in the answer.
    #[track_caller]
    pub fn assert_no_phi(&self) {
        let all = format!("{:?}{}", self.headers, self.body);
        for secret in [MARK, "Patient/", "valueQuantity", "subject"] {
            assert!(!all.contains(secret), "{secret} in {all}");
        }
    }
}

pub fn key(seed: u8) -> SigningKey {
    let secret = p256::SecretKey::from_slice(&[seed; 32]).unwrap();
    let mut jwk: Value = serde_json::from_str(&secret.to_jwk_string()).unwrap();
    jwk["kid"] = json!(format!("key-{seed}"));
    jwk["alg"] = json!("ES256");
    SigningKey::from_jwk(&jwk.to_string()).unwrap()
}

/// Serves a router on a port of its own.
pub async fn listen(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url.parse().unwrap()
}
