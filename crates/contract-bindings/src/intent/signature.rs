//! Plain ECDSA signatures, as strictly as the contracts read them.

use alloy::primitives::{Address, B256, Signature};
use alloy::signers::SignerSync;
use thiserror::Error;

/// Why a signature does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// Of another length, or not a point on the curve, or an `s` in the upper half (malleable).
    #[error("the signature is malformed")]
    Malformed,
    /// A valid signature by some other key.
    #[error("the signature is another key's")]
    WrongSigner,
}

/// Signs a digest; 65 bytes `r ‖ s ‖ v`.
pub(super) fn sign(
    digest: B256,
    signer: &impl SignerSync,
) -> Result<[u8; 65], alloy::signers::Error> {
    Ok(signer.sign_hash_sync(&digest)?.as_bytes())
}

/// 65 bytes `r ‖ s ‖ v` with a `v` of 27 or 28, or 64 bytes by EIP-2098.
pub(super) fn parse(signature: &[u8]) -> Result<Signature, SignatureError> {
    match signature.len() {
        64 => Ok(Signature::from_erc2098(signature)),
        65 if matches!(signature[64], 27 | 28) => {
            Signature::from_raw(signature).map_err(|_| SignatureError::Malformed)
        }
        _ => Err(SignatureError::Malformed),
    }
}

/// Checks that the key of `actor` signed the digest, with a low `s`.
pub(super) fn verify(
    actor: Address,
    digest: B256,
    signature: &Signature,
) -> Result<(), SignatureError> {
    if signature.normalize_s().is_some() {
        return Err(SignatureError::Malformed);
    }
    let signer = signature
        .recover_address_from_prehash(&digest)
        .map_err(|_| SignatureError::Malformed)?;
    if signer == actor && !actor.is_zero() {
        Ok(())
    } else {
        Err(SignatureError::WrongSigner)
    }
}
