//! People at the pages of the running issuer.

use std::time::{Duration, Instant};

use alloy::hex;
use alloy::signers::local::PrivateKeySigner;
use anyhow::{Context, Result, ensure};
use contract_bindings::intent::{LiftStop, Statement as _, domain};
use e2e::ledger::now;
use e2e::people::{Portal, Visitor, one_time_code};
use local_stack::endpoints::Patient;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{PATIENCE, World, ensure_denied};

/// What the patient who stops everything calls themselves.
const LOGIN: &str = "stops.all";
/// What the portal asks for to stop.
const STOPPING: &str = "launch/patient patient:consent.write";

/// Administrators sign in with passkeys only, and browsers make those for names only.
pub async fn an_administrator_is_asked_for_a_passkey(world: &World) -> Result<()> {
    let (code, _) = one_time_code(&world.api, &json!({"persona": "admin"})).await?;
    let mut visitor = Visitor::new(&world.api)?;
    let page = visitor.chooses_a_name(&code, "sam.admin").await?;
    let options = page.find("data-options=\"", "\"");
    let options = options.context("no passkey is offered")?.to_owned();
    ensure!(
        page.find("href=\"/enrol/password", "\"").is_none(),
        "an administrator may choose a password"
    );
    let asked = visitor.script(&options, &json!({})).await?;
    let asked = asked.json();
    let site = &asked["options"]["publicKey"]["rp"]["id"];
    ensure!(site == "localhost", "a passkey for {site}: {asked}");
    Ok(())
}

/// From the page where a patient stops everything, without a key, to the gateway; and back by a key of theirs.
pub async fn what_is_stopped_without_a_key_is_denied_until_a_key_lifts_it(
    world: &World,
) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let path = format!("Observation?patient={}", patient.fhir_id);
    let open = world.api.fhir(&path, &provider.token).await?;
    ensure!(open.status == 200, "HTTP {} instead of 200", open.status);

    let auth = &world.api.endpoints().auth;
    let token = signed_in(world, &patient).await?;
    let post = |path: &str, body: Option<Value>| {
        let request = world.api.http().post(format!("{auth}{path}"));
        let request = request.bearer_auth(&token);
        body.iter()
            .fold(request, |request, body| request.json(body))
    };
    let placed = world.api.send(post("/v1/stop", None)).await?;
    let since = Instant::now();
    ensure!(placed.status == 201, "{}", placed.outline());
    let denied = loop {
        let answer = world.api.fhir(&path, &provider.token).await?;
        if answer.status != 200 {
            break answer;
        }
        ensure!(since.elapsed() < PATIENCE, "the stop is not heard of");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let elapsed = since.elapsed().as_millis();
    eprintln!("stop without a key to first denial: {elapsed} ms");
    // Who asks is told what a patient without consent looks like; the record says what it was.
    ensure_denied(&denied, 403, "no-consent")?;
    let id = denied.decision_id().context("a denial without an id")?;
    let archived = world.archived(&[id]).await?;
    let record = &archived[&id].record;
    ensure!(
        record.rule == "patient-stop",
        "the record says {}",
        record.rule
    );

    let lift = lift(world, &patient, &placed.json())?;
    let lifted = world.api.send(post("/v1/stop/lift", Some(lift))).await?;
    ensure!(lifted.status == 204, "{}", lifted.outline());
    let open = world.api.fhir(&path, &provider.token).await?;
    ensure!(
        open.status == 200,
        "HTTP {} after it was lifted",
        open.status
    );
    // Other scenarios may meet on this patient.
    world.revoke(&patient, which).await
}

/// The patient's token for the directory, after an account and a sign-in of their own.
async fn signed_in(world: &World, patient: &Patient) -> Result<String> {
    let who = json!({"persona": "patient", "fhirId": patient.fhir_id});
    let (code, _) = one_time_code(&world.api, &who).await?;
    Visitor::new(&world.api)?.enrol(&code, LOGIN).await?;
    let mut visitor = Visitor::new(&world.api)?;
    let portal = Portal::for_patients(&world.api)?;
    let asked = portal.asks(&world.api.endpoints().auth, STOPPING);
    let page = visitor.arrives(&asked).await?;
    let page = visitor.signs_in_twofold(&page, LOGIN).await?;
    let code = portal.takes_back(&asked, &page)?;
    Ok(portal.redeems(&asked, &code).await?.0)
}

/// What lifts a stop, signed by the patient's key.
fn lift(world: &World, patient: &Patient, stop: &Value) -> Result<Value> {
    let endpoints = world.api.endpoints();
    let key: PrivateKeySigner = patient.private_key.parse().context("a key")?;
    let id = stop["id"].as_str().context("a stop without an id")?;
    let (id, deadline): (Uuid, _) = (id.parse()?, now() + 600);
    let said = LiftStop::new(
        &endpoints.tenant,
        &patient.fhir_id,
        key.address(),
        id.into_bytes(),
        deadline,
    );
    let registry = endpoints.chain.registry.parse().context("the registry")?;
    let proof = said.prove(&domain(endpoints.chain.id, registry), &key)?;
    Ok(json!({
        "stop": id, "subject": key.address().to_checksum(None), "deadline": deadline,
        "signature": hex::encode_prefixed(proof.signature),
    }))
}
