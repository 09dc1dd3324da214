//! What the handlers share, put together from the settings.

use std::time::Duration;

use service_kit::Shutdown;
use service_kit::http_client;
use service_kit::issuer::without_slash;
use time::OffsetDateTime;
use url::Url;

use crate::application::Application;
use crate::config::Config;
use crate::forward::{Forwarder, Target};
use crate::issuer::Issuer;
use crate::routes::assets::Assets;
use crate::routes::deployment::Deployment;
use crate::session::cookie::Cookies;
use crate::session::sign_in::Seal;
use crate::session::{Lifetime, Sessions};

/// How long one call to the issuer may take.
const ISSUER_TIMEOUT: Duration = Duration::from_secs(5);

/// What the handlers share.
pub struct Portal {
    /// Which application is served.
    pub application: Application,
    /// Where browsers reach it.
    pub origin: String,
    /// The issuer of tokens.
    pub issuer: Issuer,
    /// Who is signed in.
    pub sessions: Sessions,
    /// How browsers show that.
    pub cookies: Cookies,
    /// What a browser carries through a sign-in.
    pub seal: Seal,
    /// The way to the services.
    pub forwarder: Forwarder,
    /// The built application.
    pub assets: Assets,
    /// What scripts have to know of the chain and the services.
    pub deployment: Deployment,
    clock: fn() -> OffsetDateTime,
}

impl Portal {
    /// Puts the parts together; nothing is started or asked yet.
    ///
    /// # Errors
    /// When a URL is unfit or a client cannot be made.
    pub fn new(config: &Config, shutdown: Shutdown) -> anyhow::Result<Self> {
        let http = http_client::build(ISSUER_TIMEOUT)?;
        let clock: fn() -> OffsetDateTime = OffsetDateTime::now_utc;
        Ok(Self {
            application: config.application,
            origin: config.origin_text().to_owned(),
            issuer: Issuer::new(config, http)?,
            sessions: Sessions::new(
                config.max_sessions,
                Lifetime {
                    idle: time::Duration::seconds(config.session_idle_seconds.into()),
                    absolute: time::Duration::seconds(config.session_seconds.into()),
                },
                config.max_streams,
            ),
            cookies: Cookies::new(config.application),
            seal: Seal::generate(),
            forwarder: Forwarder::new(config, shutdown)?,
            assets: Assets::new(config.application, &config.assets_dir),
            deployment: Deployment::of(config),
            clock,
        })
    }

    /// Now.
    pub fn now(&self) -> OffsetDateTime {
        (self.clock)()
    }
}

/// Where a service is reached, as the settings say.
pub fn address(config: &Config, target: Target) -> &Url {
    match target {
        Target::Auth => config.auth_reached(),
        Target::Indexer => &config.indexer_url,
        Target::Relay => &config.relay_url,
        Target::Gateway => &config.gateway_url,
        Target::Audit => &config.audit_url,
    }
}

/// What a service is called in tokens: its address, without a slash at the end.
pub fn audience(config: &Config, target: Target) -> &str {
    without_slash(address(config, target))
}
