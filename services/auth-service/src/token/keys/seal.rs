//! Private keys at rest: a JWE (RFC 7516) under a key-encryption key that the database does not have.

use std::fmt;

use futures::future::BoxFuture;
use josekit::jwe::{self, A256GCMKW, JweHeader};
use serde_json::Value;
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

const ENCRYPTION: &str = "A256GCM";
const TENANT: &str = "tenant";

/// Whose key is sealed: what is sealed for one opens for no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner<'a> {
    /// The tenant.
    pub tenant: &'a str,
    /// The key's name.
    pub kid: &'a str,
}

/// Why a private key was not sealed or opened. Holds no part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// Under another key-encryption key.
    #[error(
        "the signing key is sealed under another key-encryption key: give the one of KEY_ENCRYPTION_KEY_FILE that it was \
         sealed with"
    )]
    OtherKey,
    /// Not what was sealed for this owner.
    #[error("the sealed signing key is damaged, or is another's")]
    Damaged,
    /// Whoever has the key-encryption key does not answer or refuses.
    #[error("the key-encryption key cannot be used now")]
    Unavailable,
}

/// Has the key-encryption key and lets nobody see it.
///
/// The one here keeps it in memory, from a file. With a key management service, an implementation hands the private key
/// to the service's `Encrypt` and `Decrypt` instead, with the owner as the encryption context, and passes its failures on
/// as [`SealError::Unavailable`]: nothing else has to change, for what it returns is opaque to everybody else. It gives
/// every call a time limit.
pub trait KeyProvider: Send + Sync {
    /// Seals a private key.
    fn seal<'a>(
        &'a self,
        owner: Owner<'a>,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<String, SealError>>;

    /// Opens what was sealed for this owner.
    fn open<'a>(
        &'a self,
        owner: Owner<'a>,
        sealed: &'a str,
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, SealError>>;
}

/// A key-encryption key in memory.
pub struct FileKeyProvider {
    key: Zeroizing<[u8; 32]>,
    /// Tells which key sealed something, and nothing about the key.
    id: String,
}

impl fmt::Debug for FileKeyProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileKeyProvider")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl FileKeyProvider {
    /// This key.
    pub fn new(key: Zeroizing<[u8; 32]>) -> Self {
        let digest = Sha256::new_with_prefix(b"id of a key-encryption key")
            .chain_update(&key[..])
            .finalize();
        Self {
            key,
            id: hex::encode(&digest[..8]),
        }
    }

    fn seal_now(&self, owner: Owner<'_>, secret: &[u8]) -> Result<String, SealError> {
        let failed = |_| SealError::Unavailable;
        let mut header = JweHeader::new();
        header.set_content_encryption(ENCRYPTION);
        header.set_key_id(&self.id);
        header.set_subject(owner.kid);
        header
            .set_claim(TENANT, Some(Value::from(owner.tenant)))
            .map_err(failed)?;
        let encrypter = A256GCMKW
            .encrypter_from_bytes(&self.key[..])
            .map_err(failed)?;
        jwe::serialize_compact(secret, &header, &encrypter).map_err(failed)
    }

    fn open_now(&self, owner: Owner<'_>, sealed: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let unopened = jwe_header(sealed).ok_or(SealError::Damaged)?;
        if unopened.get("kid").and_then(Value::as_str) != Some(&self.id) {
            return Err(SealError::OtherKey);
        }
        let decrypter = A256GCMKW
            .decrypter_from_bytes(&self.key[..])
            .map_err(|_| SealError::Unavailable)?;
        let (secret, header) =
            jwe::deserialize_compact(sealed, &decrypter).map_err(|_| SealError::Damaged)?;
        let secret = Zeroizing::new(secret);
        // The whole header is authenticated.
        let is_owners = header.content_encryption() == Some(ENCRYPTION)
            && header.subject() == Some(owner.kid)
            && header.claim(TENANT).and_then(Value::as_str) == Some(owner.tenant);
        if is_owners {
            Ok(secret)
        } else {
            Err(SealError::Damaged)
        }
    }
}

/// The header before anything is known of it, to tell a wrong key from damage.
fn jwe_header(sealed: &str) -> Option<Value> {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let (header, _) = sealed.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}

impl KeyProvider for FileKeyProvider {
    fn seal<'a>(
        &'a self,
        owner: Owner<'a>,
        secret: &'a [u8],
    ) -> BoxFuture<'a, Result<String, SealError>> {
        Box::pin(std::future::ready(self.seal_now(owner, secret)))
    }

    fn open<'a>(
        &'a self,
        owner: Owner<'a>,
        sealed: &'a str,
    ) -> BoxFuture<'a, Result<Zeroizing<Vec<u8>>, SealError>> {
        Box::pin(std::future::ready(self.open_now(owner, sealed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: Owner<'static> = Owner {
        tenant: "general-hospital",
        kid: "kid-1",
    };

    fn provider(byte: u8) -> FileKeyProvider {
        FileKeyProvider::new(Zeroizing::new([byte; 32]))
    }

    #[test]
    fn a_key_opens_with_the_key_it_was_sealed_with_for_its_owner_only() {
        let sealed = provider(1).seal_now(OWNER, b"secret").unwrap();
        assert_eq!(*provider(1).open_now(OWNER, &sealed).unwrap(), b"secret");
        assert_eq!(
            provider(2).open_now(OWNER, &sealed),
            Err(SealError::OtherKey)
        );
        for other in [
            Owner {
                kid: "kid-2",
                ..OWNER
            },
            Owner {
                tenant: "other-hospital",
                ..OWNER
            },
        ] {
            assert_eq!(
                provider(1).open_now(other, &sealed),
                Err(SealError::Damaged)
            );
        }
    }

    #[test]
    fn what_is_sealed_shows_nothing_and_is_another_each_time() {
        let one = provider(1).seal_now(OWNER, b"secret").unwrap();
        assert_ne!(one, provider(1).seal_now(OWNER, b"secret").unwrap());
        assert_eq!(one.split('.').count(), 5);
        let header = jwe_header(&one).unwrap();
        assert_eq!(
            (&header["alg"], &header["enc"]),
            (&Value::from("A256GCMKW"), &Value::from("A256GCM"))
        );
        assert!(!format!("{:?}", provider(7)).contains(&hex::encode([7; 32])));
    }

    #[test]
    fn whatever_is_changed_does_not_open() {
        let sealed = provider(1).seal_now(OWNER, b"secret").unwrap();
        let dots = sealed.matches('.').count();
        for place in 0..sealed.len() {
            // Not the last letter of a part: some of its bits count for nothing in base64.
            let next = sealed.as_bytes().get(place + 1);
            if sealed.as_bytes()[place] == b'.' || next.is_none_or(|next| *next == b'.') {
                continue;
            }
            let mut changed = sealed.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(changed.matches('.').count(), dots);
            assert!(provider(1).open_now(OWNER, &changed).is_err(), "{place}");
        }
        for garbage in ["", ".", "....", "e30....", "a.b.c.d.e"] {
            assert!(provider(1).open_now(OWNER, garbage).is_err(), "{garbage}");
        }
    }
}
