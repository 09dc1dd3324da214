//! One world for a test: an issuer, services, the portal, and a person at a browser.

mod browser;
mod issuer;
mod services;

use std::path::Path;
use std::process::{Command, Stdio};

use access_token::{PublicJwk, SigningKey};

pub use browser::Browser;
pub use issuer::Issuer;
pub use services::Services;
use test_support::{Process, free_address, until};

/// The application that is tested.
pub const APPLICATION: &str = "patient-portal";
/// Where the issuer is told to be.
pub const TENANT: &str = "general-hospital";

/// Everything that a test needs.
pub struct World {
    pub issuer: Issuer,
    pub services: Services,
    /// Where the application is reached.
    pub origin: String,
    /// The folder of the built application.
    pub assets: tempfile::TempDir,
    http: reqwest::Client,
    _portal: Process,
}

impl World {
    pub async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these variables beside, or in place of, the usual ones.
    pub async fn with(variables: &[(&str, &str)]) -> Self {
        Self::of(None, variables).await
    }

    /// With an application that proves who it is by the key in this file.
    pub async fn with_key(file: &Path) -> Self {
        let jwk = std::fs::read_to_string(file).unwrap();
        let key = SigningKey::from_jwk(&jwk).unwrap();
        let file = file.to_str().unwrap();
        Self::of(Some(key.public()), &[("CLIENT_KEY_FILE", file)]).await
    }

    async fn of(key: Option<&PublicJwk>, variables: &[(&str, &str)]) -> Self {
        let address = free_address();
        let origin = format!("http://localhost:{}", address.port());
        let services = Services::start().await;
        let issuer = Issuer::start(&origin, &services, key).await;
        let assets = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_portal-bff"));
        command
            .env_clear()
            .env("LOG", "warn")
            .env("LISTEN", address.to_string())
            .env("METRICS_LISTEN", free_address().to_string())
            .env("APPLICATION", APPLICATION)
            .env("CLIENT_ID", APPLICATION)
            .env("ORIGIN", &origin)
            .env("ASSETS_DIR", assets.path())
            .env("ISSUER", &issuer.url)
            .env("SCOPES", issuer::SCOPES.join(" "))
            .env("INDEXER_URL", services.url("indexer"))
            .env("RELAY_URL", services.url("relay"))
            .env("GATEWAY_URL", services.url("gateway"))
            .env("AUDIT_URL", services.url("audit"))
            .env("CHAIN_ID", "31337")
            .env(
                "REGISTRY_ADDRESS",
                "0x07D7cF59fC1aeA74BC39697DD4Dca2bdaFeeFfB0",
            )
            .env("FINALITY", "latest")
            .envs(variables.iter().copied())
            .stdout(Stdio::null())
            .stderr(Stdio::inherit());
        let portal = Process(command.spawn().expect("the portal's program"));
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        let live = format!("{origin}/health/live");
        until("the portal", || async {
            http.get(&live).send().await.is_ok()
        })
        .await;
        Self {
            issuer,
            services,
            origin,
            assets,
            http,
            _portal: portal,
        }
    }

    /// A browser that was never here.
    pub fn browser(&self) -> Browser<'_> {
        Browser::new(self)
    }

    /// The browser of a patient who has signed in.
    pub async fn signed_in(&self) -> Browser<'_> {
        let mut browser = self.browser();
        browser.is_known_at_the_issuer().await;
        let answer = browser.signs_in("/session/start").await;
        assert_eq!(answer.location(), "/", "{}", answer.text);
        browser.reads_session().await;
        browser
    }
}
