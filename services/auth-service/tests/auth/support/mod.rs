//! The service in one process, on a database of its own, with a clock that the test sets.

pub mod apps;
pub mod authenticator;
pub mod binary;
pub mod browser;
pub mod chain;
pub mod command;
pub mod family;
pub mod foreign;
pub mod passkey;
pub mod people;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use access_token::{AssertionClaims, Claims, SigningKey, Verifier};
use alloy::primitives::{Address, B256, U256};
use alloy::signers::local::PrivateKeySigner;
use auth_service::config::Config;
use auth_service::{App, Random, client, db, routes, system_random};
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use conf::Conf;
use contract_bindings::intent::{self, Bind, BindGrantee, Statement as _};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use service_kit::{Readiness, server};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use time::OffsetDateTime;
use tower::ServiceExt;

pub const ISSUER: &str = "https://auth.example";
pub const OTHER_ISSUER: &str = "https://other-auth.example";
pub const GATEWAY: &str = "https://ehr.example";
pub const INDEXER: &str = "https://index.example";
pub const TENANT: &str = "general-hospital";
pub const OTHER_TENANT: &str = "other-hospital";
pub const CHAIN_ID: u64 = 31_337;
pub const REGISTRY: Address = Address::repeat_byte(9);
pub const NOW: i64 = 1_900_000_000;
pub const ASSERTION_TYPE: &str = access_token::assertion::ASSERTION_TYPE;

/// Whether a token is alive, as far as the feed says at the service's time.
pub async fn stands(service: &Service, claims: &Claims) -> bool {
    auth_service::revocation::store::stands(&service.db, claims, at(service.time()))
        .await
        .unwrap()
}

pub fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

pub fn secret(n: u8) -> p256::SecretKey {
    p256::SecretKey::from_slice(&[n; 32]).unwrap()
}

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_jwk(&secret(n).to_jwk_string()).unwrap()
}

/// The first key that signs access tokens, and that of the other tenant.
pub const SIGNER: u8 = 100;
pub const OTHER_SIGNER: u8 = 101;
/// What the key-encryption key is made of.
pub const SEALER: u8 = 102;

/// Randomness whose first 32 bytes are known: those of the first signing key.
pub fn random_after(first_key: u8) -> Random {
    let (random, given) = (system_random(), AtomicBool::new(false));
    Arc::new(move |bytes: &mut [u8]| {
        if bytes.len() == 32 && !given.swap(true, Ordering::SeqCst) {
            bytes.fill(first_key);
        } else {
            random(bytes);
        }
    })
}
pub const CLINIC_A: (&str, u8) = ("clinic-a-backend", 1);
pub const CLINIC_B: (&str, u8) = ("clinic-b-backend", 2);
pub const ADMIN: (&str, u8) = ("admin-tool", 3);
pub const SYSTEM: (&str, u8) = ("gateway", 4);
pub const OTHER_ADMIN: (&str, u8) = ("other-admin-tool", 5);
pub const OTHER_SYSTEM: (&str, u8) = ("other-gateway", 6);

pub fn registration(
    client: (&str, u8),
    persona: &str,
    organization: Option<&str>,
    scopes: &[&str],
) -> Value {
    let mut registration = json!({
        "clientId": client.0, "persona": persona, "jwks": {"keys": [key(client.1).public()]},
        "scopes": scopes, "audiences": [ISSUER, GATEWAY, INDEXER],
    });
    if let Some(organization) = organization {
        registration["organization"] = json!(organization);
        registration["purposes"] = json!(["TREAT", "HPAYMT"]);
        registration["audiences"] = json!([GATEWAY, INDEXER]);
    }
    registration
}

pub fn clients() -> Value {
    let provider = [
        "provider:records.read",
        "provider:consent.request",
        "system/Observation.rs?category=laboratory",
    ];
    json!([
        registration(CLINIC_A, "provider", Some("clinic-a"), &provider),
        registration(CLINIC_B, "provider", Some("clinic-b"), &provider),
        registration(ADMIN, "admin", None, &["admin:*"]),
        registration(
            SYSTEM,
            "system",
            None,
            &[
                "system:directory.read",
                "system:consent.read",
                "system:revocation.read"
            ]
        ),
    ])
}

