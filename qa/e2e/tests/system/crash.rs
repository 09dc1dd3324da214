//! SIGKILL loses nothing that was released.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use audit_core::counts::Tally;
use e2e::api::Api;
use uuid::Uuid;

use crate::world::{PATIENCE, World};

/// Readers that ask without pause and remember every decision whose release they have seen whole.
struct Load {
    stop: Arc<AtomicBool>,
    readers: Vec<tokio::task::JoinHandle<Vec<Uuid>>>,
}

impl Load {
    fn start(api: &Api, path: &str, token: &str, readers: usize) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let readers = (0..readers)
            .map(|_| {
                let (api, path, token, stop) =
                    (api.clone(), path.to_owned(), token.to_owned(), stop.clone());
                tokio::spawn(async move {
                    let mut released = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        match api.fhir(&path, &token).await {
                            Ok(answer) if answer.status == 200 => {
                                released.extend(answer.decision_id())
                            }
                            _ => tokio::time::sleep(Duration::from_millis(20)).await,
                        }
                    }
                    released
                })
            })
            .collect();
        Self { stop, readers }
    }

    async fn finish(self) -> Result<Vec<Uuid>> {
        self.stop.store(true, Ordering::Relaxed);
        let mut released = Vec::new();
        for reader in self.readers {
            released.extend(reader.await?);
        }
        Ok(released)
    }
}

async fn nothing_is_lost_when_killed(world: &World, service: &'static str) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let path = format!("Observation?patient={}", patient.fhir_id);
    let unit = world.service(service).await?;
    let load = Load::start(&world.api, &path, &provider.token, 4);
    for pause in [300, 170, 410] {
        // Not a wait for something: the moment of the kill is what varies.
        tokio::time::sleep(Duration::from_millis(pause)).await;
        unit.kill9().await;
        unit.start().await?;
    }
    let released = load.finish().await?;
    ensure!(
        released.len() >= 3,
        "only {} reads were released: no load to speak of",
        released.len()
    );
    world.archived(&released).await?;
    world.revoke(&patient, which).await
}

pub async fn the_gateway_is_killed_under_load(world: &World) -> Result<()> {
    nothing_is_lost_when_killed(world, "ehr-gateway").await
}

pub async fn the_audit_pipeline_is_killed_under_load(world: &World) -> Result<()> {
    nothing_is_lost_when_killed(world, "audit-pipeline").await
}

/// After everything above: the gateway's journal, its records in the store, and the archive's own
/// counts agree. (Other scenarios ran gateways of their own; their records are in the store too.)
pub async fn counts_agree_after_all_that(world: &World) -> Result<()> {
    let endpoints = world.api.endpoints();
    let gateway_token = world.ops(&endpoints.gateway, "system:audit.read").await?;
    let audit_token = world.ops(&endpoints.audit, "system:audit.read").await?;
    let today = time::OffsetDateTime::now_utc().date();
    let yesterday = today.previous_day().unwrap_or(today);
    let started = Instant::now();
    loop {
        let journal = world.api.counts(&endpoints.gateway, &gateway_token).await?;
        let archive = world.api.counts(&endpoints.audit, &audit_token).await?;
        let (mut ours, mut all) = (Tally::default(), Tally::default());
        for kept in world.archive.decisions().await?.values() {
            all.add(&kept.record);
            if kept.record.gateway.id == "ehr-gateway" {
                ours.add(&kept.record);
            }
        }
        if ours.rows(yesterday, today) == journal && all.rows(yesterday, today) == archive {
            return Ok(());
        }
        ensure!(
            started.elapsed() < PATIENCE,
            "journal {journal:?}, archive {archive:?}, store {ours:?} of {all:?}"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
