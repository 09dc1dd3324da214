//! The inspection: whether one returned resource may be released under a permit. All its rules are here.
//!
//! **The whole answer is denied** ([`Verdict::Foreign`]) when a resource shows that the server did not answer the
//! question, for then nothing it says can be trusted: another type, another patient (as the one it is about, or
//! referred to anywhere), no patient, an unexpected contained resource, or JSON that readers may understand
//! differently.
//!
//! **The resource is withheld** ([`Verdict::Withhold`]) when it is this patient's own but no single policy covers all
//! of it: category, period and exclusions are looked at together, policy by policy, because each policy is one
//! promise. What cannot be evaluated is not covered:
//!
//! - no category while categories are narrowed (by the policy or by the token's scopes);
//! - no date, or a date that does not lie inside for certain, while a period is set;
//! - while anything is excluded: a label that is not understood, no code of a system that the table covers, a
//!   medication by reference, parts that are not Observations;
//! - a part (`DiagnosticReport.result`, `Observation.hasMember` and `derivedFrom`) that is not known to be this
//!   patient's, whatever is excluded: it may be another's;
//! - a modifier extension or implicit rules, which may turn the meaning around; a reference that cannot be read.
//!
//! A record is withheld together with its parts: when a part is excluded, so is the record that sums it up.
//!
//! **Under a policy that excludes anything** free renderings are dropped from what is released: the narrative, rendered
//! documents, and the display texts of references to other clinical records. They repeat what other records say.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};
use time::Date;

use super::{Permit, Redaction, Way};
use crate::policy::{Period, parse_day};
use crate::resource::{Dates, PatientPath, Target, is_id, target, type_row};
use crate::sensitivity::{Labels, labels};

/// Names of members that the rules read. A key that differs from one of them in case only would be overlooked here and
/// may be read by a careless client.
const READ_MEMBERS: &[&str] = &[
    "resourceType",
    "id",
    "meta",
    "security",
    "system",
    "code",
    "coding",
    "subject",
    "patient",
    "reference",
    "contained",
    "category",
    "class",
    "text",
    "result",
    "hasMember",
    "derivedFrom",
    "focus",
    "modifierExtension",
    "implicitRules",
];

/// What is to become of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be released, after the redaction.
    Release(Redaction),
    /// It is this patient's own and must be left out.
    Withhold(Withheld),
    /// The whole answer must be denied.
    Foreign(Fault),
}

/// Why a resource is left out. For the record's counts only; never told to the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Withheld {
    /// Not in a shared category, or the category cannot be told.
    Category,
    /// Not inside the period, or the date cannot be told.
    Period,
    /// Excluded, or it cannot be told.
    Exclusion,
    /// A part is not known to be this patient's.
    Part,
    /// Something in it cannot be evaluated.
    Unclear,
}

/// Why a whole answer is denied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// About another patient or none, or refers to another.
    OtherPatient,
    /// Of a type that was not asked for.
    OtherType,
    /// Carries contained resources.
    Contained,
    /// Not readable in one way only.
    Unreadable,
}

/// Observations of this patient that were looked up because records sum them up.
#[derive(Debug, Clone, Default)]
pub struct Known {
    parts: HashMap<String, Part>,
}

#[derive(Debug, Clone)]
struct Part {
    labels: Labels,
    references: References,
}

/// References to parts.
#[derive(Debug, Clone, Default)]
struct References {
    /// Ids of Observations.
    observations: Vec<String>,
    /// Whether there are others.
    others: bool,
}

impl Known {
    /// Whether the Observation is known.
    pub fn contains(&self, id: &str) -> bool {
        self.parts.contains_key(id)
    }
}