/// Clients of the other tenant.
pub fn other_clients() -> Value {
    let mut clients = [
        registration(OTHER_ADMIN, "admin", None, &["admin:*"]),
        registration(OTHER_SYSTEM, "system", None, &["system:*"]),
    ];
    for client in &mut clients {
        client["audiences"] = json!([OTHER_ISSUER, GATEWAY, INDEXER]);
    }
    Value::from(clients.to_vec())
}

/// A database of the test's own, dropped with it. Its owner is an ordinary role, as in production: row-level security
/// does not hold a superuser.
pub struct Database {
    pub url: String,
    /// The same database as the server's administrator.
    server: String,
    name: String,
}

impl Database {
    pub async fn create() -> Self {
        let server = std::env::var("TEST_DATABASE_URL").expect(
            "TEST_DATABASE_URL is not set: it names a Postgres superuser on a server for tests, \
             such as postgres://postgres@127.0.0.1:7432/postgres. scripts/test sets it.",
        );
        let name = format!("auth_test_{}", uuid::Uuid::now_v7().simple());
        let mut connection = PgConnection::connect(&server)
            .await
            .expect("TEST_DATABASE_URL must be reachable");
        for statement in [
            format!("create role {name} login password '{name}'"),
            format!("create database {name} owner {name}"),
        ] {
            connection
                .execute(sqlx::AssertSqlSafe(statement))
                .await
                .unwrap();
        }
        let mut url: url::Url = server.parse().unwrap();
        url.set_path(&name);
        url.set_username(&name).unwrap();
        url.set_password(Some(&name)).unwrap();
        Self {
            url: url.into(),
            server,
            name,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, name) = (self.server.clone(), self.name.clone());
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let mut connection = PgConnection::connect(&server).await?;
                for statement in [
                    format!("drop database {name} with (force)"),
                    format!("drop role {name}"),
                ] {
                    connection.execute(sqlx::AssertSqlSafe(statement)).await?;
                }
                Ok::<_, sqlx::Error>(())
            })
        });
        let _ = dropping.join();
    }
}

/// What the files and variables of a configuration hold.
pub struct Setup {
    pub dir: tempfile::TempDir,
    pub variables: Vec<(String, String)>,
}

impl Setup {
    pub fn new(database_url: &str, clients: &Value) -> Self {
        Self::of(TENANT, ISSUER, database_url, clients)
    }

    pub fn of(tenant: &str, issuer: &str, database_url: &str, clients: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sealer = hex::encode([SEALER; 32]);
        std::fs::write(dir.path().join("sealing-key.hex"), sealer).unwrap();
        std::fs::write(dir.path().join("clients.json"), clients.to_string()).unwrap();
        let path = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let variables = [
            ("LISTEN", "127.0.0.1:0".to_owned()),
            ("METRICS_LISTEN", "127.0.0.1:0".to_owned()),
            ("DATABASE_URL", database_url.to_owned()),
            ("ISSUER", issuer.to_owned()),
            ("AUDIENCE", issuer.to_owned()),
            ("TENANT", tenant.to_owned()),
            ("INTERNAL_AUDIENCES", format!("{issuer},{INDEXER}")),
            ("KAFKA_BROKERS", "127.0.0.1:1".to_owned()),
            ("CHAIN_ID", CHAIN_ID.to_string()),
            ("REGISTRY_ADDRESS", REGISTRY.to_string()),
            ("DIRECTORY_IMPORT", "true".to_owned()),
            ("INDEXER_URL", "http://127.0.0.1:1".to_owned()),
            ("CLIENTS_FILE", path("clients.json")),
            ("KEY_ENCRYPTION_KEY_FILE", path("sealing-key.hex")),
        ];
        let variables = variables
            .map(|(name, value)| (name.to_owned(), value))
            .to_vec();
        Self { dir, variables }
    }

