//! The table of FHIR R4 resource types: where each keeps its patient, category, code and clinical dates, and what may
//! be searched for. **Adding a resource type is one row here.**
//!
//! A type that has no row can be neither asked for nor released.

use serde_json::Value;

/// How a resource names the patient it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatientPath {
    /// By a reference in this element.
    Reference(&'static str),
    /// The resource is the patient.
    Itself,
}

/// Where the clinical date of a resource stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dates {
    /// Groups of elements in order of preference. The first group of which any element is present counts, and then
    /// every present element of it. So a report without an effective time is not dated by when it was issued.
    Groups(&'static [&'static [&'static str]]),
    /// The type is not about a moment (a patient's demographics): a period does not bound it.
    Undated,
}

/// What a search parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParamKind {
    /// Codes, optionally with a system: `code`, `system|code`, several separated by commas.
    Token,
    /// A date with an optional prefix `eq`, `ge`, `gt`, `le` or `lt`; may stand twice.
    Date,
}

/// A search parameter that may be used with a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Param {
    /// Its name, here and upstream.
    pub name: &'static str,
    /// What it takes.
    pub kind: ParamKind,
    /// Whether its values are the categories that a policy narrows by.
    pub is_category: bool,
}

/// One resource type.
#[derive(Debug)]
pub struct TypeRow {
    /// FHIR name.
    pub name: &'static str,
    /// The patient.
    pub patient: PatientPath,
    /// The element whose codes are the categories. `None`: the type has none, so a narrowed policy releases nothing.
    pub category: Option<&'static str>,
    /// The clinical date.
    pub dates: Dates,
    /// Elements that say in codes what the record is about. At least one must hold a code of a system that the
    /// sensitivity table covers, or exclusions cannot be evaluated. Empty: the type has no such element.
    pub code: &'static [&'static str],
    /// Elements that say it by a reference instead, which is not followed: exclusions cannot be evaluated.
    pub code_by_reference: &'static [&'static str],
    /// References to the Observations that this record sums up. They are judged with it.
    pub parts: &'static [&'static str],
    /// Rendered documents. Dropped together with the narrative when a policy excludes anything.
    pub documents: &'static [&'static str],
    /// Search parameters beside the patient.
    pub search: &'static [Param],
}

const fn token(name: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Token,
        is_category: false,
    }
}

const fn category(name: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Token,
        is_category: true,
    }
}

const fn date(name: &'static str) -> Param {
    Param {
        name,
        kind: ParamKind::Date,
        is_category: false,
    }
}

/// Every type that may be asked for, sorted by name.
pub static TYPES: &[TypeRow] = &[
    TypeRow {
        name: "AllergyIntolerance",
        patient: PatientPath::Reference("patient"),
        category: Some("category"),
        dates: Dates::Groups(&[&["onsetDateTime", "onsetPeriod"], &["recordedDate"]]),
        code: &["code"],
        code_by_reference: &[],
        parts: &[],
        documents: &[],
        search: &[
            category("category"),
            token("clinical-status"),
            token("code"),
            date("date"),
        ],
    },
    TypeRow {
        name: "Condition",
        patient: PatientPath::Reference("subject"),
        category: Some("category"),
        dates: Dates::Groups(&[&["onsetDateTime", "onsetPeriod"], &["recordedDate"]]),
        code: &["code"],
        code_by_reference: &[],
        parts: &[],
        documents: &[],
        search: &[
            category("category"),
            token("clinical-status"),
            token("code"),
            date("onset-date"),
            date("recorded-date"),
        ],
    },
    TypeRow {
        name: "DiagnosticReport",
        patient: PatientPath::Reference("subject"),
        category: Some("category"),
        dates: Dates::Groups(&[&["effectiveDateTime", "effectivePeriod"]]),
        code: &["code"],
        code_by_reference: &[],
        parts: &["result"],
        documents: &["presentedForm"],
        search: &[
            category("category"),
            token("code"),
            date("date"),
            token("status"),
        ],
    },
    TypeRow {
        name: "Encounter",
        patient: PatientPath::Reference("subject"),
        category: Some("class"),
        dates: Dates::Groups(&[&["period"]]),
        code: &["type", "serviceType", "reasonCode"],
        code_by_reference: &[],
        parts: &[],
        documents: &[],
        search: &[
            category("class"),
            date("date"),
            token("status"),
            token("type"),
        ],
    },
    TypeRow {
        name: "Immunization",
        patient: PatientPath::Reference("patient"),
        category: None,
        dates: Dates::Groups(&[&["occurrenceDateTime", "occurrenceString"]]),
        code: &["vaccineCode"],
        code_by_reference: &[],
        parts: &[],
        documents: &[],
        search: &[date("date"), token("status"), token("vaccine-code")],
    },
    TypeRow {
        name: "MedicationRequest",
        patient: PatientPath::Reference("subject"),
        category: Some("category"),
        dates: Dates::Groups(&[&["authoredOn"]]),
        code: &["medicationCodeableConcept"],
        code_by_reference: &["medicationReference"],
        parts: &[],
        documents: &[],
        search: &[
            date("authoredon"),
            category("category"),
            token("code"),
            token("intent"),
            token("status"),
        ],
    },
    TypeRow {
        name: "Observation",
        patient: PatientPath::Reference("subject"),
        category: Some("category"),
        dates: Dates::Groups(&[&[
            "effectiveDateTime",
            "effectiveInstant",
            "effectivePeriod",
            "effectiveTiming",
        ]]),
        code: &["code"],
        code_by_reference: &[],
        parts: &["hasMember", "derivedFrom"],
        documents: &[],
        search: &[
            category("category"),
            token("code"),
            date("date"),
            token("status"),
        ],
    },
    TypeRow {
        name: "Patient",
        patient: PatientPath::Itself,
        category: None,
        dates: Dates::Undated,
        code: &[],
        code_by_reference: &[],
        parts: &[],
        documents: &[],
        search: &[],
    },
    TypeRow {
        name: "Procedure",
        patient: PatientPath::Reference("subject"),
        category: Some("category"),
        dates: Dates::Groups(&[&[
            "performedDateTime",
            "performedPeriod",
            "performedString",
            "performedAge",
            "performedRange",
        ]]),
        code: &["code"],
        code_by_reference: &[],
        parts: &[],
        documents: &[],
        search: &[
            category("category"),
            token("code"),
            date("date"),
            token("status"),
        ],
    },
];

