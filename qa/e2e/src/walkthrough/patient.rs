//! The patient as a person: an account, a sign-in, a key of their own, and what they see with their own token.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use access_token::{Acr, Verifier};
use alloy::hex;
use alloy::primitives::U256;
use alloy::signers::local::PrivateKeySigner;
use anyhow::{Context, Result, bail, ensure};
use consent_core::Policy;
use contract_bindings::Bind;
use contract_bindings::intent::domain;
use local_stack::endpoints::Patient;
use serde_json::{Value, json};
use time::OffsetDateTime;

use super::Walk;
use crate::PATIENCE;
use crate::api::{Answer, Api};
use crate::ledger::{Which, now};
use crate::people::{self, Portal, Visitor};
use crate::report::{Failed, Shown};

/// What the patient calls themselves when signing in.
pub const LOGIN: &str = "pat.river";
/// What the portal asks for to bind a key.
const BINDING: &str = "launch/patient patient:consent.write";
/// What it asks for to show consents.
const OWN_CONSENTS: &str = "patient:consent.read";
/// What it asks for to show who looked.
const OWN_ACCESSES: &str = "patient:audit.read";
/// How long the statement about a key can be handed in, in seconds.
const STATEMENT_LIFE: u64 = 600;

/// A patient who is signed in, with a wallet.
pub struct Person {
    /// The key that stands for them, and whom it stands for.
    pub patient: Patient,
    visitor: Visitor,
}

