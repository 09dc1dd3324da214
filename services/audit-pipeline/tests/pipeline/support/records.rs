//! Journals of gateways that never were.

use audit_core::record::SCHEMA_VERSION;
use audit_core::{Action, ChainRef, Digest, Gateway, Outcome, Record};
use time::OffsetDateTime;
use time::macros::datetime;
use uuid::Uuid;

pub const TENANT: &str = "general-hospital";
pub const PATIENT: &str = "patient-of-the-tests";
pub const PSEUDONYM_KEY: &str = "4242424242424242424242424242424242424242424242424242424242424242";
/// When the first record of a journal was decided.
pub const START: OffsetDateTime = datetime!(2026-03-01 23:59:50 UTC);

/// A gateway's journal, one record a second.
pub struct Journal {
    gateway: String,
    tenant: String,
    patient: String,
    seq: u64,
    digest: Digest,
}

impl Journal {
    pub fn of(gateway: &str) -> Self {
        Self::of_tenant(gateway, TENANT)
    }

    pub fn of_tenant(gateway: &str, tenant: &str) -> Self {
        Self {
            gateway: gateway.to_owned(),
            tenant: tenant.to_owned(),
            patient: PATIENT.to_owned(),
            seq: 0,
            digest: Digest::ZERO,
        }
    }

    /// About another patient from now on.
    pub fn about(mut self, patient: &str) -> Self {
        patient.clone_into(&mut self.patient);
        self
    }

    /// The next line, of a decision of its own.
    pub fn line_with(&mut self, change: impl FnOnce(&mut Record)) -> Vec<u8> {
        let mut record = self.next();
        change(&mut record);
        self.write(&record)
    }

    /// The next lines: permits and denials in turn, every third about nobody.
    pub fn lines(&mut self, count: usize) -> Vec<Vec<u8>> {
        (0..count).map(|_| self.line()).collect()
    }

    fn line(&mut self) -> Vec<u8> {
        let record = self.next();
        self.write(&record)
    }

    fn next(&self) -> Record {
        let key = audit_core::pseudonym::PseudonymKey::from_hex(PSEUDONYM_KEY).unwrap();
        let permit = self.seq.is_multiple_of(2);
        Record {
            v: SCHEMA_VERSION,
            event_id: Uuid::now_v7(),
            ts: START + time::Duration::seconds(self.seq as i64),
            tenant: self.tenant.clone(),
            gateway: Gateway {
                id: self.gateway.clone(),
                epoch: 1,
                seq: self.seq,
                prev_hash: self.digest,
            },
            actor: "clinic-a".into(),
            requester: Some("clinic-a".into()),
            role: "provider".into(),
            action: Action::Search,
            resource_type: Some("Observation".into()),
            categories: vec![],
            subject: (self.seq % 3 != 2).then(|| key.of_patient(&self.tenant, &self.patient)),
            purpose: Some("TREAT".into()),
            scopes: vec!["provider:records.read".into()],
            result: if permit {
                Outcome::Permit
            } else {
                Outcome::Deny
            },
            rule: if permit {
                "consent-active"
            } else {
                "no-consent"
            }
            .into(),
            obligations: vec![],
            policy_hash: None,
            chain_ref: permit.then(|| ChainRef {
                chain_id: 31_337,
                registry: format!("0x{}", "11".repeat(20)),
                consent_id: format!("0x{}", "22".repeat(32)),
                version: 1,
                block_no: 7,
                block_hash: format!("0x{}", "33".repeat(32)),
                rev: 3,
            }),
            corr_id: Uuid::now_v7().simple().to_string(),
            latency_us: 900,
            gap: None,
        }
    }

    fn write(&mut self, record: &Record) -> Vec<u8> {
        let line = record.to_line().unwrap();
        self.seq += 1;
        self.digest = Digest::of(&line);
        line
    }
}
