//! JSON Schemas (2020-12) of the events that a service publishes, made from the types that it publishes, as the OpenAPI
//! document is. They are committed in `docs/api/events/`.

use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

/// Where OpenAPI keeps what a schema refers to, and where JSON Schema does.
const COMPONENTS: &str = "#/components/schemas/";
const DEFINITIONS: &str = "#/$defs/";

/// The events of one topic.
pub struct EventSchema {
    topic: &'static str,
    about: String,
    body: RefOr<Schema>,
    definitions: Vec<(String, RefOr<Schema>)>,
}

impl EventSchema {
    /// The events of a topic whose bodies are `T`. `key` says what the records' key is, `kinds` what is in `ce_type`.
    pub fn of<T: ToSchema>(topic: &'static str, key: &str, kinds: &str) -> Self {
        let mut definitions = Vec::new();
        T::schemas(&mut definitions);
        let mut schema = Self::new(topic, key, kinds, T::schema());
        schema.definitions = definitions;
        schema
    }

    /// The same for a body that no single type describes, and that refers to nothing.
    pub fn new(topic: &'static str, key: &str, kinds: &str, body: RefOr<Schema>) -> Self {
        Self {
            topic,
            about: format!(
                "The body of a record. The record's key: {key}. `ce_type` of its CloudEvents headers: {kinds}."
            ),
            body,
            definitions: Vec::new(),
        }
    }

    /// The topic.
    pub fn topic(&self) -> &'static str {
        self.topic
    }

    /// The document, which stands alone.
    ///
    /// # Errors
    /// When a schema cannot be written as JSON.
    pub fn to_pretty_json(&self) -> Result<String, serde_json::Error> {
        let mut document = serde_json::to_value(&self.body)?;
        document["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
        document["title"] = json!(self.topic);
        document["description"] = match document["description"].as_str() {
            Some(own) => json!(format!("{own} {}", self.about)),
            None => json!(self.about),
        };
        for (name, schema) in &self.definitions {
            document["$defs"][name] = serde_json::to_value(schema)?;
        }
        point_to_definitions(&mut document);
        // The same bytes, whatever order the JSON library keeps in this build.
        document.sort_all_objects();
        serde_json::to_string_pretty(&document)
    }
}

fn point_to_definitions(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(target) if name == "$ref" => {
                        *target = target.replacen(COMPONENTS, DEFINITIONS, 1);
                    }
                    _ => point_to_definitions(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(point_to_definitions),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(dead_code, reason = "the types are only described")]

    use super::*;

    /// Something that happened.
    #[derive(ToSchema)]
    struct Told {
        what: What,
        of: Vec<Part>,
    }

    #[derive(ToSchema)]
    enum What {
        Begun,
    }

    #[derive(ToSchema)]
    struct Part {
        what: What,
    }

    #[test]
    fn a_document_stands_alone() {
        let schema = EventSchema::of::<Told>("a.topic.v1", "the account", "`something`");
        let document: Value = serde_json::from_str(&schema.to_pretty_json().unwrap()).unwrap();
        assert_eq!(document["title"], "a.topic.v1");
        assert_eq!(document["properties"]["what"]["$ref"], "#/$defs/What");
        assert_eq!(
            document["properties"]["of"]["items"]["$ref"],
            "#/$defs/Part"
        );
        assert_eq!(
            document["$defs"]["Part"]["properties"]["what"]["$ref"],
            "#/$defs/What"
        );
        assert_eq!(document["$defs"]["What"]["enum"], json!(["Begun"]));
        let about = document["description"].as_str().unwrap();
        assert!(
            about.starts_with("Something that happened. The body"),
            "{about}"
        );
    }
}
