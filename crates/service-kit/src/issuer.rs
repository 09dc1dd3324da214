//! The issuer of access tokens, as a service that it does not itself run meets it: settings, the check of callers'
//! tokens, own tokens. What is revoked is followed in the background; who has not heard of it refuses every token.

use std::sync::Arc;
use std::time::Duration;

use access_token::{
    RevocationFeed, SigningKey, TokenSource, TokenSourceConfig, Verifier, revocation,
};
use anyhow::Context as _;
use conf::Conf;
use time::OffsetDateTime;
use url::Url;

use crate::{Readiness, Shutdown};

/// Settings of a service that takes access tokens; flatten it into a service's own configuration.
#[derive(Conf, Debug, Clone)]
pub struct IssuerConfig {
    /// Issuer of access tokens: URL of auth-service.
    #[arg(long, env)]
    pub issuer: Url,
    /// URL under which auth-service is reached from here; ISSUER when not given.
    #[arg(long, env)]
    pub auth_url: Option<Url>,
    /// Own URL, the audience that tokens must be for.
    #[arg(long, env)]
    pub audience: Url,
    /// Own client id at the issuer.
    #[arg(long, env)]
    pub client_id: String,
    /// File with the private key (JWK, ES256) of the own client.
    #[conf(long = "client-key-file", env = "CLIENT_KEY_FILE", value_parser = read_client_key)]
    pub client_key: SigningKey,
    /// How long ago, in milliseconds, the last complete look at the issuer's revocations may have begun. With more, no
    /// token is believed.
    #[arg(long, env, default_value = "10000")]
    pub max_revocations_age_ms: u64,
}

impl IssuerConfig {
    /// The issuer as its tokens write it: without a slash at its end.
    pub fn name(&self) -> &str {
        without_slash(&self.issuer)
    }

    /// The own address, without a slash at its end.
    pub fn own_url(&self) -> &str {
        without_slash(&self.audience)
    }

    /// Where auth-service is reached.
    pub fn reached(&self) -> &Url {
        self.auth_url.as_ref().unwrap_or(&self.issuer)
    }

    /// Own tokens for the service at `base`.
    ///
    /// # Errors
    /// When the issuer's address cannot be extended.
    pub fn tokens(
        &self,
        http: &reqwest::Client,
        base: &Url,
        scope: &str,
    ) -> anyhow::Result<TokenSource> {
        let config = TokenSourceConfig {
            issuer: self.name().to_owned(),
            token_url: self.at("/oauth2/token")?,
            client_id: self.client_id.clone(),
            key: self.client_key.clone(),
            scope: scope.to_owned(),
            resource: without_slash(base).to_owned(),
        };
        Ok(TokenSource::new(config, http.clone()))
    }

    /// What checks callers' tokens. Nothing is asked yet.
    ///
    /// # Errors
    /// When the issuer's address cannot be extended.
    pub fn check(&self, http: &reqwest::Client) -> anyhow::Result<TokenCheck> {
        let revocations = Arc::new(RevocationFeed::new(
            self.at(revocation::PATH)?,
            http.clone(),
            self.tokens(http, self.reached(), revocation::SCOPE)?,
            Duration::from_millis(self.max_revocations_age_ms),
        ));
        let keys = self.at("/oauth2/jwks")?;
        let verifier = Verifier::new(self.name(), self.own_url(), keys, http.clone());
        Ok(TokenCheck::new(verifier, revocations))
    }

    fn at(&self, path: &str) -> anyhow::Result<Url> {
        format!("{}{path}", without_slash(self.reached()))
            .parse()
            .context("AUTH_URL or ISSUER cannot be a base URL")
    }
}

/// Checks callers' tokens, by the issuer's keys and by what it revoked. Clones share what they know.
#[derive(Clone)]
pub struct TokenCheck {
    /// Asks for a request's token.
    pub verifier: Arc<Verifier>,
    /// What it knows of revoked tokens.
    pub revocations: Arc<RevocationFeed>,
}

impl TokenCheck {
    /// The verifier, which from now on believes the feed.
    pub fn new(verifier: Verifier, revocations: Arc<RevocationFeed>) -> Self {
        Self {
            verifier: Arc::new(verifier.revocations(revocations.clone())),
            revocations,
        }
    }

    /// Follows the feed until the service stops. Until it was read for the first time, no token stands.
    pub fn follow(
        &self,
        shutdown: &Shutdown,
        clock: impl Fn() -> OffsetDateTime + Send + Sync + 'static,
    ) {
        let (feed, stop) = (self.revocations.clone(), shutdown.clone());
        shutdown.spawn("revocations", async move {
            tokio::select! {
                () = feed.run(clock) => {}
                () = stop.triggered() => {}
            }
            Ok(())
        });
    }

    /// Adds the issuer's keys and its revocations to what the service needs.
    pub fn needed(
        &self,
        readiness: &Readiness,
        clock: impl Fn() -> OffsetDateTime + Clone + Send + Sync + 'static,
    ) {
        let (at, now) = (self.clone(), clock.clone());
        readiness.add("auth-service", move || at.clone().has_keys(now()));
        let at = self.clone();
        readiness.add("revocations", move || at.clone().has_revocations(clock()));
    }

    /// Adds both to what is reported only: for a service whose most important work needs no token.
    pub fn reported(
        &self,
        readiness: &Readiness,
        clock: impl Fn() -> OffsetDateTime + Clone + Send + Sync + 'static,
    ) {
        let (at, now) = (self.clone(), clock.clone());
        readiness.add_optional("auth-service", move || at.clone().has_keys(now()));
        let at = self.clone();
        readiness.add_optional("revocations", move || at.clone().has_revocations(clock()));
    }

    async fn has_keys(self, now: OffsetDateTime) -> Result<(), String> {
        let ready = self.verifier.ready(now).await;
        ready.map_err(|_| "its keys are not available".to_owned())
    }

    async fn has_revocations(self, now: OffsetDateTime) -> Result<(), String> {
        let ready = self.revocations.ready(now);
        ready.map_err(|_| "not heard of recently".to_owned())
    }
}

/// A URL's text without the slash at its end.
pub fn without_slash(url: &Url) -> &str {
    url.as_str().trim_end_matches('/')
}

/// Reads the private key (JWK, ES256) of a client from its file.
///
/// # Errors
/// In words, when there is none.
pub fn read_client_key(path: &str) -> Result<SigningKey, String> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| format!("cannot be read: {}", error.kind()))?;
    SigningKey::from_jwk(&text).map_err(|error| error.to_string())
}
