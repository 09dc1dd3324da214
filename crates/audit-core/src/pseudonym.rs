//! A person's pseudonym in the audit trail.
//!
//! The pseudonym is an HMAC under a key that never leaves the custodian. Whoever has the key can
//! find a patient's records; whoever has only the records cannot find the patient.

use hmac::{Hmac, Mac};
use sha2::Sha256;
use thiserror::Error;

/// The secret behind all pseudonyms of a deployment: 32 bytes.
#[derive(Clone)]
pub struct PseudonymKey([u8; 32]);

/// The key's text is not 64 hex digits.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("a pseudonym key is 64 hex digits (32 bytes)")]
pub struct InvalidKey;

impl PseudonymKey {
    /// Reads the key from 64 hex digits; surrounding white space is ignored.
    ///
    /// # Errors
    /// [`InvalidKey`], which does not repeat the text.
    pub fn from_hex(text: &str) -> Result<Self, InvalidKey> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text.trim(), &mut bytes).map_err(|_| InvalidKey)?;
        Ok(Self(bytes))
    }

    /// The pseudonym of a tenant's patient: 64 lower-case hex digits.
    pub fn of_patient(&self, tenant: &str, fhir_id: &str) -> String {
        // HMAC takes keys of any length, so this cannot fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return String::new();
        };
        mac.update(tenant.as_bytes());
        mac.update(b"\nPatient/");
        mac.update(fhir_id.as_bytes());
        hex::encode(mac.finalize().into_bytes())
    }
}

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PseudonymKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pseudonyms_differ_by_patient_tenant_and_key() {
        let key = PseudonymKey::from_hex(&"11".repeat(32)).unwrap();
        let other = PseudonymKey::from_hex(&"22".repeat(32)).unwrap();
        let names = [
            key.of_patient("a", "1"),
            key.of_patient("a", "2"),
            key.of_patient("b", "1"),
            other.of_patient("a", "1"),
        ];
        for (index, name) in names.iter().enumerate() {
            assert_eq!(name.len(), 64);
            assert!(!names[..index].contains(name));
        }
        assert_eq!(names[0], key.of_patient("a", "1"));
    }

    #[test]
    fn a_malformed_key_is_refused_without_being_shown() {
        assert_eq!(PseudonymKey::from_hex("abc").unwrap_err(), InvalidKey);
        let key = PseudonymKey::from_hex(&"11".repeat(32)).unwrap();
        assert!(!format!("{key:?}").contains("11"));
    }
}
