//! Secrets that have to be read again, and so cannot be hashed: sealed under a key that the database does not have.

use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Key, Nonce};
use zeroize::Zeroizing;

use crate::Random;

const NONCE: usize = 12;

/// The key. What is sealed names what it is for and whose it is, and opens only there.
#[derive(Clone)]
pub struct Seal(Aes256Gcm);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

impl Seal {
    /// The key of these bytes.
    pub fn new(key: &[u8; 32]) -> Self {
        Self(Aes256Gcm::new(&Key::<Aes256Gcm>::from(*key)))
    }

    /// Seals bytes for a purpose and an owner.
    pub fn seal(&self, purpose: &str, owner: &str, bytes: &[u8], random: &Random) -> Vec<u8> {
        let mut nonce = [0; NONCE];
        random(&mut nonce);
        let aad = aad(purpose, owner);
        let payload = Payload {
            msg: bytes,
            aad: &aad,
        };
        // Sealing fails for messages of gigabytes only; what came of that would open nowhere.
        let sealed = self.0.encrypt(&Nonce::from(nonce), payload);
        [nonce.to_vec(), sealed.unwrap_or_default()].concat()
    }

    /// Opens what was sealed for this purpose and owner.
    pub fn open(&self, purpose: &str, owner: &str, sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE>()?;
        let aad = aad(purpose, owner);
        let payload = Payload {
            msg: sealed,
            aad: &aad,
        };
        let opened = self.0.decrypt(&Nonce::from(*nonce), payload).ok()?;
        Some(Zeroizing::new(opened))
    }
}

/// The lengths keep one pair from reading as another.
fn aad(purpose: &str, owner: &str) -> Vec<u8> {
    format!("{}:{purpose}:{owner}", purpose.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_is_sealed_opens_for_its_purpose_and_owner_only() {
        let random: Random = Arc::new(|bytes: &mut [u8]| bytes.fill(1));
        let seal = Seal::new(&[7; 32]);
        let sealed = seal.seal("totp", "a", b"secret", &random);
        assert_eq!(
            seal.open("totp", "a", &sealed).unwrap().as_slice(),
            b"secret"
        );
        assert!(seal.open("totp", "b", &sealed).is_none());
        assert!(seal.open("device", "a", &sealed).is_none());
        assert!(Seal::new(&[8; 32]).open("totp", "a", &sealed).is_none());
        for cut in 0..sealed.len() {
            assert!(seal.open("totp", "a", &sealed[..cut]).is_none());
            let mut changed = sealed.clone();
            changed[cut] ^= 1;
            assert!(seal.open("totp", "a", &changed).is_none());
        }
    }
}
