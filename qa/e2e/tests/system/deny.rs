//! Whoever has no active consent for this very thing gets nothing.

use alloy::primitives::B256;
use anyhow::{Result, ensure};
use consent_core::policy::{Purpose, ResourceScope};
use e2e::consent::{observations_only, policy, wait_for_consent};
use e2e::ledger::{UNTIL_REVOKED, Which, now};

use crate::world::{World, ensure_denied};

pub async fn without_consent(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(1).await?);
    let answer = world
        .api
        .fhir(
            &format!("Observation?patient={}", patient.fhir_id),
            &provider.token,
        )
        .await?;
    ensure_denied(&answer, 403, "no-consent")?;
    Ok(())
}

pub async fn an_unknown_patient_looks_like_no_consent(world: &World) -> Result<()> {
    let provider = world.provider(1).await?;
    let known = world.patient()?;
    let unknown = world
        .api
        .fhir("Observation?patient=nobody-of-this-name", &provider.token)
        .await?;
    let refused = world
        .api
        .fhir(
            &format!("Observation?patient={}", known.fhir_id),
            &provider.token,
        )
        .await?;
    ensure_denied(&unknown, 403, "no-consent")?;
    ensure!(
        unknown.text == refused.text,
        "an unknown patient can be told from a known one"
    );
    Ok(())
}

pub async fn with_another_organisations_consent(world: &World) -> Result<()> {
    let (patient, first, second) = (
        world.patient()?,
        world.provider(0).await?,
        world.provider(1).await?,
    );
    let which = world.observations_consent(&patient, &first).await?;
    let path = format!("Observation?patient={}", patient.fhir_id);
    ensure!(
        world.api.fhir(&path, &first.token).await?.status == 200,
        "the grantee itself is refused"
    );
    ensure_denied(
        &world.api.fhir(&path, &second.token).await?,
        403,
        "no-consent",
    )?;
    world.revoke(&patient, which).await
}

pub async fn for_another_type(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let answer = world
        .api
        .fhir(
            &format!("DiagnosticReport?patient={}", patient.fhir_id),
            &provider.token,
        )
        .await?;
    ensure_denied(&answer, 403, "policy-type")?;
    world.revoke(&patient, which).await
}

pub async fn for_another_patient(world: &World) -> Result<()> {
    let (mine, other, provider) = (world.patient()?, world.patient()?, world.provider(0).await?);
    ensure!(mine.fhir_id != other.fhir_id, "two patients are needed");
    let which = world.observations_consent(&mine, &provider).await?;
    let answer = world
        .api
        .fhir(
            &format!("Observation?patient={}", other.fhir_id),
            &provider.token,
        )
        .await?;
    ensure!(answer.status == 403, "HTTP {}", answer.status);
    world.revoke(&mine, which).await
}

pub async fn outside_the_window(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let path = format!("Observation?patient={}", patient.fhir_id);

    let later = world
        .consent(
            &patient,
            &provider,
            &observations_only()?,
            (now() + 3_600, UNTIL_REVOKED),
            "SCHEDULED",
        )
        .await?;
    ensure_denied(
        &world.api.fhir(&path, &provider.token).await?,
        403,
        "consent-scheduled",
    )?;
    world.revoke(&patient, later).await?;

    let short = world
        .consent(
            &patient,
            &provider,
            &observations_only()?,
            (now() - 1, now() + 3),
            "ACTIVE",
        )
        .await?;
    ensure!(
        world.api.fhir(&path, &provider.token).await?.status == 200,
        "the window is open and the read refused"
    );
    wait_for_consent(&world.api, short, "EXPIRED").await?;
    ensure_denied(
        &world.api.fhir(&path, &provider.token).await?,
        403,
        "consent-expired",
    )?;
    // Whoever meets this patient next is to be told of their own consents.
    world.revoke(&patient, short).await
}

pub async fn under_an_unknown_policy(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(1).await?);
    let which = Which {
        subject: patient.subject.parse()?,
        grantee: provider.party.address(),
        // The hash of a document that nobody ever stored.
        scope: B256::from(observations_only()?.hash().0),
    };
    world
        .grant(&patient, which, (now() - 1, UNTIL_REVOKED))
        .await?;
    wait_for_consent(&world.api, which, "ACTIVE").await?;
    let answer = world
        .api
        .fhir(
            &format!("Observation?patient={}", patient.fhir_id),
            &provider.token,
        )
        .await?;
    ensure_denied(&answer, 403, "policy-unknown")?;
    world.revoke(&patient, which).await
}

pub async fn for_another_purpose(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let research = policy(
        vec![ResourceScope {
            resource_type: "Observation".into(),
            category: None,
        }],
        Purpose::Research,
    )?;
    let which = world
        .consent(
            &patient,
            &provider,
            &research,
            (now() - 1, UNTIL_REVOKED),
            "ACTIVE",
        )
        .await?;
    let answer = world
        .api
        .fhir(
            &format!("Observation?patient={}", patient.fhir_id),
            &provider.token,
        )
        .await?;
    ensure_denied(&answer, 403, "policy-purpose")?;
    world.revoke(&patient, which).await
}
