//! The text of a document: strict JSON whose numbers every language holds exactly.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde_json::Value;

use super::PolicyError;
use crate::json::{JsonError, parse_strict};

/// 2^53-1.
const MAX_INTEGER: u64 = (1 << 53) - 1;

pub(super) fn read(bytes: &[u8]) -> Result<Value, PolicyError> {
    let text = str::from_utf8(bytes).map_err(|_| JsonError::Syntax)?;
    let plain = without_other_numbers(text);
    let value = parse_strict(plain.as_bytes())?;
    match plain {
        Cow::Borrowed(_) => Ok(value),
        Cow::Owned(_) => Err(PolicyError::Number),
    }
}

/// The text with a 0 in the place of each number that is none of the profile, if there is one. `serde_json` reads `1.0`
/// for the integer it is not, rounds `9007199254740993.0`, and gives up at `1e999` before it has seen whether the rest is
/// JSON.
fn without_other_numbers(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(text);
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let length = match first {
            '"' => string_length(rest),
            '-' | '0'..='9' => rest.find(is_no_part_of_a_number).unwrap_or(rest.len()),
            _ => first.len_utf8(),
        };
        let token = &rest[..length];
        let is_number = matches!(first, '-' | '0'..='9');
        if is_number && !is_integer(token) && is_json(token) {
            // From here on the text that is read is another one.
            let done = plain.len() - rest.len();
            let before = plain[..done].to_owned();
            plain = Cow::Owned(before + "0" + &rest[length..]);
        }
        at += length;
    }
    plain
}

fn is_no_part_of_a_number(c: char) -> bool {
    !matches!(c, '0'..='9' | '+' | '-' | '.' | 'e' | 'E')
}

/// How long a string is with its quotes; all of the text if it does not end.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    let closing = |(_, byte): &(usize, u8)| {
        let closes = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        closes
    };
    let end = text.bytes().enumerate().skip(1).find(closing);
    end.map_or(text.len(), |(quote, _)| quote + 1)
}

/// Whether this is an integer of the profile; one with a zero too many is left to the reader of JSON.
fn is_integer(token: &str) -> bool {
    let value = token.parse::<i64>();
    token != "-0" && value.is_ok_and(|value| value.unsigned_abs() <= MAX_INTEGER)
}

fn is_json(token: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(token).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_integer_that_every_language_holds() {
        for text in [
            "0",
            "-1",
            "9007199254740991",
            "[-9007199254740991,0]",
            r#""1.5""#,
        ] {
            assert!(read(text.as_bytes()).is_ok(), "{text}");
        }
        for text in [
            "1.0",
            "-0",
            "1e0",
            "9007199254740992",
            "[1, -9007199254740993]",
            "1e999",
            r#"{"\"":"1.5\\","b":1.5}"#,
        ] {
            assert_eq!(read(text.as_bytes()), Err(PolicyError::Number), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_told_before_a_number_and_a_key_too() {
        let syntax = Err(PolicyError::Json(JsonError::Syntax));
        for text in [
            "[1e999",
            "[1.5] x",
            "1.5.",
            "01",
            "-01",
            "1-2",
            "[1e999,\"\\ud800\"]",
            "\"1.5",
        ] {
            assert_eq!(read(text.as_bytes()), syntax, "{text}");
        }
        let twice = br#"{"a":1.5,"a":1e999}"#;
        assert_eq!(read(twice), Err(PolicyError::Json(JsonError::DuplicateKey)));
    }
}
