//! An organisation's address is its own by the address's signature, and by nobody else's word.

use crate::support::passkey::signed_by_passkey;
use crate::support::{
    CHAIN_ID, CLINIC_A, CLINIC_A_KEY, CLINIC_B, CLINIC_B_KEY, GATEWAY, NOW, OTHER_TENANT, REGISTRY,
    Service, TENANT, grantee_statement, organization, organization_for, subject,
};
use alloy::primitives::{Address, B256, U256};
use contract_bindings::intent::{self, BindGrantee, Statement as _};
use serde_json::{Value, json};

const SCOPE: &[(&str, &str)] = &[("scope", "provider:records.read")];
const LAB: &str = "/v1/organizations/lab";
const DEADLINE: u64 = NOW as u64 + 600;

fn said(tenant: &str, organization: &str, grantee: Address, nonce: u64) -> BindGrantee {
    BindGrantee::of_organization(tenant, organization, grantee, U256::from(nonce), DEADLINE)
}

/// The laboratory with this binding.
fn lab(binding: Value) -> Value {
    json!({"name": "Lab", "bindings": [binding]})
}

fn address(key: u8) -> Address {
    subject(key).address()
}

/// What a client's next token names.
async fn grantees(service: &Service, client: (&str, u8)) -> Vec<String> {
    let answer = service.ask(client, SCOPE).await;
    service.claims(&answer, GATEWAY).await.grantees
}

/// Attacks: an address without its key, and a signature that was given for something else.
#[tokio::test]
async fn a_signature_of_another_key_or_for_anything_else_is_refused() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let own = said(TENANT, "lab", address(1), 1);
    let good = grantee_statement(&own, &subject(1));
    let signed = |said: BindGrantee| lab(grantee_statement(&said, &subject(1)));
    let changed = |member: &str, value: Value| {
        let mut binding = good.clone();
        binding[member] = value;
        lab(binding)
    };
    let elsewhere = |chain, registry| {
        let domain = intent::domain(chain, registry);
        let proof = own.prove(&domain, &subject(1)).unwrap();
        changed("signature", json!(proof.signature))
    };
    let of_practitioner = BindGrantee {
        practitioner: "dr-7".into(),
        ..said(TENANT, "lab", address(1), 1)
    };
    for (what, body) in [
        ("another key", lab(grantee_statement(&own, &subject(2)))),
        ("another address", changed("grantee", json!(address(2)))),
        (
            "another organisation",
            signed(said(TENANT, "clinic-a", address(1), 1)),
        ),
        (
            "another tenant",
            signed(said(OTHER_TENANT, "lab", address(1), 1)),
        ),
        ("a practitioner", signed(of_practitioner)),
        ("another chain", elsewhere(1, REGISTRY)),
        (
            "another registry",
            elsewhere(CHAIN_ID, Address::repeat_byte(8)),
        ),
        ("another nonce", changed("nonce", json!("2"))),
        ("another deadline", changed("deadline", json!(DEADLINE + 1))),
        (
            "zeros",
            changed("signature", json!(format!("0x{}", "00".repeat(65)))),
        ),
        (
            "a signer that is another address",
            changed("signer", json!(format!("0x{}", "12".repeat(84)))),
        ),
    ] {
        let answer = service.put(LAB, &admin, &body).await;
        assert_eq!(
            answer.problem(),
            (400, "invalid-signature"),
            "{what}: {}",
            answer.body
        );
    }
    // One that is not signed refuses all of them.
    let mut two = organization("lab", "Lab", &[1, 2], 1);
    two["bindings"][1]["signature"] = two["bindings"][0]["signature"].clone();
    let answer = service.put(LAB, &admin, &two).await;
    assert_eq!(answer.problem(), (400, "invalid-signature"));
    assert_eq!(
        service.get(LAB, &admin).await.status,
        404,
        "nothing was stored"
    );
}

/// Attack: an old statement is sent again after its time.
#[tokio::test]
async fn no_older_statement_of_an_address_counts_again() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let first = organization("lab", "Lab", &[1], 1);
    let second = organization("lab", "Lab", &[1], 2);
    for (body, status) in [(&first, 201), (&second, 200), (&second, 200)] {
        let answer = service.put(LAB, &admin, body).await;
        assert_eq!(answer.status.as_u16(), status, "{}", answer.body);
    }
    let old = service.put(LAB, &admin, &first).await;
    assert_eq!(old.problem(), (409, "stale-nonce"));
    let shown = service.get(LAB, &admin).await;
    assert_eq!(shown.body["bindings"][0]["nonce"], "2");

    // Given up: what was signed before then brings it back to nobody.
    let other = organization("lab", "Lab", &[2], 1);
    assert_eq!(service.put(LAB, &admin, &other).await.status, 200);
    for gone in [&first, &second] {
        let answer = service.put(LAB, &admin, gone).await;
        assert_eq!(answer.problem(), (409, "stale-nonce"));
    }
    let elsewhere = organization("radiology", "Radiology", &[1], 2);
    let answer = service
        .put("/v1/organizations/radiology", &admin, &elsewhere)
        .await;
    assert_eq!(answer.problem(), (409, "stale-nonce"));
    let anew = organization("lab", "Lab", &[1, 2], 3);
    assert_eq!(service.put(LAB, &admin, &anew).await.status, 200);
}

