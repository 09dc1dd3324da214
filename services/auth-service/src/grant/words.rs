//! Scopes in the words of a person who is asked for them. Pure.

use access_token::ScopeSet;

/// A scope that can be ticked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Right {
    /// The scope.
    pub scope: String,
    /// In words.
    pub text: String,
}

/// Each scope of the set on a line of its own.
pub fn rights(scope: &ScopeSet) -> Vec<Right> {
    let text = scope.to_string();
    let words = text.split(' ').filter(|word| !word.is_empty());
    words
        .map(|word| Right {
            scope: word.to_owned(),
            text: in_words(word),
        })
        .collect()
}

fn in_words(scope: &str) -> String {
    let known = match scope {
        "openid" => "know that it is you",
        "fhirUser" => "know who you are in the health system",
        "launch/patient" => "know which record is yours",
        "online_access" => "go on while you are signed in",
        "offline_access" => "go on when you have left, until you take it back",
        "patient:audit.read" => "see who read your record",
        "patient:consent.read" => "see whom you gave consent",
        "patient:consent.write" => "prepare consents for you to sign",
        "provider:consent.request" => "ask patients for consent in your organisation's name",
        "provider:records.read" => "read records that patients opened for your organisation",
        _ => return in_fhir_words(scope),
    };
    known.to_owned()
}

/// `patient/Observation.rs?category=laboratory` → “read Observation (only laboratory)”.
fn in_fhir_words(scope: &str) -> String {
    let Some((_, rest)) = scope.split_once('/') else {
        return scope.to_owned();
    };
    let (target, filter) = match rest.split_once("?category=") {
        Some((target, category)) => {
            let code = category.rsplit('|').next().unwrap_or(category);
            (target, format!(" (only {code})"))
        }
        None => (rest, String::new()),
    };
    let (resource, letters) = target.split_once('.').unwrap_or((target, ""));
    let resource = match resource {
        "*" => "all parts of the record",
        other => other,
    };
    let verb = if letters.bytes().all(|letter| b"rs".contains(&letter)) {
        "read"
    } else {
        "read and change"
    };
    format!("{verb} {resource}{filter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_words_of_its_own_and_stays_what_it_is() {
        let text = "patient:consent.read openid offline_access patient/*.rs \
                    patient/Observation.rs?category=http://h.example|laboratory patient/Condition.cud";
        let set = ScopeSet::parse_all(text).unwrap();
        let rights = rights(&set);
        let again: Vec<_> = rights.iter().map(|right| right.scope.as_str()).collect();
        assert_eq!(ScopeSet::parse_all(&again.join(" ")).unwrap(), set);
        let words: Vec<_> = rights.iter().map(|right| right.text.as_str()).collect();
        assert!(words.contains(&"see whom you gave consent"));
        assert!(words.contains(&"read all parts of the record"));
        assert!(words.contains(&"read and change Condition"));
    }

    #[test]
    fn a_filter_is_said() {
        assert_eq!(
            in_words("patient/Observation.rs?category=http://h.example|laboratory"),
            "read Observation (only laboratory)"
        );
    }
}
