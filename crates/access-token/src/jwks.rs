//! The issuer's published keys, shared by all callers of one process.
//!
//! A key set is *fresh* for [`REFRESH_AFTER`] seconds, then usable while it is being fetched again, and never
//! after [`STALE_AFTER`]. An unknown `kid` causes one fetch for everybody, at most one in [`FETCH_EVERY`] seconds
//! (one in [`RETRY_AFTER`] after a failed one). What could not be fetched or read is no key set: it allows nothing.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jsonwebtoken::DecodingKey;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use tokio::sync::Mutex;
use url::Url;

use crate::error::TokenError;
use crate::key::PublicJwk;

/// Seconds after which the keys are fetched again.
pub const REFRESH_AFTER: i64 = 60;
/// Seconds after which keys are no longer believed.
pub const STALE_AFTER: i64 = 600;
/// The least number of seconds between two fetches.
pub const FETCH_EVERY: i64 = 10;
/// The least number of seconds between a failed fetch and the next.
pub const RETRY_AFTER: i64 = 1;

const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
const MAX_BODY: usize = 64 * 1024;
const MAX_KEYS: usize = 64;

/// A JSON Web Key Set of ES256 public keys.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Jwks {
    keys: Vec<PublicJwk>,
}

#[derive(Deserialize)]
struct RawJwks {
    keys: Vec<serde_json::Value>,
}

impl Jwks {
    /// A set of these keys.
    pub fn new(keys: Vec<PublicJwk>) -> Self {
        Self { keys }
    }

    /// Reads a published set. Keys we cannot use are left out (RFC 7517 §5); so is every key whose `kid` occurs twice.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let raw: RawJwks = serde_json::from_slice(body).ok()?;
        if raw.keys.len() > MAX_KEYS {
            return None;
        }
        let keys: Vec<_> = raw
            .keys
            .iter()
            .filter_map(|key| PublicJwk::from_value(key).ok())
            .collect();
        let unique =
            |key: &&PublicJwk| keys.iter().filter(|other| other.kid() == key.kid()).count() == 1;
        Some(Self {
            keys: keys.iter().filter(unique).cloned().collect(),
        })
    }

    /// The keys.
    pub fn keys(&self) -> &[PublicJwk] {
        &self.keys
    }

    /// The key of this name.
    pub fn find(&self, kid: &str) -> Option<&PublicJwk> {
        self.keys.iter().find(|key| key.kid() == kid)
    }

    fn decoding_keys(&self) -> HashMap<String, DecodingKey> {
        self.keys
            .iter()
            .filter_map(|key| Some((key.kid().to_owned(), key.decoding_key().ok()?)))
            .collect()
    }
}

#[derive(Clone, Default)]
struct State {
    keys: Arc<HashMap<String, DecodingKey>>,
    /// When the keys arrived; `None` until they first did.
    fetched_at: Option<i64>,
    /// The last attempt, and whether it brought keys.
    attempt: Option<(i64, bool)>,
}

impl State {
    fn younger_than(&self, seconds: i64, now: i64) -> bool {
        // A clock that jumped back is as doubtful as one that ran on.
        self.fetched_at.is_some_and(|at| (now - at).abs() < seconds)
    }

    fn may_fetch(&self, now: i64) -> bool {
        self.attempt
            .is_none_or(|(at, ok)| (now - at).abs() >= if ok { FETCH_EVERY } else { RETRY_AFTER })
    }
}

/// Keys that their owner holds and replaces: the issuer's own. Clones share them.
#[derive(Clone, Default)]
pub struct LiveJwks(Arc<RwLock<Arc<HashMap<String, DecodingKey>>>>);

impl LiveJwks {
    /// These keys.
    pub fn new(jwks: &Jwks) -> Self {
        let live = Self::default();
        live.replace(jwks);
        live
    }

    /// From now on these keys and no others.
    pub fn replace(&self, jwks: &Jwks) {
        let keys = Arc::new(jwks.decoding_keys());
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = keys;
    }

    fn find(&self, kid: &str) -> Option<DecodingKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.get(kid).cloned()
    }
}

impl std::fmt::Debug for LiveJwks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LiveJwks").finish_non_exhaustive()
    }
}

/// Where the keys come from.
pub(crate) enum KeySource {
    /// Held by their owner: the issuer's own.
    Held(LiveJwks),
    /// Fetched from the issuer.
    Published(Box<Published>),
}

