//! A real auth-service in this process, served at a port. Tests count what it is asked, and let it be away.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use access_token::{Amr, PublicJwk};
use auth_service::account::{self, Account, Role};
use auth_service::config::Config;
use auth_service::session::{self, Proven, Session, sign_in};
use auth_service::{App, client, db, random_id, routes, system_random};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use conf::Conf as _;
use serde_json::json;
use service_kit::{Readiness, server};
use test_support::Database;
use time::OffsetDateTime;

use super::{APPLICATION, Services, TENANT};

/// What the application asks for.
pub const SCOPES: [&str; 6] = [
    "openid",
    "launch/patient",
    "online_access",
    "patient:audit.read",
    "patient:consent.read",
    "patient:consent.write",
];

/// What tests see and steer.
#[derive(Default)]
struct Watch {
    token_requests: AtomicUsize,
    away: AtomicBool,
}

pub struct Issuer {
    /// Its address, which is its name.
    pub url: String,
    pub app: Arc<App>,
    watch: Arc<Watch>,
    _database: Database,
    _files: tempfile::TempDir,
}

impl Issuer {
    /// With the application as its client: with this key, or without any.
    pub async fn start(origin: &str, services: &Services, key: Option<&PublicJwk>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let database = Database::create().await;
        let files = tempfile::tempdir().unwrap();
        let path = |name: &str| files.path().join(name).to_str().unwrap().to_owned();
        let audiences: Vec<String> = [url.clone()]
            .into_iter()
            .chain(["indexer", "relay", "gateway", "audit"].map(|name| services.url(name)))
            .collect();
        let mut client = json!({
            "clientId": APPLICATION, "name": "Patient portal", "persona": "patient", "firstParty": true,
            "tokenEndpointAuthMethod": "none", "jwks": {"keys": []}, "grantTypes": ["authorization_code", "refresh_token"],
            "redirectUris": [format!("{origin}/callback")], "postLogoutRedirectUris": [origin],
            "scopes": SCOPES, "audiences": audiences,
        });
        if let Some(key) = key {
            client["tokenEndpointAuthMethod"] = json!("private_key_jwt");
            client["jwks"]["keys"] = json!([key]);
        }
        std::fs::write(path("clients.json"), json!([client]).to_string()).unwrap();
        std::fs::write(path("sealing-key.hex"), hex::encode([7; 32])).unwrap();
        let variables = [
            ("LISTEN", "127.0.0.1:0"),
            ("METRICS_LISTEN", "127.0.0.1:0"),
            ("DATABASE_URL", &database.url),
            ("ISSUER", &url),
            ("AUDIENCE", &url),
            ("INTERNAL_AUDIENCES", &audiences.join(",")),
            ("TENANT", TENANT),
            ("KAFKA_BROKERS", "127.0.0.1:1"),
            ("CHAIN_ID", "31337"),
            (
                "REGISTRY_ADDRESS",
                "0x07D7cF59fC1aeA74BC39697DD4Dca2bdaFeeFfB0",
            ),
            ("INDEXER_URL", "http://127.0.0.1:1"),
            ("CLIENTS_FILE", &path("clients.json")),
            ("KEY_ENCRYPTION_KEY_FILE", &path("sealing-key.hex")),
        ];
        let config = Config::try_parse_from(["auth-service"], variables).expect("settings");
        let app = Self::app(&config).await;
        let watch = Arc::new(Watch::default());
        let router = server::app(
            &config.server,
            routes::router(app.clone()),
            Readiness::default(),
        )
        .layer(middleware::from_fn_with_state(watch.clone(), observe))
        .into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            url,
            app,
            watch,
            _database: database,
            _files: files,
        }
    }

    async fn app(config: &Config) -> Arc<App> {
        let db = db::open(&config.database_url, &config.tenant, 8)
            .await
            .unwrap();
        let random = system_random();
        let now = OffsetDateTime::now_utc();
        client::register::take_over(&db, &config.tenant, &config.clients, &random, now)
            .await
            .unwrap();
        let clock = Arc::new(OffsetDateTime::now_utc);
        let app = Arc::new(App::new(config, db, clock, random));
        app.keys.look_after(now).await.unwrap();
        app
    }

    /// A patient who has just signed in; the session, and the cookie of their browser.
    pub async fn patient(&self) -> (Session, (String, String)) {
        let id = random_id(&self.app.random);
        let account = Account {
            id,
            tenant: TENANT.to_owned(),
            login: id.to_string(),
            role: Role::Patient {
                fhir_id: "p-1".to_owned(),
            },
            disabled: false,
            version: 0,
        };
        let now = self.app.now();
        let mut connection = self.app.db.acquire().await.unwrap();
        account::store::create(&mut connection, &account, now)
            .await
            .unwrap();
        let proven = Proven {
            amr: vec![Amr::Pop],
        };
        let random = &self.app.random;
        let (session, secret) =
            session::store::start(&mut connection, account, proven, random, now)
                .await
                .unwrap();
        let set = secret.set();
        let pair = set.to_str().unwrap().split(';').next().unwrap();
        let (name, value) = pair.split_once('=').unwrap();
        (session, (name.to_owned(), value.to_owned()))
    }

    /// Somebody ends a sign-in, at another device.
    pub async fn ends(&self, session: &Session) {
        let mut transaction = self.app.db.begin().await.unwrap();
        let (account, now) = (&session.account, self.app.now());
        let ended = sign_in::end(&self.app, &mut transaction, account, session.id, now).await;
        assert!(ended.unwrap());
        transaction.commit().await.unwrap();
    }

    /// How many sign-ins and grants of this account still stand.
    pub async fn standing(&self, session: &Session) -> (i64, i64) {
        let count = async |sql: &'static str| {
            sqlx::query_scalar::<_, i64>(sql)
                .bind(session.account.id)
                .fetch_one(&self.app.db)
                .await
                .unwrap()
        };
        (
            count("select count(*) from sessions where account = $1 and ended_at is null").await,
            count("select count(*) from authorizations where account = $1 and ended_at is null")
                .await,
        )
    }

    /// How often a token was asked for.
    pub fn token_requests(&self) -> usize {
        self.watch.token_requests.load(Ordering::SeqCst)
    }

    /// From now on, or no longer, it answers nothing of use.
    pub fn is_away(&self, away: bool) {
        self.watch.away.store(away, Ordering::SeqCst);
    }
}

async fn observe(State(watch): State<Arc<Watch>>, request: Request, next: Next) -> Response {
    if watch.away.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if request.uri().path() == "/oauth2/token" {
        watch.token_requests.fetch_add(1, Ordering::SeqCst);
    }
    next.run(request).await
}
