//! The policy hash profile.

use consent_core::{Policy, keccak256};
use serde::Deserialize;

use crate::{errors, vectors};

pub const FILE: &str = "policy-hash.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Vectors {
    #[serde(rename = "note")]
    _note: String,
    valid: Vec<Valid>,
    invalid: Vec<Invalid>,
    invalid_bytes: Vec<InvalidBytes>,
    padded: Vec<Padded>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Valid {
    name: String,
    input: String,
    canonical: String,
    hash: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalid {
    name: String,
    input: String,
    why: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidBytes {
    name: String,
    hex: String,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Padded {
    name: String,
    #[serde(rename = "why")]
    _why: String,
    input: String,
    bytes: usize,
    hash: Option<String>,
    code: Option<String>,
}

/// The hash, or the error code.
fn read(bytes: &[u8]) -> Result<String, String> {
    match Policy::parse(bytes) {
        Ok(policy) => Ok(policy.hash().to_string()),
        Err(fault) => Err(fault.code().code().to_owned()),
    }
}

#[test]
fn every_valid_document_has_these_bytes_and_this_hash() {
    let Vectors { valid, .. } = vectors(FILE);
    assert!(!valid.is_empty());
    for Valid {
        name,
        input,
        canonical,
        hash,
    } in valid
    {
        let policy =
            Policy::parse(input.as_bytes()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert_eq!(
            str::from_utf8(policy.canonical_bytes()).unwrap(),
            canonical,
            "{name}"
        );
        assert_eq!(policy.hash().to_string(), hash, "{name}");
        assert_eq!(policy.hash(), keccak256(policy.canonical_bytes()), "{name}");
        let again = Policy::parse(policy.canonical_bytes()).unwrap();
        assert_eq!(
            again, policy,
            "{name}: canonical bytes read back as another document"
        );
    }
}

#[test]
fn every_invalid_document_is_refused_with_its_code() {
    let Vectors {
        invalid,
        invalid_bytes,
        ..
    } = vectors(FILE);
    assert!(!invalid.is_empty() && !invalid_bytes.is_empty());
    for Invalid {
        name,
        input,
        why,
        code,
    } in invalid
    {
        assert_eq!(read(input.as_bytes()), Err(code), "{name}: {why}");
    }
    for InvalidBytes { name, hex, code } in invalid_bytes {
        assert_eq!(read(&hex::decode(hex).unwrap()), Err(code), "{name}");
    }
}

#[test]
fn a_document_has_a_longest_length() {
    let Vectors { padded, .. } = vectors(FILE);
    assert!(!padded.is_empty());
    for each in padded {
        let mut bytes = each.input.into_bytes();
        bytes.resize(each.bytes, b' ');
        let expected = each
            .hash
            .ok_or_else(|| each.code.expect("a hash or a code"));
        assert_eq!(read(&bytes), expected, "{}", each.name);
    }
}

#[test]
fn the_codes_of_the_vectors_are_explained() {
    let Vectors {
        invalid,
        invalid_bytes,
        padded,
        ..
    } = vectors(FILE);
    let codes = invalid.into_iter().map(|each| each.code);
    let codes = codes.chain(invalid_bytes.into_iter().map(|each| each.code));
    for code in codes.chain(padded.into_iter().filter_map(|each| each.code)) {
        errors::require_validation(&code);
    }
}
