//! Patients see who looked at their own record, and at no other.

use std::collections::BTreeSet;

use audit_core::{Action, Outcome};
use serde_json::{Value, json};

use crate::support::records::{Journal, PATIENT, TENANT};
use crate::support::{Bench, Service, eventually};

const NEIGHBOUR: &str = "another-patient";
const ELSEWHERE: &str = "other-hospital";

/// A service that knows decisions about two patients, and about one of the same id at another custodian's.
async fn with_two_patients() -> (Bench, Service) {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let mut lines = Journal::of("gateway-1").lines(9);
    lines.extend(Journal::of("gateway-2").about(NEIGHBOUR).lines(12));
    lines.extend(Journal::of_tenant("gateway-3", ELSEWHERE).lines(3));
    archive(&bench, &lines).await;
    (bench, service)
}

async fn archive(bench: &Bench, lines: &[Vec<u8>]) {
    bench.send(lines).await;
    eventually("not all is committed", || async {
        let committed = bench.committed(0).await;
        (committed == Some(lines.len() as i64))
            .then_some(())
            .ok_or(format!("{committed:?}"))
    })
    .await;
}

fn token(service: &Service, others: Value) -> String {
    let issuer = &service.issuer;
    issuer.patient_token(&service.url, TENANT, others)
}

async fn told(service: &Service, path: &str, token: &str) -> (u16, Value) {
    let answer = service.get_with(path, Some(token)).await;
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap())
}

