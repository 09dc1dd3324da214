//! Routes, as the committed OpenAPI documents name them.

use std::fmt;

use anyhow::{Context, Result};
use local_stack::Layout;
use local_stack::folders::find_checkout;
use serde_json::{Value, json};

use super::public::Of;

/// What stands for a parameter: well-formed, and nobody's.
const VALUES: [(&str, &str); 14] = [
    ("account", "00000000-0000-7000-8000-000000000000"),
    ("address", "0x1111111111111111111111111111111111111111"),
    ("after", "0"),
    ("client_id", "nobody"),
    (
        "digest",
        "0x1111111111111111111111111111111111111111111111111111111111111111",
    ),
    ("fhirId", "nobody"),
    ("from", "2026-03-01"),
    ("grantee", "0x1111111111111111111111111111111111111111"),
    (
        "hash",
        "0x1111111111111111111111111111111111111111111111111111111111111111",
    ),
    ("id", "00000000-0000-7000-8000-000000000000"),
    ("kid", "nobodys"),
    ("patient", "0x1111111111111111111111111111111111111111"),
    ("to", "2026-03-01"),
    ("type", "Observation"),
];

/// One method of one path of one service.
#[derive(Debug, Clone)]
pub struct Route {
    pub service: String,
    /// What serves it, where one program serves several.
    pub program: String,
    pub method: String,
    pub path: String,
    operation: Value,
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.service, self.method, self.path)
    }
}

/// Every documented route of every service of the stack.
pub fn routes(layout: &Layout) -> Result<Vec<Route>> {
    let mut routes = Vec::new();
    for (service, part) in &layout.services {
        let program = part.program.as_ref().unwrap_or(service);
        let file = find_checkout().join(format!("docs/api/{program}.json"));
        let text = std::fs::read_to_string(&file)
            .with_context(|| format!("{program} has no OpenAPI document"))?;
        let document: Value = serde_json::from_str(&text)?;
        let paths = document["paths"]
            .as_object()
            .context("a document without paths")?;
        for (path, operations) in paths {
            for (method, operation) in operations.as_object().into_iter().flatten() {
                if !operation["responses"].is_object() {
                    continue;
                }
                routes.push(Route {
                    service: service.clone(),
                    program: program.clone(),
                    method: method.to_uppercase(),
                    path: path.clone(),
                    operation: operation.clone(),
                });
            }
        }
    }
    Ok(routes)
}

impl Route {
    /// A route that no document names.
    pub fn undocumented(service: &str, method: &str, path: &str, operation: Value) -> Self {
        Self {
            service: service.to_owned(),
            program: service.to_owned(),
            method: method.to_owned(),
            path: path.to_owned(),
            operation,
        }
    }

    /// A route that no document names, guarded like any other.
    pub fn hidden(of: &Of) -> Self {
        let kind = json!({"content": {"application/problem+json": {}}});
        let operation = json!({"responses": {"401": kind}});
        Self::undocumented(of.service, of.method, of.path, operation)
    }

    /// Path and query, with every required parameter.
    pub fn target(&self) -> Result<String> {
        let mut target = self.path.clone();
        let mut query = Vec::new();
        for parameter in self.operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let name = parameter["name"].as_str().unwrap_or_default();
            // What a header would have to say is for the one who asks.
            if parameter["required"] != true || parameter["in"] == "header" {
                continue;
            }
            let (_, value) = VALUES
                .iter()
                .find(|(known, _)| *known == name)
                .with_context(|| format!("the parameter `{name}` needs a value in VALUES"))?;
            match parameter["in"].as_str() {
                Some("path") => target = target.replace(&format!("{{{name}}}"), value),
                Some("query") => query.push(format!("{name}={value}")),
                _ => {}
            }
        }
        if !query.is_empty() {
            target = format!("{target}?{}", query.join("&"));
        }
        Ok(target)
    }

    /// What is needed: any of these, and of each all. A cookie is no token, and another matter.
    pub fn alternatives(&self) -> Vec<Vec<String>> {
        let security = self.operation["security"].as_array().into_iter().flatten();
        let schemes =
            security.flat_map(|alternative| alternative.as_object().into_iter().flatten());
        schemes
            .filter(|(scheme, _)| *scheme != "session")
            .map(|(_, scopes)| serde_json::from_value(scopes.clone()).unwrap_or_default())
            .collect()
    }

    /// Whether it can be called without anything.
    pub fn is_open(&self) -> bool {
        match self.operation["security"].as_array() {
            None => true,
            Some(alternatives) => alternatives.iter().any(|one| *one == json!({})),
        }
    }

    /// Whether a token makes a difference.
    pub fn takes_tokens(&self) -> bool {
        !self.alternatives().is_empty()
    }

    /// The media types of the documented answer.
    pub fn documented_kinds(&self, status: u16) -> Result<Vec<String>> {
        let answer = &self.operation["responses"][status.to_string()];
        let kinds = answer["content"].as_object();
        let kinds =
            kinds.with_context(|| format!("{status} is not documented, or without its body"))?;
        Ok(kinds.keys().cloned().collect())
    }
}
