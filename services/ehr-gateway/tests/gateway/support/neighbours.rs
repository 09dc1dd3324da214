//! Token endpoint, directory and indexer in one small server that can be down, stale, or lie.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use access_token::Revocation;
use access_token::revocation::{self, Kind, Page};
use alloy::primitives::{Address as ChainAddress, B256, U256};
use alloy::signers::local::PrivateKeySigner;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use consent_core::{Address, Policy, keccak256};
use contract_bindings::intent::{Bind, BindGrantee, Statement as _, domain};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::{CHAIN_ID, REGISTRY, TENANT};

#[derive(Default)]
pub struct Neighbours {
    pub directory_down: AtomicBool,
    pub indexer_down: AtomicBool,
    pub directory_calls: AtomicUsize,
    pub consent_calls: AtomicUsize,
    /// From this call on every consent is revoked.
    pub revoked_from_call: AtomicUsize,
    /// Seconds since the indexer last confirmed the head.
    pub age: Mutex<i64>,
    pub registry: Mutex<Option<Address>>,
    /// Added to everybody's clock, in seconds.
    pub clock_offset: Arc<AtomicI64>,
    /// Whether polls of the feed fail.
    pub revocations_down: AtomicBool,
    /// Entries of the feed; a poll beyond the last one is told that the feed is another one.
    pub revocations: Mutex<Vec<Revocation>>,
    pub revocation_polls: AtomicUsize,
    /// Whether the indexer cannot say who may stop.
    pub subjects_down: AtomicBool,
    pub subject_calls: AtomicUsize,
    /// The wallets whose code says that they signed whatever it is asked about.
    pub signing_wallets: Mutex<Vec<ChainAddress>>,
    /// Whether the indexer cannot ask the chain about signatures.
    pub signatures_down: AtomicBool,
    controllers: Mutex<HashMap<Address, Address>>,
    delegates: Mutex<Vec<(Address, Value)>>,
    patients: Mutex<HashMap<String, Value>>,
    organizations: Mutex<HashMap<String, Value>>,
    consents: Mutex<Vec<Value>>,
    policies: Mutex<HashMap<String, Vec<u8>>>,
}

/// The key of a patient, or of an organisation.
pub fn signer(patient: &str) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::from(keccak256(patient.as_bytes()).0)).unwrap()
}

/// The subject address of a patient.
pub fn subject(patient: &str) -> Address {
    Address(signer(patient).address().into_array())
}

/// What an address says of the organisation that it is of.
pub fn grantee_statement(tenant: &str, organization: &str, grantee: ChainAddress) -> BindGrantee {
    BindGrantee::of_organization(tenant, organization, grantee, U256::from(1), 1_000)
}

impl Neighbours {
    /// Enrols a patient with a binding that their key signed.
    pub fn enrol(&self, patient: &str) {
        self.bind(patient, &signer(patient), subject(patient));
    }

    /// Stores a binding of `patient` to `subject`, signed by whoever.
    pub fn bind(&self, patient: &str, by: &PrivateKeySigner, subject: Address) {
        let message = Bind::new(
            TENANT,
            patient,
            ChainAddress::from(subject.0),
            U256::from(1),
            1_000,
        );
        let signature = message
            .sign(&domain(CHAIN_ID, ChainAddress::from(REGISTRY.0)), by)
            .unwrap();
        let row = json!({"tenant": TENANT, "fhirId": patient, "bindings": [{
            "subject": ChainAddress::from(subject.0).to_checksum(None), "nonce": "1", "deadline": 1_000,
            "signature": alloy::hex::encode_prefixed(signature), "boundAt": "2026-01-01T00:00:00Z",
        }]});
        self.patients
            .lock()
            .unwrap()
            .insert(patient.to_owned(), row);
    }

    fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc()
            + time::Duration::seconds(self.clock_offset.load(Ordering::SeqCst))
    }

    /// Changes a member of a patient's row.
    pub fn change_patient(&self, patient: &str, member: &str, value: Value) {
        let mut patients = self.patients.lock().unwrap();
        patients.get_mut(patient).unwrap()[member] = value;
    }

    /// Revokes everything issued until now under a name.
    pub fn revoke(&self, kind: Kind, id: &str) {
        let mut entries = self.revocations.lock().unwrap();
        let seq = entries.last().map_or(0, |entry| entry.seq) + 1;
        let now = self.now();
        entries.push(Revocation::new(seq, kind, id, Some(TENANT.to_owned()), now));
    }

    /// Hands control over a subject to somebody.
    pub fn hand_over(&self, subject: Address, controller: Address) {
        self.controllers.lock().unwrap().insert(subject, controller);
    }

    /// Names a delegate of a subject.
    pub fn delegate(&self, subject: Address, delegate: Address, status: &str, rights: &[&str]) {
        let row = json!({"delegate": delegate, "status": status, "rights": rights, "validFrom": 0,
            "validTo": null, "authEpoch": 0, "nonce": 1});
        self.delegates.lock().unwrap().push((subject, row));
    }

    /// Registers an organisation with the address of its key, which signed for it.
    pub fn register(&self, organization: &str) {
        let by = signer(organization);
        let said = grantee_statement(TENANT, organization, by.address());
        self.register_with(organization, &said, &by);
    }

    /// Registers an organisation with the address of a statement, signed by whoever.
    pub fn register_with(&self, organization: &str, said: &BindGrantee, by: &PrivateKeySigner) {
        let here = domain(CHAIN_ID, ChainAddress::from(REGISTRY.0));
        let proof = said.prove(&here, by).unwrap();
        let row = json!({"tenant": TENANT, "id": organization, "name": organization, "bindings": [{
            "grantee": said.grantee.to_checksum(None), "nonce": said.nonce.to_string(),
            "deadline": said.deadline, "signature": proof.signature, "boundAt": "2026-01-01T00:00:00Z",
        }]});
        self.organizations
            .lock()
            .unwrap()
            .insert(organization.to_owned(), row);
    }

    /// Changes a member of an organisation's one binding, as whoever can write the directory's tables does.
    pub fn change_grantee(&self, organization: &str, member: &str, value: Value) {
        let mut organizations = self.organizations.lock().unwrap();
        organizations.get_mut(organization).unwrap()["bindings"][0][member] = value;
    }

    /// Shows the bindings of one organisation as those of another.
    pub fn lend_grantees(&self, of: &str, to: &str) {
        let mut organizations = self.organizations.lock().unwrap();
        let mut row = organizations[of].clone();
        row["id"] = json!(to);
        organizations.insert(to.to_owned(), row);
    }

    pub fn store(&self, policy: &Policy) {
        self.store_bytes(policy, policy.canonical_bytes());
    }

    pub fn store_bytes(&self, policy: &Policy, bytes: &[u8]) {
        self.policies
            .lock()
            .unwrap()
            .insert(policy.hash().to_string(), bytes.to_vec());
    }

    pub fn forget_policies(&self) {
        self.policies.lock().unwrap().clear();
    }

    pub fn consent(&self, row: Value) {
        self.consents.lock().unwrap().push(row);
    }

    /// Changes every consent.
    pub fn change(&self, member: &str, value: Value) {
        self.consents
            .lock()
            .unwrap()
            .iter_mut()
            .for_each(|row| row[member] = value.clone());
    }

    pub fn calls(&self) -> (usize, usize) {
        (
            self.directory_calls.load(Ordering::SeqCst),
            self.consent_calls.load(Ordering::SeqCst),
        )
    }
}

pub fn router(state: Arc<Neighbours>) -> Router {
    Router::new()
        .route("/oauth2/token", post(token))
        .route("/v1/patients/{id}", get(patient))
        .route("/v1/organizations/{id}", get(organization))
        .route("/v1/consents", get(consents))
        .route("/v1/policies/{hash}", get(policy))
        .route("/v1/subjects/{address}", get(subject_row))
        .route("/v1/subjects/{address}/delegates", get(delegates))
        .route(revocation::PATH, get(revocations))
        .route("/v1/signature-checks", post(signature))
        .with_state(state)
}

async fn signature(
    State(state): State<Arc<Neighbours>>,
    Json(question): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    if state.signatures_down.load(Ordering::SeqCst) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let actor: ChainAddress = question["actor"].as_str().unwrap().parse().unwrap();
    assert_eq!(question["digest"].as_str().unwrap().len(), 66);
    let signed = state.signing_wallets.lock().unwrap().contains(&actor);
    Ok(Json(json!({"signed": signed})))
}

