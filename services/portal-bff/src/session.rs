//! Who is signed in: in memory only, bounded, each known by the hash of what its browser holds.

pub mod cookie;
pub mod sign_in;
pub mod tokens;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use access_token::Claims;
use moka::future::Cache;
use moka::policy::EvictionPolicy;
use time::{Duration, OffsetDateTime};
use tokio::sync::Semaphore;

use self::cookie::Secret;
use self::tokens::Held;

/// How long a session lasts.
#[derive(Debug, Clone, Copy)]
pub struct Lifetime {
    /// Without a call.
    pub idle: Duration,
    /// Whatever happens.
    pub absolute: Duration,
}

/// One sign-in of one person.
pub struct Session {
    /// What requests of our own page carry, so that nobody else's count.
    pub csrf: String,
    /// Tokens; whoever needs a new one locks them, so that a refresh token is used once.
    pub tokens: tokio::sync::Mutex<Held>,
    /// Streams that may be open.
    pub streams: Arc<Semaphore>,
    claims: RwLock<Arc<Claims>>,
    ends_at: OffsetDateTime,
    idle: Duration,
    /// Unix milliseconds.
    last_use: AtomicI64,
}

impl Session {
    /// What is known of the person, as of the last token towards the issuer.
    pub fn claims(&self) -> Arc<Claims> {
        let claims = self.claims.read();
        claims.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Notes what a newer token says.
    pub fn learns(&self, claims: Claims) {
        let mut known = self.claims.write().unwrap_or_else(PoisonError::into_inner);
        *known = Arc::new(claims);
    }

    /// When it ends whatever happens.
    pub fn ends_at(&self) -> OffsetDateTime {
        self.ends_at
    }

    /// When it ends if nothing is called.
    pub fn idle_ends_at(&self) -> OffsetDateTime {
        let since = self.last_use.load(Ordering::Relaxed);
        let since = OffsetDateTime::from_unix_timestamp_nanos(i128::from(since) * 1_000_000);
        since.map_or(self.ends_at, |since| self.ends_at.min(since + self.idle))
    }

    /// Notes that the person did something.
    pub fn is_used(&self, now: OffsetDateTime) {
        self.last_use.fetch_max(millis(now), Ordering::Relaxed);
    }
}

/// All sessions.
pub struct Sessions {
    kept: Cache<[u8; 32], Arc<Session>>,
    lifetime: Lifetime,
    streams: usize,
}

impl Sessions {
    /// At most so many; beyond that the least recently used end.
    pub fn new(most: u64, lifetime: Lifetime, streams: usize) -> Self {
        let kept = Cache::builder()
            .max_capacity(most)
            // The default might refuse a newcomer for the sake of those who come often.
            .eviction_policy(EvictionPolicy::lru())
            .time_to_live(lifetime.absolute.unsigned_abs())
            .build();
        Self {
            kept,
            lifetime,
            streams,
        }
    }

    /// Begins one; what comes back is for the browser alone.
    pub async fn begin(&self, claims: Claims, held: Held, now: OffsetDateTime) -> Secret {
        let secret = Secret::generate();
        let session = Session {
            csrf: Secret::generate().text(),
            tokens: tokio::sync::Mutex::new(held),
            streams: Arc::new(Semaphore::new(self.streams)),
            claims: RwLock::new(Arc::new(claims)),
            ends_at: now + self.lifetime.absolute,
            idle: self.lifetime.idle,
            last_use: AtomicI64::new(millis(now)),
        };
        self.kept.insert(secret.hash(), Arc::new(session)).await;
        // Whoever has to make room does so now, not at some later call.
        self.kept.run_pending_tasks().await;
        metrics::counter!("portal_sessions_total", "event" => "begun").increment(1);
        secret
    }

    /// The one that this secret opens, unless its time is over.
    pub async fn find(&self, secret: &Secret, now: OffsetDateTime) -> Option<Arc<Session>> {
        let session = self.kept.get(&secret.hash()).await?;
        if now < session.idle_ends_at() {
            return Some(session);
        }
        self.end(secret, "expired").await;
        None
    }

    /// Ends one. What is under way with it may still end as it began.
    pub async fn end(&self, secret: &Secret, why: &'static str) -> Option<Arc<Session>> {
        let session = self.kept.remove(&secret.hash()).await?;
        metrics::counter!("portal_sessions_total", "event" => why).increment(1);
        Some(session)
    }
}

fn millis(at: OffsetDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}
