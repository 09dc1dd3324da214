//! What is released under an active consent, and what goes with it.

use crate::support::*;
use audit_core::{Action, Outcome};
use consent_core::policy::{ResourceScope, Sensitivity, Terms};
use serde_json::json;

#[tokio::test]
async fn a_search_releases_that_patients_resources_and_records_it() {
    let own = [
        observation("o1", PATIENT),
        observation("o2", PATIENT),
        observation("o3", OTHER_PATIENT),
    ];
    let world = World::sharing(shared(&["Observation"]), own.to_vec()).await;
    let answer = world.get("/fhir/R4/Observation?patient=p1").await;
    assert_eq!(answer.released(), ["o1", "o2"]);
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(
        answer.headers["content-type"],
        "application/fhir+json; charset=utf-8"
    );
    let record = world.only_record();
    assert_eq!(
        (record.action, record.result, record.rule.as_str()),
        (Action::Search, Outcome::Permit, "consent-active")
    );
    assert_eq!(
        record.event_id.to_string(),
        answer.headers["x-decision-id"].to_str().unwrap()
    );
    assert_eq!(
        record.corr_id,
        answer.headers["x-correlation-id"].to_str().unwrap()
    );
    assert_eq!(record.obligations, ["released=2", "withheld=0"]);
    let chain = record.chain_ref.unwrap();
    assert_eq!((chain.version, chain.block_no, chain.rev), (3, 9, 7));
    assert_eq!(record.requester.as_deref(), Some("clinic-a"));
}

#[tokio::test]
async fn every_search_answer_ends_with_the_same_remark_and_has_no_total() {
    let terms = excluding(&["Observation"], &[Sensitivity::Hiv]);
    let plain = World::sharing(terms.clone(), vec![observation("o1", PATIENT)]).await;
    let sensitive = World::sharing(
        terms,
        vec![observation("o1", PATIENT), hiv_observation("o2", PATIENT)],
    )
    .await;
    let (a, b) = (
        plain.get("/fhir/R4/Observation?patient=p1").await,
        sensitive.get("/fhir/R4/Observation?patient=p1").await,
    );
    assert_eq!(a.body, b.body, "what is withheld must not show");
    assert!(
        a.body
            .contains("Some records may be withheld under the patient's choices.")
    );
    assert!(a.json().get("total").is_none());
    assert_eq!(
        sensitive.only_record().obligations,
        ["released=1", "withheld=1"]
    );
}

#[tokio::test]
async fn a_read_releases_the_resource_byte_for_byte() {
    let text = r#"{"resourceType":"Observation","id":"o1","code":{"coding":[{"system":"http://loinc.org","code":"718-7"}]},
  "subject":{"reference":"Patient/p1"},  "valueQuantity":{"value":13.50}}"#;
    let world = World::sharing(shared(&["Observation"]), vec![]).await;
    world
        .fhir
        .always(200, "application/fhir+json", text.to_owned());
    let answer = world.get("/fhir/R4/Observation/o1").await;
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, text));
    assert_eq!(world.only_record().action, Action::Read);
}

#[tokio::test]
async fn the_upstream_request_is_made_from_the_intent_and_carries_nothing_of_the_client() {
    let world = World::sharing(shared(&["Observation"]), vec![]).await;
    let request = axum::http::Request::get(
        "/fhir/R4/Observation?date=ge2024-01-01&patient=Patient%2Fp1&_count=5",
    )
    .header("authorization", format!("Bearer {}", world.token()))
    .header("x-forwarded-for", "10.0.0.1")
    .header("x-http-method-override", "DELETE")
    .header("cookie", "session=1")
    .header(
        "traceparent",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    );
    let answer = world
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(answer.status.as_u16(), 200, "{}", answer.body);
    let seen = world.fhir.seen.lock().unwrap();
    let (path, headers) = &seen[0];
    assert_eq!(
        path,
        "/fhir/Observation?patient=p1&date=ge2024-01-01&_count=1000"
    );
    let mut names: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        ["accept", "accept-encoding", "host", "x-correlation-id"]
    );
    assert_eq!(
        headers["x-correlation-id"],
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
}

