//! Policies and consents as the parties and their software handle them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use consent_core::policy::{Action, Period, Purpose, ResourceScope, Sensitivity, Terms};
use consent_core::{Hash32, Policy};
use rand::RngCore;
use serde_json::Value;

use crate::PATIENCE;
use crate::api::{Answer, Api};
use crate::ledger::Which;

/// Waits until the indexer shows a consent in the given state and returns its row.
///
/// # Errors
/// When it does not come to that in time.
pub async fn wait_for_consent(api: &Api, which: Which, status: &str) -> Result<Value> {
    let indexer = &api.endpoints().indexer;
    let (token, _) = api
        .token("ops-system", indexer, "system:consent.read")
        .await?;
    let url = format!(
        "{indexer}/v1/consents?patient={}&grantee={}&scope={}",
        which.subject, which.grantee, which.scope
    );
    let started = Instant::now();
    loop {
        let answer = api.get(&url, &token).await?;
        let row = answer.json()["consents"][0].clone();
        if row["status"] == status {
            return Ok(row);
        }
        ensure!(
            started.elapsed() < PATIENCE,
            "{} after {PATIENCE:?}",
            answer.outline()
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Stores a policy document under its hash.
///
/// # Errors
/// When there is no answer.
pub async fn put_policy(api: &Api, indexer: &str, token: &str, policy: &Policy) -> Result<Answer> {
    let request = api
        .http()
        .put(format!("{indexer}/v1/policies/{}", policy.hash()))
        .bearer_auth(token)
        .header("content-type", "application/json")
        .body(policy.canonical_bytes().to_vec());
    api.send(request).await
}

/// Observations for treatment, read and search, nothing sensitive, no bound on dates.
pub fn observations_only() -> Result<Policy> {
    policy(
        vec![ResourceScope {
            resource_type: "Observation".into(),
            category: None,
        }],
        Purpose::Treatment,
    )
}

/// A policy for the given resources with a fresh salt.
///
/// # Errors
/// When the terms are not a valid document.
pub fn policy(resources: Vec<ResourceScope>, purpose: Purpose) -> Result<Policy> {
    let mut salt = [0; 32];
    rand::rng().fill_bytes(&mut salt);
    let terms = Terms {
        purpose: vec![purpose],
        actions: vec![Action::Read, Action::Search],
        resources,
        exclude: Sensitivity::ALL.to_vec(),
        period: Period::UNBOUNDED,
    };
    Ok(Policy::build(Hash32(salt), terms)?)
}
