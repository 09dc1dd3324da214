//! Binding a subject address to a patient: only by the subject's own signature, and only once.

use crate::support::{
    CHAIN_ID, NOW, OTHER_TENANT, REGISTRY, Service, TENANT, binding, binding_for, subject,
};
use alloy::primitives::U256;
use axum::http::Method;
use contract_bindings::intent::{self, Bind};
use serde_json::{Value, json};

#[tokio::test]
async fn a_signed_binding_is_stored_and_read_back_as_it_was_signed() {
    let service = Service::start().await;
    let (admin, system) = (service.admin().await, service.system().await);
    let body = binding("pat-1", &subject(1), 1);
    let created = service.put("/v1/patients/pat-1", &admin, &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    let expected = json!({
        "tenant": TENANT, "fhirId": "pat-1",
        "bindings": [{
            "subject": subject(1).address().to_checksum(None), "nonce": "1", "deadline": NOW + 600,
            "signature": body["signature"], "boundAt": "2030-03-17T17:46:40Z",
        }],
    });
    assert_eq!(created.body, expected);
    assert_eq!(created.header("cache-control"), "no-store");
    assert_eq!(
        service.get("/v1/patients/pat-1", &system).await.body,
        expected
    );
}

#[tokio::test]
async fn a_patient_may_have_several_subjects() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for n in [1, 2] {
        assert_eq!(
            service
                .put(
                    "/v1/patients/pat-1",
                    &admin,
                    &binding("pat-1", &subject(n), 1)
                )
                .await
                .status,
            201
        );
    }
    let patient = service.get("/v1/patients/pat-1", &admin).await;
    assert_eq!(patient.body["bindings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_signature_for_anything_else_is_refused() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let good = binding("pat-1", &subject(1), 1);
    let deadline = NOW as u64 + 600;
    let by = |domain_chain: u64, registry, signer: u8| {
        let bind = Bind::new(
            TENANT,
            "pat-1",
            subject(1).address(),
            U256::from(1),
            deadline,
        );
        let signature = bind
            .sign(&intent::domain(domain_chain, registry), &subject(signer))
            .unwrap();
        json!(format!("0x{}", alloy::hex::encode(signature)))
    };
    let changed = |name: &str, value: Value| {
        let mut body = good.clone();
        body[name] = value;
        body
    };
    let wrong = [
        (
            "another key",
            changed("signature", by(CHAIN_ID, REGISTRY, 2)),
        ),
        ("another chain", changed("signature", by(1, REGISTRY, 1))),
        (
            "another registry",
            changed("signature", by(CHAIN_ID, subject(9).address(), 1)),
        ),
        ("another patient", binding("pat-2", &subject(1), 1)),
        (
            "another tenant",
            binding_for(OTHER_TENANT, "pat-1", &subject(1), 1, deadline),
        ),
        ("another nonce", changed("nonce", json!("2"))),
        ("another deadline", changed("deadline", json!(NOW + 601))),
        (
            "another subject",
            changed("subject", json!(subject(2).address())),
        ),
        (
            "zeros",
            changed("signature", json!(format!("0x{}", "00".repeat(65)))),
        ),
    ];
    for (what, body) in wrong {
        let answer = service.put("/v1/patients/pat-1", &admin, &body).await;
        assert_eq!(
            answer.problem(),
            (400, "invalid-signature"),
            "{what}: {}",
            answer.body
        );
    }
    assert_eq!(
        service.get("/v1/patients/pat-1", &admin).await.status,
        404,
        "nothing was stored"
    );
}

#[tokio::test]
async fn a_subject_stands_for_one_patient_of_one_tenant() {
    let service = Service::start().await;
    let other = service.beside().await;
    let admin = service.admin().await;
    assert_eq!(
        service
            .put(
                "/v1/patients/pat-1",
                &admin,
                &binding("pat-1", &subject(1), 1)
            )
            .await
            .status,
        201
    );
    let elsewhere = service
        .put(
            "/v1/patients/pat-2",
            &admin,
            &binding("pat-2", &subject(1), 2),
        )
        .await;
    assert_eq!(elsewhere.problem(), (409, "subject-taken"));
    assert!(
        !elsewhere.body.to_string().contains("pat-1"),
        "the other patient is not named"
    );
    assert_eq!(
        service.get("/v1/patients/pat-2", &admin).await.status,
        404,
        "no empty patient stays behind"
    );
    let foreign = binding_for(OTHER_TENANT, "pat-1", &subject(1), 3, NOW as u64 + 600);
    assert_eq!(
        other
            .put("/v1/patients/pat-1", &other.admin().await, &foreign)
            .await
            .problem(),
        (409, "subject-taken")
    );
}

#[tokio::test]
async fn nonces_grow_and_a_replayed_one_is_refused() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let put = |body: Value| {
        let (service, admin) = (&service, &admin);
        async move { service.put("/v1/patients/pat-1", admin, &body).await }
    };
    assert_eq!(put(binding("pat-1", &subject(1), 5)).await.status, 201);
    assert_eq!(
        put(binding("pat-1", &subject(1), 4)).await.problem(),
        (409, "stale-nonce")
    );
    let same_nonce_other_deadline = binding_for(TENANT, "pat-1", &subject(1), 5, NOW as u64 + 700);
    assert_eq!(
        put(same_nonce_other_deadline).await.problem(),
        (409, "stale-nonce")
    );
    // 256 is greater than 5, although its decimal digits and last byte are not.
    let renewed = put(binding("pat-1", &subject(1), 256)).await;
    assert_eq!(renewed.status, 200);
    assert_eq!(renewed.body["bindings"][0]["nonce"], "256");
    assert_eq!(renewed.body["bindings"].as_array().unwrap().len(), 1);
    assert_eq!(
        put(binding("pat-1", &subject(1), 5)).await.problem(),
        (409, "stale-nonce")
    );
    assert_eq!(
        put(binding("pat-1", &subject(2), 1)).await.status,
        201,
        "each subject counts for itself"
    );
}

#[tokio::test]
async fn the_largest_nonce_survives_the_database() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let bind = Bind::new(
        TENANT,
        "pat-1",
        subject(1).address(),
        U256::MAX,
        NOW as u64 + 600,
    );
    let signature = bind
        .sign(&intent::domain(CHAIN_ID, REGISTRY), &subject(1))
        .unwrap();
    let body = json!({
        "subject": subject(1).address(), "nonce": U256::MAX.to_string(), "deadline": NOW + 600,
        "signature": format!("0x{}", alloy::hex::encode(signature)),
    });
    let created = service.put("/v1/patients/pat-1", &admin, &body).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(created.body["bindings"][0]["nonce"], U256::MAX.to_string());
}