impl Permit {
    /// Takes note of an Observation, so that records that sum it up can be judged. It must be this patient's own.
    pub fn note(&self, known: &mut Known, observation: &Value) -> Result<(), Fault> {
        let row = type_row("Observation").ok_or(Fault::OtherType)?;
        let members = self.require_own(observation, row.name, row.patient)?;
        let id = members
            .get("id")
            .and_then(Value::as_str)
            .ok_or(Fault::Unreadable)?;
        let labels = labels(observation, row.code, row.code_by_reference);
        let references = self.part_references(observation, row.parts)?;
        known
            .parts
            .insert(id.to_owned(), Part { labels, references });
        Ok(())
    }

    /// The ids of Observations that must be known before `resource` can be judged, given what is known already.
    pub fn unknown_parts(&self, known: &Known, resource: &Value) -> Vec<String> {
        let references = self
            .part_references(resource, self.row.parts)
            .unwrap_or_default();
        gather(known, &references).1
    }

    /// Judges one resource of the upstream server's answer.
    pub fn inspect(&self, known: &Known, resource: &Value) -> Verdict {
        if let Err(fault) = self.require_own(resource, self.row.name, self.row.patient) {
            return Verdict::Foreign(fault);
        }
        if has_unclear_meaning(resource, &self.base) {
            return Verdict::Withhold(Withheld::Unclear);
        }
        let Ok(references) = self.part_references(resource, self.row.parts) else {
            return Verdict::Foreign(Fault::Unreadable);
        };
        let mut labels = labels(resource, self.row.code, self.row.code_by_reference);
        let (of_parts, missing) = gather(known, &references);
        labels.include(&of_parts);
        if !missing.is_empty() {
            return Verdict::Withhold(Withheld::Part);
        }
        if !self.in_scope_categories(resource) {
            return Verdict::Withhold(Withheld::Category);
        }
        // A way without exclusions releases without redaction, so it is tried first.
        let (plain, careful): (Vec<&Way>, Vec<&Way>) = self
            .ways
            .iter()
            .partition(|way| way.policy.terms().exclude.is_empty());
        let mut nearest = Withheld::Category;
        for way in plain.into_iter().chain(careful) {
            match self.covers(way, resource, &labels) {
                Ok(redaction) => return Verdict::Release(redaction),
                Err(reason) => nearest = nearest.max(reason),
            }
        }
        Verdict::Withhold(nearest)
    }

    /// Whether one policy covers all of the resource.
    fn covers(&self, way: &Way, resource: &Value, labels: &Labels) -> Result<Redaction, Withheld> {
        let terms = way.policy.terms();
        let scope = terms
            .resources
            .iter()
            .find(|scope| scope.resource_type == self.row.name);
        let scope = scope.ok_or(Withheld::Category)?;
        if let Some(categories) = &scope.category
            && !self.has_category(resource, categories)
        {
            return Err(Withheld::Category);
        }
        if !lies_within(resource, self.row.dates, terms.period) {
            return Err(Withheld::Period);
        }
        if terms.exclude.is_empty() {
            return Ok(Redaction::NOTHING);
        }
        if labels.unclear
            || terms
                .exclude
                .iter()
                .any(|excluded| labels.found.contains(excluded))
        {
            return Err(Withheld::Exclusion);
        }
        Ok(Redaction::renderings(self.row.documents))
    }

    /// Whether the token's scopes reach this resource.
    fn in_scope_categories(&self, resource: &Value) -> bool {
        let Some(filters) = &self.scope_categories else {
            return true;
        };
        self.row
            .categories(resource)
            .iter()
            .any(|category| filters.iter().any(|filter| filter.matches(category)))
    }

    /// A record of several categories is in each of them.
    fn has_category(&self, resource: &Value, categories: &[String]) -> bool {
        self.row
            .categories(resource)
            .iter()
            .any(|found| categories.iter().any(|category| category == found.code))
    }

