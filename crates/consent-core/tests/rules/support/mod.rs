//! Requests, facts and resources for the tests.

use std::sync::Arc;

use consent_core::decide::{Fact, Facts, Request, Seen};
use consent_core::policy::{Action, Period, Policy, Purpose, ResourceScope, Sensitivity, Terms};
use consent_core::{Address, Consent, Hash32, StoredStatus, UNTIL_REVOKED, consent_id};
use serde_json::{Value, json};

pub const BASE: &str = "http://fhir.example/r4";
pub const SUBJECT: Address = Address([1; 20]);
pub const GRANTEE: Address = Address([2; 20]);
pub const FROM: u64 = 1_000;
pub const TO: u64 = 2_000;
pub const NOW: u64 = 1_500;

pub fn scope(resource_type: &str, category: Option<&[&str]>) -> ResourceScope {
    ResourceScope {
        resource_type: resource_type.to_owned(),
        category: category.map(|codes| codes.iter().map(|code| (*code).to_owned()).collect()),
    }
}

pub fn terms() -> Terms {
    Terms {
        purpose: vec![Purpose::Treatment],
        actions: vec![Action::Read, Action::Search],
        resources: vec![scope("Observation", None)],
        exclude: vec![],
        period: Period::UNBOUNDED,
    }
}

pub fn policy(salt: u8, terms: Terms) -> Arc<Policy> {
    Arc::new(Policy::build(Hash32([salt; 32]), terms).unwrap())
}

pub fn consent(policy: &Policy) -> Fact {
    let id = consent_id(31337, Address([9; 20]), SUBJECT, GRANTEE, policy.hash());
    let mut consent = Consent::untouched(id, SUBJECT, GRANTEE, policy.hash());
    (consent.status, consent.version) = (StoredStatus::Active, 1);
    (consent.valid_from, consent.valid_to) = (FROM, TO);
    Fact {
        consent,
        epoch: 0,
        is_final: true,
        seen: Seen {
            block_no: 7,
            block_hash: Hash32([7; 32]),
            rev: 3,
        },
    }
}

pub fn forever(policy: &Policy) -> Fact {
    let mut fact = consent(policy);
    (fact.consent.valid_from, fact.consent.valid_to) = (0, UNTIL_REVOKED);
    fact
}

pub fn facts(pairs: Vec<(Fact, Arc<Policy>)>) -> Facts {
    let (consents, policies): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let mut facts = Facts::new(consents);
    policies
        .into_iter()
        .for_each(|policy| facts.add_policy(policy));
    facts
}

pub fn request(resource_type: &str) -> Request {
    Request {
        patient: "p1".to_owned(),
        base: BASE.to_owned(),
        subjects: vec![SUBJECT],
        grantees: vec![GRANTEE],
        purpose: Some(Purpose::Treatment),
        action: Action::Search,
        resource_type: resource_type.to_owned(),
        categories: None,
        scope_categories: None,
    }
}

pub fn excluding(sensitivities: &[Sensitivity]) -> Terms {
    Terms {
        exclude: sensitivities.to_vec(),
        resources: vec![
            scope("DiagnosticReport", None),
            scope("MedicationRequest", None),
            scope("Observation", None),
        ],
        ..terms()
    }
}

pub fn observation() -> Value {
    json!({
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-03-05T10:00:00+01:00",
        "performer": [{"reference": "Practitioner/d1"}],
        "valueQuantity": {"value": 13.5, "system": "http://unitsofmeasure.org", "code": "g/dL"}
    })
}

pub fn report(results: &[&str]) -> Value {
    json!({
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "status": "final",
        "category": [{"coding": [{"code": "LAB"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "58410-2"}]},
        "subject": {"reference": "Patient/p1"},
        "effectiveDateTime": "2024-03-05",
        "result": results.iter().map(|id| json!({"reference": format!("Observation/{id}")})).collect::<Vec<_>>()
    })
}

pub fn with(mut resource: Value, member: &str, value: Value) -> Value {
    resource[member] = value;
    resource
}
