//! Organisations and their addresses.

use crate::support::{CLINIC_A, GATEWAY, Service, TENANT, organization, subject};
use alloy::primitives::Address;
use serde_json::{Value, json};

/// What a body's bindings are shown as.
fn shown(body: &Value) -> Value {
    let mut bindings = body["bindings"].as_array().unwrap().clone();
    for binding in &mut bindings {
        let grantee: Address = binding["grantee"].as_str().unwrap().parse().unwrap();
        binding["grantee"] = json!(grantee.to_checksum(None));
        binding["boundAt"] = json!("2030-03-17T17:46:40Z");
    }
    bindings.sort_by_key(|binding| binding["grantee"].as_str().unwrap().to_lowercase());
    bindings.into()
}

#[tokio::test]
async fn an_organisation_is_stored_changed_and_read_as_it_was_signed() {
    let service = Service::start().await;
    let (admin, system) = (service.admin().await, service.system().await);
    let first = organization("lab", "Lab", &[2, 1], 1);
    let created = service.put("/v1/organizations/lab", &admin, &first).await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(
        created.body,
        json!({"tenant": TENANT, "id": "lab", "name": "Lab", "bindings": shown(&first)})
    );
    let second = organization("lab", "Laboratory", &[2], 1);
    let changed = service.put("/v1/organizations/lab", &admin, &second).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let read = service.get("/v1/organizations/lab", &system).await;
    let expected =
        json!({"tenant": TENANT, "id": "lab", "name": "Laboratory", "bindings": shown(&second)});
    assert_eq!(read.body, expected);
    let listed = service.get("/v1/organizations", &system).await;
    let rows = listed.body["organizations"].as_array().unwrap();
    assert_eq!(rows.last(), Some(&expected));
    let freed = organization("other-lab", "Other", &[1], 2);
    let freed = service
        .put("/v1/organizations/other-lab", &admin, &freed)
        .await;
    assert_eq!(freed.status, 201, "an address that was given up is free");
}

#[tokio::test]
async fn an_address_belongs_to_one_organisation() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let taken = service
        .put(
            "/v1/organizations/lab",
            &admin,
            &organization("lab", "Lab", &[1, 0xa1], 2),
        )
        .await;
    assert_eq!(taken.problem(), (409, "address-taken"));
    assert_eq!(
        service.get("/v1/organizations/lab", &admin).await.status,
        404,
        "nothing was stored"
    );
    assert_eq!(
        service
            .put(
                "/v1/organizations/lab",
                &admin,
                &organization("lab", "Lab", &[1], 2)
            )
            .await
            .status,
        201
    );
    let taken = service
        .put(
            "/v1/organizations/lab",
            &admin,
            &organization("lab", "New name", &[0xb1], 2),
        )
        .await;
    assert_eq!(taken.problem(), (409, "address-taken"));
    let unchanged = service.get("/v1/organizations/lab", &admin).await.body;
    assert_eq!(
        (
            &unchanged["name"],
            unchanged["bindings"].as_array().unwrap().len()
        ),
        (&json!("Lab"), 1)
    );
}

#[tokio::test]
async fn two_organisations_asking_for_one_address_at_once_get_it_once() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for n in 1..=8 {
        let (one, two) = (format!("one-{n}"), format!("two-{n}"));
        let keys = [n, n + 100];
        let first = organization(&one, "One", &keys, 1);
        let second = organization(&two, "Two", &[keys[1], keys[0]], 1);
        let [one, two] = [one, two].map(|id| format!("/v1/organizations/{id}"));
        let (one, two) = tokio::join!(
            service.put(&one, &admin, &first),
            service.put(&two, &admin, &second)
        );
        let mut statuses = [one.status.as_u16(), two.status.as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409]);
    }
}