    /// The resource must be of this type, about this patient and about nobody else.
    fn require_own<'a>(
        &self,
        resource: &'a Value,
        name: &str,
        path: PatientPath,
    ) -> Result<&'a Map<String, Value>, Fault> {
        let members = resource.as_object().ok_or(Fault::Unreadable)?;
        if members.get("resourceType").and_then(Value::as_str) != Some(name) {
            return Err(Fault::OtherType);
        }
        require_plain_keys(resource)?;
        let id = members
            .get("id")
            .and_then(Value::as_str)
            .filter(|id| is_id(id))
            .ok_or(Fault::Unreadable)?;
        if members
            .get("contained")
            .is_some_and(|contained| contained.as_array().is_none_or(|items| !items.is_empty()))
        {
            return Err(Fault::Contained);
        }
        let about_the_patient = match path {
            PatientPath::Itself => id == self.patient,
            PatientPath::Reference(element) => members
                .get(element)
                .is_some_and(|value| self.is_the_patient(value)),
        };
        if !about_the_patient {
            return Err(Fault::OtherPatient);
        }
        if members.values().any(holds_a_resource) {
            return Err(Fault::Contained);
        }
        self.require_no_other_patient(resource)?;
        Ok(members)
    }

    fn is_the_patient(&self, reference: &Value) -> bool {
        let Some(text) = reference.get("reference").and_then(Value::as_str) else {
            return false;
        };
        let named = reference
            .get("type")
            .is_none_or(|name| name.as_str() == Some("Patient"));
        named
            && target(text, &self.base)
                == Target::Here {
                    resource_type: "Patient",
                    id: &self.patient,
                }
    }

    /// No reference anywhere may point to another patient.
    fn require_no_other_patient(&self, value: &Value) -> Result<(), Fault> {
        match value {
            Value::Object(members) => {
                let literal = match members.get("reference") {
                    None => None,
                    Some(Value::String(text)) => Some(target(text, &self.base)),
                    Some(_) => return Err(Fault::Unreadable),
                };
                let to_a_patient = match literal {
                    Some(
                        Target::Here { resource_type, .. } | Target::Elsewhere { resource_type },
                    ) => resource_type == "Patient",
                    // A reference by identifier, or one that cannot be read, that says it is to a patient.
                    _ => members.get("type").and_then(Value::as_str) == Some("Patient"),
                };
                if to_a_patient && !self.is_the_patient(value) {
                    return Err(Fault::OtherPatient);
                }
                members
                    .values()
                    .try_for_each(|member| self.require_no_other_patient(member))
            }
            Value::Array(items) => items
                .iter()
                .try_for_each(|item| self.require_no_other_patient(item)),
            _ => Ok(()),
        }
    }

    fn part_references(&self, resource: &Value, elements: &[&str]) -> Result<References, Fault> {
        let mut references = References::default();
        for value in elements.iter().filter_map(|element| resource.get(element)) {
            for item in value.as_array().ok_or(Fault::Unreadable)? {
                match item
                    .get("reference")
                    .and_then(Value::as_str)
                    .map(|text| target(text, &self.base))
                {
                    Some(Target::Here {
                        resource_type: "Observation",
                        id,
                    }) => references.observations.push(id.to_owned()),
                    _ => references.others = true,
                }
            }
        }
        Ok(references)
    }
}

/// All parts and parts of parts that are known, with what their labels add up to, and those that are not known.
fn gather(known: &Known, references: &References) -> (Labels, Vec<String>) {
    let mut labels = Labels {
        unclear: references.others,
        ..Labels::default()
    };
    let mut missing = Vec::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut waiting: Vec<&str> = references.observations.iter().map(String::as_str).collect();
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        match known.parts.get(id) {
            Some(part) => {
                labels.include(&part.labels);
                labels.unclear |= part.references.others;
                waiting.extend(part.references.observations.iter().map(String::as_str));
            }
            None => missing.push(id.to_owned()),
        }
    }
    missing.sort_unstable();
    (labels, missing)
}