    /// As a deployment that is not migrating has it.
    pub fn without_import(&mut self) {
        self.variables
            .retain(|(name, _)| name != "DIRECTORY_IMPORT");
    }

    /// With the consent-indexer at this address.
    pub fn indexer(&mut self, url: &str) {
        self.variables.retain(|(name, _)| name != "INDEXER_URL");
        self.variables
            .push(("INDEXER_URL".to_owned(), url.to_owned()));
    }

    pub fn config(&self) -> Config {
        Config::try_parse_from(["auth-service"], self.variables.clone())
            .unwrap_or_else(|error| panic!("the test's configuration is wrong: {error}"))
    }
}

pub struct Service {
    pub app: Arc<App>,
    pub router: Router,
    pub db: PgPool,
    /// What the chain says, unless the test set another indexer.
    pub chain: chain::Chain,
    clock: Arc<AtomicI64>,
    database: Arc<Database>,
}

/// Status, headers and the body as JSON (null when it is none).
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    /// The body as it is.
    pub text: String,
}

impl Answer {
    pub fn error(&self) -> (u16, &str) {
        (
            self.status.as_u16(),
            self.body["error"].as_str().unwrap_or("none"),
        )
    }

    /// Status and the last part of the problem's type.
    pub fn problem(&self) -> (u16, &str) {
        let kind = self.body["type"]
            .as_str()
            .and_then(|kind| kind.rsplit('/').next());
        (self.status.as_u16(), kind.unwrap_or("none"))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

impl Service {
    /// `clinic-a` and `clinic-b` are in the directory.
    pub async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    /// As [`Service::start`], configured otherwise.
    pub async fn start_with(change: impl FnOnce(&mut Setup)) -> Self {
        Self::start_with_clients(&clients(), change).await
    }

    /// The same with these clients, among which the usual administrator's has to be.
    pub async fn start_with_clients(clients: &Value, change: impl FnOnce(&mut Setup)) -> Self {
        let database = Arc::new(Database::create().await);
        let mut setup = Setup::new(&database.url, clients);
        let chain = chain::Chain::default();
        setup.indexer(&chain.serve().await);
        change(&mut setup);
        let mut service = Self::on(&setup, database).await;
        service.chain = chain;
        for (id, key) in [("clinic-a", CLINIC_A_KEY), ("clinic-b", CLINIC_B_KEY)] {
            let body = organization(id, id, &[key], 1);
            let admin = service.admin().await;
            let stored = service
                .put(&format!("/v1/organizations/{id}"), &admin, &body)
                .await;
            assert_eq!(stored.status, 201);
        }
        service
    }

    /// The service of another tenant on the same database, with an issuer and clients of its own.
    pub async fn beside(&self) -> Self {
        let database = self.database().clone();
        let setup = Setup::of(OTHER_TENANT, OTHER_ISSUER, &database.url, &other_clients());
        Self::on(&setup, database).await
    }

    /// A service as this setup says.
    pub async fn on(setup: &Setup, database: Arc<Database>) -> Self {
        let config = setup.config();
        let db = db::open(&config.database_url, &config.tenant, 8)
            .await
            .unwrap();
        let random = system_random();
        client::register::take_over(&db, &config.tenant, &config.clients, &random, at(NOW))
            .await
            .unwrap();
        let service = Self::over(config, db, database);
        service.app.keys.look_after(at(NOW)).await.unwrap();
        service
    }

    /// The database.
    pub fn database(&self) -> &Arc<Database> {
        &self.database
    }

    fn over(config: Config, db: PgPool, database: Arc<Database>) -> Self {
        let clock = Arc::new(AtomicI64::new(NOW));
        let time = clock.clone();
        let first_key = if config.tenant == TENANT {
            SIGNER
        } else {
            OTHER_SIGNER
        };
        let app = Arc::new(App::new(
            &config,
            db.clone(),
            Arc::new(move || at(time.load(Ordering::SeqCst))),
            random_after(first_key),
        ));
        let router = server::app(
            &config.server,
            routes::router(app.clone()),
            Readiness::default(),
        );
        Self {
            app,
            router,
            db,
            chain: chain::Chain::default(),
            clock,
            database,
        }
    }

    pub fn set_time(&self, seconds: i64) {
        self.clock.store(seconds, Ordering::SeqCst);
    }

    pub fn time(&self) -> i64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }

    pub async fn request(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<String>,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {token}"));
        let request = match body {
            Some(body) => request
                .header(header::CONTENT_TYPE, "application/json")
                .body(Body::from(body)),
            None => request.body(Body::empty()),
        };
        self.send(request.unwrap()).await
    }

    pub async fn get(&self, path: &str, token: &str) -> Answer {
        self.request(Method::GET, path, token, None).await
    }

    pub async fn post(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.request(Method::POST, path, token, Some(body.to_string()))
            .await
    }

    pub async fn act(&self, path: &str, token: &str) -> Answer {
        self.request(Method::POST, path, token, None).await
    }

    pub async fn delete(&self, path: &str, token: &str) -> Answer {
        self.request(Method::DELETE, path, token, None).await
    }

    pub async fn put(&self, path: &str, token: &str, body: &Value) -> Answer {
        self.request(Method::PUT, path, token, Some(body.to_string()))
            .await
    }

    /// Posts a form to the token endpoint.
    pub async fn form(&self, form: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let request = Request::post("/oauth2/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body));
        self.send(request.unwrap()).await
    }

    /// A new, good assertion.
    pub fn assertion(&self, client: (&str, u8)) -> String {
        let jti = uuid::Uuid::now_v7().simple().to_string();
        let audience = self.app.token_endpoint();
        AssertionClaims::new(client.0, &audience, jti, at(self.time()), 60)
            .sign(&key(client.1))
            .unwrap()
    }

    /// Asks for a token with a good assertion and these further parameters.
    pub async fn ask(&self, client: (&str, u8), more: &[(&str, &str)]) -> Answer {
        self.ask_with(&self.assertion(client), more).await
    }

    pub async fn ask_with(&self, assertion: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", assertion),
        ];
        form.extend_from_slice(more);
        self.form(&form).await
    }

    /// A token for the service itself.
    pub async fn token(&self, client: (&str, u8), scope: &str) -> String {
        let answer = self
            .ask(client, &[("scope", scope), ("resource", &self.app.issuer)])
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["access_token"].as_str().unwrap().to_owned()
    }

    pub async fn admin(&self) -> String {
        let client = if self.app.tenant == TENANT {
            ADMIN
        } else {
            OTHER_ADMIN
        };
        self.token(client, "admin:*").await
    }

    pub async fn system(&self) -> String {
        let client = if self.app.tenant == TENANT {
            SYSTEM
        } else {
            OTHER_SYSTEM
        };
        self.token(client, "system:directory.read").await
    }

    /// What a token for `audience` says, read the way every verifier reads it.
    pub async fn claims(&self, answer: &Answer, audience: &str) -> Claims {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let jwks = self
            .send(Request::get("/oauth2/jwks").body(Body::empty()).unwrap())
            .await;
        let jwks = access_token::Jwks::parse(jwks.body.to_string().as_bytes()).unwrap();
        let token = answer.body["access_token"].as_str().unwrap();
        Verifier::with_jwks(&self.app.issuer, audience, &jwks)
            .verify(token, at(self.time()))
            .await
            .unwrap()
    }
}

/// An access token of our issuer, made by hand.
pub fn token_by_hand(change: impl FnOnce(&mut Value)) -> String {
    let mut claims = json!({
        "iss": ISSUER, "aud": ISSUER, "sub": ADMIN.0, "client_id": ADMIN.0, "jti": "j", "iat": NOW,
        "exp": NOW + 300, "scope": "admin:*", "tenant": TENANT, "persona": "admin",
    });
    change(&mut claims);
    key(SIGNER).sign("at+jwt", &claims).unwrap()
}

/// A token of a patient who signed in with two factors `age` seconds ago.
pub fn patient_token(fhir_id: &str, age: i64) -> String {
    patient_token_with(fhir_id, age, |_| {})
}

pub fn patient_token_with(fhir_id: &str, age: i64, change: impl FnOnce(&mut Value)) -> String {
    token_by_hand(|claims| {
        claims["sub"] = json!("7f0c1f64-7e1b-4d3e-9a55-0d5d2c1b7a10");
        claims["client_id"] = json!("patient-portal");
        claims["persona"] = json!("patient");
        claims["scope"] = json!("patient:consent.read patient:consent.write");
        claims["patient"] = json!(fhir_id);
        claims["sid"] = json!("session");
        claims["auth_time"] = json!(NOW - age);
        claims["acr"] = json!("aal2");
        claims["amr"] = json!(["pwd", "otp"]);
        claims["sv"] = json!(0);
        change(claims);
    })
}

/// A token of a clinician of `clinic-a` who signed in with two factors `age` seconds ago.
pub fn clinician_token(practitioner: &str, age: i64, change: impl FnOnce(&mut Value)) -> String {
    patient_token_with("nobody", age, |claims| {
        claims["client_id"] = json!("clinician-portal");
        claims["persona"] = json!("provider");
        claims["scope"] = json!("provider:consent.request");
        claims["patient"] = Value::Null;
        claims["org"] = json!("clinic-a");
        claims["fhirUser"] = json!(format!("Practitioner/{practitioner}"));
        change(claims);
    })
}

pub fn subject(n: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(n)).unwrap()
}

