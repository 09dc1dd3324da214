//! The server's answer against the permit: read strictly, completed with the parts that records sum up, judged one by
//! one by `consent_core`.

use bytes::Bytes;
use consent_core::decide::{Fault, Known, Permit, Verdict};
use consent_core::json::parse_strict;
use consent_core::resource::TypeRow;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::upstream::{Budget, Upstream};
use crate::decision::rule::Rule;
use crate::request::intent::Search;

/// Pages that are followed; beyond that the answer is too much, and half an answer is not given.
const MAX_PAGES: usize = 16;
/// Observations asked for at once, and rounds of asking (parts, then their parts).
const PARTS_AT_ONCE: usize = 100;
const PART_ROUNDS: usize = 4;
const MAX_PARTS: usize = 2000;

/// Resources as they came, each with its very text, and the Observations that some of them sum up.
#[derive(Debug, Default)]
pub struct Material {
    resources: Vec<(Value, String)>,
    parts: Vec<Value>,
}

/// What may leave.
#[derive(Debug, Default)]
pub struct Released {
    /// Id and text of each resource.
    pub resources: Vec<(String, String)>,
    /// How many of the patient's own were kept back. For the record only.
    pub withheld: usize,
}

impl Released {
    /// What goes on record about it.
    pub fn obligations(&self) -> Vec<String> {
        vec![
            format!("released={}", self.resources.len()),
            format!("withheld={}", self.withheld),
        ]
    }
}

#[derive(Deserialize)]
struct BundleText<'a> {
    #[serde(borrow, default)]
    entry: Vec<EntryText<'a>>,
}

#[derive(Deserialize)]
struct EntryText<'a> {
    #[serde(borrow)]
    resource: Option<&'a RawValue>,
}

impl From<Fault> for Rule {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::OtherPatient | Fault::OtherType | Fault::Contained => Self::ForeignResource,
            Fault::Unreadable => Self::UnreadableAnswer,
        }
    }
}

impl Material {
    /// The answer to a search, all pages of it.
    ///
    /// # Errors
    /// The rule that the decision then rests on.
    pub async fn search(
        upstream: &Upstream,
        row: &TypeRow,
        search: &Search,
        budget: &mut Budget,
    ) -> Result<Self, Rule> {
        let mut material = Self::default();
        let mut body = upstream.search(row, search, budget).await?;
        for _ in 0..MAX_PAGES {
            match read_page(&body, &mut material.resources)? {
                None => return Ok(material),
                Some(next) => body = upstream.next_page(&next, budget).await?,
            }
        }
        Err(Rule::UnreadableAnswer)
    }

    /// One resource that must have this id.
    ///
    /// # Errors
    /// [`Rule::UnreadableAnswer`].
    pub fn resource(body: &Bytes, id: &str) -> Result<Self, Rule> {
        let value = parse_strict(body).map_err(|_| Rule::UnreadableAnswer)?;
        let text = std::str::from_utf8(body).map_err(|_| Rule::UnreadableAnswer)?;
        if value.get("id").and_then(Value::as_str) != Some(id) {
            return Err(Rule::UnreadableAnswer);
        }
        Ok(Self {
            resources: vec![(value, text.to_owned())],
            parts: Vec::new(),
        })
    }

    /// The patient that the one resource says it is about.
    pub fn patient(&self, row: &TypeRow, base: &str) -> Option<String> {
        self.resources
            .first()
            .and_then(|(value, _)| row.patient_of(value, base))
            .map(str::to_owned)
    }

    /// Looks up the Observations that the resources sum up, as far as they are not among them.
    ///
    /// # Errors
    /// The rule that the decision then rests on.
    pub async fn complete(
        &mut self,
        permit: &Permit,
        row: &TypeRow,
        upstream: &Upstream,
        patient: &str,
        budget: &mut Budget,
    ) -> Result<(), Rule> {
        if row.parts.is_empty() {
            return Ok(());
        }
        if row.name == "Observation" {
            self.parts = self
                .resources
                .iter()
                .map(|(value, _)| value.clone())
                .collect();
        }
        let mut asked: Vec<String> = Vec::new();
        for _ in 0..PART_ROUNDS {
            let known = self.known(permit)?;
            let mut missing: Vec<String> = self
                .resources
                .iter()
                .flat_map(|(value, _)| permit.unknown_parts(&known, value))
                .collect();
            missing.sort_unstable();
            missing.dedup();
            missing.retain(|id| !asked.contains(id));
            if missing.is_empty() || asked.len() + missing.len() > MAX_PARTS {
                break;
            }
            for ids in missing.chunks(PARTS_AT_ONCE) {
                let body = upstream.observations(patient, ids, budget).await?;
                let mut found = Vec::new();
                // Ids that the server does not have stay unknown, and what sums them up is withheld.
                read_page(&body, &mut found)?;
                self.parts.extend(found.into_iter().map(|(value, _)| value));
            }
            asked.extend(missing);
        }
        Ok(())
    }

