//! Directory or indexer down, stale or lying: 503 or a denial, on record, and nothing released.

use std::sync::atomic::Ordering;

use crate::support::neighbours::subject;
use crate::support::*;
use alloy::signers::local::PrivateKeySigner;
use consent_core::Address;
use consent_core::policy::{Policy, Sensitivity, Terms};
use serde_json::json;

const SEARCH: &str = "/fhir/R4/Observation?patient=p1";

async fn world() -> World {
    World::sharing(shared(&["Observation"]), vec![observation("o1", PATIENT)]).await
}

async fn assert_undecidable(world: &World, rule: &str) {
    for path in [
        SEARCH,
        "/fhir/R4/Observation/o1",
        "/fhir/R4/Observation/absent",
    ] {
        world.get(path).await.assert_denied(503, rule);
        let record = world.records().pop().unwrap();
        assert_eq!(
            (record.result, record.rule.as_str()),
            (audit_core::Outcome::Indeterminate, rule)
        );
    }
}

#[tokio::test]
async fn an_unreachable_indexer_is_503() {
    let world = world().await;
    world.neighbours.indexer_down.store(true, Ordering::SeqCst);
    assert_undecidable(&world, "facts-unavailable").await;
}

#[tokio::test]
async fn an_unreachable_directory_is_503() {
    let world = world().await;
    world
        .neighbours
        .directory_down
        .store(true, Ordering::SeqCst);
    assert_undecidable(&world, "directory-unavailable").await;
}

#[tokio::test]
async fn an_undecidable_evaluation_is_503_and_recorded() {
    let world = world().await;
    world.neighbours.indexer_down.store(true, Ordering::SeqCst);
    let question = json!({"subject": {"type": "organization", "id": "clinic-a"}, "action": {"name": "read"},
        "resource": {"type": "Observation", "properties": {"patient": "p1"}}});
    let answer = world.evaluate(question, &world.token()).await;
    assert_eq!(answer.status.as_u16(), 503);
    assert_eq!(world.only_record().rule, "facts-unavailable");
}

#[tokio::test]
async fn facts_older_than_allowed_are_stale() {
    let world = world().await;
    *world.neighbours.age.lock().unwrap() = 11;
    assert_undecidable(&world, "facts-stale").await;
    *world.neighbours.age.lock().unwrap() = 8;
    assert_eq!(world.get(SEARCH).await.status.as_u16(), 200);
    *world.neighbours.age.lock().unwrap() = -60;
    assert_undecidable(&world, "facts-stale").await;
}

#[tokio::test]
async fn an_indexer_of_another_registry_is_not_believed() {
    let world = world().await;
    *world.neighbours.registry.lock().unwrap() = Some(Address([8; 20]));
    assert_undecidable(&world, "facts-unavailable").await;
}

#[tokio::test]
async fn a_consent_whose_id_is_not_that_of_its_parts_is_not_believed() {
    let world = world().await;
    world
        .neighbours
        .change("granteeId", json!(Address([4; 20])));
    assert_undecidable(&world, "facts-unavailable").await;
}

#[tokio::test]
async fn a_policy_document_that_is_not_the_one_its_hash_names_is_unknown() {
    let narrow = policy(Terms {
        ..shared(&["Condition"])
    });
    let wide: Policy = policy(shared(&["Condition", "Observation"]));
    let world = World::new().await;
    world.neighbours.enrol(PATIENT);
    world.fhir.put(observation("o1", PATIENT));
    world.neighbours.consent(row(&narrow, "ACTIVE"));
    for false_bytes in [wide.canonical_bytes(), b"{}", b"", b"\xff"] {
        world.neighbours.store_bytes(&narrow, false_bytes);
        world.get(SEARCH).await.assert_denied(403, "policy-unknown");
    }
}

#[tokio::test]
async fn a_binding_that_the_subject_did_not_sign_binds_nobody() {
    let world = world().await;
    let thief = PrivateKeySigner::random();
    world.neighbours.bind(PATIENT, &thief, subject(PATIENT));
    world.get(SEARCH).await.assert_denied(403, "no-consent");
    // A directory that hands out another patient's genuine binding.
    let world = World::sharing(
        shared(&["Observation"]),
        vec![observation("o2", OTHER_PATIENT)],
    )
    .await;
    world.neighbours.enrol(OTHER_PATIENT);
    world
        .neighbours
        .bind(OTHER_PATIENT, &PrivateKeySigner::random(), subject(PATIENT));
    world
        .get("/fhir/R4/Observation?patient=p2")
        .await
        .assert_denied(403, "no-consent");
}

#[tokio::test]
async fn a_revocation_while_the_server_answers_releases_nothing() {
    let world = world().await;
    let neighbours = world.neighbours.clone();
    world.fhir.script(move |_| {
        neighbours.change("status", json!("REVOKED"));
        None
    });
    world
        .get(SEARCH)
        .await
        .assert_denied(403, "consent-revoked");
    assert_eq!(world.only_record().rule, "consent-revoked");
}

#[tokio::test]
async fn a_revocation_between_decision_and_release_releases_nothing() {
    for (path, told) in [
        (SEARCH, "consent-revoked"),
        ("/fhir/R4/Observation/o1", "no-consent"),
    ] {
        let world = world().await;
        world
            .neighbours
            .revoked_from_call
            .store(2, Ordering::SeqCst);
        world.get(path).await.assert_denied(403, told);
        assert_eq!(world.only_record().rule, "consent-revoked");
    }
}

#[tokio::test]
async fn what_a_newer_consent_no_longer_covers_is_inspected_again() {
    let world = World::sharing(
        shared(&["Observation"]),
        vec![hiv_observation("o1", PATIENT)],
    )
    .await;
    let neighbours = world.neighbours.clone();
    world.fhir.script(move |_| {
        let careful = policy(excluding(&["Observation"], &[Sensitivity::Hiv]));
        neighbours.store(&careful);
        neighbours.change("status", json!("REVOKED"));
        neighbours.consent(row(&careful, "ACTIVE"));
        None
    });
    assert!(world.get(SEARCH).await.released().is_empty());
}