/// The cache in front of a JWKS address.
pub(crate) struct Published {
    url: Url,
    http: reqwest::Client,
    state: RwLock<State>,
    fetching: Mutex<()>,
}

impl KeySource {
    pub fn published(url: Url, http: reqwest::Client) -> Self {
        Self::Published(Box::new(Published {
            url,
            http,
            state: RwLock::default(),
            fetching: Mutex::new(()),
        }))
    }

    /// The key of this name, or why it cannot be had.
    pub async fn key(&self, kid: &str, now: OffsetDateTime) -> Result<DecodingKey, TokenError> {
        match self {
            Self::Held(keys) => keys.find(kid).ok_or(TokenError::UnknownKey),
            Self::Published(published) => published.key(kid, now.unix_timestamp()).await,
        }
    }

    /// Makes sure that believable keys are there.
    pub async fn ready(&self, now: OffsetDateTime) -> Result<(), TokenError> {
        let Self::Published(published) = self else {
            return Ok(());
        };
        let now = now.unix_timestamp();
        if !published.state().younger_than(REFRESH_AFTER, now) {
            published.refresh(now, None).await;
        }
        if published.state().younger_than(STALE_AFTER, now) {
            Ok(())
        } else {
            Err(TokenError::KeysUnavailable)
        }
    }
}

impl Published {
    async fn key(&self, kid: &str, now: i64) -> Result<DecodingKey, TokenError> {
        let state = self.state();
        match state.keys.get(kid) {
            Some(key) if state.younger_than(REFRESH_AFTER, now) => return Ok(key.clone()),
            Some(key) if state.younger_than(STALE_AFTER, now) => {
                // One caller fetches, the others go on with what is still believed.
                let Ok(guard) = self.fetching.try_lock() else {
                    return Ok(key.clone());
                };
                self.fetch_if_due(now).await;
                drop(guard);
            }
            _ => self.refresh(now, Some(kid)).await,
        }
        let state = self.state();
        if !state.younger_than(STALE_AFTER, now) {
            return Err(TokenError::KeysUnavailable);
        }
        match (state.keys.get(kid), state.attempt) {
            (Some(key), _) => Ok(key.clone()),
            (None, Some((_, true))) => Err(TokenError::UnknownKey),
            (None, _) => Err(TokenError::KeysUnavailable),
        }
    }

    /// Waits for the one fetch; does nothing more when another caller's fetch already brought the key.
    async fn refresh(&self, now: i64, wanted: Option<&str>) {
        if !self.state().may_fetch(now) && self.fetching.try_lock().is_ok() {
            return;
        }
        let _guard = self.fetching.lock().await;
        let state = self.state();
        let brought = wanted.is_some_and(|kid| state.keys.contains_key(kid))
            && state.younger_than(REFRESH_AFTER, now);
        if !brought {
            self.fetch_if_due(now).await;
        }
    }

    /// Only with `fetching` held. An attempt counts as failed until it succeeded, also when its caller goes away.
    async fn fetch_if_due(&self, now: i64) {
        if !self.state().may_fetch(now) {
            return;
        }
        self.update(|state| state.attempt = Some((now, false)));
        match self.fetch().await {
            Ok(jwks) => self.update(|state| {
                *state = State {
                    keys: Arc::new(jwks.decoding_keys()),
                    fetched_at: Some(now),
                    attempt: Some((now, true)),
                };
            }),
            Err(reason) => tracing::warn!(reason, "the issuer's keys could not be fetched"),
        }
    }

    async fn fetch(&self) -> Result<Jwks, &'static str> {
        let request = self
            .http
            .get(self.url.clone())
            .header("accept", "application/json")
            .timeout(FETCH_TIMEOUT);
        let mut response = request.send().await.map_err(|e| {
            if e.is_timeout() {
                "timeout"
            } else {
                "unreachable"
            }
        })?;
        if response.url() != &self.url {
            return Err("redirected");
        }
        if response.status() != reqwest::StatusCode::OK {
            return Err("unexpected status");
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| "interrupted")? {
            body.extend_from_slice(&chunk);
            if body.len() > MAX_BODY {
                return Err("too large");
            }
        }
        let jwks = Jwks::parse(&body).ok_or("not a key set")?;
        if jwks.keys().is_empty() {
            Err("no usable key")
        } else {
            Ok(jwks)
        }
    }

    fn state(&self) -> State {
        self.state
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.write().unwrap_or_else(PoisonError::into_inner));
    }
}
