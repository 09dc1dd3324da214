//! Which patient a walk-through is shown on.

use std::path::Path;

use serde_json::{Value, json};
use synthetic_data::manifest::{Manifest, Profile};
use synthetic_data::{Resource, load_folder, pick_walkthrough_patient};

fn resource(kind: &str, id: &str, mut body: Value) -> Resource {
    body["resourceType"] = json!(kind);
    body["id"] = json!(id);
    Resource {
        resource_type: kind.to_owned(),
        id: id.to_owned(),
        body,
    }
}

fn observation(id: &str, patient: &str, category: &str) -> Resource {
    let body = json!({
        "subject": {"reference": format!("Patient/{patient}")},
        "category": [{"coding": [{"code": category}]}],
    });
    resource("Observation", id, body)
}

/// A patient with one Observation of each category and a report over them.
fn chart(patient: &str, categories: &[&str]) -> Vec<Resource> {
    let mut chart = vec![resource("Patient", patient, json!({}))];
    chart.extend(
        categories
            .iter()
            .map(|c| observation(&format!("{patient}-{c}"), patient, c)),
    );
    let results: Vec<Value> = categories
        .iter()
        .map(|c| json!({"reference": format!("Observation/{patient}-{c}")}))
        .collect();
    let report = json!({"subject": {"reference": format!("Patient/{patient}")}, "result": results});
    chart.push(resource(
        "DiagnosticReport",
        &format!("{patient}-report"),
        report,
    ));
    chart
}

fn picked(charts: &[Vec<Resource>]) -> Option<String> {
    pick_walkthrough_patient(&charts.concat()).map(|p| p.id)
}

#[test]
fn of_the_committed_data_the_plain_patient_is_picked() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
    let manifest = Manifest::read(&folder).unwrap();
    let mut resources = load_folder(&folder).unwrap();
    let picked = pick_walkthrough_patient(&resources).unwrap();
    let plain = manifest
        .patients
        .iter()
        .find(|p| p.profile == Profile::Plain)
        .unwrap();
    assert_eq!(picked.id, plain.id);
    assert_eq!(picked.observations, plain.observations.len());
    assert_eq!(picked.diagnostic_reports, plain.diagnostic_reports.len());
    let counts: Vec<_> = plain
        .by_category
        .iter()
        .map(|(k, v)| (k.clone(), v.len()))
        .collect();
    assert_eq!(
        picked.by_category.clone().into_iter().collect::<Vec<_>>(),
        counts
    );
    assert_eq!(picked.uncategorised, 0);
    assert!(picked.clean);
    resources.reverse();
    assert_eq!(pick_walkthrough_patient(&resources), Some(picked));
}

#[test]
fn a_patient_needs_an_observation_and_a_report() {
    let mut no_report = chart("a", &["laboratory"]);
    no_report.pop();
    assert_eq!(
        picked(&[no_report, chart("b", &["survey"]), chart("c", &[])]),
        None
    );
    assert_eq!(
        picked(&[chart("b", &["survey"]), chart("c", &["vital-signs"])]).as_deref(),
        Some("c")
    );
    assert_eq!(picked(&[]), None);
}

#[test]
fn both_categories_come_before_one_and_then_the_least_id() {
    let one = chart("a", &["laboratory"]);
    let both = |id| chart(id, &["laboratory", "vital-signs"]);
    assert_eq!(
        picked(&[one.clone(), both("c"), both("b")]).as_deref(),
        Some("b")
    );
    assert_eq!(
        picked(&[chart("b", &["laboratory"]), one]).as_deref(),
        Some("a")
    );
}

#[test]
fn clean_patients_come_first() {
    let clean = || chart("z", &["laboratory"]);
    let stains: [(&str, Value); 5] = [
        ("contained", json!([{"resourceType": "Patient"}])),
        ("meta", json!({"security": [{"code": "R"}]})),
        ("performer", json!([{"reference": "Patient/z"}])),
        (
            "hasMember",
            json!([{"reference": "Observation/z-laboratory"}]),
        ),
        (
            "code",
            json!({"coding": [{"system": "http://loinc.org", "code": "20447-9"}]}),
        ),
    ];
    for (member, stain) in stains {
        let mut stained = chart("a", &["laboratory", "vital-signs"]);
        stained[1].body[member] = stain;
        assert_eq!(
            picked(&[stained.clone(), clean()]).as_deref(),
            Some("z"),
            "{member}"
        );
        let alone = pick_walkthrough_patient(&stained).unwrap();
        assert!(!alone.clean);
    }
}

#[test]
fn another_patients_resources_do_not_count() {
    let mut resources = chart("a", &["laboratory"]);
    resources.push(observation("x", "b", "laboratory"));
    resources.push(resource(
        "Observation",
        "y",
        json!({"category": [{"coding": [{"code": "laboratory"}]}]}),
    ));
    assert_eq!(
        pick_walkthrough_patient(&resources).unwrap().observations,
        1
    );
}
