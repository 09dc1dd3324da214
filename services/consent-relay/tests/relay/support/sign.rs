//! Patients without a coin, and what they sign.

use alloy::primitives::{
    Address, B256, Bytes, U256,
    aliases::{U24, U40},
};
use alloy::signers::SignerSync as _;
use alloy::signers::local::PrivateKeySigner;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract_bindings::intent::passkey::{self, Assertion};
use contract_bindings::intent::{Action, domain, signer_id};
use contract_bindings::registry::ConsentRegistry::{
    Acceptance, Grant, Proof, Request, Revoke, RevokeAll, Rotate,
};
use contract_bindings::registry::IntentLens::AcceptControl;
use contract_bindings::{Intent as _, SignedIntent};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::anvil::registry;

pub const FOREVER: u64 = (1 << 40) - 1;

pub fn here() -> alloy::sol_types::Eip712Domain {
    domain(31_337, registry())
}

pub fn scope(byte: u8) -> B256 {
    B256::repeat_byte(byte)
}

/// One who signs with a key and has no coin.
#[derive(Clone)]
pub struct Patient(pub PrivateKeySigner);

impl Patient {
    pub fn new(byte: u8) -> Self {
        Self(PrivateKeySigner::from_bytes(&B256::repeat_byte(byte)).unwrap())
    }

    pub fn address(&self) -> Address {
        self.0.address()
    }

    pub fn sign(&self, action: impl Into<Action>) -> Value {
        let action = action.into();
        let mut signed = SignedIntent {
            action,
            proof: proof(Vec::new()),
        };
        let signature = self.0.sign_hash_sync(&signed.digest(&here())).unwrap();
        signed.proof = proof(signature.as_bytes().to_vec());
        signed.to_json()
    }

    pub fn revoke(&self, grantee: Address, scope: B256, through: u32) -> Value {
        self.sign(revocation(self.address(), grantee, scope, through))
    }

    /// A grant until revoked, whose signature works for an hour.
    pub fn grant(&self, grantee: Address, scope: B256, version: u32, now: u64) -> Value {
        self.sign(granting(self.address(), grantee, scope, version, now))
    }

    pub fn revoke_all(&self) -> Value {
        self.sign(RevokeAll {
            actor: self.address(),
            subject: self.address(),
            throughEpoch: U24::ZERO,
            throughSeq: U24::ZERO,
            dropDelegates: false,
            deadline: U40::MAX,
        })
    }

    pub fn rotate_to(&self, other: &Self, now: u64) -> Value {
        let deadline = U40::from(now + 3600);
        let intent = Rotate {
            actor: self.address(),
            subject: self.address(),
            newController: other.address(),
            seq: U24::ZERO,
            deadline,
        };
        let accepted = AcceptControl {
            actor: other.address(),
            subject: self.address(),
            seq: U24::ZERO,
            deadline,
        };
        let acceptance = Acceptance {
            deadline,
            proof: accepted.prove(&here(), &other.0).unwrap(),
        };
        self.sign(Action::Rotate(intent, acceptance))
    }
}

pub fn revocation(subject: Address, grantee: Address, scope: B256, through: u32) -> Revoke {
    Revoke {
        actor: subject,
        subject,
        grantee,
        scopeId: scope,
        throughVersion: through,
        deadline: U40::MAX,
    }
}

pub fn granting(subject: Address, grantee: Address, scope: B256, version: u32, now: u64) -> Grant {
    Grant {
        actor: subject,
        subject,
        grantee,
        scopeId: scope,
        seq: U24::ZERO,
        validFrom: U40::from(now),
        validTo: U40::from(FOREVER),
        version,
        deadline: U40::from(now + 3600),
    }
}

pub fn request(subject: Address, grantee: Address, scope: B256, now: u64) -> Request {
    Request {
        actor: grantee,
        subject,
        grantee,
        scopeId: scope,
        validFrom: U40::from(now),
        validTo: U40::from(FOREVER),
        respondBy: U40::from(now + 3600),
        version: 1,
        deadline: U40::from(now + 3600),
    }
}

pub fn proof(signature: Vec<u8>) -> Proof {
    Proof {
        signer: Bytes::new(),
        signature: signature.into(),
    }
}

/// An action with any signature.
pub fn bound(action: impl Into<Action>, signature: Vec<u8>) -> Value {
    SignedIntent {
        action: action.into(),
        proof: proof(signature),
    }
    .to_json()
}

/// A patient's passkey.
pub struct Passkey {
    secret: SigningKey,
    signer: Bytes,
}

impl Passkey {
    pub fn new(byte: u8) -> Self {
        let secret = SigningKey::from_slice(&[byte; 32]).unwrap();
        let point = secret.verifying_key().to_encoded_point(false);
        let x = B256::from_slice(point.x().unwrap());
        let y = B256::from_slice(point.y().unwrap());
        Self {
            secret,
            signer: passkey::signer(&x, &y),
        }
    }

    pub fn address(&self) -> Address {
        signer_id(&self.signer)
    }

    /// As a browser and an authenticator that verified its user do.
    pub fn sign(&self, action: impl Into<Action>) -> Value {
        let mut signed = SignedIntent {
            action: action.into(),
            proof: proof(Vec::new()),
        };
        let challenge = URL_SAFE_NO_PAD.encode(signed.digest(&here()));
        let client = format!(
            r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"https://patients.example"}}"#
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
        let signature: Signature = self.secret.sign_prehash(&assertion.signed_hash()).unwrap();
        let signature = signature.normalize_s().unwrap_or(signature);
        let (r, s) = signature.split_bytes();
        (assertion.r, assertion.s) = (B256::from_slice(&r), B256::from_slice(&s));
        signed.proof = Proof {
            signer: self.signer.clone(),
            signature: assertion.encode(),
        };
        signed.to_json()
    }
}
