//! Policy documents that are built. What documents must look like is in `sdk/vectors`, which `qa/agreement` reads.

use consent_core::Hash32;
use consent_core::policy::Policy;
use serde_json::Value;

/// Every valid document of the vectors.
fn documents() -> Vec<Policy> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../sdk/vectors/policy-hash.json"
    );
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let valid = vectors["valid"].as_array().unwrap().iter();
    let documents: Vec<Policy> = valid
        .map(|case| Policy::parse(case["input"].as_str().unwrap().as_bytes()).unwrap())
        .collect();
    assert!(!documents.is_empty());
    documents
}

#[test]
fn a_built_document_is_sorted_and_reads_back_as_itself() {
    for policy in documents() {
        let mut terms = policy.terms().clone();
        terms.resources.reverse();
        terms.purpose.reverse();
        terms.exclude.reverse();
        assert_eq!(Policy::build(policy.salt(), terms).unwrap(), policy);
    }
}

#[test]
fn another_salt_is_another_hash() {
    let policy = &documents()[0];
    let other = Policy::build(Hash32([0xee; 32]), policy.terms().clone()).unwrap();
    assert_ne!(other.hash(), policy.hash());
}
