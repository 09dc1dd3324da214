//! The real binary of auth-service, its clients, and people who let apps in.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use access_token::{Amr, AssertionClaims, SigningKey};
use anyhow::{Context, Result, bail, ensure};
use auth_service::account::{self, Account, Role};
use auth_service::session::{self, Proven};
use auth_service::{Random, db, random_id, system_random};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{Connection, Executor, PgConnection, PgPool};
use time::OffsetDateTime;
use url::Url;

const TENANT: &str = "load";
/// A backend that speaks for itself.
pub const BACKEND: &str = "backend";
/// An app that people let in, without a key.
pub const APP: &str = "app";
const BACK: &str = "http://127.0.0.1/callback";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";
const START_BUDGET: Duration = Duration::from_secs(30);

/// A running service.
pub struct World {
    /// The issuer, and the audience of every token here.
    pub issuer: String,
    /// The service's process.
    pub pid: u32,
    /// A client that keeps its connections.
    pub http: reqwest::Client,
    key: SigningKey,
    random: Random,
    db: PgPool,
    child: Child,
    database: Database,
    _files: tempfile::TempDir,
}

struct Database {
    server: String,
    name: String,
}

impl World {
    /// Starts the binary on a database of its own on `server`.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start(server: &str, binary: &Path) -> Result<Self> {
        let random = system_random();
        let database = Database {
            server: server.to_owned(),
            name: format!("load_{}", random_id(&random).simple()),
        };
        let url = database.create().await?;
        let port = local_stack::ports::any_free()?;
        let issuer = format!("http://127.0.0.1:{port}");
        let secret = p256::SecretKey::from_slice(&[7; 32]).context("a key")?;
        let key = SigningKey::from_jwk(&secret.to_jwk_string())?;
        let files = tempfile::tempdir()?;
        let write = |name: &str, text: String| -> Result<PathBuf> {
            let path = files.path().join(name);
            std::fs::write(&path, text)?;
            Ok(path)
        };
        let clients = write("clients.json", clients(&issuer, &key).to_string())?;
        let sealing = write("sealing-key.hex", hex::encode([9; 32]))?;
        let child = Command::new(binary)
            .env_clear()
            .envs([
                ("LISTEN", format!("127.0.0.1:{port}")),
                ("METRICS_LISTEN", "127.0.0.1:0".to_owned()),
                ("LOG", "warn".to_owned()),
                ("DATABASE_URL", url.clone()),
                ("ISSUER", issuer.clone()),
                ("AUDIENCE", issuer.clone()),
                ("INTERNAL_AUDIENCES", issuer.clone()),
                ("TENANT", TENANT.to_owned()),
                ("CHAIN_ID", "31337".to_owned()),
                ("REGISTRY_ADDRESS", format!("0x{}", "09".repeat(20))),
                ("KAFKA_BROKERS", "127.0.0.1:1".to_owned()),
                ("INDEXER_URL", "http://127.0.0.1:1".to_owned()),
                ("CLIENTS_FILE", clients.display().to_string()),
                ("KEY_ENCRYPTION_KEY_FILE", sealing.display().to_string()),
                ("CLIENT_REQUESTS_PER_SECOND", "1000000".to_owned()),
                ("PAGE_REQUESTS_PER_MINUTE", "1000000".to_owned()),
            ])
            .stdout(Stdio::null())
            .spawn()
            .with_context(|| format!("{} cannot be started: build it first", binary.display()))?;
        let world = Self {
            pid: child.id(),
            http: reqwest::Client::builder().no_proxy().build()?,
            db: db::pool(&url, TENANT, 4)?,
            issuer,
            key,
            random,
            child,
            database,
            _files: files,
        };
        world.until_ready().await?;
        Ok(world)
    }

    async fn until_ready(&self) -> Result<()> {
        let url = format!("{}/health/ready", self.issuer);
        let started = Instant::now();
        while started.elapsed() < START_BUDGET {
            let answer = self.http.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        bail!("the service is not ready after {START_BUDGET:?}")
    }

    /// A new assertion of the backend, good for five minutes.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn assertion(&self) -> Result<String> {
        let jti = random_id(&self.random).simple().to_string();
        let now = OffsetDateTime::now_utc();
        Ok(AssertionClaims::new(BACKEND, &self.issuer, jti, now, 300).sign(&self.key)?)
    }

    /// Posts a form and reads the answer, which has to be a good one.
    ///
    /// # Errors
    /// When it is not.
    pub async fn post(
        &self,
        path: &str,
        form: &[(&str, &str)],
        bearer: Option<&str>,
    ) -> Result<Value> {
        let mut request = self.http.post(format!("{}{path}", self.issuer)).form(form);
        if let Some(token) = bearer {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await?;
        let status = answer.status();
        ensure!(status == 200, "{path} answered {status}");
        Ok(answer.json().await?)
    }

    /// A token of the backend for the service itself.
    ///
    /// # Errors
    /// When there is none.
    pub async fn backend_token(&self) -> Result<String> {
        let assertion = self.assertion()?;
        let answer = self
            .post("/oauth2/token", &client_credentials(&assertion), None)
            .await?;
        member(&answer, "access_token")
    }

    /// A new patient lets the app in: access and refresh token.
    ///
    /// # Errors
    /// When that fails.
    pub async fn let_in(&self) -> Result<(String, String)> {
        let cookie = self.sign_in().await?;
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
        let mut url = Url::parse(&format!("{}/oauth2/authorize", self.issuer))?;
        url.query_pairs_mut().extend_pairs([
            ("client_id", APP),
            ("redirect_uri", BACK),
            ("response_type", "code"),
            ("scope", "openid patient/*.rs"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let answer = http.get(url).header("cookie", cookie).send().await?;
        let location = answer.headers().get("location").context("no redirect")?;
        let location = Url::parse(location.to_str()?)?;
        let mut pairs = location.query_pairs();
        let (_, code) = pairs.find(|(name, _)| name == "code").context("no code")?;
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", APP),
            ("code", &code),
            ("redirect_uri", BACK),
            ("code_verifier", VERIFIER),
        ];
        let answer = self.post("/oauth2/token", &form, None).await?;
        Ok((
            member(&answer, "access_token")?,
            member(&answer, "refresh_token")?,
        ))
    }

    async fn sign_in(&self) -> Result<String> {
        let id = random_id(&self.random);
        let account = Account {
            id,
            tenant: TENANT.to_owned(),
            login: id.to_string(),
            role: Role::Patient {
                fhir_id: id.simple().to_string(),
            },
            disabled: false,
            version: 0,
        };
        let now = OffsetDateTime::now_utc();
        let mut connection = self.db.acquire().await?;
        account::store::create(&mut connection, &account, now).await?;
        let proven = Proven {
            amr: vec![Amr::Pop],
        };
        let (_, secret) =
            session::store::start(&mut connection, account, proven, &self.random, now).await?;
        let set = secret.set();
        let cookie = set.to_str()?.split(';').next().unwrap_or_default();
        Ok(cookie.to_owned())
    }

    /// Lets the database see how large its tables have become, as it does by itself a minute later. On tables that were
    /// empty when it planned it reads all of a tenant's rows for one.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn settle(&self) -> Result<()> {
        self.db.execute("analyze").await?;
        Ok(())
    }

    /// Ends the service and drops its database.
    ///
    /// # Errors
    /// When the database cannot be dropped.
    pub async fn end(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        self.db.close().await;
        self.database.drop().await
    }
}

impl Database {
    /// Its owner is an ordinary role, as in production: row-level security does not hold an administrator.
    async fn create(&self) -> Result<String> {
        let name = &self.name;
        self.execute(&[
            format!("create role {name} login password '{name}'"),
            format!("create database {name} owner {name}"),
        ])
        .await?;
        let mut url: Url = self.server.parse()?;
        url.set_path(name);
        let _ = url.set_username(name);
        let _ = url.set_password(Some(name));
        Ok(url.into())
    }

    async fn drop(&self) -> Result<()> {
        let name = &self.name;
        self.execute(&[
            format!("drop database {name} with (force)"),
            format!("drop role {name}"),
        ])
        .await
    }

    async fn execute(&self, statements: &[String]) -> Result<()> {
        let mut connection = PgConnection::connect(&self.server)
            .await
            .context("TEST_DATABASE_URL cannot be reached")?;
        for statement in statements {
            connection
                .execute(sqlx::AssertSqlSafe(statement.clone()))
                .await?;
        }
        Ok(())
    }
}

fn clients(issuer: &str, key: &SigningKey) -> Value {
    json!([
        {
            "clientId": BACKEND, "persona": "system", "jwks": {"keys": [key.public()]},
            "scopes": ["system:directory.read"], "audiences": [issuer], "resources": [issuer],
        },
        {
            "clientId": APP, "persona": "patient", "tokenEndpointAuthMethod": "none", "firstParty": true,
            "scopes": ["patient/*.rs", "openid"], "audiences": [issuer], "redirectUris": [BACK],
            "grantTypes": ["authorization_code", "refresh_token"],
        },
    ])
}

/// A request for a token of the backend.
pub fn client_credentials(assertion: &str) -> [(&'static str, &str); 4] {
    [
        ("grant_type", "client_credentials"),
        ("scope", "system:directory.read"),
        (
            "client_assertion_type",
            access_token::assertion::ASSERTION_TYPE,
        ),
        ("client_assertion", assertion),
    ]
}

/// A text member of an answer.
///
/// # Errors
/// When it is not there.
pub fn member(answer: &Value, name: &str) -> Result<String> {
    let text = answer[name]
        .as_str()
        .with_context(|| format!("no {name}"))?;
    Ok(text.to_owned())
}
