//! Identifiers: addresses and 32-byte hashes, written as lowercase `0x` hex.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha3::{Digest, Keccak256};

/// Why a text is not an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected 0x and {digits} hexadecimal digits")]
pub struct IdError {
    digits: usize,
}

fn parse<const N: usize>(text: &str) -> Result<[u8; N], IdError> {
    let fault = IdError { digits: N * 2 };
    let digits = text.strip_prefix("0x").ok_or(fault)?;
    let mut bytes = [0; N];
    hex::decode_to_slice(digits, &mut bytes).map_err(|_| fault)?;
    Ok(bytes)
}

macro_rules! fixed_bytes {
    ($(#[$doc:meta])* $name:ident, $size:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name(pub [u8; $size]);

        impl $name {
            /// All bytes zero.
            pub const ZERO: Self = Self([0; $size]);

            /// The bytes.
            pub const fn as_bytes(&self) -> &[u8; $size] {
                &self.0
            }

            /// Whether all bytes are zero.
            pub fn is_zero(&self) -> bool {
                *self == Self::ZERO
            }
        }

        impl From<[u8; $size]> for $name {
            fn from(bytes: [u8; $size]) -> Self {
                Self(bytes)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            /// Strict: `0x` and exactly the right number of digits, of either case (a checksum is not checked).
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse(text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

fixed_bytes!(
    /// An address on the chain: a subject, a grantee or a registry.
    Address,
    20
);
fixed_bytes!(
    /// A hash or another 32-byte word.
    Hash32,
    32
);

/// Identifies one consent: see [`consent_id`].
pub type ConsentId = Hash32;
/// Identifies one policy document: the keccak-256 of its canonical bytes.
pub type ScopeId = Hash32;

/// Keccak-256 as the chain computes it.
pub fn keccak256(bytes: &[u8]) -> Hash32 {
    Hash32(Keccak256::digest(bytes).into())
}

/// `keccak256(abi.encode(chainid, registry, subject, grantee, scopeId))`: five words of 32 bytes.
pub fn consent_id(
    chain_id: u64,
    registry: Address,
    subject: Address,
    grantee: Address,
    scope_id: ScopeId,
) -> ConsentId {
    let mut words = [0u8; 160];
    words[24..32].copy_from_slice(&chain_id.to_be_bytes());
    words[44..64].copy_from_slice(&registry.0);
    words[76..96].copy_from_slice(&subject.0);
    words[108..128].copy_from_slice(&grantee.0);
    words[128..160].copy_from_slice(&scope_id.0);
    keccak256(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keccak_is_the_chains_and_not_the_nist_sha3() {
        let empty = "0xc5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470";
        assert_eq!(keccak256(b"").to_string(), empty);
    }

    #[test]
    fn an_address_is_read_strictly_and_written_in_lower_case() {
        let address: Address = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
            .parse()
            .unwrap();
        assert_eq!(
            address.to_string(),
            "0x5fbdb2315678afecb367f032d93f642f64180aa3"
        );
        for bad in [
            "",
            "0x",
            "5fbdb2315678afecb367f032d93f642f64180aa3",
            "0X5fbdb2315678afecb367f032d93f642f64180aa3",
            "0x5fbdb2315678afecb367f032d93f642f64180aa",
            "0x5fbdb2315678afecb367f032d93f642f64180aa300",
            "0x5fbdb2315678afecb367f032d93f642f64180aag",
            " 0x5fbdb2315678afecb367f032d93f642f64180aa3",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn serde_uses_the_same_text() {
        let hash = Hash32([0xab; 32]);
        let json = serde_json::to_string(&hash).unwrap();
        assert_eq!(json, format!("\"{hash}\""));
        assert_eq!(serde_json::from_str::<Hash32>(&json).unwrap(), hash);
        assert!(serde_json::from_str::<Address>(&json).is_err());
    }
}
