//! What a patient decides about all consents at once, or lets others decide: whatever the chain says counts at the
//! gateway, also for signatures that somebody held back.

use alloy::primitives::{Address, B256, aliases::U40};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolError;
use anyhow::{Context, Result, ensure};
use contract_bindings::intent::by_sender;
use contract_bindings::registry::ConsentRegistry::{
    Acceptance, Grant, Invalidate, NotAuthorized, RemoveDelegate, Rotate, SetDelegate, WrongSeq,
};
use e2e::consent::{observations_only, wait_for_consent};
use e2e::ledger::{Party, UNTIL_REVOKED, Which, mined, now};
use e2e::signed::{Pen, Signed};
use local_stack::endpoints::Patient;

use crate::world::{Provider, World, ensure_denied};

/// All a delegate can be let do: revoke, deny and grant.
const ALL_RIGHTS: u8 = 7;
const DAY: u64 = 86_400;
/// Enough for any call here. Given, so that a node that foresees the failure is sent the transaction all the same.
const GAS: u64 = 1_000_000;

pub async fn revoking_everything_denies_every_consent_of_the_patient(world: &World) -> Result<()> {
    let patient = world.patient()?;
    let providers = [world.provider(0).await?, world.provider(1).await?];
    let mut all = Vec::new();
    for provider in &providers {
        all.push(world.observations_consent(&patient, provider).await?);
        ensure!(status(world, &patient, provider).await? == 200, "not open");
    }

    let party = world.sending(&patient).await?;
    let call = party.registry().revokeAll(party.address(), false);
    mined(call.send().await?).await?;

    for (which, provider) in all.into_iter().zip(&providers) {
        wait_for_consent(&world.api, which, "REVOKED").await?;
        denied(world, &patient, provider, "consent-revoked").await?;
    }
    Ok(())
}

pub async fn a_delegates_grants_count_until_the_mandate_is_removed(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let relayer = world.provider(1).await?.party;
    let (parent, key) = new_key(world)?;
    let nonce = set_delegate(world, &patient, parent.address()).await?;

    // The parent has no coins either: what it signs is sent by others.
    let (which, granted) = offered(world, &patient, &provider, &parent).await?;
    relayer.relay_grant(granted).await?;
    wait_for_consent(&world.api, which, "ACTIVE").await?;
    ensure!(status(world, &patient, &provider).await? == 200, "not open");
    relayer.relay_revoke(parent.revoke(which).await?).await?;
    wait_for_consent(&world.api, which, "REVOKED").await?;
    denied(world, &patient, &provider, "consent-revoked").await?;

    let held_back = parent.grant(which, now() - 1, now() + DAY).await?;
    let party = world.sending(&patient).await?;
    let removal = RemoveDelegate {
        actor: party.address(),
        subject: party.address(),
        delegate: key.address(),
        throughNonce: nonce,
        deadline: U40::MAX,
    };
    let call = party.registry().removeDelegate(removal, by_sender());
    mined(call.send().await?).await?;
    refused::<NotAuthorized>(&relayer, held_back).await?;
    denied(world, &patient, &provider, "consent-revoked").await
}

pub async fn a_grant_signed_before_an_invalidation_comes_too_late(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let relayer = world.provider(1).await?.party;
    let (which, held_back) = offered(world, &patient, &provider, &world.signing(&patient)?).await?;

    let party = world.sending(&patient).await?;
    let invalidation = Invalidate {
        actor: party.address(),
        subject: party.address(),
        throughSeq: held_back.intent.seq,
        deadline: U40::MAX,
    };
    let call = party.registry().invalidate(invalidation, by_sender());
    mined(call.send().await?).await?;

    refused::<WrongSeq>(&relayer, held_back).await?;
    stays_closed(world, &patient, &provider, which).await
}

pub async fn a_grant_signed_before_a_rotation_comes_too_late(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let relayer = world.provider(1).await?.party;
    let pen = world.signing(&patient)?;
    let (which, held_back) = offered(world, &patient, &provider, &pen).await?;

    let (next_pen, next) = new_key(world)?;
    relayer.give_coins(next.address()).await?;
    rotate(&next, &pen, pen.address()).await?;
    refused::<NotAuthorized>(&relayer, held_back.clone()).await?;
    stays_closed(world, &patient, &provider, which).await?;

    // Back to the first key, for which the signature was made: it is void all the same.
    let first = world.sending(&patient).await?;
    rotate(&first, &next_pen, pen.address()).await?;
    refused::<WrongSeq>(&relayer, held_back).await?;
    stays_closed(world, &patient, &provider, which).await
}