/// The row of a type.
pub fn type_row(name: &str) -> Option<&'static TypeRow> {
    TYPES.iter().find(|row| row.name == name)
}

impl TypeRow {
    /// The id of the patient that a resource says it is about, if it says so in one way that can be told. `base` as for
    /// [`target`]. What it says is proved by [`crate::decide::Permit::inspect`] only.
    pub fn patient_of<'a>(&self, resource: &'a Value, base: &str) -> Option<&'a str> {
        match self.patient {
            PatientPath::Itself => resource.get("id")?.as_str().filter(|id| is_id(id)),
            PatientPath::Reference(element) => {
                match target(resource.get(element)?.get("reference")?.as_str()?, base) {
                    Target::Here {
                        resource_type: "Patient",
                        id,
                    } => Some(id),
                    _ => None,
                }
            }
        }
    }

    /// The search parameter that names the patient.
    pub fn patient_param(&self) -> &'static str {
        match self.patient {
            PatientPath::Reference(_) => "patient",
            PatientPath::Itself => "_id",
        }
    }

    /// The parameter with this name.
    pub fn param(&self, name: &str) -> Option<&'static Param> {
        self.search.iter().find(|param| param.name == name)
    }

    /// The categories of a resource: of codeable concepts, codings or plain codes.
    pub fn categories<'a>(&self, resource: &'a Value) -> Vec<Category<'a>> {
        let mut found = Vec::new();
        if let Some(value) = self.category.and_then(|element| resource.get(element)) {
            collect_categories(value, &mut found);
        }
        found
    }
}

/// One category of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Category<'a> {
    /// Its code system, if it names one.
    pub system: Option<&'a str>,
    /// Its code.
    pub code: &'a str,
}

fn collect_categories<'a>(value: &'a Value, found: &mut Vec<Category<'a>>) {
    match value {
        Value::String(code) => found.push(Category { system: None, code }),
        Value::Array(items) => items
            .iter()
            .for_each(|item| collect_categories(item, found)),
        Value::Object(members) => {
            if let Some(codings) = members.get("coding").and_then(Value::as_array) {
                codings
                    .iter()
                    .for_each(|coding| collect_categories(coding, found));
            } else if let Some(code) = members.get("code").and_then(Value::as_str) {
                found.push(Category {
                    system: members.get("system").and_then(Value::as_str),
                    code,
                });
            }
        }
        _ => {}
    }
}

/// A FHIR id.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

/// What a literal reference points to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target<'a> {
    /// A resource of the same server.
    Here {
        /// Its type.
        resource_type: &'a str,
        /// Its id.
        id: &'a str,
    },
    /// A resource of this type elsewhere, or one named by a query.
    Elsewhere {
        /// Its type.
        resource_type: &'a str,
    },
    /// A contained resource.
    Contained,
    /// Nothing that can be told.
    Unclear,
}

