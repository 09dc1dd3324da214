//! The policy hash profile against the vectors that every language runs.

use consent_core::policy::{Policy, PolicyError};
use consent_core::{Hash32, keccak256};
use serde_json::Value;

fn vectors() -> Value {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../sdk/vectors/policy-hash.json"
    );
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn cases<'a>(vectors: &'a Value, kind: &str) -> Vec<(&'a str, &'a Value)> {
    let cases = vectors[kind].as_array().unwrap();
    assert!(!cases.is_empty());
    cases
        .iter()
        .map(|case| (case["name"].as_str().unwrap(), case))
        .collect()
}

#[test]
fn every_valid_document_has_these_bytes_and_this_hash() {
    let vectors = vectors();
    for (name, case) in cases(&vectors, "valid") {
        let policy = Policy::parse(case["input"].as_str().unwrap().as_bytes())
            .unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(
            std::str::from_utf8(policy.canonical_bytes()).unwrap(),
            case["canonical"],
            "{name}"
        );
        assert_eq!(policy.hash().to_string(), case["hash"], "{name}");
        assert_eq!(policy.hash(), keccak256(policy.canonical_bytes()), "{name}");
        let again = Policy::parse(policy.canonical_bytes()).unwrap();
        assert_eq!(
            again, policy,
            "{name}: canonical bytes read back as another document"
        );
    }
}

#[test]
fn every_invalid_document_is_refused() {
    let vectors = vectors();
    for (name, case) in cases(&vectors, "invalid") {
        let input = case["input"].as_str().unwrap();
        assert!(
            Policy::parse(input.as_bytes()).is_err(),
            "{name} was accepted: {}",
            case["why"]
        );
    }
}

#[test]
fn a_built_document_is_sorted_and_reads_back_as_itself() {
    let vectors = vectors();
    for (name, case) in cases(&vectors, "valid") {
        let policy = Policy::parse(case["input"].as_str().unwrap().as_bytes()).unwrap();
        let mut terms = policy.terms().clone();
        terms.resources.reverse();
        terms.purpose.reverse();
        terms.exclude.reverse();
        assert_eq!(
            Policy::build(policy.salt(), terms).unwrap(),
            policy,
            "{name}"
        );
    }
}

#[test]
fn another_salt_is_another_hash() {
    let vectors = vectors();
    let (_, case) = cases(&vectors, "valid")[0];
    let policy = Policy::parse(case["input"].as_str().unwrap().as_bytes()).unwrap();
    let other = Policy::build(Hash32([0xee; 32]), policy.terms().clone()).unwrap();
    assert_ne!(other.hash(), policy.hash());
}

#[test]
fn what_cannot_be_a_vector_is_refused_too() {
    let vectors = vectors();
    let (_, case) = cases(&vectors, "valid")[0];
    let input = case["input"].as_str().unwrap();
    let mut bytes = input.as_bytes().to_vec();
    bytes.extend(std::iter::repeat_n(b' ', 16 * 1024));
    assert_eq!(Policy::parse(&bytes), Err(PolicyError::TooLong));
    let mut bytes = input.as_bytes().to_vec();
    let place = input.find("TREAT").unwrap();
    bytes[place] = 0xff;
    assert!(Policy::parse(&bytes).is_err(), "not UTF-8");
}