#[tokio::test]
async fn all_pages_are_read_and_the_clients_count_applies_to_what_is_released() {
    let mut resources: Vec<_> = (0..7)
        .map(|n| observation(&format!("o{n}"), PATIENT))
        .collect();
    resources.insert(0, hiv_observation("hidden", PATIENT));
    let world = World::sharing(excluding(&["Observation"], &[Sensitivity::Hiv]), resources).await;
    *world.fhir.page.lock().unwrap() = Some(3);
    assert_eq!(
        world
            .get("/fhir/R4/Observation?patient=p1")
            .await
            .released()
            .len(),
        7
    );
    let answer = world.get("/fhir/R4/Observation?patient=p1&_count=7").await;
    assert!(
        answer.released().len() == 7 && !answer.body.contains("incomplete"),
        "{}",
        answer.body
    );
    let answer = world.get("/fhir/R4/Observation?patient=p1&_count=2").await;
    assert_eq!(answer.released().len(), 2);
    assert!(answer.body.contains("incomplete"), "{}", answer.body);
}

#[tokio::test]
async fn a_report_leaves_with_its_results_looked_up_and_its_narrative_dropped() {
    let resources = vec![
        observation("o1", PATIENT),
        hiv_observation("o2", PATIENT),
        report("r1", PATIENT, &["o1"]),
        report("r2", PATIENT, &["o1", "o2"]),
        report("r3", PATIENT, &["o1", "unknown"]),
        report("r4", PATIENT, &[]),
    ];
    let world = World::sharing(
        excluding(&["DiagnosticReport"], &[Sensitivity::Hiv]),
        resources,
    )
    .await;
    let answer = world.get("/fhir/R4/DiagnosticReport?patient=p1").await;
    assert_eq!(answer.released(), ["r1", "r4"]);
    assert!(!answer.body.contains("rendered"));
    let paths = world.fhir.paths();
    assert!(
        paths
            .iter()
            .any(|path| path.starts_with("/fhir/Observation?patient=p1&_id=o1%2Co2%2Cunknown")),
        "{paths:?}"
    );
}

#[tokio::test]
async fn a_report_with_another_patients_result_is_kept_back_whatever_the_policy_excludes() {
    let resources = vec![
        observation("o1", PATIENT),
        observation("theirs", OTHER_PATIENT),
        report("r1", PATIENT, &["o1"]),
        report("trap", PATIENT, &["o1", "theirs"]),
    ];
    let world = World::sharing(shared(&["DiagnosticReport"]), resources).await;
    assert_eq!(
        world
            .get("/fhir/R4/DiagnosticReport?patient=p1")
            .await
            .released(),
        ["r1"]
    );
}

#[tokio::test]
async fn scopes_narrowed_to_a_category_narrow_the_answer() {
    let mut vital = observation("v1", PATIENT);
    vital["category"][0]["coding"][0]["code"] = json!("vital-signs");
    let world = World::sharing(
        shared(&["Observation"]),
        vec![observation("o1", PATIENT), vital],
    )
    .await;
    let scope = "provider:records.read system/Observation.rs?category=vital-signs";
    let token = world.token_with(json!({"scope": scope}));
    assert_eq!(
        world
            .get_with("/fhir/R4/Observation?patient=p1", &token)
            .await
            .released(),
        ["v1"]
    );
}

