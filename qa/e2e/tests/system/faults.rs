//! Parts fail. What cannot be decided is not released, and it is on record all the same.

use std::path::Path;
use std::process::Command;
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
    ensure!(
        world.api.fhir(&path, &provider.token).await?.status == 200,
        "refused before the fault"
    );

    part.stop().await;
    let outcome = undecided(world, &path, &provider.token, rules).await;
    part.start().await?;
    let decision = outcome?;

    let kept = world.archived(&[decision]).await?;
    ensure!(
        kept[&decision].record.result == Outcome::Indeterminate,
        "recorded as {}",
        kept[&decision].record.result
    );
    recovered(world, &path, &provider.token).await?;
    world.revoke(&patient, which).await
}

async fn undecided(world: &World, path: &str, token: &str, rules: &[&str]) -> Result<Uuid> {
    let answer = world.api.fhir(path, token).await?;
    ensure!(
        answer.status == 503,
        "HTTP {} {} instead of 503",
        answer.status,
        answer.rule()
    );
    ensure!(
        rules.contains(&answer.rule().as_str()),
        "rule {}",
        answer.rule()
    );
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
        ensure!(
            started.elapsed() < PATIENCE,
            "still {} {}",
            answer.status,
            answer.rule()
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub async fn the_indexer_is_down(world: &World) -> Result<()> {
    undecidable_without(
        world,
        &world.service("consent-indexer").await?,
        &["facts-unavailable"],
    )
    .await
}

pub async fn postgres_is_down(world: &World) -> Result<()> {
    let rules = ["facts-unavailable", "directory-unavailable"];
    undecidable_without(world, &world.component("postgres").await?, &rules).await
}

pub async fn the_fhir_server_is_down(world: &World) -> Result<()> {
    undecidable_without(
        world,
        &world.component("fhir").await?,
        &["upstream-unavailable"],
    )
    .await
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
    // tansu keeps its records in memory only: there the broker is frozen, not stopped.
    let forgets = std::env::var("CONSENTRY_KAFKA").is_ok_and(|kind| kind == "tansu");
    if forgets {
        kafka.pause().await
    } else {
        kafka.stop().await
    }
    let outcome = world.api.fhir(&path, &provider.token).await;
    if forgets {
        kafka.resume().await
    } else {
        kafka.start().await?
    }
    let decision = ensure_denied(&outcome?, 403, "no-consent")?;
    world.archived(&[decision]).await?;
    Ok(())
}

/// A file system of a few pages, unmounted when dropped. Needs root.
struct TinyDisk(tempfile::TempDir);

impl TinyDisk {
    fn mount() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        mount(&["-t", "tmpfs", "-o", "size=16k", "tmpfs"], folder.path())?;
        Ok(Self(folder))
    }

    fn enlarge(&self) -> Result<()> {
        mount(&["-o", "remount,size=4m"], self.0.path())
    }
}

impl Drop for TinyDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(self.0.path())
            .status();
    }
}

fn mount(options: &[&str], folder: &Path) -> Result<()> {
    let status = Command::new("mount")
        .args(options)
        .arg(folder)
        .status()
        .context("mount")?;
    ensure!(status.success(), "mount {options:?} failed");
    Ok(())
}

/// The journal's disk fills up: nothing is released, the refusals are counted, and when there is
/// room again the first record says how many there were.
pub async fn the_journals_disk_is_full(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let disk = TinyDisk::mount()?;
    let gateway = world.gateway_with_journal(disk.0.path()).await?;
    let outcome = fill_and_free(world, &gateway, &disk, &patient.fhir_id, &provider.token).await;
    gateway.shut_down().await;
    let after = outcome?;

    let kept = world.archived(&after).await?;
    let gaps: u64 = after.iter().filter_map(|id| kept[id].record.gap).sum();
    ensure!(
        gaps == REFUSALS,
        "the records after the gap state {gaps} refusals instead of {REFUSALS}"
    );
    world.revoke(&patient, which).await
}

const REFUSALS: u64 = 3;

/// Returns the decisions made once there is room again.
async fn fill_and_free(
    world: &World,
    gateway: &Unit,
    disk: &TinyDisk,
    patient: &str,
    token: &str,
) -> Result<Vec<Uuid>> {
    let url = format!("{}/fhir/R4/Observation?patient={patient}", gateway.url());
    let mut refused = 0;
    for _ in 0..200 {
        let answer = world.api.get(&url, token).await?;
        if answer.status == 503 {
            ensure!(
                answer.rule() == "journal-unavailable",
                "rule {}",
                answer.rule()
            );
            ensure_no_phi(&answer)?;
            refused += 1;
            if refused == REFUSALS {
                break;
            }
        } else {
            ensure!(
                answer.status == 200 && refused == 0,
                "HTTP {} after {refused} refusals",
                answer.status
            );
        }
    }
    ensure!(refused == REFUSALS, "the disk never filled up");
    let metrics = world.metrics(gateway).await?;
    let counted = format!("gateway_refused_unrecorded_total {REFUSALS}");
    ensure!(
        metrics.lines().any(|line| line == counted),
        "the refusals are not counted"
    );

    disk.enlarge()?;
    // A new segment is tried once a second; until then requests are refused and counted too, so
    // readiness, which asks without deciding, tells when to go on.
    let started = Instant::now();
    while world
        .api
        .http()
        .get(format!("{}/health/ready", gateway.url()))
        .send()
        .await?
        .status()
        != 200
    {
        ensure!(started.elapsed() < PATIENCE, "the journal does not recover");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let answer = world.api.get(&url, token).await?;
    ensure!(
        answer.status == 200,
        "HTTP {} {} with room again",
        answer.status,
        answer.rule()
    );
    Ok(answer.decision_id().into_iter().collect())
}
