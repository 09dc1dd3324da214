//! After everything else: no personal data in what the system keeps about itself.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use e2e::walkthrough::patient::LOGIN;
use serde_json::Value;
use test_support::person::PASSWORD;

use crate::world::World;

/// Names, birth dates, addresses and FHIR ids of the patients, as they stand upstream; and what one of them signs in with.
pub async fn personal_data(world: &World) -> Result<Vec<String>> {
    let mut seeds = vec![LOGIN.to_owned(), PASSWORD.to_owned()];
    let endpoints = world.api.endpoints();
    let bound = endpoints.patients.iter().map(|patient| &patient.fhir_id);
    for id in bound.chain([&endpoints.newcomer]) {
        let url = format!("{}/Patient/{id}", endpoints.fhir);
        let resource = world.api.send(world.api.http().get(url)).await?.json();
        seeds.push(id.clone());
        let family = resource["name"][0]["family"]
            .as_str()
            .context("a patient without a name")?;
        seeds.push(format!("\"{family}\""));
        seeds.extend(
            resource["birthDate"]
                .as_str()
                .map(|date| format!("\"{date}\"")),
        );
        let phone = &resource["telecom"][0]["value"];
        seeds.extend(phone.as_str().map(str::to_owned));
    }
    Ok(seeds)
}

/// The first of these that is in a text.
pub fn find<'a>(text: &str, seeds: &'a [String]) -> Option<&'a str> {
    seeds
        .iter()
        .map(String::as_str)
        .find(|seed| text.contains(seed))
}

fn logs_of_our_services(folder: &Path) -> Result<Vec<std::path::PathBuf>> {
    let ours = [
        "auth-service",
        "consent-indexer",
        "ehr-gateway",
        "audit-pipeline",
        "consent-relay",
    ];
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if ours.iter().any(|service| name.starts_with(service)) {
            files.push(path);
        }
    }
    Ok(files)
}

pub async fn nothing_personal_in_logs_metrics_or_audit_records(world: &World) -> Result<()> {
    let seeds = personal_data(world).await?;
    ensure!(seeds.len() >= 4, "no seeded personal data to look for");

    let logs = logs_of_our_services(&world.logs)?;
    ensure!(logs.len() >= 5, "only {} logs found", logs.len());
    for log in logs {
        let text = std::fs::read_to_string(&log)?;
        ensure!(
            find(&text, &seeds).is_none(),
            "personal data in {}",
            log.display()
        );
    }
    for service in [
        "auth-service",
        "consent-indexer",
        "ehr-gateway",
        "audit-pipeline",
        "consent-relay",
    ] {
        let unit = world.service(service).await?;
        let text = world.metrics(&unit).await?;
        ensure!(
            text.contains("http_requests_total"),
            "{service} has no metrics"
        );
        ensure!(
            find(&text, &seeds).is_none(),
            "personal data in the metrics of {service}"
        );
    }
    let archived = world.archive.decisions().await?;
    ensure!(!archived.is_empty(), "nothing was archived");
    for kept in archived.values() {
        let line = serde_json::to_value(&kept.record).map(|value: Value| value.to_string())?;
        ensure!(
            find(&line, &seeds).is_none(),
            "personal data in an audit record"
        );
    }
    Ok(())
}
