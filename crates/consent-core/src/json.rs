//! A strict reader of JSON: what two parsers may understand differently is refused.
//!
//! `serde_json` keeps the last of two equal keys, as most parsers do, but not all of them. A document whose meaning
//! depends on the reader must neither be hashed nor released.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Why a text is not strict JSON. Carries no part of the text, which may be about a patient. Of several reasons the first
/// in this order is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or not UTF-8, or nested too deeply, or more than one value.
    #[error("not a JSON document")]
    Syntax,
    /// One object has the same key twice.
    #[error("an object has the same key twice")]
    DuplicateKey,
    /// One object has two keys that differ in case only: a reader that ignores case would see a duplicate.
    #[error("an object has keys that differ in case only")]
    CaseVariantKey,
}

/// Reads one JSON document. Duplicate keys and keys that differ in ASCII case only are refused at every depth.
pub fn parse_strict(bytes: &[u8]) -> Result<Value, JsonError> {
    let fault = Cell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = StrictValue(&fault)
        .deserialize(&mut reader)
        .map_err(|_| JsonError::Syntax)?;
    reader.end().map_err(|_| JsonError::Syntax)?;
    fault.get().map_or(Ok(value), Err)
}

/// Reads on after a fault: only the end of the text tells whether it is JSON at all.
#[derive(Clone, Copy)]
struct StrictValue<'a>(&'a Cell<Option<JsonError>>);

impl StrictValue<'_> {
    fn note(self, fault: JsonError) {
        let first = self.0.get().map_or(fault, |noted| noted.min(fault));
        self.0.set(Some(first));
    }
}

impl<'de> DeserializeSeed<'de> for StrictValue<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for StrictValue<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        let mut folded = HashSet::new();
        while let Some(key) = access.next_key::<String>()? {
            if map.contains_key(&key) {
                self.note(JsonError::DuplicateKey);
            } else if !folded.insert(key.to_ascii_lowercase()) {
                self.note(JsonError::CaseVariantKey);
            }
            let value = access.next_value_seed(self)?;
            map.insert(key, value);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_keys_are_refused_at_every_depth() {
        for text in [
            r#"{"a":1,"a":1}"#,
            r#"[{"x":{"a":1,"b":2,"a":3}}]"#,
            r#"{"a":1,"\u0061":2}"#,
        ] {
            assert_eq!(
                parse_strict(text.as_bytes()),
                Err(JsonError::DuplicateKey),
                "{text}"
            );
        }
        assert_eq!(
            parse_strict(br#"{"subject":1,"Subject":2}"#),
            Err(JsonError::CaseVariantKey)
        );
    }

    #[test]
    fn what_is_not_one_document_is_refused() {
        let deep = "[".repeat(200) + &"]".repeat(200);
        for text in [
            "",
            "{",
            "{} {}",
            "nul",
            "\u{feff}{}",
            r#"{"s":"\udead"}"#,
            "{'a':1}",
            "[1,]",
            "NaN",
            "1e999",
            &deep,
        ] {
            assert_eq!(
                parse_strict(text.as_bytes()),
                Err(JsonError::Syntax),
                "{text}"
            );
        }
        assert_eq!(parse_strict(b"\"\xff\""), Err(JsonError::Syntax));
    }

    #[test]
    fn of_several_faults_the_first_in_the_order_of_the_errors_is_told() {
        let told = |text: &str| parse_strict(text.as_bytes()).unwrap_err();
        assert_eq!(told(r#"{"a":1,"a":1"#), JsonError::Syntax);
        assert_eq!(told(r#"{"a":1,"A":1} x"#), JsonError::Syntax);
        assert_eq!(told(r#"{"a":1,"A":1,"a":1}"#), JsonError::DuplicateKey);
        assert_eq!(
            told(r#"[{"a":1,"A":1},{"b":1,"b":1}]"#),
            JsonError::DuplicateKey
        );
    }

    #[test]
    fn plain_documents_read_as_usual() {
        let text = r#"{"a":[1,-2,1.5,true,null,"é"],"b":{"c":{}}}"#;
        assert_eq!(
            parse_strict(text.as_bytes()).unwrap(),
            serde_json::from_str::<Value>(text).unwrap()
        );
    }
}
