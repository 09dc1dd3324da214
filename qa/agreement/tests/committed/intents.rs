//! What people sign: types, digests, signatures, and what is refused.

use std::collections::{BTreeMap, BTreeSet};

use alloy::primitives::{
    Address, B256, Bytes, FixedBytes, U256, aliases::U24, aliases::U40, keccak256,
};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::Eip712Domain;
use contract_bindings::SignedIntent;
use contract_bindings::intent::passkey::{self, Assertion};
use contract_bindings::intent::{
    Action, Bind, BindGrantee, Endorse, Intent as _, LiftStop, Proof, SignatureError, Statement,
    Verification, WireError, domain, patient_ref_hash, signer_id,
};
use contract_bindings::registry::IntentLens::AcceptControl;
use p256::ecdsa::Signature;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{errors, vectors};

pub const FILE: &str = "intents.json";

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Vectors {
    #[serde(rename = "note")]
    _note: String,
    domain: Domain,
    keys: BTreeMap<String, Key>,
    types: BTreeMap<String, Type>,
    cases: Vec<Case>,
    patient_ref_hash: PatientRefHash,
    passkey: Passkey,
    invalid_signatures: Vec<InvalidSignature>,
    invalid_wire: Vec<InvalidWire>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Domain {
    name: String,
    version: String,
    chain_id: u64,
    verifying_contract: Address,
    #[serde(flatten)]
    encoded: Type,
    separator: B256,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    #[serde(rename = "privateKey")]
    private_key: B256,
    address: Address,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Type {
    #[serde(rename = "type")]
    encoded: String,
    type_hash: B256,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Case {
    name: String,
    action: String,
    signed_by: String,
    message: Value,
    digest: B256,
    signature: Bytes,
    compact_signature: Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct PatientRefHash {
    fhir_id: String,
    hash: B256,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Passkey {
    #[serde(rename = "note")]
    _note: String,
    verifier: Address,
    x: B256,
    y: B256,
    signer: Bytes,
    actor: Address,
    digest: B256,
    #[serde(rename = "rpId")]
    _rp_id: String,
    authenticator_data: Bytes,
    #[serde(rename = "clientDataJSON")]
    client_data: String,
    der_high_s: Bytes,
    signature: Bytes,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidSignature {
    name: String,
    action: String,
    message: Value,
    actor: Address,
    digest: B256,
    signature: Bytes,
    code: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidWire {
    name: String,
    json: Value,
    code: String,
}

impl Vectors {
    fn domain(&self) -> Eip712Domain {
        domain(self.domain.chain_id, self.domain.verifying_contract)
    }
}

fn member<T: DeserializeOwned>(message: &Value, name: &str) -> T {
    serde_json::from_value(message[name].clone()).unwrap_or_else(|fault| panic!("{name}: {fault}"))
}

fn by_address(signature: &Bytes) -> Proof {
    Proof {
        signer: Bytes::new(),
        signature: signature.clone(),
    }
}

fn wire(action: &str, message: &Value, signature: &Bytes) -> Value {
    let proof = json!({"signer": "0x", "signature": signature});
    let mut body = json!({"action": action, "intent": message, "proof": proof});
    if action == "Rotate" {
        // The new controller's agreement is a vector of its own.
        body["acceptance"] = json!({"deadline": 0, "proof": proof});
    }
    body
}

/// The digest of a case, and what its signatures prove.
fn read(case: &Case, domain: &Eip712Domain) -> (B256, [Verification; 2]) {
    let message = &case.message;
    let signatures = [&case.signature, &case.compact_signature];
    let statement = |statement: &dyn CheckedStatement| {
        let checked = signatures.map(|signature| statement.verdict(domain, &by_address(signature)));
        (statement.signed(domain), checked)
    };
    match &*case.action {
        "Bind" => statement(&Bind {
            tenant: member(message, "tenant"),
            patientRefHash: member(message, "patientRefHash"),
            subject: member(message, "subject"),
            nonce: nonce(message),
            deadline: member(message, "deadline"),
        }),
        "Endorse" => statement(&Endorse {
            tenant: member(message, "tenant"),
            patientRefHash: member(message, "patientRefHash"),
            subject: member(message, "subject"),
            newSubject: member(message, "newSubject"),
            nonce: nonce(message),
            deadline: member(message, "deadline"),
        }),
        "LiftStop" => statement(&LiftStop {
            tenant: member(message, "tenant"),
            patientRefHash: member(message, "patientRefHash"),
            subject: member(message, "subject"),
            stop: member::<FixedBytes<16>>(message, "stop"),
            deadline: member(message, "deadline"),
        }),
        "BindGrantee" => statement(&BindGrantee {
            tenant: member(message, "tenant"),
            organization: member(message, "organization"),
            practitioner: member(message, "practitioner"),
            grantee: member(message, "grantee"),
            nonce: nonce(message),
            deadline: member(message, "deadline"),
        }),
        // It travels inside of a rotation or a recovery only.
        "AcceptControl" => {
            let intent = AcceptControl {
                actor: member(message, "actor"),
                subject: member(message, "subject"),
                seq: U24::from(member::<u32>(message, "seq")),
                deadline: U40::from(member::<u64>(message, "deadline")),
            };
            let verdict = |signature: &Bytes| match intent.verify(domain, signature) {
                Ok(()) => Verification::Verified,
                Err(_) => Verification::Invalid,
            };
            (intent.digest(domain), signatures.map(verdict))
        }
        action => {
            let signed = signatures.map(|signature| {
                let body = wire(action, message, signature);
                let signed = SignedIntent::parse(body.to_string().as_bytes())
                    .unwrap_or_else(|fault| panic!("{fault}"));
                assert_eq!(signed.to_json(), body, "{}", case.name);
                signed
            });
            let digest = signed[0].digest(domain);
            (digest, signed.map(|signed| verdict_of(&signed, domain)))
        }
    }
}

/// What is proven of the actor; of a rotation, whose agreement is another's, by its signature alone.
fn verdict_of(signed: &SignedIntent, domain: &Eip712Domain) -> Verification {
    match &signed.action {
        Action::Rotate(intent, _) => match intent.verify(domain, &signed.proof.signature) {
            Ok(()) => Verification::Verified,
            Err(_) => Verification::Invalid,
        },
        _ => signed.verify_offline(domain),
    }
}

fn nonce(message: &Value) -> U256 {
    member::<String>(message, "nonce").parse().unwrap()
}

/// [`Statement`] without its type.
trait CheckedStatement {
    fn signed(&self, domain: &Eip712Domain) -> B256;
    fn verdict(&self, domain: &Eip712Domain, proof: &Proof) -> Verification;
}

impl<T: Statement> CheckedStatement for T {
    fn signed(&self, domain: &Eip712Domain) -> B256 {
        self.digest(domain)
    }

    fn verdict(&self, domain: &Eip712Domain, proof: &Proof) -> Verification {
        self.check(domain, proof)
    }
}

#[test]
fn everything_that_is_signed_has_its_digest_and_its_signature() {
    let all: Vectors = vectors(FILE);
    let domain = all.domain();
    assert!(!all.cases.is_empty());
    for case in &all.cases {
        let (digest, verdicts) = read(case, &domain);
        assert_eq!(digest, case.digest, "{}", case.name);
        assert_eq!(verdicts, [Verification::Verified; 2], "{}", case.name);
        let key = &all.keys[&case.signed_by];
        let signer = PrivateKeySigner::from_bytes(&key.private_key).unwrap();
        assert_eq!(signer.address(), key.address, "{}", case.signed_by);
        let signature = signer.sign_hash_sync(&digest).unwrap();
        assert_eq!(
            Bytes::from(signature.as_bytes()),
            case.signature,
            "{}",
            case.name
        );
    }
}

#[test]
fn the_domain_is_the_registrys_and_every_type_is_signed_by_a_case() {
    let all: Vectors = vectors(FILE);
    let ours = all.domain();
    assert_eq!(ours.name.as_deref(), Some(&*all.domain.name));
    assert_eq!(ours.version.as_deref(), Some(&*all.domain.version));
    assert_eq!(ours.separator(), all.domain.separator);
    let signed: BTreeSet<&String> = all.cases.iter().map(|case| &case.action).collect();
    assert_eq!(signed, all.types.keys().collect());
    for Type { encoded, type_hash } in all.types.values().chain([&all.domain.encoded]) {
        assert_eq!(keccak256(encoded), *type_hash, "{encoded}");
    }
}

#[test]
fn a_signature_that_is_not_the_actors_is_refused_with_its_code() {
    let all: Vectors = vectors(FILE);
    assert!(!all.invalid_signatures.is_empty());
    for each in &all.invalid_signatures {
        // The wire takes no empty signature, which is one of them.
        let body = wire(&each.action, &each.message, &Bytes::from_static(&[1]));
        let signed = SignedIntent::from_json(&body).unwrap();
        assert_eq!(signed.digest(&all.domain()), each.digest, "{}", each.name);
        assert_eq!(signed.actor(), each.actor, "{}", each.name);
        let Action::Revoke(intent) = &signed.action else {
            panic!("{}: a new action needs its own arm", each.name)
        };
        let code = match intent.verify(&all.domain(), &each.signature) {
            Ok(()) => panic!("{} holds", each.name),
            Err(SignatureError::Malformed) => "SIGNATURE_MALFORMED",
            Err(SignatureError::WrongSigner) => "SIGNATURE_WRONG_SIGNER",
        };
        assert_eq!(code, each.code, "{}", each.name);
        errors::require_validation(code);
    }
}

#[test]
fn what_is_no_signed_intent_is_refused_with_its_code() {
    let all: Vectors = vectors(FILE);
    assert!(!all.invalid_wire.is_empty());
    for each in &all.invalid_wire {
        let code = match SignedIntent::parse(each.json.to_string().as_bytes()) {
            Ok(_) => panic!("{} was taken", each.name),
            Err(WireError::UnknownAction) => "INTENT_UNKNOWN_ACTION",
            Err(WireError::Missing(_)) => "INTENT_MISSING",
            Err(WireError::Unknown(_)) => "INTENT_UNKNOWN_MEMBER",
            Err(WireError::Form { .. }) => "INTENT_FORM",
            Err(fault @ (WireError::NotJson | WireError::Duplicate)) => {
                panic!("{}: {fault}", each.name)
            }
        };
        assert_eq!(code, each.code, "{}", each.name);
        errors::require_validation(code);
    }
}

#[test]
fn a_patient_is_named_by_a_hash() {
    let PatientRefHash { fhir_id, hash } = vectors::<Vectors>(FILE).patient_ref_hash;
    assert_eq!(patient_ref_hash(&fhir_id), hash);
}

alloy::sol! {
    /// Stands for whatever has the digest of the vectors.
    struct Digested {
        address actor;
        bytes32 digest;
    }
}

impl Statement for Digested {
    fn signer(&self) -> Address {
        self.actor
    }

    fn digest(&self, _: &Eip712Domain) -> B256 {
        self.digest
    }
}

#[test]
fn a_passkeys_assertion_is_what_the_deployed_verifier_takes() {
    let all: Vectors = vectors(FILE);
    let domain = all.domain();
    let Passkey {
        x,
        y,
        actor,
        digest,
        ..
    } = all.passkey;
    assert_eq!(passkey::verifier(), all.passkey.verifier);
    assert_eq!(passkey::signer(&x, &y), all.passkey.signer);
    assert_eq!(signer_id(&all.passkey.signer), actor);

    let high = Signature::from_der(&all.passkey.der_high_s).unwrap();
    let (r, s) = high.normalize_s().expect("a high s").split_bytes();
    let place = |text: &str| U256::from(all.passkey.client_data.find(text).unwrap());
    let assertion = Assertion {
        r: B256::from_slice(&r),
        s: B256::from_slice(&s),
        challenge_index: place("\"challenge\""),
        type_index: place("\"type\""),
        authenticator_data: all.passkey.authenticator_data,
        client_data: all.passkey.client_data.clone().into_bytes().into(),
    };
    assert_eq!(assertion.encode(), all.passkey.signature);

    let proof = |signature| Proof {
        signer: all.passkey.signer.clone(),
        signature,
    };
    let signed = Digested { actor, digest };
    assert_eq!(
        signed.check(&domain, &proof(assertion.encode())),
        Verification::Verified
    );
    let another = Digested {
        actor,
        digest: keccak256(digest),
    };
    assert_eq!(
        another.check(&domain, &proof(assertion.encode())),
        Verification::Invalid
    );
    let high = Assertion {
        s: B256::from_slice(&high.split_bytes().1),
        ..assertion
    };
    assert_eq!(
        signed.check(&domain, &proof(high.encode())),
        Verification::Invalid
    );
}
