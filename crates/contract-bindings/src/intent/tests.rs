use super::*;
use alloy::primitives::{Signature, U256, aliases::U40};
use alloy::signers::local::PrivateKeySigner;
use std::collections::BTreeMap;

const EXPORTED: &str = include_str!("../../../../contracts/deployments/local/typehashes.json");

fn signer(byte: u8) -> PrivateKeySigner {
    PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap()
}

fn here() -> Eip712Domain {
    domain(31_337, Address::repeat_byte(9))
}

fn revoke(actor: Address) -> Revoke {
    Revoke {
        actor,
        subject: actor,
        grantee: Address::repeat_byte(2),
        scopeId: B256::repeat_byte(3),
        throughVersion: 7,
        deadline: U40::MAX,
    }
}

#[test]
fn every_type_is_the_one_that_the_contracts_export() {
    let exported: serde_json::Value = serde_json::from_str(EXPORTED).unwrap();
    let theirs: BTreeMap<&str, (&str, &str)> = exported["types"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, each)| {
            let text = |key: &str| each[key].as_str().unwrap();
            (name.as_str(), (text("type"), text("typeHash")))
        })
        .collect();
    let batch: (_, fn() -> std::borrow::Cow<'static, str>) = (Batch::TYPE, batch::encode_type);
    let ours = PLAIN.iter().chain([&batch]);
    let mut names = Vec::new();
    for (declared, generated) in ours {
        let name = declared.split('(').next().unwrap();
        let (text, hash) = theirs[name];
        assert_eq!((*declared, &*generated()), (text, text));
        assert_eq!(keccak256(declared).to_string(), hash);
        names.push(name);
    }
    // `Op` is signed only inside a batch.
    names.push("Op");
    names.sort_unstable();
    assert_eq!(names, theirs.into_keys().collect::<Vec<_>>());
}

#[test]
fn the_domain_is_the_exported_registrys() {
    let exported: serde_json::Value = serde_json::from_str(EXPORTED).unwrap();
    let registry = exported["domain"]["verifyingContract"].as_str().unwrap();
    let separator = domain(31_337, registry.parse().unwrap()).separator();
    assert_eq!(exported["domain"]["separator"], separator.to_string());
}

#[test]
fn only_the_actors_own_signature_over_this_very_intent_holds() {
    let (owner, other) = (signer(1), signer(2));
    let intent = revoke(owner.address());
    let signature = intent.sign(&here(), &owner).unwrap();
    assert_eq!(intent.verify(&here(), &signature), Ok(()));
    let compact = Signature::from_raw(&signature).unwrap().as_erc2098();
    assert_eq!(intent.verify(&here(), &compact), Ok(()));

    let wrong = Err(SignatureError::WrongSigner);
    let by_other = intent.sign(&here(), &other).unwrap();
    assert_eq!(intent.verify(&here(), &by_other), wrong);
    let elsewhere = domain(1, Address::repeat_byte(9));
    assert_eq!(intent.verify(&elsewhere, &signature), wrong);
    let changed = Revoke {
        throughVersion: 8,
        ..intent.clone()
    };
    assert_eq!(changed.verify(&here(), &signature), wrong);
    // The same fields in another type.
    let denial = Deny {
        actor: intent.actor,
        subject: intent.subject,
        grantee: intent.grantee,
        scopeId: intent.scopeId,
        throughVersion: intent.throughVersion,
        deadline: intent.deadline,
    };
    assert_eq!(denial.verify(&here(), &signature), wrong);
}

#[test]
fn each_item_of_a_batch_is_signed() {
    let owner = signer(1);
    let op = |version| crate::registry::ConsentRegistry::Op {
        kind: 2,
        grantee: Address::repeat_byte(2),
        scopeId: B256::repeat_byte(3),
        validFrom: U40::ZERO,
        validTo: U40::ZERO,
        version,
    };
    let batch = |versions: &[u32]| Batch {
        actor: owner.address(),
        subject: owner.address(),
        mode: 1,
        seq: Default::default(),
        ops: versions.iter().copied().map(op).collect(),
        deadline: U40::MAX,
    };
    let signature = batch(&[1, 2]).sign(&here(), &owner).unwrap();
    assert_eq!(batch(&[1, 2]).verify(&here(), &signature), Ok(()));
    for other in [&[1][..], &[2, 1], &[1, 2, 3], &[]] {
        assert!(batch(other).verify(&here(), &signature).is_err());
    }
}

#[test]
fn malformed_and_malleable_signatures_are_refused() {
    let owner = signer(1);
    let intent = revoke(owner.address());
    let signature = intent.sign(&here(), &owner).unwrap();
    let malformed = Err(SignatureError::Malformed);
    assert_eq!(intent.verify(&here(), &signature[..63]), malformed);
    assert_eq!(intent.verify(&here(), &[0; 65]), malformed);
    let mut without_offset = signature;
    without_offset[64] -= 27;
    assert_eq!(intent.verify(&here(), &without_offset), malformed);

    let parsed = Signature::from_raw(&signature).unwrap();
    let order = U256::from_str_radix(
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        16,
    )
    .unwrap();
    let high = Signature::new(parsed.r(), order - parsed.s(), !parsed.v());
    assert_eq!(intent.verify(&here(), &high.as_bytes()), malformed);
}

#[test]
fn nobody_signs_for_the_zero_address() {
    let intent = revoke(Address::ZERO);
    let signature = intent.sign(&here(), &signer(1)).unwrap();
    assert!(intent.verify(&here(), &signature).is_err());
}