/// Every row that a token is shown, page by page.
async fn rows(service: &Service, token: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut path = "/v1/accesses?limit=4".to_owned();
    loop {
        let (status, page) = told(service, &path, token).await;
        assert_eq!(status, 200, "{page}");
        rows.extend(page["accesses"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next"].as_str() else {
            return rows;
        };
        path = format!("/v1/accesses?limit=4&cursor={cursor}");
    }
}

fn ids(rows: &[Value]) -> BTreeSet<String> {
    let ids = rows.iter().map(|row| row["eventId"].as_str().unwrap());
    ids.map(str::to_owned).collect()
}

#[tokio::test]
async fn each_patient_sees_all_decisions_about_themselves_and_none_about_another() {
    let (_bench, service) = with_two_patients().await;
    let own = rows(&service, &token(&service, json!({"patient": PATIENT}))).await;
    let neighbours = rows(&service, &token(&service, json!({"patient": NEIGHBOUR}))).await;
    // Of each journal every third is about nobody.
    assert_eq!((own.len(), neighbours.len()), (6, 8));
    assert!(ids(&own).is_disjoint(&ids(&neighbours)));
    // It is what an auditor sees of the same patient.
    let audited = service
        .get(&format!("/v1/accesses?patient={PATIENT}"))
        .await;
    assert_eq!(ids(audited["accesses"].as_array().unwrap()), ids(&own));
    let nobody = rows(&service, &token(&service, json!({"patient": "nobody"}))).await;
    assert!(nobody.is_empty());
}

#[tokio::test]
async fn a_row_says_who_when_what_and_why_and_nothing_of_the_inside() {
    let (_bench, service) = with_two_patients().await;
    let own = token(&service, json!({"patient": PATIENT}));
    let answer = service.get_with("/v1/accesses", Some(&own)).await;
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let text = answer.text().await.unwrap();
    assert!(!text.contains(PATIENT), "the patient's id is in the answer");
    let page: Value = serde_json::from_str(&text).unwrap();
    let expected: BTreeSet<&str> = [
        "action",
        "actor",
        "chainRef",
        "eventId",
        "obligations",
        "purpose",
        "requester",
        "resourceType",
        "result",
        "role",
        "rule",
        "ts",
    ]
    .into();
    for row in page["accesses"].as_array().unwrap() {
        let members = row.as_object().unwrap().keys().map(String::as_str);
        assert_eq!(members.collect::<BTreeSet<_>>(), expected);
        assert_eq!(row["requester"], "clinic-a");
        assert_eq!(row["role"], "provider");
    }
    for id in [PATIENT, NEIGHBOUR] {
        assert!(!service.log().contains(id), "a patient's id is in the log");
    }
}

#[tokio::test]
async fn asking_about_another_is_refused_alike_whether_there_is_such_a_patient_or_not() {
    let (_bench, service) = with_two_patients().await;
    let own = token(&service, json!({"patient": PATIENT}));
    let mut refusals = BTreeSet::new();
    for other in [NEIGHBOUR, "nobody"] {
        let path = format!("/v1/accesses?patient={other}");
        let (status, mut problem) = told(&service, &path, &own).await;
        assert_eq!(status, 403, "{problem}");
        problem.as_object_mut().unwrap().remove("corrId");
        refusals.insert(problem.to_string());
    }
    assert_eq!(refusals.len(), 1, "{refusals:?}");
    let path = format!("/v1/accesses?patient={PATIENT}");
    let (status, page) = told(&service, &path, &own).await;
    assert_eq!(status, 200);
    assert_eq!(page["accesses"].as_array().unwrap().len(), 6);

    // A page of somebody else's list is a place in time, and no way into that list.
    let neighbours = token(&service, json!({"patient": NEIGHBOUR}));
    let (_, page) = told(&service, "/v1/accesses?limit=1", &neighbours).await;
    let cursor = page["next"].as_str().unwrap();
    let (_, page) = told(&service, &format!("/v1/accesses?cursor={cursor}"), &own).await;
    let all = ids(&rows(&service, &own).await);
    assert!(ids(page["accesses"].as_array().unwrap()).is_subset(&all));
}

#[tokio::test]
async fn the_same_id_at_another_custodian_is_another_patient() {
    let (_bench, service) = with_two_patients().await;
    let issuer = &service.issuer;
    let claims = json!({"patient": PATIENT});
    let theirs = issuer.patient_token(&service.url, ELSEWHERE, claims.clone());
    let ours = rows(&service, &token(&service, claims.clone())).await;
    let found = rows(&service, &theirs).await;
    assert_eq!(found.len(), 2);
    assert!(ids(&found).is_disjoint(&ids(&ours)));
    // Another custodian's issuer is not believed at all.
    let stranger = crate::support::tokens::Issuer::start().await;
    let strange = stranger.patient_token(&service.url, TENANT, claims);
    assert_eq!(told(&service, "/v1/accesses", &strange).await.0, 401);
}

#[tokio::test]
async fn a_proxy_sees_the_represented_patients_and_is_told_what_the_requester_was_told() {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let mut journal = Journal::of("gateway-1");
    // The second and the fifth of a journal would be about nobody; these are all about the patient.
    let mut lines = Vec::new();
    for (action, result, rule) in [
        (Action::Search, Outcome::Permit, "consent-active"),
        (Action::Search, Outcome::Deny, "patient-stop"),
    ] {
        lines.push(journal.line_with(|record| {
            record.action = action;
            record.result = result;
            record.rule = rule.to_owned();
            record.obligations = vec!["released=2".to_owned(), "withheld=1".to_owned()];
        }));
    }
    archive(&bench, &lines).await;
    let rules = |rows: &[Value]| -> Vec<String> {
        let rules = rows.iter().map(|row| row["rule"].as_str().unwrap());
        rules.map(str::to_owned).collect()
    };
    let own = rows(&service, &token(&service, json!({"patient": PATIENT}))).await;
    assert_eq!(rules(&own), ["patient-stop", "consent-active"]);
    assert_eq!(own[1]["obligations"], json!(["released=2", "withheld=1"]));

    let mandate =
        json!({"sub": "mandate-1", "patient": PATIENT, "act": {"sub": "account-of-a-parent"}});
    let seen = rows(&service, &token(&service, mandate)).await;
    assert_eq!(ids(&seen), ids(&own));
    assert_eq!(rules(&seen), ["no-consent", "consent-active"]);
    assert!(seen.iter().all(|row| row.get("obligations").is_none()));

    // The mandate is for one patient.
    let other =
        json!({"sub": "mandate-2", "patient": NEIGHBOUR, "act": {"sub": "account-of-a-parent"}});
    let other = token(&service, other);
    assert!(rows(&service, &other).await.is_empty());
    let path = format!("/v1/accesses?patient={PATIENT}");
    assert_eq!(told(&service, &path, &other).await.0, 403);
}

#[tokio::test]
async fn a_patients_token_without_a_patient_or_the_scope_opens_nothing() {
    let (_bench, service) = with_two_patients().await;
    let nobody = token(&service, json!({}));
    let path = format!("/v1/accesses?patient={PATIENT}");
    for path in ["/v1/accesses", path.as_str()] {
        assert_eq!(told(&service, path, &nobody).await.0, 403, "{path}");
    }
    let unscoped = json!({"patient": PATIENT, "scope": "patient:consent.read"});
    let answer = service
        .get_with("/v1/accesses", Some(&token(&service, unscoped)))
        .await;
    assert_eq!(answer.status(), 403);
    let challenge = answer.headers()["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.contains(r#"scope="patient:audit.read""#),
        "{challenge}"
    );
    // The rest of the trail is not about one patient.
    let own = token(&service, json!({"patient": PATIENT}));
    for path in ["/v1/counts?from=2026-03-01&to=2026-03-02", "/v1/continuity"] {
        assert_eq!(told(&service, path, &own).await.0, 403, "{path}");
    }
}