impl Walk<'_> {
    /// From nothing to a patient whose own key stands for them: a one-time code, an account, a sign-in with two factors,
    /// a token for the portal, and a statement that the key signs itself.
    pub(super) async fn patient_comes(&mut self) -> Result<Person, Failed> {
        let code = self.one_time_code().await?;
        self.makes_an_account(&code).await?;
        let (visitor, token) = self.signs_in().await?;
        let patient = self.binds_a_key(&token).await?;
        Ok(Person { patient, visitor })
    }

    async fn one_time_code(&mut self) -> Result<String, Failed> {
        let api = self.api;
        self.step(
            "administrator makes a one-time code",
            "201 and a code for the patient",
            "auth-service",
            async {
                let who = json!({"persona": "patient", "fhirId": api.endpoints().newcomer});
                let (code, answer) = people::one_time_code(api, &who).await?;
                let body = answer.json();
                let until = body["expiresAt"].as_str().unwrap_or_default();
                let shown = Shown::took(answer.latency)
                    .status(answer.status)
                    .fact("good until", until.get(..10).unwrap_or_default());
                Ok((shown, code))
            },
        )
        .await
    }

    async fn makes_an_account(&mut self, code: &str) -> Result<(), Failed> {
        let api = self.api;
        self.step(
            "patient makes an account with it",
            "a name and a password chosen on our own pages",
            "auth-service",
            async {
                let mut visitor = Visitor::new(api)?;
                visitor.enrol(code, LOGIN).await?;
                let shown = Shown::took(visitor.waited)
                    .fact("name", LOGIN)
                    .fact("pages and forms", visitor.requests);
                Ok((shown, ()))
            },
        )
        .await
    }

    /// At another browser: the portal sends the patient to sign in, and wants two factors. The patient has one and sets up
    /// the other.
    async fn signs_in(&mut self) -> Result<(Visitor, String), Failed> {
        let api = self.api;
        let (portal, asked, code, visitor) = self
            .step(
                "portal sends the patient to sign in",
                "password and authenticator app, then back with a code",
                "auth-service",
                async {
                    let portal = Portal::for_patients(api)?;
                    let asked = portal.asks(&api.endpoints().auth, BINDING);
                    let mut visitor = Visitor::new(api)?;
                    let page = visitor.arrives(&asked).await?;
                    let page = visitor.signs_in_twofold(&page, LOGIN).await?;
                    let code = portal.takes_back(&asked, &page)?;
                    let shown = Shown::took(visitor.waited)
                        .fact("by", "password, authenticator app")
                        .fact("pages and forms", visitor.requests)
                        .fact("issuer", &api.endpoints().auth);
                    Ok((shown, (portal, asked, code, visitor)))
                },
            )
            .await?;
        let token = self
            .step(
                "portal redeems the code, proven by PKCE",
                "a patient's token, signed in with two factors",
                "auth-service",
                async {
                    let (token, answer) = portal.redeems(&asked, &code).await?;
                    let shown = reads(api, &token, answer).await?;
                    Ok((shown, token))
                },
            )
            .await?;
        Ok((visitor, token))
    }

    /// The wallet makes a key, which nobody else ever sees; it signs whom it stands for.
    async fn binds_a_key(&mut self, token: &str) -> Result<Patient, Failed> {
        let api = self.api;
        self.step(
            "patient's wallet makes a key and binds it",
            "201: the key signed that it stands for the patient",
            "auth-service",
            async {
                let endpoints = api.endpoints();
                let key = PrivateKeySigner::random();
                let (fhir_id, deadline) = (&endpoints.newcomer, now() + STATEMENT_LIFE);
                let nonce = U256::from(1);
                let bind = Bind::new(&endpoints.tenant, fhir_id, key.address(), nonce, deadline);
                let registry = endpoints.chain.registry.parse().context("the registry")?;
                let signature = bind.sign(&domain(endpoints.chain.id, registry), &key)?;
                let body = json!({"binding": {
                    "subject": key.address().to_checksum(None), "nonce": nonce.to_string(), "deadline": deadline,
                    "signature": hex::encode_prefixed(signature),
                }});
                let request = api.http().post(format!("{}/v1/bindings", endpoints.auth));
                let answer = api.send(request.bearer_auth(token).json(&body)).await?;
                ensure!(answer.status == 201, "{}", answer.outline());
                let patient = Patient {
                    fhir_id: fhir_id.clone(),
                    subject: key.address().to_checksum(None),
                    private_key: key.to_bytes().to_string(),
                };
                let shown = Shown::took(answer.latency)
                    .status(answer.status)
                    .fact("subject", &patient.subject);
                Ok((shown, patient))
            },
        )
        .await
    }

    /// The patient looks at their own consents: the only one comes to this state.
    pub(super) async fn sees_own(
        &mut self,
        person: &mut Person,
        title: &'static str,
        which: Which,
        status: &'static str,
    ) -> Result<(), Failed> {
        let api = self.api;
        self.step(
            title,
            format!("one consent, {status}"),
            "consent-indexer",
            async {
                let token = own_token(api, person).await?;
                let (answer, row) = only_consent(api, &token, which, status).await?;
                let grantee = row["granteeId"].as_str().unwrap_or_default();
                let ours = grantee.eq_ignore_ascii_case(&which.grantee.to_string());
                ensure!(ours, "it is for somebody else");
                let shown = Shown::took(answer.latency)
                    .status(answer.status)
                    .fact("for", name_of(api, grantee))
                    .fact("state", status)
                    .fact("version", &row["version"]);
                Ok((shown, ()))
            },
        )
        .await
    }

    /// Who looked at the record, as the patient is told by their own token: every decision of this walk is among it.
    pub(super) async fn sees_who_looked(&mut self, person: &mut Person) -> Result<(), Failed> {
        let (api, decisions) = (self.api, self.decisions.clone());
        self.step(
            "patient sees who looked, and what came of it",
            "every decision of this walk",
            "audit-pipeline",
            async {
                let portal = Portal::for_patients(api)?;
                let audit = &api.endpoints().audit;
                let visitor = &mut person.visitor;
                let token = portal.token_at_once(visitor, audit, OWN_ACCESSES).await?;
                let started = Instant::now();
                let (answer, rows) = loop {
                    let (answer, rows) = accesses(api, &token).await?;
                    let told: HashSet<&str> = rows
                        .iter()
                        .filter_map(|row| row["eventId"].as_str())
                        .collect();
                    let missing = decisions
                        .iter()
                        .filter(|id| !told.contains(id.to_string().as_str()))
                        .count();
                    if missing == 0 {
                        break (answer, rows);
                    }
                    ensure!(
                        started.elapsed() < PATIENCE,
                        "{missing} decisions are not among the {} told",
                        rows.len()
                    );
                    tokio::time::sleep(Duration::from_millis(100)).await;
                };
                let table = rows.iter().map(told).collect();
                let shown = Shown::took(answer.latency)
                    .status(answer.status)
                    .fact("decisions", rows.len())
                    .table(vec!["when", "who", "what", "result", "why"], table);
                Ok((shown, ()))
            },
        )
        .await
    }
}

/// When, who, what, how it was decided and why.
fn told(row: &Value) -> Vec<String> {
    let text = |name: &str| row[name].as_str().unwrap_or_default();
    vec![
        text("ts").get(..19).unwrap_or_default().to_owned(),
        text("requester").to_owned(),
        format!("{} {}", text("action"), text("resourceType")),
        text("result").to_owned(),
        text("rule").to_owned(),
    ]
}

