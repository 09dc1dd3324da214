//! What every scenario gets: a running stack and a short way to make consents on it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use alloy::primitives::{B256, U256};
use anyhow::{Context, Result, ensure};
use consent_core::Policy;
use e2e::api::{Answer, Api};
use e2e::archive::{Archive, Archived};
use e2e::consent::{observations_only, put_policy, wait_for_consent};
use e2e::ledger::{Party, UNTIL_REVOKED, Which, now};
use e2e::signed::Pen;
use e2e::walkthrough::PROVIDER_SCOPES;
use local_stack::endpoints::Patient;
use local_stack::{Overrides, Stack, Unit};
use synthetic_data::manifest::{Manifest, PatientEntry, Profile};
use tokio::sync::Mutex;
use uuid::Uuid;

/// How long a scenario waits for something that must come.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A running stack, and what has been released from it so far.
pub struct World {
    pub api: Api,
    pub archive: Archive,
    stack: Mutex<Option<Stack>>,
    pub logs: PathBuf,
    pub manifest: Manifest,
    next_patient: AtomicUsize,
    next_gateway: AtomicUsize,
}

/// A provider with a token for the gateway.
pub struct Provider {
    pub id: String,
    pub token: String,
    pub party: Party,
}

impl World {
    pub fn new(stack: Stack) -> Result<Self> {
        let api = Api::new(stack.endpoints().clone())?;
        let archive = Archive::new(&api.endpoints().s3);
        let logs = stack.logs();
        let stack = Mutex::new(Some(stack));
        let data = local_stack::folders::find_checkout().join("qa/synthetic-data/data");
        let manifest = Manifest::read(&data)?;
        Ok(Self {
            api,
            archive,
            stack,
            logs,
            manifest,
            next_patient: AtomicUsize::new(0),
            next_gateway: AtomicUsize::new(0),
        })
    }

    /// Ends the stack in an orderly way.
    pub async fn shut_down(&self) {
        if let Some(stack) = self.stack.lock().await.take() {
            stack.stop().await;
        }
    }

    /// A component of the stack, to stop, start, pause or kill.
    pub async fn component(&self, name: &str) -> Result<Unit> {
        self.stack
            .lock()
            .await
            .as_ref()
            .context("the stack has ended")?
            .component(name)
    }

    /// A service of the stack.
    pub async fn service(&self, name: &str) -> Result<Unit> {
        self.stack
            .lock()
            .await
            .as_ref()
            .context("the stack has ended")?
            .service(name)
    }

