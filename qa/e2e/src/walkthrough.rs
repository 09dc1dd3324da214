//! The whole promise, step by step: no consent, no data; a signature opens exactly what it says;
//! a revocation closes it; and every decision stays on record.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256};
use anyhow::{Context, Result, bail, ensure};
use consent_core::policy::{Action, Period, Purpose, ResourceScope, Sensitivity, Terms};
use consent_core::{Hash32, Policy};
use local_stack::endpoints::{Client, Patient};
use rand::RngCore;
use serde_json::Value;
use uuid::Uuid;

use crate::api::{Answer, Api};
use crate::archive::{Archive, Archived};
use crate::ledger::{Party, UNTIL_REVOKED, Which, now};
use crate::report::{Failed, Report, Shown};

/// Scopes a provider's backend asks for at the gateway.
pub const PROVIDER_SCOPES: &str = "provider:records.read system/*.rs";
const PATIENCE: Duration = Duration::from_secs(20);

/// What the walk came to.
#[derive(Debug)]
pub struct Summary {
    /// Decisions made by the gateway during this walk.
    pub decisions: Vec<Uuid>,
    /// From sending the revocation to the first denial.
    pub revocation_to_denial: Duration,
}

/// One walk over a running stack.
pub struct Walk<'a> {
    api: &'a Api,
    archive: Archive,
    logs: PathBuf,
    report: &'a mut dyn Report,
    steps: usize,
    decisions: Vec<Uuid>,
}

impl<'a> Walk<'a> {
    /// Prepares a walk; `logs` is the folder a failed step points to.
    pub fn new(api: &'a Api, logs: PathBuf, report: &'a mut dyn Report) -> Self {
        let archive = Archive::new(&api.endpoints().s3);
        Self {
            api,
            archive,
            logs,
            report,
            steps: 0,
            decisions: Vec::new(),
        }
    }

    /// Walks through every step with the stack's first organisation and first patient.
    ///
    /// # Errors
    /// [`Failed`] names the first step that did not go as expected.
    pub async fn run(mut self) -> Result<Summary, Failed> {
        let (clinic, patient, token) = self.provider_token().await?;
        let observations = format!("Observation?patient={}", patient.fhir_id);
        self.expect(
            "GET Observation without consent",
            &observations,
            &token,
            403,
            "no-consent",
        )
        .await?;

        let (policy, which) = self.offer_policy(&clinic, &patient).await?;
        self.request(&clinic, which).await?;
        self.expect(
            "GET Observation while only requested",
            &observations,
            &token,
            403,
            "consent-requested",
        )
        .await?;
        self.approve(&patient, &policy, which).await?;
        self.wait_for_status(which, "ACTIVE").await?;

        self.released(&patient, &observations, &token).await?;
        let reports = format!("DiagnosticReport?patient={}", patient.fhir_id);
        self.expect(
            "GET DiagnosticReport outside the policy",
            &reports,
            &token,
            403,
            "policy-type",
        )
        .await?;

        let revocation_to_denial = self.revoke(&patient, which, &observations, &token).await?;
        let archived = self.read_back().await?;
        self.refuse_deletion(&archived).await?;
        self.compare_counts().await?;
        Ok(Summary {
            decisions: self.decisions,
            revocation_to_denial,
        })
    }

    /// Runs one step: shows it, or stops the walk with what was expected and what came.
    async fn step<T>(
        &mut self,
        title: &'static str,
        expected: impl Into<String>,
        service: &str,
        action: impl Future<Output = Result<(Shown, T)>>,
    ) -> Result<T, Failed> {
        self.steps += 1;
        match action.await {
            Ok((shown, value)) => {
                self.report.passed(self.steps, title, &shown);
                Ok(value)
            }
            Err(error) => {
                let failed = Failed {
                    step: title,
                    expected: expected.into(),
                    came: format!("{error:#}"),
                    log: self.logs.join(format!("{service}.log")),
                };
                self.report.failed(self.steps, &failed);
                Err(failed)
            }
        }
    }

    /// The first organisation gets its token; the first patient of the directory is who it is about.
    async fn provider_token(&mut self) -> Result<(Client, Patient, String), Failed> {
        let api = self.api;
        self.step(
            "provider's token",
            "200 and an access token",
            "auth-service",
            async {
                let patient = api
                    .endpoints()
                    .patients
                    .first()
                    .context("the directory has no patient")?;
                let clinic = provider(api)?;
                let gateway = &api.endpoints().gateway;
                let (token, answer) = api.token(&clinic.id, gateway, PROVIDER_SCOPES).await?;
                let shown = Shown::took(answer.latency)
                    .status(answer.status)
                    .fact("client", &clinic.id)
                    .fact("grantee", short(&address(clinic)?.to_string()))
                    .fact("subject", short(&patient.subject));
                Ok((shown, (clinic.clone(), patient.clone(), token)))
            },
        )
        .await
    }

