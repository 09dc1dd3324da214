//! Signatures of passkeys (WebAuthn assertions by P-256 keys), read as strictly as the deployed verifier reads them.

use std::sync::LazyLock;

use alloy::primitives::{Address, B256, Bytes, U256};
use alloy::sol_types::SolValue as _;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use p256::EncodedPoint;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use p256::ecdsa::{Signature, VerifyingKey};
use sha2::{Digest as _, Sha256};

use crate::deployment::Deployments;

const WORD: usize = 32;
const KEY_LENGTH: usize = 2 * WORD;
/// Hash of the relying party's id, flags, counter.
const MIN_AUTHENTICATOR_DATA: usize = 37;
const FLAGS_AT: usize = 32;
const USER_PRESENT: u8 = 1 << 0;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;
const TYPE: &str = r#""type":"webauthn.get""#;

/// What an authenticator and a browser give for one signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assertion {
    /// `r` of the P-256 signature.
    pub r: B256,
    /// `s` of it, in the lower half.
    pub s: B256,
    /// Where `"challenge":"…"` begins in the client data.
    pub challenge_index: U256,
    /// Where `"type":"…"` begins in the client data.
    pub type_index: U256,
    /// What the authenticator says.
    pub authenticator_data: Bytes,
    /// What the browser says, JSON.
    pub client_data: Bytes,
}

impl Assertion {
    /// The form in which it is the `signature` of a proof.
    pub fn encode(&self) -> Bytes {
        (
            self.r,
            self.s,
            self.challenge_index,
            self.type_index,
            self.authenticator_data.clone(),
            self.client_data.clone(),
        )
            .abi_encode_params()
            .into()
    }

    fn decode(signature: &[u8]) -> Option<Self> {
        let word = |index: usize| {
            let at = index * WORD;
            signature.get(at..at + WORD)
        };
        let bytes = |index: usize| -> Option<Bytes> {
            let offset = position(word(index)?)?;
            let start = offset.checked_add(WORD)?;
            let length = position(signature.get(offset..start)?)?;
            Some(Bytes::copy_from_slice(
                signature.get(start..start.checked_add(length)?)?,
            ))
        };
        Some(Self {
            r: B256::from_slice(word(0)?),
            s: B256::from_slice(word(1)?),
            challenge_index: U256::from_be_slice(word(2)?),
            type_index: U256::from_be_slice(word(3)?),
            authenticator_data: bytes(4)?,
            client_data: bytes(5)?,
        })
    }

    /// What the authenticator signed.
    pub fn signed_hash(&self) -> [u8; 32] {
        let client = Sha256::digest(&self.client_data);
        Sha256::new()
            .chain_update(&self.authenticator_data)
            .chain_update(client)
            .finalize()
            .into()
    }

    fn says(&self, at: U256, text: &str) -> bool {
        usize::try_from(at)
            .ok()
            .and_then(|at| self.client_data.get(at..)?.get(..text.len()))
            .is_some_and(|found| found == text.as_bytes())
    }

    fn flags_hold(&self) -> bool {
        if self.authenticator_data.len() < MIN_AUTHENTICATOR_DATA {
            return false;
        }
        let flags = self.authenticator_data[FLAGS_AT];
        let has = |bit: u8| flags & bit != 0;
        has(USER_PRESENT) && has(USER_VERIFIED) && (has(BACKUP_ELIGIBLE) || !has(BACKED_UP))
    }
}

/// The deployed verifier. It takes no constructor arguments, so CREATE2 gives it the same address on every chain.
pub fn verifier() -> Address {
    static ADDRESS: LazyLock<Address> = LazyLock::new(|| {
        Deployments::local()
            .ok()
            .and_then(|all| Some(all.find("ERC7913WebAuthnVerifier")?.address))
            .unwrap_or_default()
    });
    *ADDRESS
}

/// The ERC-7913 signer of a public key.
pub fn signer(x: &B256, y: &B256) -> Bytes {
    [verifier().as_slice(), x.as_slice(), y.as_slice()]
        .concat()
        .into()
}

/// Whether a key, 32 bytes x and 32 bytes y, signed a digest.
pub(super) fn verify(key: &[u8], digest: B256, signature: &[u8]) -> bool {
    let Some(assertion) = Assertion::decode(signature) else {
        return false;
    };
    let challenge = format!(r#""challenge":"{}""#, URL_SAFE_NO_PAD.encode(digest));
    assertion.flags_hold()
        && assertion.says(assertion.type_index, TYPE)
        && assertion.says(assertion.challenge_index, &challenge)
        && is_signed(key, &assertion)
}

fn is_signed(key: &[u8], assertion: &Assertion) -> bool {
    if key.len() != KEY_LENGTH {
        return false;
    }
    let (x, y) = key.split_at(WORD);
    let point = EncodedPoint::from_affine_coordinates(x.into(), y.into(), false);
    let (Ok(key), Ok(signature)) = (
        VerifyingKey::from_encoded_point(&point),
        Signature::from_scalars(assertion.r.0, assertion.s.0),
    ) else {
        return false;
    };
    signature.normalize_s().is_none()
        && key
            .verify_prehash(&assertion.signed_hash(), &signature)
            .is_ok()
}

/// An offset or a length that can lie in memory.
fn position(word: &[u8]) -> Option<usize> {
    usize::try_from(U256::from_be_slice(word)).ok()
}
