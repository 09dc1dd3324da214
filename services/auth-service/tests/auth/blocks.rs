//! A patient who does not want to be asked again by somebody.

use crate::support::{
    NOW, Service, clinician_token, patient_token, patient_token_with, subject, token_by_hand,
};
use serde_json::{Value, json};

const MOST: usize = 500;

fn path(n: u8) -> String {
    format!("/v1/blocks/{:#x}", subject(n).address())
}

async fn blocked(service: &Service, token: &str) -> Vec<Value> {
    let own = service.get("/v1/blocks", token).await;
    assert_eq!(own.status, 200, "{}", own.body);
    let blocks = own.body["blocks"].as_array().unwrap().iter();
    blocks.map(|block| block["address"].clone()).collect()
}

fn shown(n: u8) -> Value {
    json!(subject(n).address().to_checksum(None))
}

#[tokio::test]
async fn who_is_blocked_stays_so_until_allowed_again_and_one_factor_does() {
    let service = Service::start().await;
    let weak = patient_token_with("pat-1", 100_000, |claims| {
        claims["acr"] = json!("aal1");
        claims["amr"] = json!(["pwd"]);
    });
    assert_eq!(blocked(&service, &weak).await, Vec::<Value>::new());
    for n in [1, 2, 1] {
        let put = service.put(&path(n), &weak, &Value::Null).await;
        assert_eq!(put.status, 204, "{}", put.body);
        service.set_time(NOW + i64::from(n));
    }
    assert_eq!(blocked(&service, &weak).await, [shown(2), shown(1)]);
    for _ in 0..2 {
        assert_eq!(service.delete(&path(2), &weak).await.status, 204);
    }
    assert_eq!(blocked(&service, &weak).await, [shown(1)]);
}

#[tokio::test]
async fn a_block_is_the_patients_own_and_nobody_elses_business() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    service.put(&path(1), &token, &Value::Null).await;
    let other = patient_token("pat-2", 10);
    assert_eq!(blocked(&service, &other).await, Vec::<Value>::new());
    service.delete(&path(1), &other).await;
    assert_eq!(blocked(&service, &token).await, [shown(1)]);
    for token in [clinician_token("doc-1", 10, |_| ()), token_by_hand(|_| ())] {
        let refused = service.get("/v1/blocks", &token).await;
        assert_eq!(refused.status, 403, "{}", refused.body);
        assert_eq!(
            service.put(&path(1), &token, &Value::Null).await.status,
            403
        );
        assert_eq!(service.delete(&path(1), &token).await.status, 403);
    }
}

#[tokio::test]
async fn what_is_no_address_or_one_too_many_is_refused_in_words() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    let wrong = service.put("/v1/blocks/0x12", &token, &Value::Null).await;
    assert_eq!(wrong.problem(), (400, "invalid-address"));
    for n in 1..=MOST {
        let path = format!("/v1/blocks/0x{n:040x}");
        let put = service.put(&path, &token, &Value::Null).await;
        assert_eq!(put.status, 204, "{}", put.body);
    }
    let beyond = service.put(&path(1), &token, &Value::Null).await;
    assert_eq!(beyond.problem(), (409, "too-many-blocks"));
    assert_eq!(blocked(&service, &token).await.len(), MOST);
    let known = format!("/v1/blocks/0x{:040x}", 7);
    assert_eq!(service.put(&known, &token, &Value::Null).await.status, 204);
}
