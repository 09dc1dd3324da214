//! One-time codes as people read and type them: 80 bits, in Crockford's base 32, in four groups of four.

use std::fmt;

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::Random;

/// Without I, L, O and U, which are mistaken for others.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CHARACTERS: usize = 16;
const GROUP: usize = 4;

/// A code. Only its hash is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(Zeroizing<[u8; 10]>);

impl Code {
    /// A new one.
    pub fn generate(random: &Random) -> Self {
        let mut bytes = Zeroizing::new([0; 10]);
        random(&mut *bytes);
        Self(bytes)
    }

    /// What somebody typed: in either case, with or without hyphens and spaces, O for 0, I or L for 1, in their own digits.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bits = 0u128;
        let mut read = 0;
        for character in text.chars() {
            let character = match latin_digit(character).to_ascii_uppercase() {
                '-' | ' ' => continue,
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let digit = ALPHABET
                .iter()
                .position(|known| char::from(*known) == character)?;
            read += 1;
            if read > CHARACTERS {
                return None;
            }
            bits = bits << 5 | digit as u128;
        }
        let mut bytes = Zeroizing::new([0; 10]);
        bytes.copy_from_slice(&bits.to_be_bytes()[6..]);
        (read == CHARACTERS).then_some(Self(bytes))
    }

    /// What the database knows of it. No salt and no slow hash: nobody tries 2^80 codes.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::new_with_prefix(b"enrolment code")
            .chain_update(*self.0)
            .finalize()
            .into()
    }

    /// The code in words of four, to be shown once.
    pub fn show(&self) -> String {
        let mut wide = [0; 16];
        wide[6..].copy_from_slice(&*self.0);
        let bits = u128::from_be_bytes(wide);
        let mut shown = String::new();
        for place in 0..CHARACTERS {
            if place > 0 && place % GROUP == 0 {
                shown.push('-');
            }
            let digit = bits >> (5 * (CHARACTERS - 1 - place)) & 31;
            shown.push(char::from(ALPHABET[digit as usize]));
        }
        shown
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Code(…)")
    }
}

/// Of a digit of Dari and Pashto, or of Arabic, the one that codes are written in: keyboards have the reader's own.
pub(super) fn latin_digit(character: char) -> char {
    let place = match character {
        '۰'..='۹' => character as u32 - '۰' as u32,
        '٠'..='٩' => character as u32 - '٠' as u32,
        _ => return character,
    };
    char::from_digit(place, 10).unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn code(byte: u8) -> Code {
        let random: Random = Arc::new(move |bytes: &mut [u8]| {
            for (place, each) in bytes.iter_mut().enumerate() {
                *each = byte.wrapping_mul(37).wrapping_add(place as u8);
            }
        });
        Code::generate(&random)
    }

    #[test]
    fn a_code_is_read_as_it_is_shown_and_as_people_type_it() {
        for byte in 0..=255 {
            let code = code(byte);
            let shown = code.show();
            assert_eq!(shown.len(), 19, "{shown}");
            let typed = [
                shown.clone(),
                shown.to_lowercase(),
                shown.replace('-', ""),
                format!(" {} ", shown.replace('-', " ")),
                shown.replace('0', "o").replace('1', "l"),
            ];
            for text in typed {
                assert_eq!(Code::parse(&text), Some(code.clone()), "{text}");
            }
        }
    }

    #[test]
    fn a_code_is_read_in_the_digits_of_the_readers_keyboard() {
        let shown = "0123-4567-89AB-CDEF";
        for typed in ["۰۱۲۳-۴۵۶۷-۸۹AB-CDEF", "٠١٢٣ ٤٥٦٧ ٨٩ab cdef"] {
            assert_eq!(Code::parse(typed), Code::parse(shown), "{typed}");
        }
    }

    #[test]
    fn what_is_no_code_is_not_read() {
        let shown = code(3).show();
        for text in [
            "",
            "-",
            &shown[1..],
            &format!("{shown}0"),
            &shown.replace('-', "_"),
        ] {
            assert!(Code::parse(text).is_none(), "{text}");
        }
        assert!(Code::parse(&format!("U{}", &shown[1..])).is_none());
    }

    #[test]
    fn a_log_line_does_not_hold_it() {
        assert_eq!(format!("{:?}", code(9)), "Code(…)");
    }
}