#[tokio::test]
async fn an_evaluation_is_the_same_decision_without_data() {
    let terms = Terms {
        resources: vec![ResourceScope {
            resource_type: "Observation".to_owned(),
            category: Some(vec!["laboratory".to_owned()]),
        }],
        ..shared(&[])
    };
    let world = World::sharing(terms, vec![]).await;
    let question = |category: &str| {
        json!({"subject": {"type": "organization", "id": "clinic-a"}, "action": {"name": "search"},
            "resource": {"type": "Observation", "properties": {"patient": "p1", "category": [category]}}})
    };
    let yes = world.evaluate(question("laboratory"), &world.token()).await;
    assert_eq!(
        (yes.status.as_u16(), &yes.json()["decision"]),
        (200, &json!(true)),
        "{}",
        yes.body
    );
    let no = world
        .evaluate(question("vital-signs"), &world.token())
        .await;
    assert_eq!(
        (no.status.as_u16(), &no.json()["decision"]),
        (200, &json!(false))
    );
    assert_eq!(no.json()["context"]["rule"], "policy-category");
    let records = world.records();
    assert_eq!(
        no.json()["context"]["decisionId"],
        records[1].event_id.to_string()
    );
    assert_eq!(
        (records[0].action, records[0].result),
        (Action::Evaluate, Outcome::Permit)
    );
    assert!(world.fhir.paths().is_empty(), "no data is fetched");
}

#[tokio::test]
async fn a_system_client_may_evaluate_for_any_organisation() {
    let world = World::sharing(shared(&["Observation"]), vec![]).await;
    world.neighbours.register("clinic-a");
    let system = json!({"persona": "system", "org": null, "grantees": null, "purpose": null, "scope": "system:decision.evaluate"});
    let token = world.token_with(system);
    let question = |organization: &str| {
        json!({"subject": {"type": "organization", "id": organization}, "action": {"name": "read"},
            "resource": {"type": "Observation", "properties": {"patient": "p1"}}, "context": {"purpose": "TREAT"}})
    };
    assert_eq!(
        world.evaluate(question("clinic-a"), &token).await.json()["decision"],
        true
    );
    assert_eq!(
        world.evaluate(question("clinic-b"), &token).await.json()["decision"],
        false
    );
    let mut without_purpose = question("clinic-a");
    without_purpose.as_object_mut().unwrap().remove("context");
    assert_eq!(
        world
            .evaluate(without_purpose, &token)
            .await
            .status
            .as_u16(),
        400
    );
}

#[tokio::test]
async fn an_evaluations_record_names_only_organisations_that_the_directory_knows() {
    let world = World::sharing(shared(&["Observation"]), vec![]).await;
    world.neighbours.register("clinic-a");
    let system = world.token_with(
        json!({"persona": "system", "org": null, "grantees": null, "purpose": null,
        "scope": "system:decision.evaluate"}),
    );
    let question = |organization: &str| {
        json!({"subject": {"type": "organization", "id": organization}, "action": {"name": "read"},
            "resource": {"type": "Observation", "properties": {"patient": "p1"}}, "context": {"purpose": "TREAT"}})
    };
    for (organization, token, requester) in [
        ("clinic-a", &system, Some("clinic-a")),
        // By mistake the patient's id.
        (PATIENT, &system, None),
        (PATIENT, &world.token(), Some("clinic-a")),
    ] {
        world.evaluate(question(organization), token).await;
        let record = world.records().pop().unwrap();
        assert_eq!(record.requester.as_deref(), requester, "{organization}");
    }
    assert_eq!(world.records().len(), 3);
}

#[tokio::test]
async fn no_record_names_the_patient() {
    let world = World::sharing(shared(&["Observation"]), vec![observation("o1", PATIENT)]).await;
    world
        .get("/fhir/R4/Observation?patient=p1&category=Jane-Doe")
        .await;
    world.get("/fhir/R4/Observation/o1").await;
    for record in world.records() {
        let line = String::from_utf8(record.to_line().unwrap()).unwrap();
        assert!(
            !line.contains("p1\"")
                && !line.contains(MARK)
                && !line.contains("Jane")
                && !line.contains("o1\""),
            "{line}"
        );
        assert_eq!(record.subject.unwrap().len(), 64);
    }
}
