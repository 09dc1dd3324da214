//! Addresses on chain are whose they say they are, by their own signatures.

use std::time::{Duration, Instant};

use alloy::primitives::{Address, U256};
use alloy::signers::local::PrivateKeySigner;
use anyhow::{Context, Result, ensure};
use contract_bindings::intent::{BindGrantee, Statement as _, domain};
use e2e::ledger::{Party, now};
use e2e::people::{Portal, Visitor, one_time_code};
use local_stack::seed;
use serde_json::{Value, json};

use crate::world::{PATIENCE, Provider, World, ensure_denied};

const LOGIN: &str = "dr.grantee";
const PRACTITIONER: &str = "dr-grantee";
const ORGANIZATION: &str = "clinic-a";

/// How requests write what an address says, signed by whichever key.
fn signed(world: &World, said: &BindGrantee, by: &PrivateKeySigner) -> Result<Value> {
    let chain = &world.api.endpoints().chain;
    let registry = chain.registry.parse().context("the registry's address")?;
    let proof = said.prove(&domain(chain.id, registry), by)?;
    Ok(json!({
        "grantee": said.grantee, "nonce": said.nonce.to_string(), "deadline": said.deadline,
        "signature": proof.signature,
    }))
}

pub async fn an_administrator_gives_no_organisation_the_address_of_another(
    world: &World,
) -> Result<()> {
    let endpoints = world.api.endpoints();
    let auth = &endpoints.auth;
    let scope = "admin:directory.read admin:directory.write";
    let (token, _) = world.api.token("admin-tool", auth, scope).await?;
    let url = format!("{auth}/v1/organizations/{ORGANIZATION}");
    let theirs = world.api.get(&url, &token).await?.json();
    let mut copied = theirs["bindings"][0].clone();
    copied
        .as_object_mut()
        .context("the clinic has no address")?
        .remove("boundAt");
    let stolen: Address = serde_json::from_value(copied["grantee"].clone())?;
    let thief = PrivateKeySigner::random();
    let nonce = U256::from(2);
    let said =
        BindGrantee::of_organization(&endpoints.tenant, "thieves", stolen, nonce, now() + 600);
    let forged = signed(world, &said, &thief)?;
    for binding in [copied, forged] {
        let body = json!({"name": "Thieves", "bindings": [binding]});
        let request = world
            .api
            .http()
            .put(format!("{auth}/v1/organizations/thieves"));
        let answer = world
            .api
            .send(request.bearer_auth(&token).json(&body))
            .await?;
        let kind = answer.json()["type"].to_string();
        ensure!(
            answer.status == 400 && kind.contains("invalid-signature"),
            "{}",
            answer.outline()
        );
    }
    let unchanged = world.api.get(&url, &token).await?.json();
    ensure!(unchanged == theirs, "the clinic's row changed");
    Ok(())
}

/// A clinician makes an account, binds the address of their own key, and reads what a patient shared with it and not with the
/// clinic.
pub async fn a_practitioner_reads_by_a_consent_to_their_own_address(world: &World) -> Result<()> {
    let (api, endpoints) = (&world.api, world.api.endpoints());
    let who =
        json!({"persona": "provider", "organization": ORGANIZATION, "practitioner": PRACTITIONER});
    let (code, _) = one_time_code(api, &who).await?;
    let mut visitor = Visitor::new(api)?;
    visitor.enrol_twofold(&code, LOGIN).await?;
    let console = Portal::for_clinicians(api)?;
    let token = console
        .token_at_once(&mut visitor, &endpoints.auth, "provider:consent.request")
        .await?;

    let key = PrivateKeySigner::random();
    let said = BindGrantee::of_practitioner(
        &endpoints.tenant,
        ORGANIZATION,
        PRACTITIONER,
        key.address(),
        U256::from(1),
        now() + 600,
    );
    let request = api
        .http()
        .post(format!("{}/v1/grantee-bindings", endpoints.auth));
    let body = signed(world, &said, &key)?;
    let bound = api.send(request.bearer_auth(&token).json(&body)).await?;
    ensure!(bound.status == 201, "{}", bound.outline());

    let clinic = world.provider(0).await?;
    let rpc = seed::chain::provider(&endpoints.chain.rpc)?;
    let registry: Address = endpoints.chain.providers.parse()?;
    seed::grantees::verify_practitioner(&rpc, registry, &key, clinic.party.address()).await?;
    is_verified(world, &clinic, key.address()).await?;

    let scope = "provider:records.read user/*.rs";
    let token = console
        .token_at_once(&mut visitor, &endpoints.gateway, scope)
        .await?;
    let practitioner = Provider {
        id: clinic.id.clone(),
        token,
        party: Party::new(&endpoints.chain, &key.to_bytes().to_string())?,
    };
    let patient = world.patient()?;
    let path = format!("Observation?patient={}", patient.fhir_id);
    let before = api.fhir(&path, &practitioner.token).await?;
    ensure_denied(&before, 403, "no-consent")?;
    let which = world.observations_consent(&patient, &practitioner).await?;
    let read = api.fhir(&path, &practitioner.token).await?;
    ensure!(read.status == 200, "{}", read.outline());
    let clinics = api.fhir(&path, &clinic.token).await?;
    ensure_denied(&clinics, 403, "no-consent")?;
    world.revoke(&patient, which).await
}

/// Waits until the indexer says so.
async fn is_verified(world: &World, asking: &Provider, practitioner: Address) -> Result<()> {
    let indexer = &world.api.endpoints().indexer;
    let scope = "provider:consent.request";
    let (token, _) = world.api.token(&asking.id, indexer, scope).await?;
    let url = format!("{indexer}/v1/practitioners/{practitioner}");
    let started = Instant::now();
    while world.api.get(&url, &token).await?.json()["practitioner"]["verified"] != true {
        ensure!(
            started.elapsed() < PATIENCE,
            "the practitioner is not verified"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}
