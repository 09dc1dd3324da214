//! What goes on record: collected while a decision is made, written once, with its final outcome.

use std::time::Instant;

use access_token::{Claims, Verified};
use audit_core::record::SCHEMA_VERSION;
use audit_core::{Action as Asked, ChainRef, Record};
use consent_core::decide::Ground;
use service_kit::CorrId;
use uuid::Uuid;

use crate::decision::rule::Rule;
use crate::journal::JournalError;
use crate::journal::append::nowhere;
use crate::request::table;
use crate::serve::Gateway;

/// What goes on record, as far as it is known.
pub struct Draft {
    arrived: Instant,
    decision_id: Uuid,
    asked: Asked,
    token: Verified,
    resource_type: String,
    categories: Vec<String>,
    /// FHIR id; only its pseudonym is recorded.
    patient: Option<String>,
    /// The token's organisation or, for who asks on behalf of another, one that the directory knows.
    requester: Option<String>,
    purpose: Option<String>,
}

impl Draft {
    /// A record about to be made.
    pub fn new(
        arrived: Instant,
        asked: Asked,
        token: Verified,
        resource_type: &str,
        categories: Option<Vec<String>>,
    ) -> Self {
        Self {
            arrived,
            decision_id: Uuid::now_v7(),
            asked,
            resource_type: resource_type.to_owned(),
            categories: table::recordable(categories.unwrap_or_default()),
            patient: None,
            requester: token.claims.org.clone(),
            purpose: token.claims.purpose.clone(),
            token,
        }
    }

    /// Names the patient.
    pub fn about(&mut self, patient: &str) {
        self.patient = Some(patient.to_owned());
    }

    /// Names what it is asked for.
    pub fn for_purpose(&mut self, purpose: Option<&str>) {
        self.purpose = purpose.map(str::to_owned);
    }

    /// Names on whose behalf it is asked. Only an organisation that the directory knows: an id that it does not know is
    /// the client's own text and could be anything, a patient's id included.
    pub fn on_behalf_of(&mut self, organization: &str) {
        self.requester = Some(organization.to_owned());
    }

    /// The decision's id.
    pub fn id(&self) -> Uuid {
        self.decision_id
    }

    /// The token's claims.
    pub fn claims(&self) -> &Claims {
        &self.token.claims
    }

    /// The token.
    pub fn token(&self) -> &Verified {
        &self.token
    }
}

impl Gateway {
    /// Puts a decision on record, counts and logs it. On an error nothing may be answered but 503.
    ///
    /// # Errors
    /// When the record is not durable.
    pub async fn record(
        &self,
        draft: Draft,
        rule: Rule,
        ground: Option<Ground>,
        obligations: Vec<String>,
    ) -> Result<(), JournalError> {
        let Draft {
            arrived,
            decision_id,
            asked,
            token: Verified { claims, .. },
            resource_type,
            categories,
            patient,
            requester,
            purpose,
        } = draft;
        let latency_us = u64::try_from(arrived.elapsed().as_micros()).unwrap_or(u64::MAX);
        let result = rule.outcome();
        let corr_id = CorrId::current();
        let record = Record {
            v: SCHEMA_VERSION,
            event_id: decision_id,
            ts: self.clock.now(),
            tenant: self.tenant.clone(),
            gateway: nowhere(&self.gateway_id),
            actor: claims.client_id,
            requester,
            role: claims.persona.to_string(),
            action: asked,
            resource_type: Some(resource_type.clone()),
            categories,
            subject: patient.map(|patient| self.pseudonyms.of_patient(&self.tenant, &patient)),
            purpose,
            scopes: claims
                .scope
                .to_string()
                .split(' ')
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
            result,
            rule: rule.code().to_owned(),
            obligations,
            policy_hash: ground.as_ref().map(|ground| ground.scope_id.to_string()),
            chain_ref: ground.map(|ground| ChainRef {
                chain_id: self.authorizer.facts.chain_id(),
                registry: self.authorizer.facts.registry().to_string(),
                consent_id: ground.consent_id.to_string(),
                version: ground.version,
                block_no: ground.seen.block_no,
                block_hash: ground.seen.block_hash.to_string(),
                rev: ground.seen.rev,
            }),
            corr_id: corr_id.to_string(),
            latency_us,
            gap: None,
        };
        let recorded = self.journal.append(record).await;
        if recorded.is_err() {
            metrics::counter!("gateway_refused_unrecorded_total").increment(1);
            tracing::error!(%corr_id, %decision_id, "a decision could not be put on record and was refused");
            return recorded;
        }
        metrics::counter!("gateway_decisions_total", "action" => asked.to_string(), "result" => result.to_string(), "rule" => rule.code())
            .increment(1);
        if rule.is_alarming() {
            metrics::counter!("gateway_alarms_total", "rule" => rule.code()).increment(1);
            tracing::error!(%corr_id, %decision_id, rule = rule.code(), "the FHIR server answered what was not asked");
        }
        tracing::info!(%corr_id, %decision_id, action = %asked, resource_type, %result, rule = rule.code(), latency_us, "decision");
        Ok(())
    }
}
