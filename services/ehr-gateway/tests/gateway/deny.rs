//! Who is refused, by which rule, and that nothing tells more than that.

use crate::support::neighbours::subject;
use crate::support::*;
use audit_core::Outcome;
use consent_core::Address;
use consent_core::policy::{Action, Purpose, Terms};
use serde_json::{Value, json};

const SEARCH: &str = "/fhir/R4/Observation?patient=p1";

async fn with_observation(terms: Terms) -> World {
    World::sharing(terms, vec![observation("o1", PATIENT)]).await
}

async fn assert_denied_and_recorded(world: &World, path: &str, rule: &str) {
    world.get(path).await.assert_denied(403, rule);
    let record = world.only_record();
    assert_eq!((record.result, record.rule.as_str()), (Outcome::Deny, rule));
    assert!(
        world.fhir.paths().is_empty(),
        "the server was asked before the decision"
    );
}

#[tokio::test]
async fn without_a_consent_there_is_nothing() {
    let world = World::new().await;
    world.neighbours.enrol(PATIENT);
    world.fhir.put(observation("o1", PATIENT));
    assert_denied_and_recorded(&world, SEARCH, "no-consent").await;
}

#[tokio::test]
async fn an_unknown_patient_looks_exactly_like_one_without_consent() {
    let world = World::new().await;
    world.neighbours.enrol(PATIENT);
    let known = world.get(SEARCH).await;
    let calls = world.neighbours.calls();
    let unknown = world.get("/fhir/R4/Observation?patient=nobody").await;
    assert_eq!((known.status, &known.body), (unknown.status, &unknown.body));
    let names = |answer: &Answer| {
        answer
            .headers
            .keys()
            .map(|name| name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(&known), names(&unknown));
    let after = world.neighbours.calls();
    assert_eq!(
        (after.0 - calls.0, after.1 - calls.1),
        calls,
        "the same calls are made for both"
    );
}

#[tokio::test]
async fn every_status_but_active_is_named() {
    for (status, rule) in [
        ("REQUESTED", "consent-requested"),
        ("CONFIRMING", "consent-confirming"),
        ("DENIED", "consent-denied"),
        ("REVOKED", "consent-revoked"),
        ("EXPIRED", "consent-expired"),
        ("WHATEVER", "no-consent"),
    ] {
        let world = with_observation(shared(&["Observation"])).await;
        world.neighbours.change("status", json!(status));
        assert_denied_and_recorded(&world, SEARCH, rule).await;
    }
}

#[tokio::test]
async fn the_window_is_checked_against_our_own_clock() {
    let world = with_observation(shared(&["Observation"])).await;
    world.neighbours.change("validTo", json!(2000));
    assert_denied_and_recorded(&world, SEARCH, "consent-expired").await;
    let world = with_observation(shared(&["Observation"])).await;
    world
        .neighbours
        .change("validFrom", json!(4_000_000_000_u64));
    assert_denied_and_recorded(&world, SEARCH, "consent-scheduled").await;
}

#[tokio::test]
async fn a_consent_of_an_earlier_epoch_is_revoked_whatever_its_row_says() {
    let world = with_observation(shared(&["Observation"])).await;
    world.neighbours.change("subjectEpoch", json!(3));
    assert_denied_and_recorded(&world, SEARCH, "consent-revoked").await;
}

#[tokio::test]
async fn the_policy_says_which_type_purpose_action_and_category() {
    let world = with_observation(shared(&["DiagnosticReport"])).await;
    assert_denied_and_recorded(&world, SEARCH, "policy-type").await;
    let world = with_observation(Terms {
        purpose: vec![Purpose::Research],
        ..shared(&["Observation"])
    })
    .await;
    assert_denied_and_recorded(&world, SEARCH, "policy-purpose").await;
    let world = with_observation(Terms {
        actions: vec![Action::Read],
        ..shared(&["Observation"])
    })
    .await;
    assert_denied_and_recorded(&world, SEARCH, "policy-action").await;
    let mut terms = shared(&["Observation"]);
    terms.resources[0].category = Some(vec!["vital-signs".to_owned()]);
    let world = with_observation(terms).await;
    let path = "/fhir/R4/Observation?patient=p1&category=http://x|laboratory";
    assert_denied_and_recorded(&world, path, "policy-category").await;
}

#[tokio::test]
async fn an_unknown_policy_denies() {
    let world = with_observation(shared(&["Observation"])).await;
    world.neighbours.forget_policies();
    assert_denied_and_recorded(&world, SEARCH, "policy-unknown").await;
}

#[tokio::test]
async fn another_organisations_consent_does_not_help() {
    let world = with_observation(shared(&["Observation"])).await;
    let token =
        world.token_with(json!({"org": "clinic-b", "grantees": [Address([3; 20]).to_string()]}));
    world
        .get_with(SEARCH, &token)
        .await
        .assert_denied(403, "no-consent");
    let token = world.token_with(json!({"grantees": []}));
    world
        .get_with(SEARCH, &token)
        .await
        .assert_denied(403, "no-consent");
}

#[tokio::test]
async fn another_patients_consent_does_not_help() {
    let world = with_observation(shared(&["Observation"])).await;
    world.neighbours.enrol(OTHER_PATIENT);
    world.fhir.put(observation("o2", OTHER_PATIENT));
    world
        .get("/fhir/R4/Observation?patient=p2")
        .await
        .assert_denied(403, "no-consent");
}

#[tokio::test]
async fn the_tokens_purpose_counts_and_no_other() {
    let world = with_observation(shared(&["Observation"])).await;
    for purpose in [json!("HRESCH"), json!("treat"), json!(null)] {
        let token = world.token_with(json!({"purpose": purpose}));
        world
            .get_with(SEARCH, &token)
            .await
            .assert_denied(403, "policy-purpose");
    }
}

#[tokio::test]
async fn a_token_that_does_not_reach_is_refused_with_a_challenge() {
    let world = with_observation(shared(&["Observation"])).await;
    for other in [
        json!({"scope": "provider:records.read"}),
        json!({"scope": "system/*.rs"}),
        json!({"scope": "provider:records.read system/Condition.rs"}),
        json!({"scope": "provider:records.read system/Observation.r"}),
        json!({"tenant": "another-hospital"}),
        json!({"persona": "system", "org": null, "grantees": null, "scope": "system/*.rs"}),
    ] {
        let answer = world
            .get_with(SEARCH, &world.token_with(other.clone()))
            .await;
        answer.assert_denied(403, "insufficient-scope");
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(
            challenge.contains("insufficient_scope"),
            "{other}: {challenge}"
        );
    }
    assert!(
        world
            .records()
            .iter()
            .all(|record| record.rule == "insufficient-scope")
    );
    assert!(world.fhir.paths().is_empty());
}

#[tokio::test]
async fn without_a_valid_token_there_is_no_decision() {
    let world = with_observation(shared(&["Observation"])).await;
    let expired = world.token_with(json!({"exp": 1000, "iat": 900}));
    let other_audience = world.token_with(json!({"aud": "http://other.example"}));
    let mut forged = world.token();
    forged.replace_range(forged.len() - 4.., "AAAA");
    for token in ["", "x", "a.b.c", &expired, &other_audience, &forged] {
        let answer = world.get_with(SEARCH, token).await;
        assert_eq!(answer.status.as_u16(), 401, "{token}");
        let challenge = answer.headers["www-authenticate"].to_str().unwrap();
        assert!(
            challenge.contains("/.well-known/oauth-protected-resource"),
            "{challenge}"
        );
        answer.assert_no_phi();
    }
    assert!(world.records().is_empty() && world.fhir.paths().is_empty());
    assert_eq!(world.neighbours.calls(), (0, 0));
}

#[tokio::test]
async fn absent_foreign_forbidden_and_withheld_reads_are_byte_identical() {
    let terms = consent_core::policy::Terms {
        exclude: vec![consent_core::policy::Sensitivity::Hiv],
        ..shared(&["Observation"])
    };
    let world = World::sharing(terms, vec![observation("own", PATIENT)]).await;
    world.neighbours.enrol(OTHER_PATIENT);
    world.fhir.put(hiv_observation("withheld", PATIENT));
    world.fhir.put(observation("foreign", OTHER_PATIENT));
    world.fhir.put(observation("nobodys", "not-enrolled"));
    world.fhir.put(report("forbidden", PATIENT, &[]));
    let mut ownerless = observation("ownerless", PATIENT);
    ownerless.as_object_mut().unwrap().remove("subject");
    world.fhir.put(ownerless);
    assert_eq!(
        world.get("/fhir/R4/Observation/own").await.status.as_u16(),
        200
    );

    let mut answers = Vec::new();
    for path in [
        "Observation/absent",
        "Observation/foreign",
        "Observation/nobodys",
        "Observation/ownerless",
        "Observation/withheld",
        "DiagnosticReport/forbidden",
        "DiagnosticReport/absent",
    ] {
        let before = world.neighbours.calls();
        let answer = world.get(&format!("/fhir/R4/{path}")).await;
        answer.assert_denied(403, "no-consent");
        let after = world.neighbours.calls();
        // What is inspected needs directory and facts twice; the record says so too, later.
        assert!(after.0 > before.0 && after.1 > before.1, "{path}");
        let mut headers = answer.headers.clone();
        headers.remove("x-decision-id");
        headers.remove("x-correlation-id");
        answers.push((answer.status, headers, answer.body));
    }
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:#?}"
    );
    let rules: Vec<String> = world
        .records()
        .into_iter()
        .skip(1)
        .map(|record| record.rule)
        .collect();
    let expected = [
        "absent",
        "no-consent",
        "no-consent",
        "foreign-resource",
        "withheld",
        "policy-type",
        "absent",
    ];
    assert_eq!(rules, expected, "the record knows the difference");
}

