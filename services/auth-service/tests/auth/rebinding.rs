//! A patient whose keys are lost: two administrators, three days, a veto.

use crate::support::{
    NOW, Service, binding, patient_token, patient_token_with, subject, token_by_hand,
};
use auth_service::directory::rebindings::{self, DELAY};
use serde_json::{Value, json};

/// An administrator of this name, at this time.
fn admin(name: &str, now: i64) -> String {
    token_by_hand(|claims| {
        claims["sub"] = json!(name);
        claims["iat"] = json!(now);
        claims["exp"] = json!(now + 300);
    })
}

async fn with_lost_key(service: &Service) {
    let body = json!({"binding": binding("pat-1", &subject(1), 1)});
    let bound = service
        .post("/v1/bindings", &patient_token("pat-1", 10), &body)
        .await;
    assert_eq!(bound.status, 201, "{}", bound.body);
}

async fn propose(service: &Service) -> String {
    let body = json!({"fhirId": "pat-1", "binding": binding("pat-1", &subject(2), 1)});
    let proposed = service
        .post("/v1/rebindings", &admin("ann", NOW), &body)
        .await;
    assert_eq!(proposed.status, 201, "{}", proposed.body);
    proposed.body["id"].as_str().unwrap().to_owned()
}

async fn confirm(service: &Service, id: &str) {
    let path = format!("/v1/rebindings/{id}/confirm");
    let confirmed = service.post(&path, &admin("bob", NOW), &Value::Null).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.body);
}

/// What stands for the patient.
async fn subjects(service: &Service) -> Vec<Value> {
    let system = service.system().await;
    let patient = service.get("/v1/patients/pat-1", &system).await;
    let bindings = patient.body["bindings"].as_array().unwrap().iter();
    bindings.map(|binding| binding["subject"].clone()).collect()
}

fn shown(n: u8) -> Value {
    json!(subject(n).address().to_checksum(None))
}

async fn carry_out(service: &Service, at_second: i64) -> bool {
    service.set_time(at_second);
    let carried_out = rebindings::carry_out_next(&service.app).await.unwrap();
    service.set_time(NOW);
    carried_out
}

#[tokio::test]
async fn after_three_days_the_new_key_takes_the_place_of_all_others() {
    let service = Service::start().await;
    with_lost_key(&service).await;
    let id = propose(&service).await;
    confirm(&service, &id).await;
    let ready = NOW + DELAY.whole_seconds();
    assert!(!carry_out(&service, ready - 1).await);
    assert_eq!(subjects(&service).await, [shown(1)]);
    assert!(carry_out(&service, ready).await);
    assert_eq!(subjects(&service).await, [shown(2)]);
    assert!(!carry_out(&service, ready).await, "once");
}

#[tokio::test]
async fn one_administrator_is_not_enough() {
    let service = Service::start().await;
    with_lost_key(&service).await;
    let id = propose(&service).await;
    let path = format!("/v1/rebindings/{id}/confirm");
    let same = service.post(&path, &admin("ann", NOW), &Value::Null).await;
    assert_eq!(same.problem(), (409, "same-administrator"));
    assert!(!carry_out(&service, NOW + 2 * DELAY.whole_seconds()).await);
    assert_eq!(subjects(&service).await, [shown(1)]);
}

#[tokio::test]
async fn the_patient_sees_it_and_can_veto_with_one_factor() {
    let service = Service::start().await;
    with_lost_key(&service).await;
    let id = propose(&service).await;
    confirm(&service, &id).await;
    let weak = patient_token_with("pat-1", 10_000, |claims| {
        claims["acr"] = json!("aal1");
        claims["amr"] = json!(["pwd"]);
    });
    let notice = service.get("/v1/rebindings", &weak).await;
    let seen = &notice.body["rebindings"][0];
    assert_eq!(
        (&seen["id"], &seen["state"]),
        (&json!(id), &json!("confirmed"))
    );
    assert_eq!(seen["subject"], shown(2));

    let path = format!("/v1/rebindings/{id}/veto");
    let other = patient_token("pat-2", 10);
    assert_eq!(
        service.post(&path, &other, &Value::Null).await.status,
        404,
        "somebody else's"
    );
    assert_eq!(service.post(&path, &weak, &Value::Null).await.status, 204);
    assert!(!carry_out(&service, NOW + 2 * DELAY.whole_seconds()).await);
    assert_eq!(subjects(&service).await, [shown(1)]);
}

#[tokio::test]
async fn administrators_see_what_is_under_way_and_which_of_it_another_has_to_confirm() {
    let service = Service::start().await;
    with_lost_key(&service).await;
    let list = async |name: &str| {
        let found = service
            .get("/v1/rebindings/under-way", &admin(name, NOW))
            .await;
        assert_eq!(found.status, 200, "{}", found.body);
        found.body["rebindings"].as_array().unwrap().clone()
    };
    assert_eq!(list("ann").await, Vec::<Value>::new());
    let id = propose(&service).await;
    let seen = list("ann").await;
    assert_eq!(seen.len(), 1);
    assert_eq!(
        (
            &seen[0]["id"],
            &seen[0]["fhirId"],
            &seen[0]["subject"],
            &seen[0]["state"],
            &seen[0]["own"]
        ),
        (
            &json!(id),
            &json!("pat-1"),
            &shown(2),
            &json!("proposed"),
            &json!(true)
        )
    );
    assert_eq!(list("bob").await[0]["own"], json!(false));
    confirm(&service, &id).await;
    let confirmed = &list("bob").await[0];
    assert_eq!(confirmed["state"], json!("confirmed"));
    assert!(confirmed["readyAt"].is_string());
    assert!(carry_out(&service, NOW + DELAY.whole_seconds()).await);
    assert_eq!(list("bob").await, Vec::<Value>::new());
    let patient = service
        .get("/v1/rebindings/under-way", &patient_token("pat-1", 10))
        .await;
    assert_eq!(patient.status, 403);
}

#[tokio::test]
async fn one_rebinding_at_a_time_and_only_of_a_known_patient() {
    let service = Service::start().await;
    with_lost_key(&service).await;
    propose(&service).await;
    let again = json!({"fhirId": "pat-1", "binding": binding("pat-1", &subject(3), 1)});
    let refused = service
        .post("/v1/rebindings", &admin("bob", NOW), &again)
        .await;
    assert_eq!(refused.problem(), (409, "rebinding-under-way"));
    let unknown = json!({"fhirId": "pat-9", "binding": binding("pat-9", &subject(3), 1)});
    let refused = service
        .post("/v1/rebindings", &admin("bob", NOW), &unknown)
        .await;
    assert_eq!(refused.problem(), (404, "not-found"));
}

#[tokio::test]
async fn a_key_that_was_bound_elsewhere_meanwhile_ends_the_rebinding() {
    let service = Service::start().await;
    with_lost_key(&service).await;
    let id = propose(&service).await;
    confirm(&service, &id).await;
    let elsewhere = json!({"binding": binding("pat-2", &subject(2), 1)});
    service
        .post("/v1/bindings", &patient_token("pat-2", 10), &elsewhere)
        .await;
    assert!(carry_out(&service, NOW + DELAY.whole_seconds()).await);
    assert_eq!(subjects(&service).await, [shown(1)]);
}
