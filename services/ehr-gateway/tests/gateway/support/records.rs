//! Patients, policies, consents and FHIR resources for the tests.

use consent_core::policy::{Action, Period, Policy, Purpose, ResourceScope, Sensitivity, Terms};
use consent_core::{Address, Hash32, consent_id};
use serde_json::{Value, json};

pub const CHAIN_ID: u64 = 31_337;
pub const REGISTRY: Address = Address([9; 20]);
/// The address of clinic A's key, which is `neighbours::signer("clinic-a")`.
pub const GRANTEE: Address = Address([
    0x02, 0x1f, 0x81, 0xc4, 0x2d, 0x3d, 0x06, 0x6f, 0x4d, 0x67, 0x6d, 0xa7, 0x39, 0x74, 0x61, 0x95,
    0x77, 0x5f, 0x3d, 0x38,
]);
pub const PATIENT: &str = "p1";
pub const OTHER_PATIENT: &str = "p2";
/// Stands in every resource, so that a leak is easy to see.
pub const MARK: &str = "Seeded-Secret";

pub fn shared(types: &[&str]) -> Terms {
    Terms {
        purpose: vec![Purpose::Treatment],
        actions: vec![Action::Read, Action::Search],
        resources: types
            .iter()
            .map(|name| ResourceScope {
                resource_type: (*name).to_owned(),
                category: None,
            })
            .collect(),
        exclude: vec![],
        period: Period::UNBOUNDED,
    }
}

pub fn excluding(types: &[&str], exclude: &[Sensitivity]) -> Terms {
    Terms {
        exclude: exclude.to_vec(),
        ..shared(types)
    }
}

pub fn policy(terms: Terms) -> Policy {
    Policy::build(Hash32([5; 32]), terms).unwrap()
}

/// The row of a consent between the patient and clinic A.
pub fn row(policy: &Policy, status: &str) -> Value {
    let subject = super::neighbours::subject(PATIENT);
    json!({
        "consentId": consent_id(CHAIN_ID, REGISTRY, subject, GRANTEE, policy.hash()),
        "patientId": subject,
        "granteeId": GRANTEE,
        "scopeId": policy.hash(),
        "status": status,
        "validFrom": 1000,
        "validTo": null,
        "respondBy": 4_000_000_000_u64,
        "version": 3,
        "epoch": 2,
        "subjectEpoch": 2,
        "txHash": Hash32([1; 32]),
        "blockNo": 5,
        "blockHash": Hash32([1; 32]),
        "logIndex": 0,
        "finality": "latest",
        "rev": 4,
        "effectiveUntil": null,
    })
}

pub fn observation(id: &str, patient: &str) -> Value {
    json!({
        "resourceType": "Observation",
        "id": id,
        "status": "final",
        "category": [{"coding": [{"code": "laboratory"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}], "text": MARK},
        "subject": {"reference": format!("Patient/{patient}")},
        "effectiveDateTime": "2024-03-05T10:00:00Z",
        "valueQuantity": {"value": 13.5, "unit": "g/dL"},
    })
}

pub fn hiv_observation(id: &str, patient: &str) -> Value {
    let mut resource = observation(id, patient);
    resource["code"]["coding"][0]["code"] = json!("20447-9");
    resource
}

pub fn report(id: &str, patient: &str, results: &[&str]) -> Value {
    json!({
        "resourceType": "DiagnosticReport",
        "id": id,
        "status": "final",
        "text": {"status": "generated", "div": "<div>rendered</div>"},
        "code": {"coding": [{"system": "http://loinc.org", "code": "58410-2"}], "text": MARK},
        "subject": {"reference": format!("Patient/{patient}")},
        "effectiveDateTime": "2024-03-05",
        "result": results.iter().map(|id| json!({"reference": format!("Observation/{id}")})).collect::<Vec<_>>(),
    })
}