    /// Judges every resource. One foreign resource denies the whole answer.
    ///
    /// # Errors
    /// [`Rule::ForeignResource`] or [`Rule::UnreadableAnswer`].
    pub fn inspect(&self, permit: &Permit) -> Result<Released, Rule> {
        let known = self.known(permit)?;
        let mut released = Released::default();
        for (value, text) in &self.resources {
            match permit.inspect(&known, value) {
                Verdict::Release(redaction) => {
                    let id = value
                        .get("id")
                        .and_then(Value::as_str)
                        .ok_or(Rule::UnreadableAnswer)?;
                    let text = redaction.apply(text).ok_or(Rule::UnreadableAnswer)?;
                    released.resources.push((id.to_owned(), text));
                }
                Verdict::Withhold(reason) => {
                    metrics::counter!("gateway_withheld_total", "reason" => format!("{reason:?}"))
                        .increment(1);
                    released.withheld += 1;
                }
                Verdict::Foreign(fault) => return Err(fault.into()),
            }
        }
        Ok(released)
    }

    fn known(&self, permit: &Permit) -> Result<Known, Rule> {
        let mut known = Known::default();
        self.parts
            .iter()
            .try_for_each(|part| permit.note(&mut known, part))?;
        Ok(known)
    }
}

/// Reads one page of a search, adds its resources, and returns the address of the next page.
fn read_page(body: &[u8], resources: &mut Vec<(Value, String)>) -> Result<Option<String>, Rule> {
    let bundle = parse_strict(body).map_err(|_| Rule::UnreadableAnswer)?;
    if bundle.get("resourceType").and_then(Value::as_str) != Some("Bundle")
        || bundle.get("type").and_then(Value::as_str) != Some("searchset")
    {
        return Err(Rule::UnreadableAnswer);
    }
    let texts: BundleText<'_> = serde_json::from_slice(body).map_err(|_| Rule::UnreadableAnswer)?;
    let entries = match bundle.get("entry") {
        None => &Vec::new(),
        Some(entries) => entries.as_array().ok_or(Rule::UnreadableAnswer)?,
    };
    for (entry, text) in entries.iter().zip(&texts.entry) {
        let (Some(resource), Some(text)) = (entry.get("resource"), text.resource) else {
            return Err(Rule::UnreadableAnswer);
        };
        match entry
            .get("search")
            .and_then(|search| search.get("mode"))
            .map(Value::as_str)
        {
            None | Some(Some("match")) => resources.push((resource.clone(), text.get().to_owned())),
            // The server's own remarks are not relayed.
            Some(Some("outcome"))
                if resource.get("resourceType").and_then(Value::as_str)
                    == Some("OperationOutcome") => {}
            // Nothing was asked to be included.
            _ => return Err(Rule::ForeignResource),
        }
    }
    next_link(&bundle)
}

fn next_link(bundle: &Value) -> Result<Option<String>, Rule> {
    let links = match bundle.get("link") {
        None => return Ok(None),
        Some(links) => links.as_array().ok_or(Rule::UnreadableAnswer)?,
    };
    let mut next = links
        .iter()
        .filter(|link| link.get("relation").and_then(Value::as_str) == Some("next"));
    match (next.next(), next.next()) {
        (None, _) => Ok(None),
        (Some(link), None) => link
            .get("url")
            .and_then(Value::as_str)
            .map(|url| Some(url.to_owned()))
            .ok_or(Rule::UnreadableAnswer),
        _ => Err(Rule::UnreadableAnswer),
    }
}
