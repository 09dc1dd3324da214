//! Signed stops, as the relay puts them on the bus.

use alloy::primitives::aliases::{U24, U40};
use alloy::primitives::{Address as ChainAddress, B256};
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::Eip712Domain;
use consent_core::{Address, Policy};
use contract_bindings::intent::{Action, Intent, SignedIntent, domain};
use contract_bindings::registry::ConsentRegistry::{Batch, Deny, Op, Revoke, RevokeAll};
use ehr_gateway::stops::signed;
use serde_json::{Value, json};

use super::neighbours::{signer, subject};
use super::{CHAIN_ID, GRANTEE, PATIENT, REGISTRY, World};

pub fn here() -> Eip712Domain {
    domain(CHAIN_ID, ChainAddress::from(REGISTRY.0))
}

pub fn patient_key() -> PrivateKeySigner {
    signer(PATIENT)
}

pub fn address(key: &PrivateKeySigner) -> Address {
    Address(key.address().into_array())
}

fn chain(address: Address) -> ChainAddress {
    ChainAddress::from(address.0)
}

fn whenever() -> U40 {
    U40::MAX
}

/// A revocation of what the patient shared with clinic A.
pub fn revoke(policy: &Policy, through: u32, key: &PrivateKeySigner) -> SignedIntent {
    let intent = Revoke {
        actor: key.address(),
        subject: chain(subject(PATIENT)),
        grantee: chain(GRANTEE),
        scopeId: B256::from(policy.hash().0),
        throughVersion: through,
        deadline: whenever(),
    };
    prove(intent, key)
}

/// A revocation by an address of its own consent, which nobody has.
pub fn revoke_own(key: &PrivateKeySigner) -> SignedIntent {
    let intent = Revoke {
        actor: key.address(),
        subject: key.address(),
        grantee: chain(GRANTEE),
        scopeId: B256::ZERO,
        throughVersion: 1,
        deadline: whenever(),
    };
    prove(intent, key)
}

pub fn deny(policy: &Policy, through: u32, key: &PrivateKeySigner) -> SignedIntent {
    let intent = Deny {
        actor: key.address(),
        subject: chain(subject(PATIENT)),
        grantee: chain(GRANTEE),
        scopeId: B256::from(policy.hash().0),
        throughVersion: through,
        deadline: whenever(),
    };
    prove(intent, key)
}

pub fn revoke_all(through: u32, key: &PrivateKeySigner) -> SignedIntent {
    let intent = RevokeAll {
        actor: key.address(),
        subject: chain(subject(PATIENT)),
        throughEpoch: U24::from(through),
        throughSeq: U24::from(9),
        dropDelegates: false,
        deadline: whenever(),
    };
    prove(intent, key)
}

/// A batch of these kinds (0 grant, 1 deny, 2 revoke): the first is about what the patient shared, the others about
/// consents that nobody has.
pub fn batch(policy: &Policy, through: u32, kinds: &[u8], key: &PrivateKeySigner) -> SignedIntent {
    let ops = kinds.iter().zip(0_u8..).map(|(kind, n)| Op {
        kind: *kind,
        grantee: chain(GRANTEE),
        scopeId: if n == 0 {
            B256::from(policy.hash().0)
        } else {
            B256::repeat_byte(n)
        },
        validFrom: U40::ZERO,
        validTo: U40::ZERO,
        version: through,
    });
    let intent = Batch {
        actor: key.address(),
        subject: chain(subject(PATIENT)),
        mode: 0,
        seq: U24::ZERO,
        ops: ops.collect(),
        deadline: whenever(),
    };
    prove(intent, key)
}

pub fn prove<I: Intent + Into<Action>>(intent: I, key: &PrivateKeySigner) -> SignedIntent {
    let proof = intent.prove(&here(), key).unwrap();
    SignedIntent {
        action: intent.into(),
        proof,
    }
}

/// The body of the event about it.
pub fn body(stop: &SignedIntent) -> Value {
    json!({"digest": stop.digest(&here()), "acceptedAt": "2026-01-01T00:00:00Z", "stop": stop})
}

pub fn bytes(body: &Value) -> Vec<u8> {
    body.to_string().into_bytes()
}

impl World {
    /// Lets the gateway hear of a stop, without a bus.
    pub async fn hear(&self, stop: &SignedIntent) {
        let candidate = signed::read(&bytes(&body(stop)), &here()).unwrap();
        self.gateway.authorizer.stops.hold(candidate).await;
    }
}