async fn token() -> Json<Value> {
    Json(json!({"access_token": "internal", "token_type": "Bearer", "expires_in": 300}))
}

async fn patient(State(state): State<Arc<Neighbours>>, Path(id): Path<String>) -> Response {
    state.directory_calls.fetch_add(1, Ordering::SeqCst);
    if state.directory_down.load(Ordering::SeqCst) {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    match state.patients.lock().unwrap().get(&id) {
        Some(row) => Json(row.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn organization(State(state): State<Arc<Neighbours>>, Path(id): Path<String>) -> Response {
    match state.organizations.lock().unwrap().get(&id) {
        Some(row) => Json(row.clone()).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn consents(State(state): State<Arc<Neighbours>>, RawQuery(query): RawQuery) -> Response {
    let call = state.consent_calls.fetch_add(1, Ordering::SeqCst) + 1;
    let revoked_from = state.revoked_from_call.load(Ordering::SeqCst);
    if revoked_from > 0 && call >= revoked_from {
        state.change("status", json!("REVOKED"));
    }
    if state.indexer_down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let query = query.unwrap_or_default();
    assert!(
        query.contains("patient=0x") && query.contains("grantee=0x"),
        "asked for too much: {query}"
    );
    // Everything there is, whatever was asked: the gateway must pick for itself.
    Json(json!({
        "asOf": as_of(&state),
        "consents": *state.consents.lock().unwrap(),
        "next": null,
    }))
    .into_response()
}

fn as_of(state: &Neighbours) -> Value {
    let observed = state.now() - time::Duration::seconds(*state.age.lock().unwrap());
    let registry = state.registry.lock().unwrap().unwrap_or(REGISTRY);
    json!({"chainId": CHAIN_ID, "registry": registry, "blockNo": 9, "blockHash": consent_core::Hash32([3; 32]),
        "rev": 7, "reorgEpoch": 0, "observedAt": observed.format(&Rfc3339).unwrap()})
}

async fn subject_row(
    State(state): State<Arc<Neighbours>>,
    Path(subject): Path<Address>,
) -> Response {
    state.subject_calls.fetch_add(1, Ordering::SeqCst);
    if state.subjects_down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let controllers = state.controllers.lock().unwrap();
    let controller = controllers.get(&subject).copied().unwrap_or(subject);
    let row = json!({"subject": subject, "controller": controller, "epoch": 2, "authEpoch": 0, "seq": 0,
        "frozenUntil": null, "nextFreezeAt": null, "recovery": null, "recoveryNonce": 0, "proposal": null,
        "lastProposalId": 0});
    Json(json!({"asOf": as_of(&state), "subject": row})).into_response()
}

async fn delegates(State(state): State<Arc<Neighbours>>, Path(subject): Path<Address>) -> Response {
    let delegates = state.delegates.lock().unwrap();
    let rows: Vec<_> = delegates
        .iter()
        .filter(|(of, _)| *of == subject)
        .map(|(_, row)| row)
        .collect();
    Json(json!({"asOf": as_of(&state), "delegates": rows, "next": null})).into_response()
}

async fn revocations(
    State(state): State<Arc<Neighbours>>,
    Query(query): Query<HashMap<String, u64>>,
) -> Response {
    state.revocation_polls.fetch_add(1, Ordering::SeqCst);
    if state.revocations_down.load(Ordering::SeqCst) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let entries = state.revocations.lock().unwrap();
    let next = entries.last().map_or(0, |entry| entry.seq);
    if query["after"] > next {
        return StatusCode::GONE.into_response();
    }
    let revocations = entries
        .iter()
        .filter(|entry| entry.seq > query["after"])
        .cloned()
        .collect();
    Json(Page {
        as_of: state.now(),
        next,
        revocations,
        reset: false,
        more: Some(false),
    })
    .into_response()
}

async fn policy(State(state): State<Arc<Neighbours>>, Path(hash): Path<String>) -> Response {
    match state.policies.lock().unwrap().get(&hash) {
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