#[tokio::test]
async fn organisations_that_swap_their_addresses_at_once_do_not_block_one_another() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (a, b) = ("/v1/organizations/clinic-a", "/v1/organizations/clinic-b");
    // Often enough for the two to meet in the middle when nothing keeps them apart.
    for round in 0..80u8 {
        let (mine, theirs) = if round % 2 == 0 {
            (0xb1, 0xa1)
        } else {
            (0xa1, 0xb1)
        };
        let nonce = u64::from(round) + 2;
        let for_a = organization("clinic-a", "A", &[mine], nonce);
        let for_b = organization("clinic-b", "B", &[theirs], nonce);
        let (one, two) = tokio::join!(
            service.put(a, &admin, &for_a),
            service.put(b, &admin, &for_b)
        );
        for answer in [one, two] {
            assert!(
                [200, 409].contains(&answer.status.as_u16()),
                "{}",
                answer.body
            );
        }
    }
}

#[tokio::test]
async fn a_changed_address_is_in_the_next_token() {
    let service = Service::start().await;
    let admin = service.admin().await;
    assert_eq!(
        service
            .put(
                "/v1/organizations/clinic-a",
                &admin,
                &organization("clinic-a", "A", &[7, 8], 1)
            )
            .await
            .status,
        200
    );
    let answer = service
        .ask(CLINIC_A, &[("scope", "provider:records.read")])
        .await;
    let mut expected = [subject(7).address(), subject(8).address()];
    expected.sort();
    let expected = expected.map(|address| address.to_checksum(None));
    assert_eq!(service.claims(&answer, GATEWAY).await.grantees, expected);
}

#[tokio::test]
async fn malformed_organisations_are_refused() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let good = &organization("lab", "Lab", &[1], 1)["bindings"][0];
    let changed = |member: &str, value: Value| {
        let mut binding = good.clone();
        binding[member] = value;
        json!({"name": "Lab", "bindings": [binding]})
    };
    let many = vec![good; 33];
    let bodies = [
        json!({}),
        json!({"name": "Lab"}),
        json!({"name": "", "bindings": [good]}),
        json!({"name": " ", "bindings": [good]}),
        json!({"name": "a\u{0}b", "bindings": [good]}),
        json!({"name": "x".repeat(201), "bindings": [good]}),
        json!({"name": 1, "bindings": [good]}),
        json!({"name": "Lab", "bindings": []}),
        json!({"name": "Lab", "bindings": good}),
        json!({"name": "Lab", "bindings": [good, good]}),
        json!({"name": "Lab", "bindings": many}),
        json!({"name": "Lab", "bindings": [good], "more": 1}),
        // As it was before addresses signed for themselves.
        json!({"name": "Lab", "addresses": [good["grantee"]]}),
        json!({"name": "Lab", "bindings": [good["grantee"]]}),
        changed("grantee", json!("0x12")),
        changed("grantee", json!(Address::ZERO)),
        changed("nonce", json!(1)),
        changed("nonce", json!("-1")),
        changed("deadline", json!("soon")),
        changed("deadline", json!(u64::MAX)),
        changed("signer", json!("0x1")),
        changed("signature", json!("0x")),
        changed("signature", json!("signed")),
        changed("more", json!(1)),
    ];
    for body in bodies {
        assert_eq!(
            service
                .put("/v1/organizations/lab", &admin, &body)
                .await
                .problem(),
            (400, "invalid-body"),
            "{body}"
        );
    }
    for id in ["a%20b", "%00", "%C3%A9", &"x".repeat(65)] {
        let path = format!("/v1/organizations/{id}");
        assert_eq!(
            service
                .put(&path, &admin, &organization("lab", "Lab", &[1], 1))
                .await
                .problem(),
            (400, "invalid-id"),
            "{id}"
        );
        assert_eq!(
            service.get(&path, &admin).await.problem(),
            (400, "invalid-id"),
            "{id}"
        );
    }
    assert_eq!(
        service
            .get("/v1/organizations/none", &admin)
            .await
            .problem(),
        (404, "not-found")
    );
}