    /// A read that must be answered with `status` and `rule`.
    async fn expect(
        &mut self,
        title: &'static str,
        path: &str,
        token: &str,
        status: u16,
        rule: &'static str,
    ) -> Result<(), Failed> {
        let api = self.api;
        let decision = self
            .step(
                title,
                format!("{status}, rule {rule}, no resource"),
                "ehr-gateway",
                async {
                    let answer = api.fhir(path, token).await?;
                    ensure!(
                        answer.status == status
                            && answer.rule() == rule
                            && answer.matches().is_empty(),
                        "{}",
                        outline(&answer)
                    );
                    let decision = answer
                        .decision_id()
                        .context("no decision id in the answer")?;
                    Ok((decided(&answer, decision).fact("rule", rule), decision))
                },
            )
            .await?;
        self.decisions.push(decision);
        Ok(())
    }

    /// The clinic writes down what it asks for and stores it by its hash.
    async fn offer_policy(
        &mut self,
        clinic: &Client,
        patient: &Patient,
    ) -> Result<(Policy, Which), Failed> {
        let api = self.api;
        self.step(
            "policy document stored by its hash",
            "201 or 200 from the indexer",
            "consent-indexer",
            async {
                let policy = observations_only()?;
                let which = Which {
                    subject: patient.subject.parse().context("the patient's address")?,
                    grantee: address(clinic)?,
                    scope: B256::from(policy.hash().0),
                };
                let indexer = &api.endpoints().indexer;
                let (token, _) = api
                    .token(&clinic.id, indexer, "provider:consent.request")
                    .await?;
                let answer = put_policy(api, indexer, &token, &policy).await?;
                ensure!(matches!(answer.status, 200 | 201), "{}", outline(&answer));
                let shown = Shown::took(answer.latency)
                    .status(answer.status)
                    .fact("scope", short(&which.scope.to_string()));
                Ok((shown, (policy, which)))
            },
        )
        .await
    }

    async fn request(&mut self, clinic: &Client, which: Which) -> Result<(), Failed> {
        let api = self.api;
        let chain = api.endpoints().chain.clone();
        self.step(
            "provider requests consent on chain",
            "a mined transaction, indexed",
            "consent-indexer",
            async {
                let key = clinic
                    .private_key
                    .as_deref()
                    .context("the clinic has no chain key")?;
                let party = Party::new(&chain, key)?;
                let started = Instant::now();
                let receipt = party.request(which, now(), UNTIL_REVOKED).await?;
                let shown = transaction(started, &receipt);
                wait_for_consent(api, which, "REQUESTED").await?;
                Ok((shown, ()))
            },
        )
        .await
    }

    /// The patient reads the document, makes sure that it is the one asked for, and signs.
    async fn approve(
        &mut self,
        patient: &Patient,
        policy: &Policy,
        which: Which,
    ) -> Result<(), Failed> {
        let chain = self.api.endpoints().chain.clone();
        self.step(
            "patient approves with their own key",
            "a mined transaction",
            "chain",
            async {
                ensure!(
                    policy.hash().0 == which.scope.0,
                    "the document is not the one that was asked for"
                );
                let party = Party::new(&chain, &patient.private_key)?;
                ensure!(
                    party.address() == which.subject,
                    "the key is not the subject's"
                );
                let started = Instant::now();
                let receipt = party
                    .grant(which, now().saturating_sub(1), UNTIL_REVOKED, true)
                    .await?;
                Ok((transaction(started, &receipt), ()))
            },
        )
        .await
    }

    async fn wait_for_status(&mut self, which: Which, status: &'static str) -> Result<(), Failed> {
        let api = self.api;
        self.step(
            "indexer shows the consent ACTIVE",
            status,
            "consent-indexer",
            async {
                let started = Instant::now();
                let row = wait_for_consent(api, which, status).await?;
                let shown = Shown::took(started.elapsed())
                    .status(200)
                    .fact(
                        "consent",
                        short(row["consentId"].as_str().unwrap_or_default()),
                    )
                    .fact("block", &row["blockNo"])
                    .fact("version", &row["version"]);
                Ok((shown, ()))
            },
        )
        .await
    }

