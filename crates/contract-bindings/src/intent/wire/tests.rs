use alloy::primitives::{U256, keccak256};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature as P256Signature, SigningKey};
use sha2::{Digest as _, Sha256};

use super::super::effect::{Stopped, StoppedConsent};
use super::super::passkey::{self, Assertion};
use super::super::verification::Verification;
use super::super::{Intent as _, domain, signer_id};
use super::*;
use crate::registry::ConsentRegistry;

const OWNER: u8 = 1;

fn key(byte: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
}

fn here() -> Eip712Domain {
    domain(31_337, Address::repeat_byte(9))
}

/// One body for each action, its proof replaced by the owner's signature.
fn examples() -> Vec<Value> {
    let actor = key(OWNER).address().to_checksum(None);
    let grantee = Address::repeat_byte(2).to_checksum(None);
    let scope = B256::repeat_byte(3).to_string();
    let max = 1_099_511_627_775u64;
    let intents = [
        (
            "Request",
            json!({"grantee": grantee, "scopeId": scope, "validFrom": 1, "validTo": max, "respondBy": 9, "version": 1}),
        ),
        (
            "Grant",
            json!({"grantee": grantee, "scopeId": scope, "seq": 4, "validFrom": 1, "validTo": 2, "version": 1}),
        ),
        (
            "Deny",
            json!({"grantee": grantee, "scopeId": scope, "throughVersion": 7}),
        ),
        (
            "Revoke",
            json!({"grantee": grantee, "scopeId": scope, "throughVersion": u32::MAX}),
        ),
        (
            "Relinquish",
            json!({"grantee": grantee, "scopeId": scope, "version": 7}),
        ),
        (
            "Batch",
            json!({"mode": 1, "seq": 3, "ops": [
                {"kind": 2, "grantee": grantee, "scopeId": scope, "validFrom": 0, "validTo": 0, "version": 5},
            ]}),
        ),
        (
            "RevokeAll",
            json!({"throughEpoch": 16_777_215, "throughSeq": 2, "dropDelegates": true}),
        ),
        ("Invalidate", json!({"throughSeq": 2})),
        ("Rotate", json!({"newController": grantee, "seq": 2})),
        (
            "SetDelegate",
            json!({"delegate": grantee, "rights": 7, "validFrom": 1, "validTo": max, "nonce": 1, "seq": 0}),
        ),
        (
            "RemoveDelegate",
            json!({"delegate": grantee, "throughNonce": 3}),
        ),
        (
            "SetRecovery",
            json!({"recoverer": grantee, "delay": 172_800, "nonce": 1, "seq": 0}),
        ),
        (
            "ProposeRecovery",
            json!({"newController": grantee, "proposalId": 1}),
        ),
        ("Veto", json!({"proposalId": 1})),
        ("Freeze", json!({"seq": 1})),
        ("Unfreeze", json!({"seq": 1})),
        ("Recover", json!({"proposalId": 1, "seq": 1})),
    ];
    let all = intents.into_iter().map(|(action, mut intent)| {
        intent["actor"] = actor.clone().into();
        intent["subject"] = actor.clone().into();
        intent["deadline"] = max.into();
        let mut body = json!({
            "action": action, "intent": intent, "proof": {"signer": "0x", "signature": "0x00"},
        });
        if action == "Rotate" {
            body["acceptance"] =
                json!({"deadline": 5, "proof": {"signer": "0x", "signature": "0x01"}});
        }
        sign(&mut body, OWNER);
        body
    });
    all.collect()
}

fn example(action: &str) -> Value {
    examples()
        .into_iter()
        .find(|body| body["action"] == action)
        .unwrap()
}

fn sign(body: &mut Value, by: u8) {
    let digest = SignedIntent::from_json(body).unwrap().digest(&here());
    let signature = key(by).sign_hash_sync(&digest).unwrap().as_bytes();
    body["proof"]["signature"] = alloy::hex::encode_prefixed(signature).into();
}

fn read(body: &Value) -> Result<SignedIntent, WireError> {
    SignedIntent::parse(body.to_string().as_bytes())
}

#[test]
fn every_action_survives_the_wire_and_its_signature_holds_after_it() {
    let all = examples();
    assert_eq!(all.len(), 17);
    for body in all {
        let signed = read(&body).unwrap();
        assert_eq!(signed.to_json(), body);
        let expected = if body["action"] == "Rotate" {
            Verification::NeedsChain // its acceptance might be a wallet's
        } else {
            Verification::Verified
        };
        assert_eq!(signed.verify_offline(&here()), expected, "{body}");
        let copy: SignedIntent = serde_json::from_value(body).unwrap();
        assert_eq!(copy, signed);
    }
}

