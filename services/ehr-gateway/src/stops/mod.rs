//! Stops that the chain does not have yet: read from the relay's topic ([`read`]), believed only as far as their
//! signatures go ([`signed`]) and their signers' rights, and kept for decisions ([`kept`]).
//!
//! What was read counts at once, decided or not: a decision about a subject of which some stop is not decided yet asks
//! the indexer itself, and is no decision if it cannot.

pub mod kept;
pub mod read;
pub mod signed;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use consent_core::{Address, Stop};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::decision::authorize::Refusal;
use crate::decision::facts::authority::Authority;
use crate::decision::facts::signature::Claimed;
use crate::decision::facts::{FactsError, FactsSource};
use crate::decision::rule::Rule;
use kept::Kept;
use signed::Candidate;

/// Subjects asked about in one go, and at once.
const ROUND: usize = 64;
const AT_ONCE: usize = 8;
/// Between two tries to find out who may stop.
const RETRY: Duration = Duration::from_secs(1);

/// Every stop that is known.
pub struct Stops {
    facts: Arc<FactsSource>,
    kept: Mutex<Kept>,
    replayed: AtomicBool,
    /// Something is to be decided.
    news: Notify,
    /// Something was decided.
    room: Notify,
}

impl Stops {
    /// None yet; at most `limit` will be kept. The indexer behind `facts` knows who may stop.
    pub fn new(facts: Arc<FactsSource>, limit: usize) -> Self {
        Self {
            facts,
            kept: Mutex::new(Kept::new(limit)),
            replayed: AtomicBool::new(false),
            news: Notify::new(),
            room: Notify::new(),
        }
    }

    /// Says that everything that was in the topic at the start has been taken in.
    pub fn set_replayed(&self) {
        if !self.replayed.swap(true, Ordering::SeqCst) {
            tracing::info!("every stop on the bus was read");
        }
    }

    /// Whether it was.
    pub fn is_replayed(&self) -> bool {
        self.replayed.load(Ordering::SeqCst)
    }

    /// Takes in a stop whose signature holds. Waits while too many are undecided: they stay in the topic.
    pub async fn hold(&self, candidate: Candidate) {
        let mut candidate = candidate;
        loop {
            let room = self.room.notified();
            match self.kept().hold(candidate) {
                Ok(()) => break,
                Err(again) => candidate = again,
            }
            let _ = tokio::time::timeout(RETRY, room).await;
        }
        self.news.notify_one();
    }

    /// The stops between these subjects and these grantees.
    ///
    /// # Errors
    /// When there may be others.
    pub async fn between(
        &self,
        subjects: &[Address],
        grantees: &[Address],
        now: OffsetDateTime,
    ) -> Result<Vec<Stop>, Refusal> {
        if !self.is_replayed() {
            return Err(Rule::StopsUnknown.into());
        }
        for subject in subjects {
            self.settle(*subject, now).await?;
        }
        let kept = self.kept();
        let mut stops = Vec::new();
        for subject in subjects {
            stops.extend(kept.about(*subject, grantees).ok_or(Rule::StopsUnknown)?);
        }
        Ok(stops)
    }

    /// Finds out for ever who may stop. Whoever starts this drops it to end it.
    pub async fn decide(&self, clock: impl Fn() -> OffsetDateTime) {
        let mut last = Address([0; 20]);
        loop {
            let waiting = self.kept().undecided_after(last, ROUND);
            let Some(end) = waiting.last() else {
                self.news.notified().await;
                continue;
            };
            last = *end;
            let settled: Vec<_> = stream::iter(waiting)
                .map(|subject| self.settle(subject, clock()))
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            if let Some(Err(error)) = settled.iter().find(|outcome| outcome.is_err()) {
                tracing::warn!(%error, "who may stop is not known; it is asked again");
                tokio::time::sleep(RETRY).await;
            }
        }
    }

    /// Decides what is undecided about a subject.
    async fn settle(&self, subject: Address, now: OffsetDateTime) -> Result<(), FactsError> {
        let actors = self.kept().undecided_actors(subject);
        if actors.is_empty() {
            return Ok(());
        }
        let authority = self.facts.authority(subject, &actors, now).await?;
        let asked = self.ask_chain(subject, &authority, now).await?;
        let (settled, kept) = {
            let mut kept = self.kept();
            let settled = kept.settle(subject, &actors, &authority, &asked);
            (settled, kept.len())
        };
        self.room.notify_waiters();
        for (outcome, count) in [
            ("kept", settled.kept),
            ("no-right", settled.refused),
            ("signature", settled.unsigned),
            ("no-room", settled.spilled),
        ] {
            metrics::counter!("gateway_stops_total", "outcome" => outcome).increment(count);
        }
        metrics::gauge!("gateway_stops_kept").set(kept as f64);
        if settled.refused > 0 {
            tracing::warn!(
                count = settled.refused,
                "stops of signers without the right to stop"
            );
        }
        if settled.unsigned > 0 {
            tracing::warn!(
                count = settled.unsigned,
                "stops that the chain says were not signed"
            );
        }
        if settled.spilled > 0 {
            tracing::error!(
                count = settled.spilled,
                "there is no room for more stops; nothing is decided about their subjects"
            );
        }
        Ok(())
    }

    /// What the chain says of the signatures that only it can judge.
    async fn ask_chain(
        &self,
        subject: Address,
        authority: &Authority,
        now: OffsetDateTime,
    ) -> Result<HashMap<Claimed, bool>, FactsError> {
        let unproven = self.kept().unproven(subject, authority);
        stream::iter(unproven)
            .map(async |(actor, claimed)| {
                let signed = self.facts.is_signed(actor, &claimed, now).await?;
                Ok((claimed, signed))
            })
            .buffer_unordered(AT_ONCE)
            .try_collect()
            .await
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
