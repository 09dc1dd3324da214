//! Statements signed by passkeys.

use alloy::primitives::{B256, Bytes, U256};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract_bindings::intent::passkey::{self, Assertion};
use p256::ecdsa::signature::hazmat::PrehashSigner as _;
use p256::ecdsa::{Signature, SigningKey};

/// A passkey of this scalar, and its signature over a digest as a browser would give it.
pub fn signed_by_passkey(n: u8, digest: B256) -> (Bytes, Bytes) {
    let key = SigningKey::from_slice(&[n; 32]).unwrap();
    let point = key.verifying_key().to_encoded_point(false);
    let signer = passkey::signer(
        &B256::from_slice(point.x().unwrap()),
        &B256::from_slice(point.y().unwrap()),
    );
    let challenge = URL_SAFE_NO_PAD.encode(digest);
    let client_data = format!(
        r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"https://portal.example"}}"#
    );
    let mut assertion = Assertion {
        r: B256::ZERO,
        s: B256::ZERO,
        challenge_index: U256::from(client_data.find(r#""challenge""#).unwrap()),
        type_index: U256::from(1),
        // User present and verified.
        authenticator_data: [&[7; 32][..], &[0x05], &[0; 4]].concat().into(),
        client_data: client_data.into_bytes().into(),
    };
    let signature: Signature = key.sign_prehash(&assertion.signed_hash()).unwrap();
    let signature = signature.normalize_s().unwrap_or(signature);
    assertion.r = B256::from_slice(&signature.r().to_bytes());
    assertion.s = B256::from_slice(&signature.s().to_bytes());
    (signer, assertion.encode())
}