#[tokio::test]
async fn the_same_binding_again_changes_nothing_even_after_its_deadline() {
    let service = Service::start().await;
    let body = binding("pat-1", &subject(1), 1);
    let admin = service.admin().await;
    let created = service.put("/v1/patients/pat-1", &admin, &body).await;
    service.set_time(NOW + 200);
    let again = service.put("/v1/patients/pat-1", &admin, &body).await;
    assert_eq!((again.status.as_u16(), &again.body), (200, &created.body));
    service.set_time(NOW + 10_000);
    let admin = service.admin().await;
    let late = service.put("/v1/patients/pat-1", &admin, &body).await;
    assert_eq!((late.status.as_u16(), &late.body), (200, &created.body));
}

#[tokio::test]
async fn a_new_binding_after_its_deadline_is_refused() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for (n, deadline) in [(2, NOW - 1), (3, 0)] {
        let body = binding_for(TENANT, "pat-1", &subject(n), 1, deadline as u64);
        let answer = service.put("/v1/patients/pat-1", &admin, &body).await;
        assert_eq!(answer.problem(), (400, "deadline-passed"));
    }
    assert_eq!(
        service.get("/v1/patients/pat-1", &admin).await.status,
        404,
        "nothing was stored"
    );
    let last = binding_for(TENANT, "pat-1", &subject(1), 1, NOW as u64);
    assert_eq!(
        service
            .put("/v1/patients/pat-1", &admin, &last)
            .await
            .status,
        201,
        "the deadline itself is in time"
    );
}

#[tokio::test]
async fn two_requests_for_one_subject_at_once_bind_it_once() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for n in 1..=8 {
        let (one, two) = (
            binding("pat-1", &subject(n), 1),
            binding("pat-2", &subject(n), 1),
        );
        let (one, two) = tokio::join!(
            service.put("/v1/patients/pat-1", &admin, &one),
            service.put("/v1/patients/pat-2", &admin, &two),
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }
}

#[tokio::test]
async fn malformed_bindings_name_the_member_and_never_the_value() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let good = binding("pat-1", &subject(1), 1);
    let cases = [
        ("subject", json!("Jane-Doe")),
        ("subject", json!(7)),
        (
            "subject",
            json!("0x0000000000000000000000000000000000000000"),
        ),
        ("nonce", json!(1)),
        ("nonce", json!("Jane-Doe")),
        ("nonce", json!("-1")),
        ("nonce", json!("9".repeat(79))),
        ("deadline", json!("Jane-Doe")),
        ("deadline", json!(-1)),
        ("deadline", json!(1.5)),
        ("deadline", json!(u64::MAX)),
        ("signature", json!("Jane-Doe")),
        ("signature", json!("0x123")),
        ("signature", json!("0x")),
    ];
    for (member, value) in cases {
        let mut body = good.clone();
        body[member] = value;
        let answer = service.put("/v1/patients/pat-1", &admin, &body).await;
        assert_eq!(answer.problem(), (400, "invalid-body"), "{body}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(member), "{detail}");
        assert!(!answer.body.to_string().contains("Jane-Doe"));
    }
    let mut extra = good.clone();
    extra["note"] = json!("Jane-Doe");
    assert_eq!(
        service
            .put("/v1/patients/pat-1", &admin, &extra)
            .await
            .problem(),
        (400, "invalid-body")
    );
    for text in [
        "",
        "{",
        "[]",
        "null",
        "\u{0}",
        r#"{"subject":"a","subject":"b"}"#,
    ] {
        let answer = service
            .request(
                Method::PUT,
                "/v1/patients/pat-1",
                &admin,
                Some(text.to_owned()),
            )
            .await;
        assert_eq!(answer.problem(), (400, "invalid-body"), "{text:?}");
    }
    let large = format!("{{\"subject\":\"{}\"}}", "x".repeat(70_000));
    let answer = service
        .request(Method::PUT, "/v1/patients/pat-1", &admin, Some(large))
        .await;
    assert_eq!(answer.problem(), (413, "payload-too-large"));
}

#[tokio::test]
async fn ids_that_are_no_fhir_ids_are_refused() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let long = "x".repeat(65);
    for id in ["a_b", "a%20b", "a%00", "%C3%A9", "a%2Fb", "%FF", &long] {
        let path = format!("/v1/patients/{id}");
        assert_eq!(service.get(&path, &admin).await.status, 400, "{id}");
        assert_eq!(
            service
                .put(&path, &admin, &binding("pat-1", &subject(1), 1))
                .await
                .status,
            400,
            "{id}"
        );
    }
    let unknown = service.get("/v1/patients/pat-secret-9", &admin).await;
    assert_eq!(unknown.problem(), (404, "not-found"));
    assert!(
        !unknown.body.to_string().contains("pat-secret-9"),
        "no FHIR id in an error"
    );
}
