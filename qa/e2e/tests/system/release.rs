//! What is released is exactly what the policy shares, and the same id runs through every hop.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use audit_core::Outcome;
use consent_core::policy::{Purpose, ResourceScope};
use e2e::consent::policy;
use e2e::ledger::{UNTIL_REVOKED, now};
use serde_json::{Value, json};
use synthetic_data::manifest::Profile;

use crate::world::{World, ensure_no_phi};

fn ids(resources: &[Value]) -> BTreeSet<String> {
    resources
        .iter()
        .filter_map(|resource| resource["id"].as_str())
        .map(str::to_owned)
        .collect()
}

/// A narrowed policy releases the shared category only, and nothing that is labelled sensitive.
pub async fn only_the_shared_category_without_sensitive_records(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let scope = ResourceScope {
        resource_type: "Observation".into(),
        category: Some(vec!["vital-signs".into()]),
    };
    let terms = policy(vec![scope], Purpose::Treatment)?;
    let which = world
        .consent(
            &patient,
            &provider,
            &terms,
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
    ensure!(
        answer.status == 200,
        "HTTP {} {}",
        answer.status,
        answer.rule()
    );
    let released = answer.matches();
    ensure!(!released.is_empty(), "nothing was released");
    for resource in &released {
        let vital = resource["category"].to_string().contains("vital-signs");
        ensure!(vital, "a record outside the category");
        let labels = resource["meta"]["security"].to_string();
        ensure!(
            !["HIV", "PSY", "SEX", "SUD", "GDIS"]
                .iter()
                .any(|code| labels.contains(code)),
            "a sensitive record"
        );
    }
    ensure!(
        answer.json()["total"].is_null(),
        "the total tells how many were withheld"
    );
    world.revoke(&patient, which).await
}

/// The patient with sensitive records: those are left out, by label and by code, and so is every
/// report that sums them up; all others come.
pub async fn everything_but_the_sensitive_records(world: &World) -> Result<()> {
    let ((patient, truth), provider) = (
        world.patient_with(Profile::Sensitive)?,
        world.provider(0).await?,
    );
    let scopes = ["DiagnosticReport", "Observation"].map(|name| ResourceScope {
        resource_type: name.into(),
        category: None,
    });
    let terms = policy(scopes.to_vec(), Purpose::Treatment)?;
    let which = world
        .consent(
            &patient,
            &provider,
            &terms,
            (now() - 1, UNTIL_REVOKED),
            "ACTIVE",
        )
        .await?;
    let sensitive: BTreeSet<&str> = truth
        .sensitive
        .values()
        .flat_map(|found| {
            found
                .labelled
                .iter()
                .chain(&found.by_code)
                .chain(&found.by_reference)
        })
        .map(String::as_str)
        .collect();
    ensure!(!sensitive.is_empty(), "the data has no sensitive records");
    for (name, all) in [
        ("Observation", &truth.observations),
        ("DiagnosticReport", &truth.diagnostic_reports),
    ] {
        let answer = world
            .api
            .fhir(
                &format!("{name}?patient={}", patient.fhir_id),
                &provider.token,
            )
            .await?;
        ensure!(
            answer.status == 200,
            "{name}: HTTP {} {}",
            answer.status,
            answer.rule()
        );
        let expected: BTreeSet<String> = all
            .iter()
            .filter(|id| !sensitive.contains(format!("{name}/{id}").as_str()))
            .cloned()
            .collect();
        let released = ids(&answer.matches());
        ensure!(
            released == expected,
            "{name}: {} released, {} expected",
            released.len(),
            expected.len()
        );
    }
    world.revoke(&patient, which).await
}

/// The synthetic patients that were made to trip a careless gateway.
pub async fn no_trap_is_released(world: &World) -> Result<()> {
    let provider = world.provider(0).await?;
    for (profile, name, status, rule) in [
        (Profile::ReportForeignResult, "DiagnosticReport", 200, ""),
        (Profile::ObservationWithoutSubject, "Observation", 200, ""),
        (
            Profile::ObservationForeignPerformer,
            "Observation",
            403,
            "foreign-resource",
        ),
        (
            Profile::ObservationContainedPatient,
            "Observation",
            403,
            "foreign-resource",
        ),
    ] {
        let (patient, truth) = world.patient_with(profile)?;
        let scope = ResourceScope {
            resource_type: name.into(),
            category: None,
        };
        let terms = policy(vec![scope], Purpose::Treatment)?;
        let which = world
            .consent(
                &patient,
                &provider,
                &terms,
                (now() - 1, UNTIL_REVOKED),
                "ACTIVE",
            )
            .await?;
        let answer = world
            .api
            .fhir(
                &format!("{name}?patient={}", patient.fhir_id),
                &provider.token,
            )
            .await?;
        ensure!(
            answer.status == status && answer.rule() == rule,
            "{profile:?}: HTTP {} {}",
            answer.status,
            answer.rule()
        );
        for trap in &truth.traps {
            let id = trap.resource.rsplit('/').next().unwrap_or(&trap.resource);
            ensure!(
                !answer.text.contains(id),
                "{profile:?}: the trap was released"
            );
        }
        ensure!(!truth.traps.is_empty(), "{profile:?} has no trap");
        world.revoke(&patient, which).await?;
    }
    Ok(())
}

/// A record read by its id: the patient's own is released; absent, foreign and withheld ones cannot
/// be told apart.
pub async fn reads_by_id_do_not_tell_absent_from_forbidden(world: &World) -> Result<()> {
    let (patient, other, provider) = (world.patient()?, world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let all = world
        .api
        .fhir(
            &format!("Observation?patient={}", patient.fhir_id),
            &provider.token,
        )
        .await?;
    let own = ids(&all.matches())
        .into_iter()
        .next()
        .context("no Observation was released")?;
    let read = world
        .api
        .fhir(&format!("Observation/{own}"), &provider.token)
        .await?;
    ensure!(
        read.status == 200 && read.json()["id"] == own.as_str(),
        "HTTP {} {}",
        read.status,
        read.rule()
    );

    let foreign = upstream_observation(world, &other.fhir_id).await?;
    let foreign = world
        .api
        .fhir(&format!("Observation/{foreign}"), &provider.token)
        .await?;
    let absent = world
        .api
        .fhir("Observation/there-is-no-such-record", &provider.token)
        .await?;
    ensure!(
        absent.status == 403 && foreign.status == 403,
        "HTTP {} and {}",
        absent.status,
        foreign.status
    );
    ensure!(
        absent.text == foreign.text,
        "a foreign record can be told from an absent one"
    );
    ensure_no_phi(&foreign)?;
    world.revoke(&patient, which).await
}

async fn upstream_observation(world: &World, fhir_id: &str) -> Result<String> {
    let url = format!(
        "{}/Observation?patient={fhir_id}&_count=5",
        world.api.endpoints().fhir
    );
    let answer = world.api.send(world.api.http().get(url)).await?;
    ids(&answer.matches())
        .into_iter()
        .next()
        .context("the FHIR server has no Observation of this patient")
}

pub async fn the_correlation_id_runs_from_the_caller_to_the_archive(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(1).await?);
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let url = format!(
        "{}/fhir/R4/Observation?patient={}",
        world.api.endpoints().gateway,
        patient.fhir_id
    );
    let request = world
        .api
        .http()
        .get(url)
        .bearer_auth(&provider.token)
        .header("traceparent", format!("00-{trace}-00f067aa0ba902b7-01"));
    let answer = world.api.send(request).await?;
    let echoed = answer
        .headers
        .get("x-correlation-id")
        .and_then(|value| value.to_str().ok());
    ensure!(echoed == Some(trace), "answered with {echoed:?}");
    let decision = answer.decision_id().context("no decision id")?;
    let kept = world.archived(&[decision]).await?;
    ensure!(
        kept[&decision].record.corr_id == trace,
        "archived with {}",
        kept[&decision].record.corr_id
    );
    Ok(())
}

/// AuthZEN answers the same decision without data, and it is on record like any other.
pub async fn an_evaluation_says_what_a_read_would(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let question = json!({
        "subject": {"type": "organization", "id": provider.id},
        "action": {"name": "search"},
        "resource": {"type": "Observation", "properties": {"patient": patient.fhir_id}},
    });
    let url = format!("{}/access/v1/evaluation", world.api.endpoints().gateway);
    let evaluate = || async {
        let request = world
            .api
            .http()
            .post(&url)
            .bearer_auth(&provider.token)
            .json(&question);
        world.api.send(request).await
    };
    let before = evaluate().await?;
    ensure!(
        before.status == 200 && before.json()["decision"] == false,
        "HTTP {} {}",
        before.status,
        before.text
    );
    let which = world.observations_consent(&patient, &provider).await?;
    let during = evaluate().await?;
    ensure!(
        during.json()["decision"] == true,
        "HTTP {} {}",
        during.status,
        during.text
    );
    world.revoke(&patient, which).await?;

    let id = during.json()["context"]["decisionId"]
        .as_str()
        .context("no decision id")?
        .parse()?;
    let kept = world.archived(&[id]).await?;
    ensure!(
        kept[&id].record.result == Outcome::Permit,
        "recorded as {}",
        kept[&id].record.result
    );
    Ok(())
}
