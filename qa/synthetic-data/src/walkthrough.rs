//! Which patient a walk-through is shown on.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::bundles::Resource;
use crate::catalog::{LOINC, SENSITIVE};

/// More Observations than this may not fit into one page of a server's answer.
const MANY: usize = 200;

/// A patient to show the system on, and what a full answer about this patient holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkthroughPatient {
    /// FHIR id.
    pub id: String,
    /// Observations in all.
    pub observations: usize,
    /// Observations by category code; one with two categories counts in both.
    pub by_category: BTreeMap<String, usize>,
    /// Observations without any category code.
    pub uncategorised: usize,
    /// DiagnosticReports.
    pub diagnostic_reports: usize,
    /// Nothing sensitive, contained or foreign is among them, and they fit into one page.
    pub clean: bool,
}

/// Picks the patient: one who has a vital-signs or laboratory Observation and a DiagnosticReport. Clean ones come
/// first, then those with both categories, then the least id, so that the choice depends on the data alone.
pub fn pick_walkthrough_patient(resources: &[Resource]) -> Option<WalkthroughPatient> {
    let mut charts: BTreeMap<&str, Vec<&Resource>> = BTreeMap::new();
    for resource in resources.iter().filter(|r| r.resource_type == "Patient") {
        charts.insert(&resource.id, Vec::new());
    }
    for resource in resources
        .iter()
        .filter(|r| matches!(r.resource_type.as_str(), "Observation" | "DiagnosticReport"))
    {
        if let Some(chart) = resource
            .patient()
            .and_then(|patient| charts.get_mut(patient))
        {
            chart.push(resource);
        }
    }
    charts
        .into_iter()
        .map(|(id, chart)| summary(id, &chart))
        .filter(|p| p.diagnostic_reports > 0 && (p.has("vital-signs") || p.has("laboratory")))
        .min_by_key(|p| {
            (
                !p.clean,
                !(p.has("vital-signs") && p.has("laboratory")),
                p.id.clone(),
            )
        })
}

impl WalkthroughPatient {
    fn has(&self, category: &str) -> bool {
        self.by_category.contains_key(category)
    }
}

fn summary(id: &str, chart: &[&Resource]) -> WalkthroughPatient {
    let observations: Vec<_> = chart
        .iter()
        .filter(|r| r.resource_type == "Observation")
        .collect();
    let own: BTreeSet<String> = observations.iter().map(|r| r.reference()).collect();
    let mut by_category = BTreeMap::new();
    for category in observations.iter().flat_map(|o| o.categories()) {
        *by_category.entry(category.to_owned()).or_default() += 1;
    }
    let patient = format!("Patient/{id}");
    WalkthroughPatient {
        id: id.to_owned(),
        observations: observations.len(),
        by_category,
        uncategorised: observations
            .iter()
            .filter(|o| o.categories().is_empty())
            .count(),
        diagnostic_reports: chart.len() - observations.len(),
        clean: observations.len() <= MANY
            && chart.iter().all(|r| is_clean(&r.body, &patient, &own)),
    }
}

fn is_clean(body: &Value, patient: &str, own: &BTreeSet<String>) -> bool {
    let labelled = body["meta"]["security"]
        .as_array()
        .is_some_and(|labels| !labels.is_empty());
    let contained = body.get("contained").is_some();
    let own_references = references(body)
        .into_iter()
        .all(|target| match target.split_once('/') {
            Some(("Patient", _)) => target == patient,
            Some(("Observation", _)) => own.contains(target),
            _ => true,
        });
    !labelled && !contained && own_references && !has_sensitive_code(body)
}

fn has_sensitive_code(body: &Value) -> bool {
    let codings = body["code"]["coding"].as_array().into_iter().flatten();
    codings
        .filter(|coding| coding["system"] == LOINC)
        .filter_map(|coding| coding["code"].as_str())
        .any(|code| SENSITIVE.iter().any(|test| test.code == code))
}

fn references(value: &Value) -> Vec<&str> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| match member {
                Value::String(target) if name == "reference" => vec![target.as_str()],
                other => references(other),
            })
            .collect(),
        _ => Vec::new(),
    }
}
