//! The facts: consents from the indexer, policy documents by their hash.
//!
//! The indexer is asked anew for every decision; nothing but policy documents, which cannot change, is kept. An answer
//! counts only if it is about our registry, recent, and consistent with itself: a consent's id must be the hash of its
//! parts, a document's hash is computed here.

use std::sync::Arc;
use std::time::Duration;

use consent_core::decide::{Fact, Facts, Seen};
use consent_core::{
    Address, Consent, Hash32, Policy, ScopeId, StoredStatus, UNTIL_REVOKED, consent_id,
};
use futures::{StreamExt as _, TryStreamExt as _};
use serde::Deserialize;
use service_kit::peer::{Answer, Peer, PeerError};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub mod authority;
pub mod signature;

/// Rows in a page, and pages that are followed: beyond that the answer is not whole, hence no answer.
const PAGE: usize = 500;
const MAX_PAGES: usize = 20;
const MAX_POLICIES: usize = 256;
/// How far the indexer's clock may be ahead of ours.
const AHEAD: time::Duration = time::Duration::seconds(5);
/// Asked for when there is nobody to ask for, so that an unknown patient costs the same calls as a known one.
const NOBODY: Address = Address([0xff; 20]);

/// Why there are no facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FactsError {
    /// The indexer cannot be asked, or contradicts itself.
    #[error("the consents cannot be looked up: {0}")]
    Unavailable(&'static str),
    /// It has not confirmed the head of the chain recently.
    #[error("the consents are not recent")]
    Stale,
}

impl From<PeerError> for FactsError {
    fn from(PeerError(reason): PeerError) -> Self {
        Self::Unavailable(reason)
    }
}

/// Where the facts come from.
pub struct FactsSource {
    peer: Peer,
    chain_id: u64,
    registry: Address,
    max_age: time::Duration,
    policies: moka::future::Cache<ScopeId, Arc<Policy>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    as_of: AsOf,
    consents: Vec<Row>,
    next: Option<String>,
}

#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct AsOf {
    chain_id: u64,
    registry: Address,
    block_no: u64,
    block_hash: Hash32,
    rev: i64,
    reorg_epoch: u64,
    observed_at: String,
}

