//! A patient binds their own keys: the first by itself, each further one with the word of one that is there.

use crate::support::passkey::signed_by_passkey;
use crate::support::{
    CHAIN_ID, NOW, REGISTRY, Service, Setup, TENANT, binding, patient_token, patient_token_with,
    subject,
};
use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::signers::local::PrivateKeySigner;
use axum::http::Method;
use contract_bindings::intent::{self, Bind, Endorse, Statement as _};
use serde_json::{Value, json};

const DEADLINE: u64 = NOW as u64 + 600;

/// What `old` says of `new`, whose statement for this patient has this nonce.
fn endorsement(fhir_id: &str, old: &PrivateKeySigner, new: &PrivateKeySigner, nonce: u64) -> Value {
    let bind = Bind::new(TENANT, fhir_id, new.address(), U256::from(nonce), DEADLINE);
    let endorse = Endorse::of(&bind, old.address(), DEADLINE);
    let proof = endorse
        .prove(&intent::domain(CHAIN_ID, REGISTRY), old)
        .unwrap();
    json!({"subject": old.address(), "deadline": DEADLINE, "signature": proof.signature})
}

fn first(fhir_id: &str, n: u8) -> Value {
    json!({"binding": binding(fhir_id, &subject(n), 1)})
}

fn further(fhir_id: &str, old: u8, new: u8) -> Value {
    json!({
        "binding": binding(fhir_id, &subject(new), 1),
        "endorsement": endorsement(fhir_id, &subject(old), &subject(new), 1),
    })
}

#[tokio::test]
async fn the_first_key_needs_its_own_signature_and_a_fresh_sign_in() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    let created = service
        .post("/v1/bindings", &token, &first("pat-1", 1))
        .await;
    assert_eq!(created.status, 201, "{}", created.body);
    let system = service.system().await;
    let seen = service.get("/v1/patients/pat-1", &system).await;
    assert_eq!(seen.body["bindings"], created.body["bindings"]);
    let again = service
        .post("/v1/bindings", &token, &first("pat-1", 1))
        .await;
    assert_eq!(again.status, 200, "{}", again.body);
}

/// Attack 22.
#[tokio::test]
async fn whoever_signed_in_long_ago_or_with_one_factor_has_to_do_so_again() {
    let service = Service::start().await;
    let old = patient_token("pat-1", 301);
    let one_factor = patient_token_with("pat-1", 10, |claims| {
        claims["acr"] = json!("aal1");
        claims["amr"] = json!(["pwd"]);
    });
    for token in [old, one_factor] {
        let refused = service
            .post("/v1/bindings", &token, &first("pat-1", 1))
            .await;
        assert_eq!(refused.problem(), (401, "insufficient-user-authentication"));
        let challenge = refused.header("www-authenticate");
        for part in [
            r#"error="insufficient_user_authentication""#,
            r#"acr_values="aal2""#,
            r#"max_age="300""#,
        ] {
            assert!(challenge.contains(part), "{challenge}");
        }
    }
}

#[tokio::test]
async fn a_further_key_needs_the_word_of_one_that_is_there() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    service
        .post("/v1/bindings", &token, &first("pat-1", 1))
        .await;
    let alone = service
        .post("/v1/bindings", &token, &first("pat-1", 2))
        .await;
    assert_eq!(alone.problem(), (409, "endorsement-needed"));

    // The word of a key that stands for nobody, or for somebody else, counts for nothing.
    let other = patient_token("pat-2", 10);
    service
        .post("/v1/bindings", &other, &first("pat-2", 3))
        .await;
    for stranger in [3, 4] {
        let refused = service
            .post("/v1/bindings", &token, &further("pat-1", stranger, 2))
            .await;
        assert_eq!(
            refused.problem(),
            (409, "foreign-endorsement"),
            "{stranger}"
        );
    }

    // The word about one key is not that about another.
    let mut borrowed = further("pat-1", 1, 2);
    borrowed["binding"] = binding("pat-1", &subject(5), 1);
    let refused = service.post("/v1/bindings", &token, &borrowed).await;
    assert_eq!(refused.status, 400, "{}", refused.body);

    let bound = service
        .post("/v1/bindings", &token, &further("pat-1", 1, 2))
        .await;
    assert_eq!(bound.status, 201, "{}", bound.body);
    let own = service.get("/v1/bindings", &token).await;
    assert_eq!(own.body["bindings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_key_renews_its_own_binding_without_another() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    for nonce in [1, 2] {
        let body = json!({"binding": binding("pat-1", &subject(1), nonce)});
        let answer = service.post("/v1/bindings", &token, &body).await;
        assert!(answer.status.is_success(), "{}", answer.body);
    }
}