#[tokio::test]
async fn a_statement_is_taken_until_its_deadline_and_holds_after_it() {
    let service = Service::start().await;
    let body = organization("lab", "Lab", &[1], 1);
    let admin = service.admin().await;
    assert_eq!(service.put(LAB, &admin, &body).await.status, 201);
    service.set_time(NOW + 601);
    let admin = service.admin().await;
    let again = service.put(LAB, &admin, &body).await;
    assert_eq!(again.status, 200, "{}", again.body);
    let late = organization("lab", "Lab", &[1, 2], 1);
    let late = service.put(LAB, &admin, &late).await;
    assert_eq!(late.problem(), (400, "deadline-passed"));
    assert_eq!(grantees(&service, CLINIC_A).await.len(), 1);
}

#[tokio::test]
async fn an_address_may_be_of_organisations_of_several_tenants() {
    let service = Service::start().await;
    let other = service.beside().await;
    let theirs = organization_for(OTHER_TENANT, "lab", "Lab", &[CLINIC_A_KEY], 1);
    let stored = other.put(LAB, &other.admin().await, &theirs).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    // What it said to one, nobody says to another.
    let replayed = service.put(LAB, &service.admin().await, &theirs).await;
    assert_eq!(replayed.problem(), (400, "invalid-signature"));
}

#[tokio::test]
async fn a_passkey_signs_for_its_organisation() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let (signer, _) = signed_by_passkey(5, B256::ZERO);
    let statement = said(TENANT, "lab", intent::signer_id(&signer), 1);
    let body = |digest: B256| {
        let (signer, signature) = signed_by_passkey(5, digest);
        lab(json!({
            "grantee": statement.grantee, "nonce": "1", "deadline": DEADLINE, "signer": signer, "signature": signature,
        }))
    };
    let refused = service.put(LAB, &admin, &body(B256::repeat_byte(1))).await;
    assert_eq!(refused.problem(), (400, "invalid-signature"));
    let digest = statement.digest(&intent::domain(CHAIN_ID, REGISTRY));
    let stored = service.put(LAB, &admin, &body(digest)).await;
    assert_eq!(stored.status, 201, "{}", stored.body);
    assert_eq!(stored.body["bindings"][0]["signer"], json!(signer));
}

#[tokio::test]
async fn a_contract_wallet_is_an_organisations_while_its_code_says_that_it_signed() {
    let service = Service::start().await;
    let admin = service.admin().await;
    let wallet = Address::repeat_byte(0x55);
    let body = json!({"name": "Clinic A", "bindings": [{
        "grantee": wallet, "nonce": "1", "deadline": DEADLINE, "signature": format!("0x{}", "ab".repeat(130)),
    }]});
    let path = "/v1/organizations/clinic-a";
    let refused = service.put(path, &admin, &body).await;
    assert_eq!(refused.problem(), (400, "invalid-signature"));
    service.chain.signs(wallet);
    let stored = service.put(path, &admin, &body).await;
    assert_eq!(stored.status, 200, "{}", stored.body);
    assert_eq!(
        grantees(&service, CLINIC_A).await,
        [wallet.to_checksum(None)]
    );
    // Its owners changed.
    service.chain.signs_no_more(wallet);
    let answer = service.ask(CLINIC_A, SCOPE).await;
    assert_eq!(answer.error(), (400, "unauthorized_client"));
    service.chain.stop();
    let answer = service.ask(CLINIC_A, SCOPE).await;
    assert_eq!(answer.error(), (503, "temporarily_unavailable"));
    let unknown = service.put(path, &admin, &body).await;
    assert_eq!(unknown.problem(), (503, "unavailable"));
}

/// Attack: whoever can write the table gives one organisation's address to another.
#[tokio::test]
async fn no_token_names_an_address_that_did_not_sign_for_its_organisation() {
    let service = Service::start().await;
    for (row, column) in [
        ("organization = 'clinic-b'", "another organisation"),
        ("nonce = set_byte(nonce, 31, 9)", "another nonce"),
        ("deadline = deadline + 1", "another deadline"),
        ("signature = '\\x00'", "another signature"),
        ("signer = '\\x00'", "another signer"),
    ] {
        let saved = "create table saved as select * from grantee_bindings";
        let statement = format!(
            "{saved}; update grantee_bindings set {row} where grantee = '\\x{}'",
            hex::encode(address(CLINIC_A_KEY))
        );
        service.sql(&statement).await;
        let answer = service.ask(CLINIC_A, SCOPE).await;
        assert_eq!(answer.error(), (400, "unauthorized_client"), "{column}");
        let theirs = grantees(&service, CLINIC_B).await;
        assert_eq!(
            theirs,
            [address(CLINIC_B_KEY).to_checksum(None)],
            "{column}"
        );
        service
            .sql("delete from grantee_bindings; insert into grantee_bindings select * from saved; drop table saved")
            .await;
    }
    assert_eq!(
        grantees(&service, CLINIC_A).await,
        [address(CLINIC_A_KEY).to_checksum(None)]
    );
}