#[test]
fn an_intent_has_the_digest_of_the_struct_that_was_signed() {
    let SignedIntent {
        action: Action::Batch(batch),
        ..
    } = read(&example("Batch")).unwrap()
    else {
        panic!()
    };
    let signed = read(&example("Batch")).unwrap();
    assert_eq!(signed.digest(&here()), batch.digest(&here()));
    let recover = read(&example("Recover")).unwrap();
    let Action::Recover(intent) = &recover.action else {
        panic!()
    };
    assert_eq!(recover.digest(&here()), intent.accepted().digest(&here()));
}

#[test]
fn the_call_carries_intent_and_proof_unchanged() {
    let signed = read(&example("Revoke")).unwrap();
    let call = ConsentRegistry::revokeBySigCall::abi_decode(&signed.calldata()).unwrap();
    assert_eq!(Action::Revoke(call.intent), signed.action);
    assert_eq!(call.proof, signed.proof);

    let signed = read(&example("Rotate")).unwrap();
    let call = ConsentRegistry::rotateCall::abi_decode(&signed.calldata()).unwrap();
    assert_eq!(Action::Rotate(call.intent, call.acceptance), signed.action);

    let signed = read(&example("Recover")).unwrap();
    let call = ConsentRegistry::recoverCall::abi_decode(&signed.calldata()).unwrap();
    assert_eq!((call.subject, call.proposalId), (signed.subject(), 1));
    assert_eq!(call.acceptance.proof, signed.proof);
}

#[test]
fn what_is_not_exactly_a_signed_intent_is_refused_by_name() {
    type Bend = fn(&mut Value);
    let form = |member, form| WireError::Form { member, form };
    let cases: [(Bend, WireError); 17] = [
        (|b| b["more"] = 1.into(), WireError::Unknown("the body")),
        (
            |b| b["intent"]["more"] = 1.into(),
            WireError::Unknown("intent"),
        ),
        (
            |b| b["proof"]["more"] = 1.into(),
            WireError::Unknown("proof"),
        ),
        (
            |b| b["acceptance"] = json!({}),
            WireError::Unknown("the body"),
        ),
        (|b| b["action"] = "Expire".into(), WireError::UnknownAction),
        (
            |b| b["action"] = "Request".into(),
            WireError::Missing("validFrom"),
        ),
        (
            |b| drop(b["intent"].as_object_mut().unwrap().remove("actor")),
            WireError::Missing("actor"),
        ),
        (|b| b["intent"] = json!([]), form("intent", "an object")),
        (
            |b| b["intent"]["actor"] = "0x00".into(),
            form("actor", "0x and 40 hex digits"),
        ),
        (
            |b| b["intent"]["actor"] = "0x0x00000000000000000000000000000000000000".into(),
            form("actor", "0x and 40 hex digits"),
        ),
        (
            |b| b["intent"]["scopeId"] = "ab".repeat(32).into(),
            form("scopeId", "0x and 64 hex digits"),
        ),
        (
            |b| b["intent"]["throughVersion"] = 4_294_967_296u64.into(),
            form("throughVersion", "an integer from 0 to 4294967295"),
        ),
        (
            |b| b["intent"]["throughVersion"] = "7".into(),
            form("throughVersion", "an integer from 0 to 4294967295"),
        ),
        (
            |b| b["intent"]["throughVersion"] = 7.0.into(),
            form("throughVersion", "an integer from 0 to 4294967295"),
        ),
        (
            |b| b["intent"]["deadline"] = 1_099_511_627_776u64.into(),
            form("deadline", "an integer from 0 to 1099511627775"),
        ),
        (
            |b| b["proof"]["signature"] = "0x".into(),
            form("signature", "1 to 8192 bytes long"),
        ),
        (
            |b| b["proof"]["signer"] = format!("0x{}", "00".repeat(1025)).into(),
            form("signer", "at most 1024 bytes long"),
        ),
    ];
    for (bend, expected) in cases {
        let mut body = example("Revoke");
        bend(&mut body);
        assert_eq!(read(&body), Err(expected), "{body}");
    }
    assert_eq!(SignedIntent::parse(b"{"), Err(WireError::NotJson));
    let twice = example("Revoke").to_string().replacen(
        "\"throughVersion\":",
        "\"throughVersion\":1,\"throughVersion\":",
        1,
    );
    assert_eq!(
        SignedIntent::parse(twice.as_bytes()),
        Err(WireError::Duplicate)
    );
    assert_eq!(SignedIntent::parse(b"\xff"), Err(WireError::NotJson));
}

#[test]
fn a_batch_outside_of_the_registrys_bounds_is_refused() {
    for bend in [
        |b: &mut Value| b["intent"]["ops"] = json!([]),
        |b: &mut Value| b["intent"]["mode"] = 2.into(),
        |b: &mut Value| b["intent"]["ops"][0]["kind"] = 3.into(),
        |b: &mut Value| {
            let op = b["intent"]["ops"][0].clone();
            b["intent"]["ops"] = vec![op; MAX_OPS + 1].into();
        },
    ] {
        let mut body = example("Batch");
        bend(&mut body);
        assert!(matches!(read(&body), Err(WireError::Form { .. })));
    }
}

