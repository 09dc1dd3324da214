//! The OpenAPI documents of the services.

use std::collections::HashSet;

use serde_json::Value;

use crate::{folder, json_files};

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// OpenAPI 3.1 wants an operation's id to be unique in its document; generators name functions after it.
#[test]
fn every_operation_has_an_id_of_its_own() {
    let files = json_files("docs/api");
    assert!(files.len() >= 5, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(folder("docs/api").join(&file)).unwrap();
        let document: Value = serde_json::from_str(&text).unwrap();
        let mut ids = HashSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                if METHODS.contains(&&**method) {
                    let id = operation["operationId"].as_str();
                    let id = id.unwrap_or_else(|| panic!("{file}: {method} {path} has no id"));
                    assert!(ids.insert(id.to_owned()), "{file}: {id} stands twice");
                }
            }
        }
        assert!(!ids.is_empty(), "{file} describes nothing");
    }
}
