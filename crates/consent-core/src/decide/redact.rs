//! What is cut out of a resource before it is released. Works on the text of the resource, so that every number
//! leaves as it came (a decimal's precision has a meaning in medicine and would not survive a parser).

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::resource::{Target, target};

/// The names of the types whose references keep their display text: who, not what.
const PEOPLE: &[&str] = &[
    "Organization",
    "Patient",
    "Practitioner",
    "PractitionerRole",
];

/// What to cut out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redaction {
    renderings: Option<&'static [&'static str]>,
}

impl Redaction {
    /// Nothing is cut out.
    pub const NOTHING: Self = Self { renderings: None };

    /// The narrative, these rendered documents, and display texts of references to other clinical records.
    pub(super) const fn renderings(documents: &'static [&'static str]) -> Self {
        Self {
            renderings: Some(documents),
        }
    }

    /// The resource as it may leave. `text` must be the very text that was inspected. `None` when it is not JSON.
    pub fn apply(self, text: &str) -> Option<String> {
        let Some(documents) = self.renderings else {
            return Some(text.to_owned());
        };
        let mut out = String::with_capacity(text.len());
        let dropped = |key: &str| {
            key == "text" || key == "_text" || documents.contains(&key.trim_start_matches('_'))
        };
        write(text, &dropped, false, &mut out)?;
        Some(out)
    }
}

/// Writes a value without the members that `dropped` names at this level; below it only displays are dropped, and
/// none of a concept's codings.
fn write(
    text: &str,
    dropped: &dyn Fn(&str) -> bool,
    is_coding: bool,
    out: &mut String,
) -> Option<()> {
    let text = text.trim();
    match text.as_bytes().first()? {
        b'{' => {
            let members = members(text)?;
            let cut_display = refers_to_a_record(&members, is_coding);
            let hidden = |key: &str| {
                dropped(key) || (cut_display && (key == "display" || key == "_display"))
            };
            let kept = members.iter().filter(|(key, _)| !hidden(key));
            out.push('{');
            for (place, (key, value)) in kept.enumerate() {
                if place > 0 {
                    out.push(',');
                }
                out.push_str(&serde_json::to_string(key).ok()?);
                out.push(':');
                write(value.get(), &|_| false, key == "coding", out)?;
            }
            out.push('}');
        }
        b'[' => {
            out.push('[');
            for (place, item) in items(text)?.iter().enumerate() {
                if place > 0 {
                    out.push(',');
                }
                write(item.get(), &|_| false, is_coding, out)?;
            }
            out.push(']');
        }
        _ => out.push_str(text),
    }
    Some(())
}

/// Whether a `display` beside these members is, or may be, the text of a reference to a clinical record. A reference
/// need not have a `reference`: it may name its target by an identifier, or by the display alone. What has a code is a
/// coding, and its code was looked up.
fn refers_to_a_record(members: &[(String, &RawValue)], is_coding: bool) -> bool {
    let member = |name: &str| members.iter().find(|(key, _)| key == name);
    let Some((_, reference)) = member("reference") else {
        let kind = member("type").and_then(|(_, kind)| serde_json::from_str(kind.get()).ok());
        return !is_coding
            && member("code").is_none()
            && kind.is_none_or(|kind: String| !PEOPLE.contains(&kind.as_str()));
    };
    let Ok(reference) = serde_json::from_str::<String>(reference.get()) else {
        return true;
    };
    // The base does not matter here: only the name of the type does.
    match target(&reference, "") {
        Target::Here { resource_type, .. } | Target::Elsewhere { resource_type } => {
            !PEOPLE.contains(&resource_type)
        }
        Target::Contained | Target::Unclear => true,
    }
}

fn members(text: &str) -> Option<Vec<(String, &RawValue)>> {
    struct Members;
    impl<'de> Visitor<'de> for Members {
        type Value = Vec<(String, &'de RawValue)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = access.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    serde_json::Deserializer::from_str(text)
        .deserialize_map(Members)
        .ok()
}

fn items(text: &str) -> Option<Vec<&RawValue>> {
    struct Items;
    impl<'de> Visitor<'de> for Items {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Self::Value, A::Error> {
            let mut items = Vec::new();
            while let Some(item) = access.next_element()? {
                items.push(item);
            }
            Ok(items)
        }
    }
    serde_json::Deserializer::from_str(text)
        .deserialize_seq(Items)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_touched_without_a_reason() {
        let text = r#"{ "text" : 1.50 }"#;
        assert_eq!(Redaction::NOTHING.apply(text).as_deref(), Some(text));
    }

    #[test]
    fn renderings_go_and_numbers_stay_as_they_came() {
        let text = r#"{"resourceType":"DiagnosticReport","text":{"div":"secret"},"_text":{},
            "code":{"text":"kept","coding":[{"display":"kept"}]},"value":1.500,
            "result":[{"reference":"Observation/1","display":"secret"}],
            "performer":[{"reference":"Practitioner/1","display":"Dr Kept"}],
            "presentedForm":[{"data":"secret"}],"conclusion":"caf\u00e9 \"x\""}"#;
        let out = Redaction::renderings(&["presentedForm"])
            .apply(text)
            .unwrap();
        assert!(
            !out.contains("secret") && !out.contains("presentedForm"),
            "{out}"
        );
        assert!(
            out.contains("1.500") && out.contains("Dr Kept") && out.matches("kept").count() == 2,
            "{out}"
        );
        let value: serde_json::Value = serde_json::from_str(&out).unwrap();
        assert_eq!(value["conclusion"], "café \"x\"");
        assert!(value.get("text").is_none() && value["code"]["text"] == "kept");
    }

    #[test]
    fn a_reference_without_a_literal_target_shows_no_display_unless_it_is_to_people() {
        let text = r#"{"resourceType":"Encounter",
            "class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB","display":"kept"},
            "reasonReference":[{"display":"secret"},{"type":"Condition","identifier":{"value":"1"},"display":"secret"}],
            "diagnosis":[{"condition":{"identifier":{"value":"2"},"display":"secret","_display":{"id":"secret"}}}],
            "participant":[{"individual":{"type":"Practitioner","display":"Dr Kept"}}]}"#;
        let out = Redaction::renderings(&[]).apply(text).unwrap();
        assert!(!out.contains("secret"), "{out}");
        assert!(out.contains("\"kept\"") && out.contains("Dr Kept"), "{out}");
    }

    #[test]
    fn what_is_not_json_is_not_released() {
        assert_eq!(Redaction::renderings(&[]).apply("{"), None);
    }
}
