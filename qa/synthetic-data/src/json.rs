//! JSON with one fixed member order (type, id, then by name), whatever features `serde_json` is built with.

use std::io::{self, Write};

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_by_key(|(name, _)| (rank(name), name.as_str()));
                let mut map = serializer.serialize_map(Some(sorted.len()))?;
                for (name, value) in sorted {
                    map.serialize_entry(name, &Ordered(value))?;
                }
                map.end()
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            other => other.serialize(serializer),
        }
    }
}

fn rank(name: &str) -> u8 {
    match name {
        "resourceType" => 0,
        "id" => 1,
        _ => 2,
    }
}

/// Writes `value` compactly, without a line end.
pub fn write(out: &mut (impl Write + ?Sized), value: &Value) -> io::Result<()> {
    serde_json::to_writer(out, &Ordered(value)).map_err(io::Error::from)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn members_have_one_order() {
        let mut out = Vec::new();
        super::write(
            &mut out,
            &json!({"b": 1, "id": "x", "a": {"z": [{"c": 1, "b": 2}]}, "resourceType": "T"}),
        )
        .unwrap();
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r#"{"resourceType":"T","id":"x","a":{"z":[{"b":2,"c":1}]},"b":1}"#
        );
    }
}
