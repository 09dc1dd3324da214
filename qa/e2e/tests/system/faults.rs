//! Parts fail. What cannot be decided is not released, and it is on record all the same.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use audit_core::Outcome;
use e2e::api::Answer;
use local_stack::Unit;
use uuid::Uuid;

use crate::world::{PATIENCE, World, ensure_denied, ensure_no_phi};

/// With an open consent, takes a part down, reads, brings it back, and looks the decision up.
async fn undecidable_without(world: &World, part: &Unit, rules: &[&str]) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let path = format!("Observation?patient={}", patient.fhir_id);
    ensure!(world.api.fhir(&path, &provider.token).await?.status == 200, "refused before the fault");

    part.stop().await;
    let outcome = undecided(world, &path, &provider.token, rules).await;
    part.start().await?;
    let decision = outcome?;

    let kept = world.archived(&[decision]).await?;
    ensure!(kept[&decision].record.result == Outcome::Indeterminate, "recorded as {}", kept[&decision].record.result);
    recovered(world, &path, &provider.token).await?;
    world.revoke(&patient, which).await
}

async fn undecided(world: &World, path: &str, token: &str, rules: &[&str]) -> Result<Uuid> {
    let answer = world.api.fhir(path, token).await?;
    ensure!(answer.status == 503, "HTTP {} {} instead of 503", answer.status, answer.rule());
    ensure!(rules.contains(&answer.rule().as_str()), "rule {}", answer.rule());
    ensure_no_phi(&answer)?;
    answer.decision_id().context("no decision id")
}

async fn recovered(world: &World, path: &str, token: &str) -> Result<Answer> {
    let started = Instant::now();
    loop {
        let answer = world.api.fhir(path, token).await?;
        if answer.status == 200 {
            return Ok(answer);
        }
        ensure!(started.elapsed() < PATIENCE, "still {} {}", answer.status, answer.rule());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub async fn the_indexer_is_down(world: &World) -> Result<()> {
    undecidable_without(world, &world.service("consent-indexer").await?, &["facts-unavailable"]).await
}

pub async fn postgres_is_down(world: &World) -> Result<()> {
    let rules = ["facts-unavailable", "directory-unavailable"];
    undecidable_without(world, &world.component("postgres").await?, &rules).await
}

pub async fn the_fhir_server_is_down(world: &World) -> Result<()> {
    undecidable_without(world, &world.component("fhir").await?, &["upstream-unavailable"]).await
}

pub async fn the_fhir_server_hangs(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let path = format!("Observation?patient={}", patient.fhir_id);
    let fhir = world.component("fhir").await?;
    fhir.pause().await;
    let outcome = undecided(world, &path, &provider.token, &["upstream-unavailable"]).await;
    fhir.resume().await;
    outcome?;
    recovered(world, &path, &provider.token).await?;
    world.revoke(&patient, which).await
}

/// The broker is away: decisions go on, and reach the archive when it is back.
pub async fn kafka_is_down(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(1).await?);
    let path = format!("Observation?patient={}", patient.fhir_id);
    let kafka = world.component("kafka").await?;
    kafka.stop().await;
    let outcome = world.api.fhir(&path, &provider.token).await;
    kafka.start().await?;
    let decision = ensure_denied(&outcome?, 403, "no-consent")?;
    world.archived(&[decision]).await?;
    Ok(())
}

/// A gateway whose journal cannot be written releases nothing, says so, and counts it.
pub async fn the_journal_is_unavailable(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let folder = tempfile::tempdir()?;
    // Linux's own device for "no space left": every write to the first segments fails.
    let gateway = world.gateway_with_full_journal(folder.path()).await?;
    let url = format!("{}/fhir/R4/Observation?patient={}", gateway.url(), patient.fhir_id);
    let answer = world.api.get(&url, &provider.token).await;
    let metrics = world.metrics(&gateway).await;
    gateway.shut_down().await;
    let answer = answer?;
    ensure!(answer.status == 503 && answer.rule() == "journal-unavailable", "HTTP {} {}", answer.status, answer.rule());
    ensure_no_phi(&answer)?;
    let counted = metrics?
        .lines()
        .any(|line| line.starts_with("gateway_journal_refused_total") && !line.ends_with(" 0"));
    ensure!(counted, "the refusal is not counted in the metrics");
    world.revoke(&patient, which).await
}
