//! The forms that ids, addresses and numbers take in text. Faults never repeat the text.

use alloy::primitives::{Address, U256};

/// What is wrong with an id.
pub const ID_FAULT: &str = "must be 1 to 64 letters, digits, dots, hyphens or underscores";

fn is_id(text: &str, extra: &[u8]) -> bool {
    (1..=64).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || extra.contains(&b))
}

/// The id of a tenant or an organisation.
///
/// # Errors
/// [`ID_FAULT`].
pub fn id(text: &str) -> Result<String, &'static str> {
    if is_id(text, b".-_") {
        Ok(text.to_owned())
    } else {
        Err(ID_FAULT)
    }
}

/// Whether it is a FHIR `id`.
pub fn is_fhir_id(text: &str) -> bool {
    is_id(text, b".-")
}

/// An address: `0x` and 40 hex digits, of one case or with a right EIP-55 checksum. Never the zero address.
///
/// # Errors
/// What is wrong.
pub fn address(text: &str) -> Result<Address, &'static str> {
    const FORM: &str = "must be an address: 0x and 40 hex digits";
    let digits = text
        .strip_prefix("0x")
        .filter(|digits| digits.len() == 40)
        .ok_or(FORM)?;
    let bytes: [u8; 20] = hex::decode(digits)
        .ok()
        .and_then(|b| b.try_into().ok())
        .ok_or(FORM)?;
    let address = Address::from(bytes);
    let mixed = digits.bytes().any(|b| b.is_ascii_lowercase())
        && digits.bytes().any(|b| b.is_ascii_uppercase());
    if mixed && address.to_checksum(None) != text {
        return Err("must be an address with a right checksum, or in one case");
    }
    if address.is_zero() {
        Err("must not be the zero address")
    } else {
        Ok(address)
    }
}

/// A uint256 in decimal, without sign or leading zeros.
///
/// # Errors
/// What is wrong.
pub fn uint256(text: &str) -> Result<U256, &'static str> {
    const FORM: &str = "must be a uint256 in decimal";
    let decimal = (1..=78).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_digit())
        && (text == "0" || !text.starts_with('0'));
    if decimal {
        U256::from_str_radix(text, 10).map_err(|_| FORM)
    } else {
        Err(FORM)
    }
}

/// Bytes: `0x` and an even number of hex digits, at most `most` bytes.
///
/// # Errors
/// What is wrong.
pub fn bytes(text: &str, most: usize) -> Result<Vec<u8>, &'static str> {
    const FORM: &str = "must be 0x and hex digits, two a byte";
    let digits = text.strip_prefix("0x").ok_or(FORM)?;
    if digits.len() > 2 * most {
        return Err("is too long");
    }
    hex::decode(digits).map_err(|_| FORM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_case_or_a_right_checksum() {
        let right = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
        let lower = right.to_ascii_lowercase();
        let upper = format!("0x{}", right[2..].to_ascii_uppercase());
        for good in [right, &lower, &upper] {
            assert_eq!(address(good).unwrap().to_checksum(None), right);
        }
        let zero = format!("0x{}", "0".repeat(40));
        for bad in [
            "",
            "0x",
            &right[2..],
            &right[..41],
            "0x70997970c51812dc3A010C7d01b50e0d17dc79C8",
            &zero,
            "0xzz",
        ] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_uint256_has_one_spelling() {
        assert_eq!(uint256("0").unwrap(), U256::ZERO);
        assert_eq!(uint256(&U256::MAX.to_string()).unwrap(), U256::MAX);
        let above = format!("{}0", U256::MAX);
        for bad in [
            "",
            "01",
            "+1",
            "-1",
            "1_0",
            "0x1",
            " 1",
            &above,
            &"9".repeat(78),
        ] {
            assert!(uint256(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn fhir_ids_are_those_of_the_specification() {
        for good in ["1", "a-B.9", &"x".repeat(64)] {
            assert!(is_fhir_id(good));
        }
        for bad in ["", "a_b", "a/b", "a b", "é", "a\0", &"x".repeat(65)] {
            assert!(!is_fhir_id(bad));
        }
    }
}