#[tokio::test]
async fn nobody_binds_to_another_patient_than_the_tokens() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    let refused = service
        .post("/v1/bindings", &token, &first("pat-2", 1))
        .await;
    assert_eq!(refused.status, 400, "signed for another patient");
    let proxy = patient_token_with("pat-1", 10, |claims| {
        claims["act"] = json!({"sub": "a-parent"});
    });
    for token in [proxy, service.admin().await, service.system().await] {
        let refused = service
            .post("/v1/bindings", &token, &first("pat-1", 1))
            .await;
        assert_eq!(refused.problem(), (403, "insufficient-scope"));
    }
}

#[tokio::test]
async fn two_first_keys_at_once_leave_one() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    let (a, b) = (first("pat-1", 1), first("pat-1", 2));
    let (one, two) = tokio::join!(
        service.post("/v1/bindings", &token, &a),
        service.post("/v1/bindings", &token, &b),
    );
    let mut statuses = [one.status.as_u16(), two.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn administrators_bind_nobody_where_imports_are_off() {
    let service = Service::start_with(Setup::without_import).await;
    let admin = service.admin().await;
    let body = binding("pat-1", &subject(1), 1).to_string();
    let refused = service
        .request(Method::PUT, "/v1/patients/pat-1", &admin, Some(body))
        .await;
    assert_eq!(refused.problem(), (403, "forbidden"));
    assert_eq!(service.get("/v1/patients/pat-1", &admin).await.status, 404);
}

#[tokio::test]
async fn a_passkey_is_bound_by_its_own_signature() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    let (signer, _) = signed_by_passkey(5, B256::ZERO);
    let subject = intent::signer_id(&signer);
    let bind = Bind::new(TENANT, "pat-1", subject, U256::from(1), DEADLINE);
    let digest = bind.digest(&intent::domain(CHAIN_ID, REGISTRY));
    let body = |signature: &Bytes| {
        json!({"binding": {
            "subject": subject, "nonce": "1", "deadline": DEADLINE, "signer": signer, "signature": signature,
        }})
    };
    let (_, about_something_else) = signed_by_passkey(5, B256::repeat_byte(1));
    let refused = service
        .post("/v1/bindings", &token, &body(&about_something_else))
        .await;
    assert_eq!(refused.problem(), (400, "invalid-signature"));
    let (_, signature) = signed_by_passkey(5, digest);
    let bound = service
        .post("/v1/bindings", &token, &body(&signature))
        .await;
    assert_eq!(bound.status, 201, "{}", bound.body);
    assert_eq!(bound.body["bindings"][0]["signer"], json!(signer));
}

/// A binding of a contract wallet: whatever its owners signed, only its code can tell.
fn of_wallet(wallet: Address) -> Value {
    json!({"binding": {
        "subject": wallet, "nonce": "1", "deadline": DEADLINE, "signature": format!("0x{}", "ab".repeat(130)),
    }})
}

#[tokio::test]
async fn a_contract_wallet_is_bound_when_its_code_says_that_it_signed() {
    let service = Service::start().await;
    let token = patient_token("pat-1", 10);
    let wallet = Address::repeat_byte(0x55);
    let refused = service
        .post("/v1/bindings", &token, &of_wallet(wallet))
        .await;
    assert_eq!(refused.problem(), (400, "invalid-signature"));
    service.chain.signs(wallet);
    let created = service
        .post("/v1/bindings", &token, &of_wallet(wallet))
        .await;
    assert_eq!(created.status, 201, "{}", created.body);
    assert_eq!(
        created.body["bindings"][0]["subject"],
        json!(wallet.to_checksum(None))
    );
    // It stands for the patient, so it has a word on the next one.
    let mut next = further("pat-1", 1, 2);
    next["endorsement"]["subject"] = json!(wallet);
    let second = service.post("/v1/bindings", &token, &next).await;
    assert_eq!(second.status, 201, "{}", second.body);
}

#[tokio::test]
async fn without_the_chains_word_no_wallet_is_bound_and_a_key_is() {
    let service = Service::start().await;
    service.chain.stop();
    let token = patient_token("pat-1", 10);
    let wallet = of_wallet(Address::repeat_byte(0x55));
    let answer = service.post("/v1/bindings", &token, &wallet).await;
    assert_eq!(answer.problem(), (503, "unavailable"));
    let key = service
        .post("/v1/bindings", &token, &first("pat-1", 1))
        .await;
    assert_eq!(key.status, 201, "{}", key.body);
}
