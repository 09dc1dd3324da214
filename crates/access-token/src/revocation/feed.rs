//! Follows the issuer's feed of revocations.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use reqwest::StatusCode;
use time::OffsetDateTime;
use url::Url;

use super::{Known, Learned, MAX_KNOWN, MAX_WAIT, Page, PageFault};
use crate::claims::Claims;
use crate::error::TokenError;
use crate::source::{SourceError, TokenSource};

/// What an answer may take beyond the time that the issuer waits for news.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Between a poll that brought nothing and the next.
const PAUSE: Duration = Duration::from_millis(250);
const MAX_BODY: usize = 1 << 20;

/// Why a poll brought nothing. Carries no part of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum PollError {
    #[error(transparent)]
    Token(#[from] SourceError),
    #[error("no answer in time, or none at all")]
    Unreachable,
    #[error("the issuer refuses (HTTP {0})")]
    Refused(u16),
    #[error("the answer cannot be read")]
    Unreadable,
    #[error(transparent)]
    Page(#[from] PageFault),
}

/// What is revoked, kept up to date by [`RevocationFeed::run`]. Build one for a process and share it.
pub struct RevocationFeed {
    url: Url,
    http: reqwest::Client,
    tokens: TokenSource,
    wait: Duration,
    known: RwLock<Known>,
}

impl RevocationFeed {
    /// The feed at `url` ([`super::PATH`] of the issuer), read with `tokens` (scope [`super::SCOPE`]). When the last
    /// complete poll began more than `max_age` ago, no token stands.
    pub fn new(url: Url, http: reqwest::Client, tokens: TokenSource, max_age: Duration) -> Self {
        Self {
            url,
            http,
            tokens,
            // So that a poll may fail and be made again before what is known is too old.
            wait: (max_age / 4).min(Duration::from_secs(MAX_WAIT)),
            known: RwLock::new(Known::new(
                MAX_KNOWN,
                max_age.try_into().unwrap_or(time::Duration::ZERO),
            )),
        }
    }

    /// Keeps at most so many entries instead of [`MAX_KNOWN`].
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        let max_age = self.known().max_age;
        Self {
            known: RwLock::new(Known::new(limit, max_age)),
            ..self
        }
    }

    /// Whether a token stands that is good otherwise, see [`Known::check`].
    ///
    /// # Errors
    /// As there.
    pub fn check(&self, claims: &Claims, kid: &str, now: OffsetDateTime) -> Result<(), TokenError> {
        self.known().check(claims, kid, now)
    }

    /// Whether what is known is recent; for a readiness check.
    ///
    /// # Errors
    /// [`TokenError::RevocationsStale`].
    pub fn ready(&self, now: OffsetDateTime) -> Result<(), TokenError> {
        self.known().is_recent(now)
    }

    /// How many entries are known.
    pub fn len(&self) -> usize {
        self.known().len()
    }

    /// Whether no entry is known.
    pub fn is_empty(&self) -> bool {
        self.known().is_empty()
    }

    /// Follows the feed for ever. Whoever starts this drops it to end it.
    pub async fn run(&self, clock: impl Fn() -> OffsetDateTime) {
        let mut wait = Duration::ZERO;
        let mut fails = false;
        loop {
            let started = tokio::time::Instant::now();
            let before = self.known().cursor();
            let learned = self.poll(wait, &clock).await;
            wait = match learned {
                Ok(Learned::Everything) => self.wait,
                _ => Duration::ZERO,
            };
            match learned {
                Ok(_) if fails => tracing::info!("revocations are heard of again"),
                // Every poll is made again in any case; once is enough to say so.
                Err(error) if !fails => tracing::warn!(%error, "revocations are not heard of"),
                _ => {}
            }
            fails = learned.is_err();
            // Only news is followed up at once: neither a failure nor an issuer that does not wait makes this spin.
            let brought = learned.is_ok() && self.known().cursor() > before;
            if !brought && started.elapsed() < PAUSE {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    async fn poll(
        &self,
        wait: Duration,
        clock: &impl Fn() -> OffsetDateTime,
    ) -> Result<Learned, PollError> {
        let began = clock();
        let after = self.known().cursor();
        let mut response = self.ask(after, wait, clock).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::GONE => return Ok(self.change(Known::restart)?),
            status => return Err(PollError::Refused(status.as_u16())),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| PollError::Unreachable)? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return Err(PollError::Unreadable);
            }
        }
        let page: Page = serde_json::from_slice(&body).map_err(|_| PollError::Unreadable)?;
        Ok(self.change(|known| known.learn(page, began, clock()))?)
    }

    /// One question; asked again with a new token when ours is refused.
    async fn ask(
        &self,
        after: u64,
        wait: Duration,
        clock: &impl Fn() -> OffsetDateTime,
    ) -> Result<reqwest::Response, PollError> {
        let mut url = self.url.clone();
        url.query_pairs_mut()
            .append_pair("after", &after.to_string())
            .append_pair("wait", &wait.as_secs().to_string());
        let mut is_first = true;
        loop {
            let token = self.tokens.token(clock()).await?;
            let request = self
                .http
                .get(url.clone())
                .bearer_auth(&token)
                .timeout(wait + TIMEOUT);
            let response = request.send().await.map_err(|_| PollError::Unreachable)?;
            if response.status() != StatusCode::UNAUTHORIZED || !is_first {
                return Ok(response);
            }
            self.tokens.invalidate(&token).await;
            is_first = false;
        }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Known) -> T) -> T {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner))
    }
}
