//! What is asked of the service, and of a verifier.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use access_token::{Jwks, Verifier};
use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt};
use time::OffsetDateTime;

use crate::measure::{self, Round, Watched};
use crate::world::{APP, World, client_credentials, member};

/// How much is asked.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Callers at the same time.
    pub callers: usize,
    /// How long a round is.
    pub length: Duration,
    /// How many rounds.
    pub rounds: usize,
}

/// More assertions a second than can be used up.
const ASSERTIONS_PER_SECOND: u64 = 3_000;

/// Tokens for a backend, by `private_key_jwt`. Assertions are signed before the round, because that is the caller's work.
///
/// # Errors
/// When an answer is not a good one.
pub async fn backends(world: &Arc<World>, size: Size) -> Result<Vec<Round>> {
    let mut rounds = Vec::new();
    for _ in 0..size.rounds {
        let stock = size.length.as_secs().max(1) * ASSERTIONS_PER_SECOND;
        let stock = (0..stock).map(|_| world.assertion());
        let stock: Arc<Vec<String>> = Arc::new(stock.collect::<Result<_>>()?);
        let next = Arc::new(AtomicUsize::new(0));
        let callers = (0..size.callers).map(|_| {
            let (world, stock, next) = (world.clone(), stock.clone(), next.clone());
            move || {
                let (world, stock) = (world.clone(), stock.clone());
                let place = next.fetch_add(1, Ordering::Relaxed);
                async move {
                    let Some(assertion) = stock.get(place) else {
                        return Ok(false);
                    };
                    let form = client_credentials(assertion);
                    world.post("/oauth2/token", &form, None).await?;
                    Ok(true)
                }
            }
        });
        rounds.push(measure::round(watched(world), callers.collect(), size.length).await?);
    }
    Ok(rounds)
}

/// How often a family is refreshed before another one's turn. Real ones have few living access tokens at a time.
const USES: usize = 20;
/// More families for each second than can be used up.
const FAMILIES_PER_SECOND: u64 = 150;

/// Refreshing, one family after the other.
///
/// # Errors
/// When an answer is not a good one.
pub async fn refreshes(world: &Arc<World>, size: Size) -> Result<Vec<Round>> {
    let mut rounds = Vec::new();
    for _ in 0..size.rounds {
        let count = size.length.as_secs().max(1) * FAMILIES_PER_SECOND;
        let families = Arc::new(Mutex::new(families(world, count).await?));
        let callers = (0..size.callers).map(|_| {
            let (world, families) = (world.clone(), families.clone());
            let current = Arc::new(Mutex::new((0, String::new())));
            move || {
                let (world, families, current) = (world.clone(), families.clone(), current.clone());
                async move {
                    let (used, mut token) = held(&current).clone();
                    if used % USES == 0 {
                        match held(&families).pop() {
                            Some(fresh) => token = fresh,
                            None => return Ok(false),
                        }
                    }
                    let form = [
                        ("grant_type", "refresh_token"),
                        ("client_id", APP),
                        ("refresh_token", &token),
                    ];
                    let answer = world.post("/oauth2/token", &form, None).await?;
                    *held(&current) = (used + 1, member(&answer, "refresh_token")?);
                    Ok(true)
                }
            }
        });
        rounds.push(measure::round(watched(world), callers.collect(), size.length).await?);
    }
    Ok(rounds)
}

async fn families(world: &Arc<World>, count: u64) -> Result<Vec<String>> {
    let made = (0..count).map(|_| async { anyhow::Ok(world.let_in().await?.1) });
    let families = futures::stream::iter(made)
        .buffer_unordered(8)
        .try_collect()
        .await?;
    world.settle().await?;
    Ok(families)
}

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Introspection of people's tokens, by a service that shows a token of its own.
///
/// # Errors
/// When an answer is not a good one.
pub async fn introspections(world: &Arc<World>, size: Size) -> Result<Vec<Round>> {
    let mut rounds = Vec::new();
    for _ in 0..size.rounds {
        let own = Arc::new(world.backend_token().await?);
        let (token, _) = world.let_in().await?;
        world.settle().await?;
        let token = Arc::new(token);
        let callers = (0..size.callers).map(|_| {
            let (world, own, token) = (world.clone(), own.clone(), token.clone());
            move || {
                let (world, own, token) = (world.clone(), own.clone(), token.clone());
                async move {
                    let form = [("token", token.as_str())];
                    let answer = world.post("/oauth2/introspect", &form, Some(&own)).await?;
                    anyhow::ensure!(answer["active"] == true, "the token is not active");
                    Ok(true)
                }
            }
        });
        rounds.push(measure::round(watched(world), callers.collect(), size.length).await?);
    }
    Ok(rounds)
}

/// Tokens that a verifier checks in a second, on one core, as a gateway does.
///
/// # Errors
/// When a token is refused.
pub async fn verifications(world: &World, size: Size) -> Result<Vec<f64>> {
    let jwks = world.http.get(format!("{}/oauth2/jwks", world.issuer));
    let jwks = jwks.send().await?.bytes().await?;
    let jwks = Jwks::parse(&jwks).context("the keys cannot be read")?;
    let verifier = Verifier::with_jwks(&world.issuer, &world.issuer, &jwks);
    let mut rates = Vec::new();
    for _ in 0..size.rounds {
        let (token, _) = world.let_in().await?;
        let started = Instant::now();
        let mut checked = 0_u32;
        while started.elapsed() < size.length {
            for _ in 0..100 {
                verifier.verify(&token, OffsetDateTime::now_utc()).await?;
            }
            checked += 100;
        }
        rates.push(f64::from(checked) / started.elapsed().as_secs_f64());
    }
    Ok(rates)
}

fn watched(world: &World) -> Watched {
    Watched { service: world.pid }
}
