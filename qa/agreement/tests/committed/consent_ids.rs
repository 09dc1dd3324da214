//! From a policy document to the consent's id.

use consent_core::{Address, Hash32, Policy, consent_id};
use serde::Deserialize;

use crate::vectors;

pub const FILE: &str = "consent-id.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    #[serde(rename = "note")]
    _note: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    name: String,
    chain_id: u64,
    registry: Address,
    subject: Address,
    grantee: Address,
    policy: String,
    scope_id: Hash32,
    consent_id: Hash32,
}

#[test]
fn every_consent_has_the_id_of_the_contract() {
    let Vectors { cases, .. } = vectors(FILE);
    assert!(!cases.is_empty());
    for case in cases {
        let scope_id = Policy::parse(case.policy.as_bytes()).unwrap().hash();
        assert_eq!(scope_id, case.scope_id, "{}", case.name);
        let id = consent_id(
            case.chain_id,
            case.registry,
            case.subject,
            case.grantee,
            scope_id,
        );
        assert_eq!(id, case.consent_id, "{}", case.name);
    }
}
