//! A patient without a key stopped everything at the directory: a denial that looks as if there never was a consent.

use crate::support::*;
use audit_core::Outcome;
use serde_json::{Value, json};

const SEARCH: &str = "/fhir/R4/Observation?patient=p1";
const READ: &str = "/fhir/R4/Observation/o1";

async fn world() -> World {
    World::sharing(shared(&["Observation"]), vec![observation("o1", PATIENT)]).await
}

fn place_stop(world: &World) {
    let stop = json!({"since": "2026-03-01T12:00:00Z"});
    world.neighbours.change_patient(PATIENT, "stop", stop);
}

fn question() -> Value {
    json!({"subject": {"type": "organization", "id": "clinic-a"}, "action": {"name": "search"},
        "resource": {"type": "Observation", "properties": {"patient": "p1"}}, "context": {"purpose": "TREAT"}})
}

#[tokio::test]
async fn a_stop_denies_with_the_bytes_and_calls_of_a_patient_without_consent() {
    for path in [SEARCH, READ] {
        let (stopped, without) = (world().await, World::new().await);
        place_stop(&stopped);
        without.neighbours.enrol(PATIENT);
        without.fhir.put(observation("o1", PATIENT));
        let mut answers = Vec::new();
        for world in [&stopped, &without] {
            let mut answer = world.get(path).await;
            answer.assert_denied(403, "no-consent");
            answer.headers.remove("x-decision-id");
            answer.headers.remove("x-correlation-id");
            let asked = (world.neighbours.calls(), world.fhir.paths().len());
            answers.push((answer.status, answer.headers, answer.body, asked));
        }
        assert_eq!(answers[0], answers[1]);
        let record = stopped.only_record();
        assert_eq!(
            (record.result, record.rule.as_str()),
            (Outcome::Deny, "patient-stop")
        );
        assert!(record.chain_ref.is_some(), "which consent was not followed");
    }
}

#[tokio::test]
async fn a_stop_hides_what_else_the_consents_would_have_said() {
    let world = world().await;
    world.neighbours.change("status", json!("REVOKED"));
    place_stop(&world);
    world.get(SEARCH).await.assert_denied(403, "no-consent");
    assert_eq!(world.only_record().rule, "patient-stop");
}

#[tokio::test]
async fn an_evaluation_tells_of_the_stop_only_to_who_is_no_provider() {
    let world = world().await;
    world.neighbours.register("clinic-a");
    place_stop(&world);
    let system = json!({"persona": "system", "org": null, "grantees": null, "scope": "system:decision.evaluate"});
    for (token, told) in [
        (world.token(), "no-consent"),
        (world.token_with(system), "patient-stop"),
    ] {
        let answer = world.evaluate(question(), &token).await.json();
        assert_eq!(
            (&answer["decision"], &answer["context"]["rule"]),
            (&json!(false), &json!(told))
        );
        assert_eq!(world.records().pop().unwrap().rule, "patient-stop");
    }
}

#[tokio::test]
async fn a_stop_placed_while_the_server_answers_releases_nothing() {
    for path in [SEARCH, READ] {
        let world = world().await;
        let neighbours = world.neighbours.clone();
        world.fhir.script(move |_| {
            let stop = json!({"since": "2026-03-01T12:00:00Z"});
            neighbours.change_patient(PATIENT, "stop", stop);
            None
        });
        world.get(path).await.assert_denied(403, "no-consent");
        assert_eq!(world.only_record().rule, "patient-stop");
    }
}

#[tokio::test]
async fn a_binding_taken_back_while_the_server_answers_releases_nothing() {
    let world = world().await;
    let neighbours = world.neighbours.clone();
    world.fhir.script(move |_| {
        neighbours.change_patient(PATIENT, "bindings", json!([]));
        None
    });
    world.get(SEARCH).await.assert_denied(403, "no-consent");
}

#[tokio::test]
async fn no_stop_is_no_stop_and_one_that_cannot_be_read_is_doubt() {
    let world = world().await;
    world
        .neighbours
        .change_patient(PATIENT, "stop", json!(null));
    assert_eq!(world.get(SEARCH).await.status, 200);
    for stop in [json!(true), json!({}), json!({"since": "yesterday"})] {
        world.neighbours.change_patient(PATIENT, "stop", stop);
        world
            .get(SEARCH)
            .await
            .assert_denied(503, "directory-unavailable");
    }
}