/// Every decision about the patient that the token shows, newest first.
async fn accesses(api: &Api, token: &str) -> Result<(Answer, Vec<Value>)> {
    let audit = &api.endpoints().audit;
    let mut rows = Vec::new();
    let mut url = format!("{audit}/v1/accesses?limit=100");
    loop {
        let answer = api.get(&url, token).await?;
        ensure!(answer.status == 200, "{}", answer.outline());
        let mut page = answer.json();
        match page["accesses"].take() {
            Value::Array(more) => rows.extend(more),
            _ => bail!("no list of accesses in the answer"),
        }
        match page["next"].as_str() {
            Some(next) => url = format!("{audit}/v1/accesses?limit=100&cursor={next}"),
            None => return Ok((answer, rows)),
        }
    }
}

/// What a portal learns from the token it was given, checked as every service checks it.
async fn reads(api: &Api, token: &str, answer: Answer) -> Result<Shown> {
    let auth = &api.endpoints().auth;
    let keys = format!("{auth}/oauth2/jwks").parse()?;
    let verifier = Verifier::new(auth, auth, keys, api.http().clone());
    let claims = verifier.verify(token, OffsetDateTime::now_utc()).await?;
    let sign_in = claims.sign_in.context("nobody signed in for this token")?;
    ensure!(sign_in.acr == Acr::Aal2, "only one factor");
    ensure!(
        claims.patient.as_ref() == Some(&api.endpoints().newcomer),
        "the token is about somebody else"
    );
    let seconds = answer.json()["expires_in"].to_string();
    Ok(Shown::took(answer.latency)
        .status(answer.status)
        .fact("persona", claims.persona)
        .fact("sign in", sign_in.acr.as_str())
        .fact("scope", claims.scope)
        .fact("seconds", seconds))
}

/// A token for the patient's own consents: the patient is signed in, so that nobody asks again.
async fn own_token(api: &Api, person: &mut Person) -> Result<String> {
    let portal = Portal::for_patients(api)?;
    let indexer = &api.endpoints().indexer;
    let visitor = &mut person.visitor;
    portal.token_at_once(visitor, indexer, OWN_CONSENTS).await
}

/// The patient's only consent, once it is in this state. The indexer may be a block behind.
async fn only_consent(
    api: &Api,
    token: &str,
    which: Which,
    status: &str,
) -> Result<(Answer, Value)> {
    // Every consent of the patient's, whoever it is for.
    let indexer = &api.endpoints().indexer;
    let url = format!("{indexer}/v1/consents?patient={}", which.subject);
    let started = Instant::now();
    loop {
        let answer = api.get(&url, token).await?;
        ensure!(answer.status == 200, "{}", answer.outline());
        let rows = answer.json()["consents"].take();
        match rows.as_array().map(Vec::as_slice) {
            Some([row]) if row["status"] == status => return Ok((answer, row.clone())),
            Some([row]) if started.elapsed() > PATIENCE => bail!("still {}", row["status"]),
            Some([_]) => tokio::time::sleep(Duration::from_millis(20)).await,
            other => bail!("{} consents", other.map_or(0, <[Value]>::len)),
        }
    }
}

/// The document that the patient is asked to agree with, fetched by the patient. Whether it is the one asked for is for its
/// own bytes to say.
pub(super) async fn document(api: &Api, person: &mut Person, which: Which) -> Result<Policy> {
    let token = own_token(api, person).await?;
    let url = format!("{}/v1/policies/{}", api.endpoints().indexer, which.scope);
    let answer = api.get(&url, &token).await?;
    ensure!(answer.status == 200, "{}", answer.outline());
    let policy = Policy::parse(answer.text.as_bytes()).context("the document")?;
    ensure!(
        policy.hash().0 == which.scope.0,
        "the document is not the one that was asked for"
    );
    Ok(policy)
}

/// The organisation of a chain address.
fn name_of(api: &Api, address: &str) -> String {
    let mut clients = api.endpoints().clients.iter();
    let found = clients.find(|client| {
        let own = client.address.as_deref().unwrap_or_default();
        own.eq_ignore_ascii_case(address)
    });
    let organization = found.and_then(|client| client.organization.clone());
    organization.unwrap_or_else(|| address.to_owned())
}
