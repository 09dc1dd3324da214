//! Events against the committed schemas of their topics.

use std::path::Path;

use serde_json::Value;

/// The schema of a topic's events, as `docs/api/events/` has it.
pub struct EventSchema(jsonschema::Validator);

impl EventSchema {
    /// Reads the schema of a topic.
    ///
    /// # Panics
    /// When there is none, or it is no JSON Schema.
    pub fn of(topic: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/api/events");
        let file = folder.join(format!("{topic}.json"));
        let text = std::fs::read_to_string(&file)
            .unwrap_or_else(|error| panic!("{topic} has no schema: {error}"));
        let schema: Value = serde_json::from_str(&text).expect("a schema is JSON");
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&schema);
        Self(validator.unwrap_or_else(|error| panic!("{topic}: {error}")))
    }

    /// Whether an event's body is as the schema says.
    ///
    /// # Errors
    /// Where it is not, and why. The text may quote the body.
    pub fn check(&self, body: &[u8]) -> Result<(), String> {
        let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
        let faults = self.0.iter_errors(&body);
        let faults: Vec<String> = faults.map(|error| error.to_string()).collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.join("; "))
        }
    }
}
