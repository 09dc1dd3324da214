//! Signatures of contract wallets and of keys behind verifiers: the chain is asked, and whatever is no yes is a no.

use crate::support::World;
use alloy::primitives::Address;
use consent_core::Hash32;
use contract_bindings::intent::{passkey, signer_id};
use serde_json::{Value, json};

const PATH: &str = "/v1/signature-checks";
/// Returns this selector for whatever it is asked.
const SAYS_YES: &str = "0x631626ba7e60e01b60005260206000f3";
const VERIFIES: &str = "0x63024ad31860e01b60005260206000f3";
const SAYS_NO: &str = "0x63ffffffff60e01b60005260206000f3";
const REVERTS: &str = "0x60006000fd";
const NEVER_ENDS: &str = "0x5b600056";

fn of_wallet(actor: Address) -> Value {
    json!({"actor": actor, "digest": Hash32([1; 32]), "signature": "0x0102"})
}

async fn ask(
    indexer: &crate::support::Indexer,
    token: &str,
    body: &Value,
) -> crate::support::indexer::Reply {
    let request = indexer.request(http::Method::POST, PATH).bearer_auth(token);
    indexer.send(request.json(body)).await
}

#[tokio::test]
async fn a_wallets_code_says_whether_it_signed() {
    let world = World::new().await;
    let codes = [
        (SAYS_YES, true),
        (SAYS_NO, false),
        // The right word for another question.
        (VERIFIES, false),
        (REVERTS, false),
        (NEVER_ENDS, false),
    ];
    for (number, (code, _)) in (1u8..).zip(codes) {
        world
            .anvil
            .replace(Address::repeat_byte(number), code)
            .await;
    }
    let indexer = world.indexer().await;
    let token = world.issuer.system();
    for (number, (code, signed)) in (1u8..).zip(codes) {
        let reply = ask(&indexer, &token, &of_wallet(Address::repeat_byte(number))).await;
        assert_eq!(reply.status, 200, "{code}: {}", reply.body);
        assert_eq!(reply.body["signed"], signed, "{code}");
        assert!(reply.body["asOf"]["blockNo"].is_u64());
    }
    // Nobody's code.
    let reply = ask(&indexer, &token, &of_wallet(Address::repeat_byte(0x77))).await;
    assert_eq!((reply.status, &reply.body["signed"]), (200, &json!(false)));
}

#[tokio::test]
async fn a_keys_verifier_is_asked_about_that_very_key() {
    let world = World::new().await;
    let verifier = Address::repeat_byte(9);
    world.anvil.replace(verifier, VERIFIES).await;
    let indexer = world.indexer().await;
    let token = world.issuer.system();
    let signer = [verifier.as_slice(), b"a key"].concat();
    let body = |actor: Address, signer: &[u8]| {
        json!({"actor": actor, "digest": Hash32([1; 32]), "signature": "0x0102",
            "signer": alloy::hex::encode_prefixed(signer)})
    };
    let yes = ask(&indexer, &token, &body(signer_id(&signer), &signer)).await;
    assert_eq!(yes.body["signed"], true, "{}", yes.body);
    let others = ask(&indexer, &token, &body(Address::repeat_byte(1), &signer)).await;
    assert_eq!(others.body["signed"], false);
    // The real verifier of passkeys, and no assertion at all.
    let passkey = [passkey::verifier().as_slice(), &[7; 64]].concat();
    let none = ask(&indexer, &token, &body(signer_id(&passkey), &passkey)).await;
    assert_eq!(none.body["signed"], false, "{}", none.body);
}

#[tokio::test]
async fn only_services_ask_and_only_well_formed_questions() {
    let world = World::new().await;
    let indexer = world.indexer().await;
    let good = of_wallet(Address::repeat_byte(1));
    let provider = world.issuer.provider("clinic", &[]);
    assert_eq!(ask(&indexer, &provider, &good).await.status, 403);
    let patient = world.issuer.patient(&[]);
    assert_eq!(ask(&indexer, &patient, &good).await.status, 403);
    let token = world.issuer.system();
    for (name, value) in [
        ("actor", json!("0x12")),
        ("digest", json!("0x12")),
        ("signature", json!("no hexadecimal")),
        ("signature", json!(format!("0x{}", "00".repeat(20_000)))),
        ("more", json!(1)),
    ] {
        let mut body = good.clone();
        body[name] = value;
        let reply = ask(&indexer, &token, &body).await;
        assert_eq!(reply.status, 400, "{name}: {}", reply.body);
    }
}
