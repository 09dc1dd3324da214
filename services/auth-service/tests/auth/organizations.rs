//! Organisations and their addresses.

use crate::support::{CLINIC_A, GATEWAY, Service, TENANT};
use alloy::primitives::Address;
use serde_json::{Value, json};

fn body(name: &str, addresses: &[u8]) -> Value {
    let addresses: Vec<Address> = addresses.iter().map(|n| Address::repeat_byte(*n)).collect();
    json!({"name": name, "addresses": addresses})
}

#[tokio::test]
async fn an_organisation_is_stored_changed_and_read() {
    let service = Service::start().await;
    let (admin, system) = (service.admin().await, service.system().await);
    let created = service
        .put("/v1/organizations/lab", &admin, &body("Lab", &[2, 1, 2]))
        .await;
    assert_eq!(created.status, 201);
    let one = Address::repeat_byte(1).to_checksum(None);
    let two = Address::repeat_byte(2).to_checksum(None);
    assert_eq!(
        created.body,
        json!({"tenant": TENANT, "id": "lab", "name": "Lab", "addresses": [one, two]})
    );
    let changed = service
        .put("/v1/organizations/lab", &admin, &body("Laboratory", &[2]))
        .await;
    assert_eq!(changed.status, 200);
    let read = service.get("/v1/organizations/lab", &system).await;
    assert_eq!(
        read.body,
        json!({"tenant": TENANT, "id": "lab", "name": "Laboratory", "addresses": [two]})
    );
    let freed = service
        .put("/v1/organizations/other-lab", &admin, &body("Other", &[1]))
        .await;
    assert_eq!(freed.status, 201, "an address that was given up is free");
}

#[tokio::test]
async fn an_address_belongs_to_one_organisation() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let taken = service
        .put("/v1/organizations/lab", &admin, &body("Lab", &[1, 0xa1]))
        .await;
    assert_eq!(taken.problem(), (409, "address-taken"));
    assert_eq!(
        service.get("/v1/organizations/lab", &admin).await.status,
        404,
        "nothing was stored"
    );
    assert_eq!(
        service
            .put("/v1/organizations/lab", &admin, &body("Lab", &[1]))
            .await
            .status,
        201
    );
    let taken = service
        .put("/v1/organizations/lab", &admin, &body("New name", &[0xb1]))
        .await;
    assert_eq!(taken.problem(), (409, "address-taken"));
    let unchanged = service.get("/v1/organizations/lab", &admin).await.body;
    assert_eq!(
        (
            &unchanged["name"],
            unchanged["addresses"].as_array().unwrap().len()
        ),
        (&json!("Lab"), 1)
    );
}

#[tokio::test]
async fn two_organisations_asking_for_one_address_at_once_get_it_once() {
    let service = Service::start().await;
    let admin = service.admin().await;
    for n in 1..=8 {
        let (one, two) = (
            format!("/v1/organizations/one-{n}"),
            format!("/v1/organizations/two-{n}"),
        );
        let (first, second) = (body("One", &[n, n + 100]), body("Two", &[n + 100, n]));
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
        let (for_a, for_b) = (body("A", &[mine]), body("B", &[theirs]));
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
            .put("/v1/organizations/clinic-a", &admin, &body("A", &[7, 8]))
            .await
            .status,
        200
    );
    let answer = service
        .ask(CLINIC_A, &[("scope", "provider:records.read")])
        .await;
    let expected = [7, 8].map(|n| Address::repeat_byte(n).to_checksum(None));
    assert_eq!(service.claims(&answer, GATEWAY).await.grantees, expected);
}

#[tokio::test]
async fn malformed_organisations_are_refused() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let good = Address::repeat_byte(1);
    let bodies = [
        json!({}),
        json!({"name": "Lab"}),
        json!({"name": "", "addresses": [good]}),
        json!({"name": " ", "addresses": [good]}),
        json!({"name": "a\u{0}b", "addresses": [good]}),
        json!({"name": "x".repeat(201), "addresses": [good]}),
        json!({"name": 1, "addresses": [good]}),
        json!({"name": "Lab", "addresses": []}),
        json!({"name": "Lab", "addresses": good}),
        json!({"name": "Lab", "addresses": [good, "0x12"]}),
        json!({"name": "Lab", "addresses": [Address::ZERO]}),
        json!({"name": "Lab", "addresses": vec![good; 33]}),
        json!({"name": "Lab", "addresses": [good], "more": 1}),
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
                .put(&path, &admin, &body("Lab", &[1]))
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