    /// One more gateway, in front of another FHIR server. It answers to the first one's audience,
    /// so the same tokens are good for both.
    pub async fn gateway_against(&self, fhir_base: &str) -> Result<Unit> {
        // A gateway is not ready before its FHIR server answers sensibly, which a hostile one never does.
        let overrides = Overrides::default()
            .env("FHIR_BASE_URL", fhir_base)
            .unready();
        let gateway = self.extra_gateway(overrides).await?;
        let started = Instant::now();
        while !self.is_ready_but_for_fhir(&gateway).await {
            ensure!(started.elapsed() < PATIENCE, "the gateway does not come up");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(gateway)
    }

    async fn is_ready_but_for_fhir(&self, gateway: &Unit) -> bool {
        let ready = format!("{}/health/ready", gateway.url());
        let Ok(answer) = self.api.send(self.api.http().get(ready)).await else {
            return false;
        };
        let report = answer.json();
        let checks = report["checks"].as_object().into_iter().flatten();
        let mut others = checks.filter(|(name, _)| *name != "fhir").peekable();
        others.peek().is_some() && others.all(|(_, outcome)| outcome == "ok")
    }

    /// One more gateway with a journal of its own.
    pub async fn gateway_with_journal(&self, folder: &Path) -> Result<Unit> {
        self.extra_gateway(Overrides::default().env("JOURNAL_DIR", folder.display().to_string()))
            .await
    }

    async fn extra_gateway(&self, overrides: Overrides) -> Result<Unit> {
        let name = format!(
            "ehr-gateway-{}",
            self.next_gateway.fetch_add(1, Ordering::Relaxed)
        );
        self.extra("ehr-gateway", &name, overrides).await
    }

    /// One more instance of a service.
    pub async fn extra(&self, service: &str, instance: &str, overrides: Overrides) -> Result<Unit> {
        let stack = self.stack.lock().await;
        stack
            .as_ref()
            .context("the stack has ended")?
            .spawn_service(service, instance, overrides)
            .await
    }

    /// A service's metrics as text.
    pub async fn metrics(&self, unit: &Unit) -> Result<String> {
        let address = unit
            .env("METRICS_LISTEN")
            .context("a service without METRICS_LISTEN")?;
        let answer = self
            .api
            .send(self.api.http().get(format!("http://{address}/metrics")))
            .await?;
        Ok(answer.text)
    }

    /// The provider organisations in the order of the endpoints file: 0 or 1.
    pub async fn provider(&self, index: usize) -> Result<Provider> {
        let endpoints = self.api.endpoints();
        let client = endpoints
            .clients
            .iter()
            .filter(|client| client.persona == "provider")
            .nth(index)
            .context("two provider organisations are expected")?;
        let (token, _) = self
            .api
            .token(&client.id, &endpoints.gateway, PROVIDER_SCOPES)
            .await?;
        let key = client
            .private_key
            .as_deref()
            .context("a provider without a chain key")?;
        Ok(Provider {
            id: client.id.clone(),
            token,
            party: Party::new(&endpoints.chain, key)?,
        })
    }

    /// Patients whose Observations hold no trap, in turn, so that scenarios seldom meet on one.
    /// Consents never collide all the same: each policy has a salt of its own.
    pub fn patient(&self) -> Result<Patient> {
        let mut patients = self.api.endpoints().patients.clone();
        patients.retain(|patient| {
            let entry = self
                .manifest
                .patients
                .iter()
                .find(|entry| entry.id == patient.fhir_id);
            entry.is_none_or(|entry| !refuses_observations(entry.profile))
        });
        ensure!(patients.len() >= 2, "two patients without traps are needed");
        let index = self.next_patient.fetch_add(1, Ordering::Relaxed) % patients.len();
        Ok(patients.swap_remove(index))
    }

    /// The patient that the synthetic data made for a purpose, and what is true about them.
    pub fn patient_with(&self, profile: Profile) -> Result<(Patient, &PatientEntry)> {
        let entry = self
            .manifest
            .patients
            .iter()
            .find(|entry| entry.profile == profile);
        let entry = entry.with_context(|| format!("no patient of profile {profile:?}"))?;
        let patients = &self.api.endpoints().patients;
        let patient = patients.iter().find(|patient| patient.fhir_id == entry.id);
        Ok((
            patient
                .context("the patient is not in the directory")?
                .clone(),
            entry,
        ))
    }

    /// A token of the operations system client.
    pub async fn ops(&self, audience: &str, scope: &str) -> Result<String> {
        Ok(self.api.token("ops-system", audience, scope).await?.0)
    }

    /// Stores a policy, grants it from the patient to the provider over `[from, to)`, and waits
    /// until the indexer shows it in `status`.
    pub async fn consent(
        &self,
        patient: &Patient,
        provider: &Provider,
        policy: &Policy,
        (from, to): (u64, u64),
        status: &str,
    ) -> Result<Which> {
        self.offer(provider, policy).await?;
        let which = Which {
            subject: patient.subject.parse()?,
            grantee: provider.party.address(),
            scope: B256::from(policy.hash().0),
        };
        self.grant(patient, which, (from, to)).await?;
        wait_for_consent(&self.api, which, status).await?;
        Ok(which)
    }

    /// Stores a provider's policy.
    pub async fn offer(&self, provider: &Provider, policy: &Policy) -> Result<()> {
        let indexer = &self.api.endpoints().indexer;
        let (token, _) = self
            .api
            .token(&provider.id, indexer, "provider:consent.request")
            .await?;
        let stored = put_policy(&self.api, indexer, &token, policy).await?;
        ensure!(
            matches!(stored.status, 200 | 201),
            "policy: HTTP {}",
            stored.status
        );
        Ok(())
    }

    /// A patient who sends transactions. The stack gives patients no coins, so they come from a provider.
    pub async fn sending(&self, patient: &Patient) -> Result<Party> {
        let party = Party::new(&self.api.endpoints().chain, &patient.private_key)?;
        let (coins, _) = party.account(party.address()).await?;
        if coins == U256::ZERO {
            let giver = self.provider(0).await?.party;
            giver.give_coins(party.address()).await?;
        }
        Ok(party)
    }

    /// A patient who signs and lets others send.
    pub fn signing(&self, patient: &Patient) -> Result<Pen> {
        Pen::new(&self.api.endpoints().chain, &patient.private_key)
    }

    /// Grants without storing a document first.
    pub async fn grant(
        &self,
        patient: &Patient,
        which: Which,
        (from, to): (u64, u64),
    ) -> Result<()> {
        let party = self.sending(patient).await?;
        party.grant(which, from, to, false).await?;
        Ok(())
    }

    /// Ends a consent and waits until the indexer knows.
    pub async fn revoke(&self, patient: &Patient, which: Which) -> Result<()> {
        let party = self.sending(patient).await?;
        party.revoke(which).await?;
        wait_for_consent(&self.api, which, "REVOKED").await?;
        Ok(())
    }

    /// Observations for treatment from a moment ago until revoked.
    pub async fn observations_consent(
        &self,
        patient: &Patient,
        provider: &Provider,
    ) -> Result<Which> {
        self.consent(
            patient,
            provider,
            &observations_only()?,
            (now() - 1, UNTIL_REVOKED),
            "ACTIVE",
        )
        .await
    }

    /// Waits until the given decisions are in the archive, and returns them.
    pub async fn archived(&self, ids: &[Uuid]) -> Result<BTreeMap<Uuid, Archived>> {
        let started = Instant::now();
        loop {
            let mut found = self.archive.decisions().await?;
            found.retain(|id, _| ids.contains(id));
            if ids.iter().all(|id| found.contains_key(id)) {
                return Ok(found);
            }
            ensure!(
                started.elapsed() < PATIENCE,
                "{} of {} decisions archived",
                found.len(),
                ids.len()
            );
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// Whether a search of this patient's Observations must be refused whole.
fn refuses_observations(profile: Profile) -> bool {
    matches!(
        profile,
        Profile::ObservationForeignPerformer | Profile::ObservationContainedPatient
    )
}

/// A denial: status and rule as expected, and nothing of the record in the body.
pub fn ensure_denied(answer: &Answer, status: u16, rule: &str) -> Result<Uuid> {
    ensure!(
        answer.status == status,
        "HTTP {} instead of {status}, rule {}",
        answer.status,
        answer.rule()
    );
    ensure!(
        answer.rule() == rule,
        "rule {} instead of {rule}",
        answer.rule()
    );
    ensure_no_phi(answer)?;
    answer.decision_id().context("no decision id")
}

/// An error body must be an OperationOutcome alone: no resource, no reference, no value.
pub fn ensure_no_phi(answer: &Answer) -> Result<()> {
    let body = answer.json();
    ensure!(
        body["resourceType"] == "OperationOutcome",
        "the body is no OperationOutcome"
    );
    for mark in [
        "Patient/",
        "valueQuantity",
        "\"entry\"",
        "contained",
        "Observation/",
    ] {
        ensure!(!answer.text.contains(mark), "the body holds `{mark}`");
    }
    Ok(())
}