/// Reads a literal reference. `base` is the address of the server that the resource came from, without a slash at its
/// end: an absolute reference counts as `Here` only below it.
pub fn target<'a>(reference: &'a str, base: &str) -> Target<'a> {
    if reference.starts_with('#') {
        return Target::Contained;
    }
    if let Some((name, _)) = reference.split_once('?') {
        let name = name.rsplit('/').next().unwrap_or(name);
        return if is_type_name(name) {
            Target::Elsewhere {
                resource_type: name,
            }
        } else {
            Target::Unclear
        };
    }
    let here = reference
        .strip_prefix(base)
        .and_then(|rest| rest.strip_prefix('/'));
    let is_url = reference.starts_with("http://") || reference.starts_with("https://");
    let path = here.unwrap_or(reference);
    let segments: Vec<&str> = path.split('/').collect();
    let end = match segments.as_slice() {
        [.., "_history", version] if is_id(version) => segments.len() - 2,
        _ => segments.len(),
    };
    match &segments[..end] {
        [name, id] if is_type_name(name) && is_id(id) && (here.is_some() || !is_url) => {
            Target::Here {
                resource_type: name,
                id,
            }
        }
        [.., name, id] if is_url && is_type_name(name) && is_id(id) => Target::Elsewhere {
            resource_type: name,
        },
        _ => Target::Unclear,
    }
}

fn is_type_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "http://fhir.example/r4";

    #[test]
    fn rows_are_sorted_unique_and_complete() {
        assert!(TYPES.is_sorted_by(|a, b| a.name < b.name));
        for row in TYPES {
            assert!(is_type_name(row.name));
            assert!(
                row.search.is_sorted_by(|a, b| a.name < b.name),
                "{}: sort the parameters",
                row.name
            );
            let names_a_patient = row
                .search
                .iter()
                .any(|param| ["patient", "subject", "_id"].contains(&param.name));
            assert!(
                !names_a_patient,
                "{}: the patient is not a free parameter",
                row.name
            );
        }
    }

    #[test]
    fn a_reference_is_local_only_in_its_exact_forms() {
        let here = Target::Here {
            resource_type: "Patient",
            id: "p1",
        };
        for text in [
            "Patient/p1",
            "Patient/p1/_history/3",
            "http://fhir.example/r4/Patient/p1",
        ] {
            assert_eq!(target(text, BASE), here, "{text}");
        }
        let elsewhere = Target::Elsewhere {
            resource_type: "Patient",
        };
        for text in [
            "http://other.example/r4/Patient/p1",
            "http://fhir.example/r4x/Patient/p1",
            "http://fhir.example/r4/tenant/Patient/p1",
            "https://fhir.example/r4/Patient/p1",
            "Patient?identifier=1",
            "http://fhir.example/r4/Patient?_id=p1",
        ] {
            assert_eq!(target(text, BASE), elsewhere, "{text}");
        }
        for text in [
            "",
            "p1",
            "patient/p1",
            "/Patient/p1",
            "Patient/p1/",
            "Patient/p 1",
            "urn:uuid:p1",
            "x/Patient/p1",
            "../Patient/p1",
            "Patient/",
        ] {
            assert_eq!(target(text, BASE), Target::Unclear, "{text}");
        }
        assert_eq!(target("#p1", BASE), Target::Contained);
    }

    #[test]
    fn categories_are_read_from_every_shape() {
        let read = |name: &str, json: &str| -> Vec<String> {
            let value: Value = serde_json::from_str(json).unwrap();
            type_row(name)
                .unwrap()
                .categories(&value)
                .into_iter()
                .map(|category| category.code.to_owned())
                .collect()
        };
        let concept =
            r#"{"category":[{"coding":[{"code":"laboratory"},{"code":"x"}]},{"text":"y"}]}"#;
        assert_eq!(read("Observation", concept), ["laboratory", "x"]);
        assert_eq!(
            read(
                "Procedure",
                r#"{"category":{"coding":[{"code":"103693007"}]}}"#
            ),
            ["103693007"]
        );
        assert_eq!(
            read("AllergyIntolerance", r#"{"category":["food"]}"#),
            ["food"]
        );
        assert_eq!(read("Encounter", r#"{"class":{"code":"AMB"}}"#), ["AMB"]);
        assert!(read("Immunization", r#"{"category":["food"]}"#).is_empty());
    }
}
