//! Decisions that the relay brings onto the chain, in the directory and with the tokens of the real auth-service.

use alloy::primitives::{B256, aliases::U40};
use alloy::signers::local::PrivateKeySigner;
use anyhow::{Context, Result, ensure};
use contract_bindings::SignedIntent;
use contract_bindings::intent::Action;
use contract_bindings::registry::ConsentRegistry::Request;
use e2e::consent::{observations_only, wait_for_consent};
use e2e::ledger::{UNTIL_REVOKED, Which, now};
use e2e::relay;
use e2e::signed::{Pen, Signed};

use crate::world::{World, ensure_denied};

const DAY: u64 = 86_400;

pub async fn a_patient_without_a_coin_grants_and_stops(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let pen = world.signing(&patient)?;
    let policy = observations_only()?;
    world.offer(&provider, &policy).await?;
    let which = Which {
        subject: pen.address(),
        grantee: provider.party.address(),
        scope: B256::from(policy.hash().0),
    };
    let grant = pen.grant(which, now() - 1, now() + DAY).await?;
    brought(world, grant).await?;
    wait_for_consent(&world.api, which, "ACTIVE").await?;
    let path = format!("Observation?patient={}", patient.fhir_id);
    let open = world.api.fhir(&path, &provider.token).await?;
    ensure!(open.status == 200, "HTTP {} instead of 200", open.status);

    brought(world, pen.revoke(which).await?).await?;
    wait_for_consent(&world.api, which, "REVOKED").await?;
    let closed = world.api.fhir(&path, &provider.token).await?;
    ensure_denied(&closed, 403, "consent-revoked")?;

    // A stranger pays for itself, and may always stop.
    let key = PrivateKeySigner::random().to_bytes().to_string();
    let stranger = Pen::new(&world.api.endpoints().chain, &key)?;
    let which = Which {
        subject: stranger.address(),
        ..which
    };
    let grant = stranger.grant(which, now() - 1, now() + DAY).await?;
    let refused = relay::post(&world.api, None, &grant.into()).await?;
    ensure!(refused.status == 403, "HTTP {}", refused.status);
    brought(world, stranger.revoke(which).await?).await
}

pub async fn an_organisation_requests_in_its_own_name_only(world: &World) -> Result<()> {
    let endpoints = world.api.endpoints();
    let (own, other) = (world.provider(0).await?, world.provider(1).await?);
    let (which, request) = requested(world, &own.id)?;
    let token = async |id: &str| {
        let scope = "provider:consent.request";
        let issued = world.api.token(id, &endpoints.relay, scope).await?;
        anyhow::Ok(issued.0)
    };
    let theirs = token(&other.id).await?;
    let refused = relay::post(&world.api, Some(&theirs), &request).await?;
    ensure!(refused.status == 403, "HTTP {}", refused.status);
    let own = token(&own.id).await?;
    let taken = relay::post(&world.api, Some(&own), &request).await?;
    ensure!(taken.status == 202, "HTTP {}", taken.status);
    wait_for_consent(&world.api, which, "REQUESTED").await?;
    Ok(())
}

/// A request of an organisation to somebody whom nobody knows, signed and not handed in.
pub fn requested(world: &World, organization: &str) -> Result<(Which, SignedIntent)> {
    let client = world.api.client(organization)?;
    let key = client.private_key.as_deref();
    let pen = Pen::new(
        &world.api.endpoints().chain,
        key.context("an organisation's key")?,
    )?;
    let which = Which {
        subject: PrivateKeySigner::random().address(),
        grantee: pen.address(),
        scope: B256::repeat_byte(7),
    };
    let request = pen.sign(Request {
        actor: which.grantee,
        subject: which.subject,
        grantee: which.grantee,
        scopeId: which.scope,
        validFrom: U40::from(now()),
        validTo: U40::from(UNTIL_REVOKED),
        respondBy: U40::from(now() + DAY),
        version: 1,
        deadline: U40::from(now() + DAY),
    })?;
    Ok((which, request.into()))
}

/// Hands an intent in without a token, and waits until it is final.
async fn brought<T: Into<Action>>(world: &World, signed: Signed<T>) -> Result<()> {
    let (digest, _) = relay::hand_in(&world.api, signed).await?;
    relay::brought(&world.api, &digest, "final").await?;
    Ok(())
}