    async fn released(&mut self, patient: &Patient, path: &str, token: &str) -> Result<(), Failed> {
        let api = self.api;
        let expected = "200 with Observations of this patient and of nobody else";
        let decision = self
            .step(
                "the same GET with consent",
                expected,
                "ehr-gateway",
                async {
                    let answer = api.fhir(path, token).await?;
                    ensure!(answer.status == 200, "{}", outline(&answer));
                    let resources = answer.matches();
                    ensure!(!resources.is_empty(), "200 without a single Observation");
                    for resource in &resources {
                        ensure!(
                            is_observation_of(resource, &patient.fhir_id),
                            "a resource that is not this patient's Observation"
                        );
                    }
                    let decision = answer
                        .decision_id()
                        .context("no decision id in the answer")?;
                    Ok((
                        decided(&answer, decision).fact("Observations", resources.len()),
                        decision,
                    ))
                },
            )
            .await?;
        self.decisions.push(decision);
        Ok(())
    }

    /// Revokes and asks again and again until the first denial.
    async fn revoke(
        &mut self,
        patient: &Patient,
        which: Which,
        path: &str,
        token: &str,
    ) -> Result<Duration, Failed> {
        let api = self.api;
        let chain = api.endpoints().chain.clone();
        let (decisions, waited) = self
            .step(
                "patient revokes; the same GET",
                "403, rule consent-revoked",
                "ehr-gateway",
                async {
                    let party = Party::new(&chain, &patient.private_key)?;
                    let started = Instant::now();
                    let receipt = party.revoke(which).await?;
                    let mut decisions = Vec::new();
                    loop {
                        let answer = api.fhir(path, token).await?;
                        decisions.extend(answer.decision_id());
                        if answer.status == 403 {
                            ensure!(answer.rule() == "consent-revoked", "{}", outline(&answer));
                            let waited = started.elapsed();
                            let shown = Shown::took(answer.latency)
                                .status(403)
                                .fact("revocation to denial", format!("{} ms", waited.as_millis()))
                                .fact("tx", short(&receipt.transaction_hash.to_string()));
                            return Ok((shown, (decisions, waited)));
                        }
                        ensure!(
                            started.elapsed() < PATIENCE,
                            "still {} after {PATIENCE:?}",
                            answer.status
                        );
                    }
                },
            )
            .await?;
        self.decisions.extend(decisions);
        Ok(waited)
    }

    /// Waits until every decision of this walk is in the store, locked.
    async fn read_back(&mut self) -> Result<BTreeMap<Uuid, Archived>, Failed> {
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

    async fn refuse_deletion(&mut self, archived: &BTreeMap<Uuid, Archived>) -> Result<(), Failed> {
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

    async fn compare_counts(&mut self) -> Result<(), Failed> {
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
            outline(&answer)
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
fn observations_only() -> Result<Policy> {
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

fn provider(api: &Api) -> Result<&Client> {
    api.endpoints()
        .clients
        .iter()
        .find(|client| client.persona == "provider" && client.private_key.is_some())
        .context("no provider organisation in the stack's endpoints")
}

fn address(client: &Client) -> Result<Address> {
    client
        .address
        .as_deref()
        .context("the clinic has no chain address")?
        .parse()
        .context("the clinic's address")
}

fn is_observation_of(resource: &Value, fhir_id: &str) -> bool {
    let reference = resource["subject"]["reference"]
        .as_str()
        .unwrap_or_default();
    resource["resourceType"] == "Observation"
        && (reference == format!("Patient/{fhir_id}")
            || reference.ends_with(&format!("/Patient/{fhir_id}")))
}

fn decided(answer: &Answer, decision: Uuid) -> Shown {
    Shown::took(answer.latency)
        .status(answer.status)
        .fact("decision", decision)
}

fn transaction(started: Instant, receipt: &alloy::rpc::types::TransactionReceipt) -> Shown {
    Shown::took(started.elapsed())
        .fact("tx", short(&receipt.transaction_hash.to_string()))
        .fact("block", receipt.block_number.unwrap_or_default())
        .fact("gas", receipt.gas_used)
}

/// Status and rule, never the body: it may hold data.
fn outline(answer: &Answer) -> String {
    let rule = answer.rule();
    let detail = answer.json()["detail"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    format!(
        "HTTP {} {rule}{detail} with {} resources",
        answer.status,
        answer.matches().len()
    )
}

/// The first and last digits of a long hex text.
pub fn short(hex: &str) -> String {
    if hex.len() > 14 {
        format!("{}…{}", &hex[..8], &hex[hex.len() - 4..])
    } else {
        hex.to_owned()
    }
}
