//! A patient without a key stops everything; only a key lifts that.

use crate::support::{
    CHAIN_ID, NOW, REGISTRY, Service, TENANT, binding, patient_token, patient_token_with, subject,
};
use alloy::signers::local::PrivateKeySigner;
use contract_bindings::intent::{self, LiftStop, Statement as _};
use serde_json::{Value, json};
use uuid::Uuid;

const DEADLINE: u64 = NOW as u64 + 600;

fn lift(stop: &Value, by: &PrivateKeySigner) -> Value {
    let id: Uuid = stop["id"].as_str().unwrap().parse().unwrap();
    let message = LiftStop::new(TENANT, "pat-1", by.address(), id.into_bytes(), DEADLINE);
    let proof = message
        .prove(&intent::domain(CHAIN_ID, REGISTRY), by)
        .unwrap();
    json!({"stop": id, "subject": by.address(), "deadline": DEADLINE, "signature": proof.signature})
}

async fn bind(service: &Service, n: u8) {
    let body = json!({"binding": binding("pat-1", &subject(n), 1)});
    let bound = service
        .post("/v1/bindings", &patient_token("pat-1", 10), &body)
        .await;
    assert_eq!(bound.status, 201, "{}", bound.body);
}

async fn place(service: &Service) -> Value {
    let placed = service
        .post("/v1/stop", &patient_token("pat-1", 10), &Value::Null)
        .await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    placed.body
}

#[tokio::test]
async fn a_stop_needs_no_key_and_no_fresh_sign_in_and_gateways_see_it() {
    let service = Service::start().await;
    let weak = patient_token_with("pat-1", 100_000, |claims| {
        claims["acr"] = json!("aal1");
        claims["amr"] = json!(["pwd"]);
    });
    let placed = service.post("/v1/stop", &weak, &Value::Null).await;
    assert_eq!(placed.status, 201, "{}", placed.body);
    let again = service.post("/v1/stop", &weak, &Value::Null).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &placed.body));
    let own = service.get("/v1/stop", &weak).await;
    assert_eq!(own.body["stop"], placed.body);
    let system = service.system().await;
    let seen = service.get("/v1/patients/pat-1", &system).await;
    assert_eq!(seen.body["stop"], placed.body);
}

#[tokio::test]
async fn only_a_key_of_the_patient_lifts_a_stop() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    bind(&service, 1).await;
    let stop = place(&service).await;
    let by_stranger = service
        .post("/v1/stop/lift", &token, &lift(&stop, &subject(2)))
        .await;
    assert_eq!(by_stranger.problem(), (409, "foreign-subject"));
    let mut forged = lift(&stop, &subject(2));
    forged["subject"] = json!(subject(1).address());
    let refused = service.post("/v1/stop/lift", &token, &forged).await;
    assert_eq!(refused.status, 400, "{}", refused.body);
    assert_eq!(service.get("/v1/stop", &token).await.body["stop"], stop);

    let lifted = service
        .post("/v1/stop/lift", &token, &lift(&stop, &subject(1)))
        .await;
    assert_eq!(lifted.status, 204, "{}", lifted.body);
    assert_eq!(
        service.get("/v1/stop", &token).await.body,
        json!({"stop": null})
    );
}

#[tokio::test]
async fn what_lifted_one_stop_lifts_no_later_one() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    bind(&service, 1).await;
    let used = lift(&place(&service).await, &subject(1));
    service.post("/v1/stop/lift", &token, &used).await;
    place(&service).await;
    let replayed = service.post("/v1/stop/lift", &token, &used).await;
    assert_eq!(replayed.problem(), (404, "not-found"));
    assert!(service.get("/v1/stop", &token).await.body["stop"].is_object());
}

#[tokio::test]
async fn nobody_else_stops_for_a_patient() {
    let service = Service::start().await;
    let proxy = patient_token_with("pat-1", 10, |claims| {
        claims["act"] = json!({"sub": "a-parent"});
    });
    let reader = patient_token_with("pat-1", 10, |claims| {
        claims["scope"] = json!("patient:consent.read");
    });
    for token in [proxy, reader, service.admin().await, service.system().await] {
        let refused = service.post("/v1/stop", &token, &Value::Null).await;
        assert_eq!(refused.problem(), (403, "insufficient-scope"));
    }
}