/// A stored policy, and a grant of it that is signed and not sent.
async fn offered(
    world: &World,
    patient: &Patient,
    provider: &Provider,
    pen: &Pen,
) -> Result<(Which, Signed<Grant>)> {
    let policy = observations_only()?;
    world.offer(provider, &policy).await?;
    let which = Which {
        subject: patient.subject.parse()?,
        grantee: provider.party.address(),
        scope: B256::from(policy.hash().0),
    };
    Ok((which, pen.grant(which, now() - 1, now() + DAY).await?))
}

/// A key that the chain has never seen.
fn new_key(world: &World) -> Result<(Pen, Party)> {
    let chain = &world.api.endpoints().chain;
    let key = PrivateKeySigner::random().to_bytes().to_string();
    Ok((Pen::new(chain, &key)?, Party::new(chain, &key)?))
}

/// Gives a delegate all rights, for longer than any grant here, and returns the mandate's nonce.
async fn set_delegate(world: &World, patient: &Patient, delegate: Address) -> Result<u32> {
    let party = world.sending(patient).await?;
    let subject = party.address();
    let registry = party.registry();
    let nonce = registry.delegates(subject, delegate).call().await?.nonce + 1;
    let mandate = SetDelegate {
        actor: subject,
        subject,
        delegate,
        rights: ALL_RIGHTS,
        validFrom: U40::from(now() - 1),
        validTo: U40::from(UNTIL_REVOKED),
        nonce,
        seq: registry.subjects(subject).call().await?.seq,
        deadline: U40::from(now() + DAY),
    };
    mined(registry.setDelegate(mandate, by_sender()).send().await?).await?;
    Ok(nonce)
}

/// Hands a subject to `next`, who sends it, from the controller, who signs it.
async fn rotate(next: &Party, controller: &Pen, subject: Address) -> Result<()> {
    let registry = next.registry();
    let Signed { intent, proof } = controller.sign(Rotate {
        actor: controller.address(),
        subject,
        newController: next.address(),
        seq: registry.subjects(subject).call().await?.seq,
        deadline: U40::from(now() + DAY),
    })?;
    let acceptance = Acceptance {
        deadline: U40::MAX,
        proof: by_sender(),
    };
    mined(registry.rotate(intent, proof, acceptance).send().await?).await?;
    let controller = registry.subjects(subject).call().await?.controller;
    ensure!(
        controller == next.address(),
        "the subject was not handed over"
    );
    Ok(())
}

/// The registry must refuse a grant for the reason `E`, and a transaction with it must change nothing.
async fn refused<E: SolError>(relayer: &Party, grant: Signed<Grant>) -> Result<()> {
    let call = relayer.registry().grantBySig(grant.intent, grant.proof);
    let error = call
        .call()
        .await
        .err()
        .context("the registry takes the grant")?;
    ensure!(
        error.as_decoded_error::<E>().is_some(),
        "{error} instead of {}",
        E::SIGNATURE
    );
    let receipt = call.gas(GAS).send().await?.get_receipt().await?;
    ensure!(!receipt.status(), "the grant was recorded");
    Ok(())
}

/// Nothing was ever recorded about the consent, and the gateway denies, also when it knows the chain up to here.
async fn stays_closed(
    world: &World,
    patient: &Patient,
    provider: &Provider,
    which: Which,
) -> Result<()> {
    let registry = provider.party.registry();
    let recorded = registry
        .statusOf(which.subject, which.grantee, which.scope)
        .call()
        .await?;
    ensure!(recorded == 0, "the consent has status {recorded}");
    catch_up(world, &provider.party).await?;
    let answered = status(world, patient, provider).await?;
    ensure!(answered == 403, "HTTP {answered} instead of 403");
    Ok(())
}

/// Waits until the indexer has seen a block that comes after all that has happened.
async fn catch_up(world: &World, grantee: &Party) -> Result<()> {
    let marker = Which {
        subject: PrivateKeySigner::random().address(),
        grantee: grantee.address(),
        scope: B256::repeat_byte(1),
    };
    grantee.request(marker, now(), UNTIL_REVOKED).await?;
    wait_for_consent(&world.api, marker, "REQUESTED").await?;
    Ok(())
}

async fn status(world: &World, patient: &Patient, provider: &Provider) -> Result<u16> {
    let path = format!("Observation?patient={}", patient.fhir_id);
    Ok(world.api.fhir(&path, &provider.token).await?.status)
}

async fn denied(world: &World, patient: &Patient, provider: &Provider, rule: &str) -> Result<()> {
    catch_up(world, &provider.party).await?;
    let path = format!("Observation?patient={}", patient.fhir_id);
    let answer = world.api.fhir(&path, &provider.token).await?;
    ensure_denied(&answer, 403, rule)?;
    Ok(())
}