/// FHIR names its elements in lower camel case. A key that starts otherwise, or that differs from a name that the
/// rules read in case only, is a way around them.
fn require_plain_keys(value: &Value) -> Result<(), Fault> {
    match value {
        Value::Object(members) => members.iter().try_for_each(|(key, member)| {
            let bare = key.strip_prefix('_').unwrap_or(key);
            let plain = bare.starts_with(|first: char| first.is_ascii_lowercase())
                && bare.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let disguised = READ_MEMBERS
                .iter()
                .any(|name| name.eq_ignore_ascii_case(key) && name != key);
            if plain && !disguised {
                require_plain_keys(member)
            } else {
                Err(Fault::Unreadable)
            }
        }),
        Value::Array(items) => items.iter().try_for_each(require_plain_keys),
        _ => Ok(()),
    }
}

/// Whether a resource is hidden in the value.
fn holds_a_resource(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.contains_key("resourceType") || members.values().any(holds_a_resource)
        }
        Value::Array(items) => items.iter().any(holds_a_resource),
        _ => false,
    }
}

/// Whether something may turn the meaning of the resource around, or a reference leads to a place that cannot be told.
fn has_unclear_meaning(value: &Value, base: &str) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(key, member)| match key.as_str() {
            "modifierExtension" => member.as_array().is_none_or(|items| !items.is_empty()),
            "implicitRules" => true,
            "reference" => member
                .as_str()
                .is_none_or(|text| target(text, base) == Target::Unclear),
            _ => has_unclear_meaning(member, base),
        }),
        Value::Array(items) => items.iter().any(|item| has_unclear_meaning(item, base)),
        _ => false,
    }
}

/// Whether the clinical date lies inside the period for certain.
fn lies_within(resource: &Value, dates: Dates, period: Period) -> bool {
    if period == Period::UNBOUNDED {
        return true;
    }
    let groups = match dates {
        Dates::Undated => return true,
        Dates::Groups(groups) => groups,
    };
    for group in groups {
        let present: Vec<&Value> = group
            .iter()
            .filter_map(|element| resource.get(element))
            .collect();
        if !present.is_empty() {
            return present.into_iter().all(|value| value_within(value, period));
        }
    }
    false
}

fn value_within(value: &Value, period: Period) -> bool {
    let (start, end) = match value {
        Value::String(text) => match days(text) {
            Some((first, last)) => (Some(first), Some(last)),
            None => return false,
        },
        Value::Object(members)
            if members
                .keys()
                .all(|key| ["start", "end", "extension", "id"].contains(&key.as_str())) =>
        {
            let read = |key: &str| match members.get(key) {
                None => Ok(None),
                Some(value) => value.as_str().and_then(days).map(Some).ok_or(()),
            };
            match (read("start"), read("end")) {
                (Ok(start), Ok(end)) => (start.map(|days| days.0), end.map(|days| days.1)),
                _ => return false,
            }
        }
        _ => return false,
    };
    let starts_inside = period
        .start
        .is_none_or(|bound| start.is_some_and(|day| day >= bound));
    let ends_inside = period
        .end
        .is_none_or(|bound| end.is_some_and(|day| day <= bound));
    starts_inside && ends_inside
}

/// The first and last day that a FHIR date, dateTime or instant may mean. The day is the one written.
fn days(text: &str) -> Option<(Date, Date)> {
    let date = match text.split_once('T') {
        Some((date, time))
            if date.len() == 10
                && time
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b":.+-Z".contains(&b)) =>
        {
            date
        }
        Some(_) => return None,
        None => text,
    };
    match date.len() {
        10 => parse_day(date).map(|day| (day, day)),
        7 => {
            let first = parse_day(&format!("{date}-01"))?;
            let last = first.replace_day(first.month().length(first.year())).ok()?;
            Some((first, last))
        }
        4 => Some((
            parse_day(&format!("{date}-01-01"))?,
            parse_day(&format!("{date}-12-31"))?,
        )),
        _ => None,
    }
}