/// The keys whose addresses are those of `clinic-a` and `clinic-b`, see [`subject`].
pub const CLINIC_A_KEY: u8 = 0xa1;
pub const CLINIC_B_KEY: u8 = 0xb1;

/// What an address says of whose it is, in the form of requests, signed by whichever key.
pub fn grantee_statement(said: &BindGrantee, by: &PrivateKeySigner) -> Value {
    let here = intent::domain(CHAIN_ID, REGISTRY);
    let proof = said.prove(&here, by).unwrap();
    json!({
        "grantee": said.grantee, "nonce": said.nonce.to_string(), "deadline": said.deadline,
        "signature": proof.signature,
    })
}

/// An organisation with the addresses of these keys, each of which signed for it.
pub fn organization_for(tenant: &str, id: &str, name: &str, keys: &[u8], nonce: u64) -> Value {
    let signed = |n: &u8| {
        let by = subject(*n);
        let (nonce, deadline) = (U256::from(nonce), NOW as u64 + 600);
        let said = BindGrantee::of_organization(tenant, id, by.address(), nonce, deadline);
        grantee_statement(&said, &by)
    };
    let bindings: Vec<Value> = keys.iter().map(signed).collect();
    json!({"name": name, "bindings": bindings})
}

pub fn organization(id: &str, name: &str, keys: &[u8], nonce: u64) -> Value {
    organization_for(TENANT, id, name, keys, nonce)
}

/// The body of a binding, rightly signed for a tenant.
pub fn binding_for(
    tenant: &str,
    fhir_id: &str,
    signer: &PrivateKeySigner,
    nonce: u64,
    deadline: u64,
) -> Value {
    let bind = Bind::new(
        tenant,
        fhir_id,
        signer.address(),
        U256::from(nonce),
        deadline,
    );
    let signature = bind
        .sign(&intent::domain(CHAIN_ID, REGISTRY), signer)
        .unwrap();
    json!({
        "subject": signer.address(), "nonce": nonce.to_string(), "deadline": deadline,
        "signature": format!("0x{}", hex::encode(signature)),
    })
}

pub fn binding(fhir_id: &str, signer: &PrivateKeySigner, nonce: u64) -> Value {
    binding_for(TENANT, fhir_id, signer, nonce, NOW as u64 + 600)
}
