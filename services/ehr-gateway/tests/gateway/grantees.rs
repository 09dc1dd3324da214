//! An organisation's addresses: its own by their signatures, never by the directory's word.

use std::sync::atomic::Ordering;

use crate::support::neighbours::{grantee_statement, signer};
use crate::support::*;
use alloy::primitives::Address as ChainAddress;
use contract_bindings::intent::BindGrantee;
use serde_json::{Value, json};

/// The patient shares observations with clinic A's address.
async fn world() -> World {
    World::sharing(shared(&["Observation"]), vec![]).await
}

/// What a system hears about an organisation's read.
async fn asked(world: &World, organization: &str) -> Value {
    let system = json!({"persona": "system", "org": null, "grantees": null, "purpose": null,
        "scope": "system:decision.evaluate"});
    let question = json!({"subject": {"type": "organization", "id": organization}, "action": {"name": "read"},
        "resource": {"type": "Observation", "properties": {"patient": "p1"}}, "context": {"purpose": "TREAT"}});
    let answer = world.evaluate(question, &world.token_with(system)).await;
    answer.json()["decision"].clone()
}

fn clinic_a() -> ChainAddress {
    let address = signer("clinic-a").address();
    assert_eq!(address, ChainAddress::from(GRANTEE.0));
    address
}

#[tokio::test]
async fn an_address_that_signed_for_its_organisation_counts() {
    let world = world().await;
    clinic_a();
    world.neighbours.register("clinic-a");
    assert_eq!(asked(&world, "clinic-a").await, json!(true));
}

/// Attack: an administrator writes somebody else's address, or points a row at another organisation.
#[tokio::test]
async fn an_address_that_did_not_sign_for_this_very_organisation_does_not_count() {
    let (own, thief) = (signer("clinic-a"), signer("thief"));
    let said = |tenant, organization| grantee_statement(tenant, organization, clinic_a());
    let practitioner = BindGrantee {
        practitioner: "dr-7".into(),
        ..said(TENANT, "clinic-a")
    };
    for (what, statement, by) in [
        ("another key", said(TENANT, "clinic-a"), &thief),
        ("another organisation", said(TENANT, "clinic-b"), &own),
        ("another tenant", said("other-hospital", "clinic-a"), &own),
        ("a practitioner", practitioner, &own),
    ] {
        let world = world().await;
        world.neighbours.register_with("clinic-a", &statement, by);
        assert_eq!(asked(&world, "clinic-a").await, json!(false), "{what}");
    }

    let world = world().await;
    world.neighbours.register("clinic-a");
    world.neighbours.lend_grantees("clinic-a", "thief");
    assert_eq!(asked(&world, "thief").await, json!(false), "a lent row");
    assert_eq!(asked(&world, "clinic-a").await, json!(true));
}

#[tokio::test]
async fn a_row_that_was_changed_after_it_was_signed_does_not_count() {
    let stolen = signer("thief").address().to_checksum(None);
    for (member, value) in [
        ("nonce", json!("2")),
        ("nonce", json!("one")),
        ("deadline", json!(1_001)),
        ("grantee", json!(stolen)),
        ("grantee", json!("0x12")),
        ("signature", json!("0x")),
        ("signature", json!(format!("0x{}", "00".repeat(65)))),
        ("signer", json!("0x12")),
    ] {
        let world = world().await;
        world.neighbours.register("clinic-a");
        world
            .neighbours
            .change_grantee("clinic-a", member, value.clone());
        let decided = asked(&world, "clinic-a").await;
        assert_eq!(decided, json!(false), "{member} {value}");
    }
}

#[tokio::test]
async fn a_contract_wallet_of_an_organisation_counts_while_its_code_says_so() {
    let world = world().await;
    let said = grantee_statement(TENANT, "clinic-a", clinic_a());
    world
        .neighbours
        .register_with("clinic-a", &said, &signer("an owner"));
    assert_eq!(asked(&world, "clinic-a").await, json!(false));
    world
        .neighbours
        .signing_wallets
        .lock()
        .unwrap()
        .push(clinic_a());
    assert_eq!(asked(&world, "clinic-a").await, json!(true));
    world
        .neighbours
        .signatures_down
        .store(true, Ordering::SeqCst);
    assert_ne!(asked(&world, "clinic-a").await, json!(true));
}
