//! The clients file: read as a whole, refused as a whole, with every fault in it.

use std::collections::HashSet;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::document::{ClientDocument, Registration};

/// A clients file without faults.
#[derive(Debug, Clone)]
pub struct Registry(Vec<Registration>);

/// Every fault of a clients file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n    "))
    }
}

impl std::error::Error for Faults {}

impl Registry {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// All faults.
    pub fn read(path: &str) -> Result<Self, Faults> {
        let fault =
            |error: std::io::Error| Faults(vec![format!("cannot be read: {}", error.kind())]);
        Self::parse(&std::fs::read_to_string(path).map_err(fault)?)
    }

    /// Checks the text of a clients file.
    ///
    /// # Errors
    /// All faults.
    pub fn parse(json: &str) -> Result<Self, Faults> {
        let entries: Vec<Value> = serde_json::from_str(json)
            .map_err(|error| Faults(vec![format!("not a JSON array of clients: {error}")]))?;
        let mut faults = Vec::new();
        let mut clients = Vec::new();
        let mut ids = HashSet::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let name = match entry.get("clientId").and_then(Value::as_str) {
                Some(id) => format!("client {id:?}"),
                None => format!("client at position {index}"),
            };
            let mut note = |fault: String| faults.push(format!("{name}: {fault}"));
            let document = match ClientDocument::deserialize(entry) {
                Ok(document) => document,
                Err(error) => {
                    note(error.to_string());
                    continue;
                }
            };
            if !ids.insert(document.client_id.clone()) {
                note("the id occurs twice".to_owned());
            }
            match document.check() {
                Ok(client) => clients.push(client),
                Err(found) => found.into_iter().for_each(note),
            }
        }
        if faults.is_empty() {
            Ok(Self(clients))
        } else {
            Err(Faults(faults))
        }
    }

    /// The clients.
    pub fn clients(&self) -> &[Registration] {
        &self.0
    }
}
