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

/// Whose the rights are that an app is to use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// The person's own.
    Own,
    /// Those of a patient for whom the person acts.
    Patients,
}

impl Whose {
    /// Of somebody who acts for a patient, or for themselves.
    pub fn of(is_proxy: bool) -> Self {
        if is_proxy { Self::Patients } else { Self::Own }
    }
}

/// Each scope of the set on a line of its own.
pub fn rights(scope: &ScopeSet, whose: Whose) -> Vec<Right> {
    let text = scope.to_string();
    let words = text.split(' ').filter(|word| !word.is_empty());
    words
        .map(|word| Right {
            scope: word.to_owned(),
            text: in_words(word, whose),
        })
        .collect()
}

fn in_words(scope: &str, whose: Whose) -> String {
    let for_patient = match (scope, whose) {
        ("launch/patient", Whose::Patients) => Some("know which record is the patient's"),
        ("patient:audit.read", Whose::Patients) => Some("see who read the patient's record"),
        ("patient:consent.read", Whose::Patients) => Some("see whom the patient gave consent"),
        ("patient:consent.write", Whose::Patients) => {
            Some("prepare consents for you to sign in the patient's name")
        }
        _ => None,
    };
    let own = match scope {
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
    for_patient.unwrap_or(own).to_owned()
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
        let rights = rights(&set, Whose::Own);
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
            in_words(
                "patient/Observation.rs?category=http://h.example|laboratory",
                Whose::Own
            ),
            "read Observation (only laboratory)"
        );
    }

    #[test]
    fn what_is_the_patients_is_not_called_the_persons_own() {
        let set = "launch/patient patient:audit.read patient:consent.read patient:consent.write";
        for right in rights(&ScopeSet::parse_all(set).unwrap(), Whose::Patients) {
            assert!(right.text.contains("patient"), "{}", right.text);
            assert!(!right.text.contains("your"), "{}", right.text);
        }
    }
}