impl AsOf {
    fn seen(&self) -> Seen {
        Seen {
            block_no: self.block_no,
            block_hash: self.block_hash,
            rev: self.rev,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    consent_id: Hash32,
    patient_id: Address,
    grantee_id: Address,
    scope_id: Hash32,
    status: String,
    valid_from: u64,
    valid_to: Option<u64>,
    respond_by: Option<u64>,
    version: u32,
    epoch: u32,
    subject_epoch: u32,
}

impl FactsSource {
    /// Facts about one registry from the indexer behind `peer`, at most `max_age` old.
    pub fn new(peer: Peer, chain_id: u64, registry: Address, max_age: Duration) -> Self {
        Self {
            peer,
            chain_id,
            registry,
            max_age: max_age.try_into().unwrap_or(time::Duration::ZERO),
            policies: moka::future::Cache::new(10_000),
        }
    }

    /// The registry's chain.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The registry.
    pub fn registry(&self) -> Address {
        self.registry
    }

    /// Every consent between these subjects and these grantees, with the policy documents that matter at `now`.
    ///
    /// # Errors
    /// When the facts cannot be had whole and recent.
    pub async fn facts(
        &self,
        subjects: &[Address],
        grantees: &[Address],
        now: OffsetDateTime,
    ) -> Result<Facts, FactsError> {
        let mut facts = Facts::new(self.consents(subjects, grantees, now).await?);
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or(0);
        let missing = facts.missing_policies(seconds);
        if missing.len() > MAX_POLICIES {
            return Err(FactsError::Unavailable("too many policy documents"));
        }
        let found: Vec<Option<Arc<Policy>>> = futures::stream::iter(missing)
            .map(|hash| self.policy(hash, now))
            .buffer_unordered(8)
            .try_collect()
            .await?;
        found
            .into_iter()
            .flatten()
            .for_each(|policy| facts.add_policy(policy));
        Ok(facts)
    }

    async fn consents(
        &self,
        subjects: &[Address],
        grantees: &[Address],
        now: OffsetDateTime,
    ) -> Result<Vec<Fact>, FactsError> {
        let pick = |addresses: &[Address]| {
            if addresses.is_empty() {
                vec![NOBODY]
            } else {
                addresses.to_vec()
            }
        };
        let mut query: Vec<(&str, String)> = vec![("limit", PAGE.to_string())];
        query.extend(
            pick(subjects)
                .iter()
                .map(|address| ("patient", address.to_string())),
        );
        query.extend(
            pick(grantees)
                .iter()
                .map(|address| ("grantee", address.to_string())),
        );
        let mut facts = Vec::new();
        let mut first: Option<(i64, u64)> = None;
        let mut cursor: Option<String> = None;
        for _ in 0..MAX_PAGES {
            let mut query = query.clone();
            query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
            let Answer::Found(body) = self.peer.get(&["v1", "consents"], &query, now).await? else {
                return Err(FactsError::Unavailable("does not know the path"));
            };
            let page: Page = serde_json::from_slice(&body)
                .map_err(|_| FactsError::Unavailable("its answer cannot be read"))?;
            self.check(&page.as_of, now)?;
            // Pages of different states of the chain do not make one whole.
            if *first.get_or_insert((page.as_of.rev, page.as_of.reorg_epoch))
                != (page.as_of.rev, page.as_of.reorg_epoch)
            {
                return Err(FactsError::Unavailable(
                    "the consents changed while they were read",
                ));
            }
            for row in &page.consents {
                facts.extend(self.fact(row, page.as_of.seen())?);
            }
            match page.next {
                None => return Ok(facts),
                next => cursor = next,
            }
        }
        Err(FactsError::Unavailable("too many consents"))
    }

    fn check(&self, as_of: &AsOf, now: OffsetDateTime) -> Result<(), FactsError> {
        if as_of.chain_id != self.chain_id || as_of.registry != self.registry {
            return Err(FactsError::Unavailable("it follows another registry"));
        }
        let observed = OffsetDateTime::parse(&as_of.observed_at, &Rfc3339)
            .map_err(|_| FactsError::Unavailable("its answer cannot be read"))?;
        let age = now - observed;
        if age > self.max_age || age < -AHEAD {
            Err(FactsError::Stale)
        } else {
            Ok(())
        }
    }

    fn fact(&self, row: &Row, seen: Seen) -> Result<Option<Fact>, FactsError> {
        let id = consent_id(
            self.chain_id,
            self.registry,
            row.patient_id,
            row.grantee_id,
            row.scope_id,
        );
        if id != row.consent_id {
            return Err(FactsError::Unavailable(
                "a consent's id is not that of its parts",
            ));
        }
        let (status, is_final) = match row.status.as_str() {
            "REQUESTED" => (StoredStatus::Requested, true),
            "CONFIRMING" => (StoredStatus::Active, false),
            "SCHEDULED" | "ACTIVE" => (StoredStatus::Active, true),
            "DENIED" => (StoredStatus::Denied, true),
            "REVOKED" => (StoredStatus::Revoked, true),
            "EXPIRED" => (StoredStatus::Expired, true),
            // A status that this code does not know permits nothing.
            _ => return Ok(None),
        };
        let consent = Consent {
            status,
            version: row.version,
            epoch: row.epoch,
            valid_from: row.valid_from,
            valid_to: row.valid_to.unwrap_or(UNTIL_REVOKED),
            respond_by: row.respond_by.unwrap_or(0),
            ..Consent::untouched(id, row.patient_id, row.grantee_id, row.scope_id)
        };
        Ok(Some(Fact {
            consent,
            epoch: row.subject_epoch,
            is_final,
            seen,
        }))
    }

    /// A policy document, or `None` when nobody has it or what is stored under the hash is not it.
    async fn policy(
        &self,
        hash: ScopeId,
        now: OffsetDateTime,
    ) -> Result<Option<Arc<Policy>>, FactsError> {
        if let Some(policy) = self.policies.get(&hash).await {
            return Ok(Some(policy));
        }
        let name = hash.to_string();
        let Answer::Found(body) = self.peer.get(&["v1", "policies", &name], &[], now).await? else {
            return Ok(None);
        };
        match Policy::parse(&body) {
            Ok(policy) if policy.hash() == hash => {
                let policy = Arc::new(policy);
                self.policies.insert(hash, policy.clone()).await;
                Ok(Some(policy))
            }
            _ => {
                tracing::error!("the indexer holds a document that is not the one its hash names");
                metrics::counter!("facts_false_documents_total").increment(1);
                Ok(None)
            }
        }
    }
}