#[test]
fn stops_are_told_from_everything_else() {
    let names = |keep: fn(&Action) -> bool| -> Vec<&'static str> {
        let all = examples().into_iter().map(|body| read(&body).unwrap());
        all.filter(|signed| keep(&signed.action))
            .map(|signed| signed.action.name())
            .collect()
    };
    let stops = ["Deny", "Revoke", "Batch", "RevokeAll"];
    assert_eq!(names(Action::is_stop), stops);
    assert_eq!(names(|action| action.stopped().is_some()), stops);
    assert_eq!(
        names(|action| action.only_protects() && !action.is_stop()),
        ["Invalidate", "RemoveDelegate", "Veto", "Unfreeze"]
    );
    assert_eq!(
        names(|action| action.takes_key_of_wallet()),
        [
            "Deny",
            "Revoke",
            "Relinquish",
            "Batch",
            "RevokeAll",
            "Invalidate",
            "RemoveDelegate",
            "Veto"
        ]
    );

    let mut nobody = example("SetRecovery");
    nobody["intent"]["recoverer"] = Address::ZERO.to_checksum(None).into();
    let nobody = read(&nobody).unwrap().action;
    assert!(nobody.only_protects() && nobody.takes_key_of_wallet() && !nobody.is_stop());

    let mut mixed = example("Batch");
    mixed["intent"]["ops"][0]["kind"] = 0.into();
    let mixed = read(&mixed).unwrap();
    assert!(!mixed.action.only_protects() && mixed.stopped().is_none());
}

#[test]
fn a_stop_names_what_it_stops() {
    let revoke = read(&example("Revoke")).unwrap();
    let consent = |through_version| StoppedConsent {
        subject: revoke.subject(),
        grantee: Address::repeat_byte(2),
        scope_id: B256::repeat_byte(3),
        through_version,
    };
    let stopped = |action| read(&example(action)).unwrap().stopped().unwrap();
    let consents = |through| Stopped::Consents(vec![consent(through)]);
    assert_eq!(stopped("Revoke"), consents(u32::MAX));
    assert_eq!(stopped("Deny"), consents(7));
    assert_eq!(stopped("Batch"), consents(5));
    let all = Stopped::All {
        subject: revoke.subject(),
        through_epoch: 16_777_215,
        through_seq: 2,
    };
    assert_eq!(stopped("RevokeAll"), all);
}

#[test]
fn another_signature_is_left_to_the_chain_unless_it_can_be_nobodys() {
    let mut body = example("Revoke");
    sign(&mut body, 2);
    let verify = |body: &Value| read(body).unwrap().verify_offline(&here());
    assert_eq!(verify(&body), Verification::NeedsChain);
    let elsewhere = domain(1, Address::repeat_byte(9));
    let right = read(&example("Revoke")).unwrap();
    assert_eq!(right.verify_offline(&elsewhere), Verification::NeedsChain);
    body["intent"]["actor"] = Address::ZERO.to_checksum(None).into();
    assert_eq!(verify(&body), Verification::Invalid);

    // An ERC-7913 signer of an unknown verifier, which is not, and then is, the actor.
    let mut body = example("Revoke");
    let signer = [5u8; 40];
    body["proof"]["signer"] = alloy::hex::encode_prefixed(signer).into();
    assert_eq!(verify(&body), Verification::Invalid);
    body["intent"]["actor"] = signer_id(&signer).to_checksum(None).into();
    assert_eq!(verify(&body), Verification::NeedsChain);
}

#[test]
fn a_rotation_needs_the_signature_of_both_keys() {
    let mut body = example("Rotate");
    body["intent"]["newController"] = key(2).address().to_checksum(None).into();
    sign(&mut body, OWNER);
    let Action::Rotate(intent, _) = read(&body).unwrap().action else {
        panic!()
    };
    let accepted = crate::registry::IntentLens::AcceptControl {
        actor: intent.newController,
        subject: intent.subject,
        seq: intent.seq,
        deadline: alloy::primitives::Uint::from(5),
    };
    let verify = |body: &Value| read(body).unwrap().verify_offline(&here());
    for (by, expected) in [(2, Verification::Verified), (3, Verification::NeedsChain)] {
        let signature = accepted.sign(&here(), &key(by)).unwrap();
        body["acceptance"]["proof"]["signature"] = alloy::hex::encode_prefixed(signature).into();
        assert_eq!(verify(&body), expected);
    }
}

