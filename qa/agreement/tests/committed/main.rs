//! What is committed for every language to read: the vectors, as Rust reads them, and the descriptions of the APIs.

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde::de::DeserializeOwned;

mod api;
mod consent_ids;
mod errors;
mod intents;
mod policies;

/// Every file of vectors, with the module that reads it.
const VECTORS: [(&str, &str); 4] = [
    (
        consent_ids::FILE,
        include_str!("../../../../sdk/vectors/consent-id.json"),
    ),
    (
        errors::FILE,
        include_str!("../../../../sdk/vectors/error-codes.json"),
    ),
    (
        intents::FILE,
        include_str!("../../../../sdk/vectors/intents.json"),
    ),
    (
        policies::FILE,
        include_str!("../../../../sdk/vectors/policy-hash.json"),
    ),
];

/// What the SDKs can do; there is none in Rust.
const OF_SDKS: &str = "verbs.json";

/// The content of a file of vectors. What its type does not name is an error: nothing is left unread.
fn vectors<T: DeserializeOwned>(file: &str) -> T {
    let (_, text) = VECTORS
        .iter()
        .find(|(name, _)| *name == file)
        .expect("a file of vectors");
    serde_json::from_str(text).unwrap_or_else(|fault| panic!("{file}: {fault}"))
}

fn folder(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// The names of the JSON files in a folder of the repository.
fn json_files(path: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(folder(path)).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".json")).collect()
}

#[test]
fn every_file_of_vectors_is_read() {
    let read = VECTORS.iter().map(|(name, _)| *name).chain([OF_SDKS]);
    let read: BTreeSet<String> = read.map(str::to_owned).collect();
    assert_eq!(json_files("sdk/vectors"), read);
}