#[tokio::test]
async fn no_patients_token_opens_a_record_here_and_no_proxys_either() {
    let world = with_observation(shared(&["Observation"])).await;
    for act in [Value::Null, json!({"sub": "a-parent"})] {
        let token = world.token_with(json!({
            "persona": "patient", "org": null, "grantees": null, "patient": "p1", "subjects": [subject("p1")],
            "scope": "patient/*.rs patient:consent.read patient:consent.write", "act": act,
        }));
        let answer = world.get_with(SEARCH, &token).await;
        answer.assert_denied(403, "insufficient-scope");
        let question = json!({"subject": {"type": "organization", "id": "clinic-a"}, "action": {"name": "read"},
            "resource": {"type": "Observation", "properties": {"patient": "p1"}}});
        let answer = world.evaluate(question, &token).await;
        assert_eq!(answer.status.as_u16(), 403);
    }
    assert!(world.fhir.paths().is_empty());
}

#[tokio::test]
async fn a_provider_may_not_evaluate_for_another_organisation() {
    let world = with_observation(shared(&["Observation"])).await;
    let question = json!({"subject": {"type": "organization", "id": "clinic-b"}, "action": {"name": "read"},
        "resource": {"type": "Observation", "properties": {"patient": "p1"}}});
    let answer = world.evaluate(question, &world.token()).await;
    assert_eq!(answer.status.as_u16(), 403);
    assert_eq!(world.only_record().rule, "insufficient-scope");
}

#[tokio::test]
async fn counts_are_for_auditors_only() {
    let world = with_observation(shared(&["Observation"])).await;
    world.get(SEARCH).await;
    let today = time::OffsetDateTime::now_utc().date();
    let path = format!("/v1/counts?from={today}&to={today}");
    assert_eq!(world.get(&path).await.status.as_u16(), 403);
    let auditor = json!({"persona": "admin", "org": null, "grantees": null, "purpose": null, "scope": "admin:audit.read"});
    let token = world.token_with(auditor);
    let answer = world.get_with(&path, &token).await;
    let expected = json!({"counts": [{"date": today.to_string(), "action": "search", "result": "permit", "count": 1}]});
    assert_eq!(answer.json(), expected);
    for bad in [
        "",
        "?from=x&to=y",
        "?from=2026-02-01&to=2026-01-01",
        "?from=2020-01-01&to=2026-01-01",
        "?from=2026-01-01&to=2026-01-01&x=1",
    ] {
        assert_eq!(
            world
                .get_with(&format!("/v1/counts{bad}"), &token)
                .await
                .status
                .as_u16(),
            400,
            "{bad}"
        );
    }
}
