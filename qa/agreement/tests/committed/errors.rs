//! The codes that Rust answers are those of the table that the SDKs share.

use std::collections::{BTreeMap, BTreeSet};

use consent_core::policy::PolicyCode;
use serde::Deserialize;
use serde_json::Value;

use crate::vectors;

pub const FILE: &str = "error-codes.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    #[serde(rename = "note")]
    _note: String,
    kinds: BTreeSet<String>,
    codes: BTreeMap<String, Code>,
    http: Vec<Answer>,
    #[serde(rename = "retried")]
    _retried: Value, // What SDKs send again.
    #[serde(rename = "rules")]
    _rules: Value, // What SDKs call the gateway's denials.
    faults: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Code {
    kind: String,
    #[serde(rename = "retryable")]
    _retryable: bool,
    when: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    status: u16,
    #[serde(rename = "type")]
    _type: Option<String>,
    code: String,
}

/// Fails unless the table has a fault of a document, an intent or a signature by this code.
pub fn require_validation(code: &str) {
    let table: Table = vectors(FILE);
    let found = table.codes.get(code);
    let found = found.unwrap_or_else(|| panic!("{code} is not in {FILE}"));
    assert_eq!(found.kind, "Validation", "{code}");
}

#[test]
fn the_table_names_no_code_and_no_kind_that_it_does_not_explain() {
    let table: Table = vectors(FILE);
    for (code, row) in &table.codes {
        assert!(
            table.kinds.contains(&row.kind) && !row.when.is_empty(),
            "{code}"
        );
    }
    for answer in &table.http {
        assert!((400..600).contains(&answer.status), "{}", answer.status);
    }
    let named = table.http.iter().map(|answer| &answer.code);
    for code in named.chain(table.faults.values()) {
        assert!(table.codes.contains_key(code), "{code}");
    }
}

#[test]
fn every_fault_of_a_policy_document_is_in_the_table() {
    for code in PolicyCode::ALL {
        require_validation(code.code());
    }
}