/// A passkey's revocation, its assertion bent before or after it is signed.
fn by_passkey(before: fn(&mut Assertion), after: fn(&mut Assertion)) -> Verification {
    let secret = SigningKey::from_slice(&[7; 32]).unwrap();
    let point = secret.verifying_key().to_encoded_point(false);
    let coordinate = |bytes: &[u8]| B256::from_slice(bytes);
    let signer = passkey::signer(
        &coordinate(point.x().unwrap()),
        &coordinate(point.y().unwrap()),
    );
    let mut body = example("Revoke");
    body["proof"]["signer"] = alloy::hex::encode_prefixed(&signer).into();
    body["intent"]["actor"] = signer_id(&signer).to_checksum(None).into();
    let digest = read(&body).unwrap().digest(&here());
    let challenge = URL_SAFE_NO_PAD.encode(digest);
    let client = format!(
        r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"https://patients.example","crossOrigin":false}}"#
    );
    let mut data = Sha256::digest("patients.example").to_vec();
    data.extend([0x05, 0, 0, 0, 0]);
    let mut assertion = Assertion {
        r: B256::ZERO,
        s: B256::ZERO,
        challenge_index: U256::from(23),
        type_index: U256::from(1),
        authenticator_data: data.into(),
        client_data: client.into_bytes().into(),
    };
    before(&mut assertion);
    let signature: P256Signature = secret.sign_prehash(&assertion.signed_hash()).unwrap();
    let (r, s) = signature.normalize_s().unwrap_or(signature).split_bytes();
    (assertion.r, assertion.s) = (coordinate(&r), coordinate(&s));
    after(&mut assertion);
    body["proof"]["signature"] = alloy::hex::encode_prefixed(assertion.encode()).into();
    read(&body).unwrap().verify_offline(&here())
}

fn nothing(_: &mut Assertion) {}

/// Replaces text in the client data by text of the same length.
fn say(assertion: &mut Assertion, from: &str, to: &str) {
    let text = String::from_utf8(assertion.client_data.to_vec()).unwrap();
    assertion.client_data = text.replace(from, to).into_bytes().into();
}

fn flags(assertion: &mut Assertion, flags: u8) {
    let mut data = assertion.authenticator_data.to_vec();
    data[32] = flags;
    assertion.authenticator_data = data.into();
}

#[test]
fn a_passkeys_signature_holds_if_its_user_was_present_and_verified() {
    assert_eq!(by_passkey(nothing, nothing), Verification::Verified);
    // Also of a key that is backed up elsewhere.
    let synced = |a: &mut Assertion| flags(a, 0x1d);
    assert_eq!(by_passkey(synced, nothing), Verification::Verified);
}

#[test]
fn a_bent_assertion_is_refused() {
    type Bend = fn(&mut Assertion);
    let before: [Bend; 9] = [
        |a| flags(a, 0x04),
        |a| flags(a, 0x01),
        |a| flags(a, 0x15),
        |a| say(a, "webauthn.get", "webauthn.gut"),
        |a| a.type_index = U256::from(2),
        |a| a.challenge_index = U256::from(22),
        |a| a.type_index = U256::MAX,
        |a| a.challenge_index = U256::MAX,
        |a| a.authenticator_data = a.authenticator_data.slice(..36),
    ];
    for (index, bend) in before.into_iter().enumerate() {
        assert_eq!(
            by_passkey(bend, nothing),
            Verification::Invalid,
            "before {index}"
        );
    }
    let after: [Bend; 5] = [
        |a| say(a, "patients.example", "patience.example"),
        |a| flags(a, 0x0d),
        |a| a.r = B256::ZERO,
        |a| a.s = B256::ZERO,
        |a| a.r = keccak256(a.r),
    ];
    for (index, bend) in after.into_iter().enumerate() {
        assert_eq!(
            by_passkey(nothing, bend),
            Verification::Invalid,
            "after {index}"
        );
    }
    // The other s of the two that are right.
    let mirrored: Bend = |a| {
        let order = "0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551";
        let order: U256 = order.parse().unwrap();
        a.s = (order - U256::from_be_bytes(a.s.0)).into();
    };
    assert_eq!(by_passkey(nothing, mirrored), Verification::Invalid);
}

#[test]
fn what_is_no_assertion_is_refused() {
    let word = |value: u64| U256::from(value).to_be_bytes::<32>().to_vec();
    let huge = U256::MAX.to_be_bytes::<32>().to_vec();
    let key = [1; 64];
    for signature in [
        Vec::new(),
        vec![0; 191],
        vec![0; 192],
        [word(1), word(1), word(1), word(1), huge.clone(), word(0)].concat(),
        [
            word(1),
            word(1),
            word(1),
            word(1),
            word(192),
            word(192),
            huge,
        ]
        .concat(),
    ] {
        assert!(!passkey::verify(&key, B256::ZERO, &signature));
    }
}
