//! Access tokens for our own services: client credentials with `private_key_jwt`.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use time::OffsetDateTime;
use tokio::sync::Mutex;
use url::Url;
use uuid::Uuid;

use crate::assertion::{ASSERTION_TYPE, AssertionClaims};
use crate::key::SigningKey;

/// A token is used until so many seconds before it expires.
const RENEW_BEFORE: i64 = 30;
/// After a failed attempt everybody is refused at once for so many seconds.
const RETRY_AFTER: i64 = 1;
const ASSERTION_LIFETIME: i64 = 60;
const TIMEOUT: Duration = Duration::from_secs(5);
const MAX_BODY: usize = 64 * 1024;

/// Why no token could be had. Carries no token and no part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No answer in time, or none at all.
    #[error("the token endpoint could not be reached")]
    Unreachable,
    /// The issuer refused us: a fault of configuration.
    #[error("the token endpoint refused this client (HTTP {0})")]
    Refused(u16),
    /// An answer that is not a token response.
    #[error("the token endpoint's answer could not be read")]
    Unreadable,
    /// Our own key did not sign.
    #[error("the client assertion could not be signed")]
    Key,
}

/// Who asks, where, and for what.
#[derive(Debug, Clone)]
pub struct TokenSourceConfig {
    /// The issuer's identifier; the assertion's audience.
    pub issuer: String,
    /// The token endpoint.
    pub token_url: Url,
    /// Our client id.
    pub client_id: String,
    /// Our private key, whose public half is registered.
    pub key: SigningKey,
    /// The scopes to ask for.
    pub scope: String,
    /// The audience (RFC 8707 `resource`) to ask for.
    pub resource: String,
}

#[derive(Default)]
struct State {
    token: Option<(Arc<str>, i64)>,
    failure: Option<(SourceError, i64)>,
}

/// One cached token for one audience, renewed by one caller while the others wait.
pub struct TokenSource {
    config: TokenSourceConfig,
    http: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: String,
    token_type: String,
    expires_in: i64,
}

impl TokenSource {
    /// A source that asks on first use.
    pub fn new(config: TokenSourceConfig, http: reqwest::Client) -> Self {
        Self {
            config,
            http,
            state: Mutex::default(),
        }
    }

    /// A token that lives at least some seconds longer.
    pub async fn token(&self, now: OffsetDateTime) -> Result<Arc<str>, SourceError> {
        let seconds = now.unix_timestamp();
        let mut state = self.state.lock().await;
        if let Some((token, renew_at)) = &state.token
            && seconds < *renew_at
        {
            return Ok(token.clone());
        }
        if let Some((error, at)) = state.failure
            && (seconds - at).abs() < RETRY_AFTER
        {
            return Err(error);
        }
        match self.fetch(now).await {
            Ok(response) => {
                let token: Arc<str> = response.access_token.into();
                state.token = Some((token.clone(), seconds + response.expires_in - RENEW_BEFORE));
                state.failure = None;
                Ok(token)
            }
            Err(error) => {
                tracing::warn!(%error, "no access token");
                state.failure = Some((error, seconds));
                Err(error)
            }
        }
    }

    /// Forgets the token if it is still the given one: call it when a service refused that one with 401.
    pub async fn invalidate(&self, token: &str) {
        let mut state = self.state.lock().await;
        if state
            .token
            .as_ref()
            .is_some_and(|(mine, _)| **mine == *token)
        {
            state.token = None;
        }
    }

    async fn fetch(&self, now: OffsetDateTime) -> Result<TokenResponse, SourceError> {
        let config = &self.config;
        let jti = Uuid::now_v7().simple().to_string();
        let assertion = AssertionClaims::new(
            &config.client_id,
            &config.issuer,
            jti,
            now,
            ASSERTION_LIFETIME,
        )
        .sign(&config.key)
        .map_err(|_| SourceError::Key)?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
            ("scope", &config.scope),
            ("resource", &config.resource),
        ];
        let request = self
            .http
            .post(config.token_url.clone())
            .form(&form)
            .timeout(TIMEOUT);
        let mut response = request.send().await.map_err(|_| SourceError::Unreachable)?;
        let status = response.status();
        if status.is_server_error() {
            return Err(SourceError::Unreachable);
        }
        if status != reqwest::StatusCode::OK {
            return Err(SourceError::Refused(status.as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|_| SourceError::Unreachable)?
        {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return Err(SourceError::Unreadable);
            }
        }
        let token: TokenResponse =
            serde_json::from_slice(&body).map_err(|_| SourceError::Unreadable)?;
        let usable = token.token_type.eq_ignore_ascii_case("bearer")
            && !token.access_token.is_empty()
            && (1..=86_400).contains(&token.expires_in);
        if usable {
            Ok(token)
        } else {
            Err(SourceError::Unreadable)
        }
    }
}
