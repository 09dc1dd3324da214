//! The whole promise, step by step: no consent, no data; a person signs in and binds a key of their own; its signature
//! opens exactly what it says; a revocation closes it; and every decision stays on record.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use alloy::primitives::{Address, B256};
use anyhow::{Context, Result, ensure};
use local_stack::endpoints::{Client, Patient};
use serde_json::Value;
use uuid::Uuid;

use crate::api::{Answer, Api};
use crate::archive::Archive;
use crate::consent::{observations_only, put_policy, wait_for_consent};
use crate::ledger::{Party, UNTIL_REVOKED, Which, now};
use crate::report::{Failed, Report, Shown};

mod decisions;
mod on_record;
pub mod patient;

/// Scopes a provider's backend asks for at the gateway.
pub const PROVIDER_SCOPES: &str = "provider:records.read system/*.rs";

/// What the walk came to.
#[derive(Debug)]
pub struct Summary {
    /// Decisions made by the gateway during this walk.
    pub decisions: Vec<Uuid>,
    /// The chain address that the patient bound.
    pub subject: String,
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

    /// Walks through every step with the stack's first organisation and the patient who is new.
    ///
    /// # Errors
    /// [`Failed`] names the first step that did not go as expected.
    pub async fn run(mut self) -> Result<Summary, Failed> {
        let newcomer = self.api.endpoints().newcomer.clone();
        let observations = format!("Observation?patient={newcomer}");
        self.report.chapter("No consent, no data");
        let (clinic, token) = self.provider_token().await?;
        let title = "GET Observation without consent";
        self.expect(title, &observations, &token, 403, "no-consent")
            .await?;

        self.report
            .chapter("A patient signs in and binds a key of their own");
        let mut person = self.patient_comes().await?;
        let patient = person.patient.clone();
        self.report
            .chapter("The clinic asks, the patient agrees: exactly this is open");
        let which = self.offer_policy(&clinic, &patient).await?;
        self.request(&clinic, which).await?;
        let title = "GET Observation while only requested";
        self.expect(title, &observations, &token, 403, "consent-requested")
            .await?;
        let title = "patient sees who asks";
        self.sees_own(&mut person, title, which, "REQUESTED")
            .await?;
        self.approve_by_signature(&mut person, which).await?;
        self.wait_for_status(which, "ACTIVE").await?;

        self.released(&patient, &observations, &token).await?;
        let reports = format!("DiagnosticReport?patient={newcomer}");
        let title = "GET DiagnosticReport outside the policy";
        self.expect(title, &reports, &token, 403, "policy-type")
            .await?;

        self.report
            .chapter("A signature ends it, before there is a block");
        let path = (observations.as_str(), token.as_str());
        self.revoke_by_signature(&patient, which, path).await?;

        self.report
            .chapter("The same by the patient's own transactions");
        self.grant_directly(&patient, which).await?;
        self.wait_for_status(which, "ACTIVE").await?;
        self.released(&patient, &observations, &token).await?;
        let revocation_to_denial = self.revoke_directly(&patient, which, path).await?;
        let title = "patient sees what became of it";
        self.sees_own(&mut person, title, which, "REVOKED").await?;

        self.report.chapter("Every decision stays on record");
        let archived = self.read_back().await?;
        self.refuse_deletion(&archived).await?;
        self.compare_counts().await?;
        self.sees_who_looked(&mut person).await?;
        Ok(Summary {
            decisions: self.decisions,
            subject: patient.subject,
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

    /// The first organisation gets its token.
    async fn provider_token(&mut self) -> Result<(Client, String), Failed> {
        let api = self.api;
        self.step(
            "provider's token",
            "200 and an access token",
            "auth-service",
            async {
                let clinic = provider(api)?;
                let gateway = &api.endpoints().gateway;
                let (token, answer) = api.token(&clinic.id, gateway, PROVIDER_SCOPES).await?;
                let shown = Shown::took(answer.latency)
                    .status(answer.status)
                    .fact("client", &clinic.id)
                    .fact("grantee", address(clinic)?);
                Ok((shown, (clinic.clone(), token)))
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
                        answer.outline()
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
    async fn offer_policy(&mut self, clinic: &Client, patient: &Patient) -> Result<Which, Failed> {
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
                ensure!(matches!(answer.status, 200 | 201), "{}", answer.outline());
                let shown = Shown::took(answer.latency)
                    .status(answer.status)
                    .fact("scope", which.scope);
                Ok((shown, which))
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
                    .fact("consent", row["consentId"].as_str().unwrap_or_default())
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
                    ensure!(answer.status == 200, "{}", answer.outline());
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
}

/// The provider organisations: the first one asks for consent.
fn providers(api: &Api) -> impl Iterator<Item = &Client> {
    let clients = api.endpoints().clients.iter();
    clients.filter(|client| client.persona == "provider" && client.private_key.is_some())
}

fn provider(api: &Api) -> Result<&Client> {
    providers(api)
        .next()
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
        .fact("tx", receipt.transaction_hash)
        .fact("block", receipt.block_number.unwrap_or_default())
        .fact("gas", receipt.gas_used)
}
