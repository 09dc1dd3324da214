//! The last steps: every decision is in locked storage, stays there, and is counted alike.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use uuid::Uuid;

use super::Walk;
use crate::PATIENCE;
use crate::archive::Archived;
use crate::report::{Failed, Shown};

impl Walk<'_> {
    /// Waits until every decision of this walk is in the store, locked.
    pub(super) async fn read_back(&mut self) -> Result<BTreeMap<Uuid, Archived>, Failed> {
        let (archive, wanted) = (self.archive.clone(), self.decisions.clone());
        self.step(
            "every decision read back from S3",
            "each under COMPLIANCE with a date ahead",
            "audit-pipeline",
            async {
                let started = Instant::now();
                let found = loop {
                    let mut found = archive.decisions().await?;
                    found.retain(|id, _| wanted.contains(id));
                    if found.len() == wanted.len() {
                        break found;
                    }
                    ensure!(
                        started.elapsed() < PATIENCE,
                        "{} of {} decisions after {PATIENCE:?}",
                        found.len(),
                        wanted.len()
                    );
                    tokio::time::sleep(Duration::from_millis(100)).await;
                };
                let mut rows = Vec::new();
                for id in &wanted {
                    let kept = &found[id];
                    ensure!(
                        kept.lock_mode == "COMPLIANCE",
                        "{} is locked as {}",
                        kept.object.key,
                        kept.lock_mode
                    );
                    ensure!(
                        kept.retain_until > time::OffsetDateTime::now_utc(),
                        "{} is no longer retained",
                        kept.object.key
                    );
                    rows.push(vec![
                        id.to_string(),
                        kept.record.result.to_string(),
                        kept.record.rule.clone(),
                        kept.lock_mode.clone(),
                        kept.retain_until.date().to_string(),
                    ]);
                }
                let shown = Shown::took(started.elapsed())
                    .fact("decisions", rows.len())
                    .table(
                        vec!["decision", "result", "rule", "lock", "retained until"],
                        rows,
                    );
                Ok((shown, found))
            },
        )
        .await
    }

    pub(super) async fn refuse_deletion(
        &mut self,
        archived: &BTreeMap<Uuid, Archived>,
    ) -> Result<(), Failed> {
        let archive = self.archive.clone();
        let victim = archived.values().next().map(|kept| kept.object.clone());
        self.step("deleting one of them", "the store refuses", "s3", async {
            let object = victim.context("nothing was archived")?;
            let started = Instant::now();
            let status = archive.try_to_delete(&object).await?;
            ensure!(
                (400..500).contains(&status),
                "HTTP {status} instead of a refusal"
            );
            archive.is_there(&object).await?;
            Ok((
                Shown::took(started.elapsed())
                    .status(status)
                    .fact("refused by the store for", object.key),
                (),
            ))
        })
        .await
    }

    pub(super) async fn compare_counts(&mut self) -> Result<(), Failed> {
        let api = self.api;
        self.step(
            "daily counts: archive against gateway",
            "the same rows from both",
            "audit-pipeline",
            async {
                let (gateway, audit) = (
                    api.endpoints().gateway.clone(),
                    api.endpoints().audit.clone(),
                );
                let (gateway_token, _) = api
                    .token("ops-system", &gateway, "system:audit.read")
                    .await?;
                let (audit_token, _) = api.token("ops-system", &audit, "system:audit.read").await?;
                let started = Instant::now();
                loop {
                    let ours = api.counts(&gateway, &gateway_token).await?;
                    let theirs = api.counts(&audit, &audit_token).await?;
                    if ours == theirs && !ours.is_empty() {
                        let rows = ours
                            .iter()
                            .map(|row| {
                                let count = row.count.to_string();
                                vec![
                                    row.date.to_string(),
                                    row.action.to_string(),
                                    row.result.to_string(),
                                    count.clone(),
                                    count,
                                ]
                            })
                            .collect();
                        let shown = Shown::took(started.elapsed())
                            .table(vec!["day", "action", "result", "gateway", "archive"], rows);
                        return Ok((shown, ()));
                    }
                    if started.elapsed() > PATIENCE {
                        bail!("gateway {ours:?}, archive {theirs:?}");
                    }
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        )
        .await
    }
}
