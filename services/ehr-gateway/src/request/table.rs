//! What may be asked: the interactions of every type in `consent_core::resource`, and the CapabilityStatement that says
//! so. Everything else is refused by name.

use consent_core::resource::{Param, ParamKind, TYPES, TypeRow};
use serde_json::{Value, json};

/// Parameters that would make the server return, or tell about, what was not asked for. Their base names, with or
/// without modifier, are refused by name.
pub const LEAKING: &[&str] = &[
    "_contained",
    "_content",
    "_elements",
    "_filter",
    "_has",
    "_include",
    "_list",
    "_query",
    "_revinclude",
    "_sort",
    "_summary",
    "_text",
    "_total",
    "_type",
];

/// The most records that a client can ask for at once.
pub const MAX_COUNT: usize = 1000;

/// Category codes that may stand in a record. A code is the client's own text and could be anything, a name included.
const CATEGORIES: &[&str] = &[
    "AMB",
    "EMER",
    "IMP",
    "LAB",
    "RAD",
    "VR",
    "activity",
    "biologic",
    "encounter-diagnosis",
    "environment",
    "exam",
    "food",
    "health-concern",
    "imaging",
    "laboratory",
    "medication",
    "problem-list-item",
    "procedure",
    "social-history",
    "survey",
    "therapy",
    "vital-signs",
];

/// The categories as they may be recorded: well-known ones by name, all others as `other`.
pub fn recordable(categories: Vec<String>) -> Vec<String> {
    let name = |code: String| {
        if CATEGORIES.contains(&code.as_str()) {
            code
        } else {
            "other".to_owned()
        }
    };
    let mut names: Vec<String> = categories.into_iter().map(name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// The CapabilityStatement of what the gateway lets through.
pub fn capability_statement(url: &str, date: &str) -> Value {
    json!({
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": date,
        "kind": "instance",
        "software": {"name": "Consentry ehr-gateway", "version": env!("CARGO_PKG_VERSION")},
        "implementation": {"description": "Reads under the patient's consent", "url": url},
        "fhirVersion": "4.0.1",
        "format": ["application/fhir+json"],
        "rest": [{
            "mode": "server",
            "security": {
                "cors": false,
                "service": [{"coding": [{
                    "system": "http://terminology.hl7.org/CodeSystem/restful-security-service",
                    "code": "SMART-on-FHIR"
                }]}],
                "description": "Every answer is decided under the patient's consent and put on record."
            },
            "resource": TYPES.iter().map(type_capabilities).collect::<Vec<_>>()
        }]
    })
}

fn type_capabilities(row: &TypeRow) -> Value {
    let patient = json!({"name": row.patient_param(), "type": if row.search.is_empty() { "token" } else { "reference" },
        "documentation": "Required: the patient's id."});
    let params = row.search.iter().map(|Param { name, kind, .. }| {
        json!({"name": name, "type": match kind { ParamKind::Token => "token", ParamKind::Date => "date" }})
    });
    json!({
        "type": row.name,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "versioning": "no-version",
        "searchParam": std::iter::once(patient).chain(params).collect::<Vec<_>>()
    })
}
