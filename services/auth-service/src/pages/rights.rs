//! Scopes in the words of a person who is asked for them. Pure.

use access_token::ScopeSet;

use super::language::Language;
use super::text::{Rights, fill};

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
pub fn rights(scope: &ScopeSet, whose: Whose, language: Language) -> Vec<Right> {
    let text = scope.to_string();
    let words = text.split(' ').filter(|word| !word.is_empty());
    words
        .map(|word| Right {
            scope: word.to_owned(),
            text: in_words(word, whose, language),
        })
        .collect()
}

fn in_words(scope: &str, whose: Whose, language: Language) -> String {
    let words = &language.words().rights;
    let for_patient = match (scope, whose) {
        ("launch/patient", Whose::Patients) => Some(words.patients_record),
        ("patient:audit.read", Whose::Patients) => Some(words.patients_audit_read),
        ("patient:consent.read", Whose::Patients) => Some(words.patients_consent_read),
        ("patient:consent.write", Whose::Patients) => Some(words.patients_consent_write),
        _ => None,
    };
    let own = match scope {
        "openid" => words.openid,
        "fhirUser" => words.fhir_user,
        "launch/patient" => words.record,
        "online_access" => words.online_access,
        "offline_access" => words.offline_access,
        "patient:audit.read" => words.audit_read,
        "patient:consent.read" => words.consent_read,
        "patient:consent.write" => words.consent_write,
        "provider:consent.request" => words.consent_request,
        "provider:records.read" => words.records_read,
        _ => return in_fhir_words(scope, language),
    };
    for_patient.unwrap_or(own).to_owned()
}

/// `patient/Observation.rs?category=laboratory` → “read measurements and test results (only lab tests)”. What has no words
/// keeps its name.
fn in_fhir_words(scope: &str, language: Language) -> String {
    let words = &language.words().rights;
    let Some((_, rest)) = scope.split_once('/') else {
        return scope.to_owned();
    };
    let (target, category) = match rest.split_once("?category=") {
        Some((target, category)) => (target, category.rsplit('|').next()),
        None => (rest, None),
    };
    let (resource, letters) = target.split_once('.').unwrap_or((target, ""));
    let known = |name: &str, words: Option<&str>| match words {
        Some(words) => words.to_owned(),
        None => language.isolate(name),
    };
    let mut what = known(resource, kind(resource, words));
    if let Some(code) = category {
        what = fill(words.only, "what", &what);
        what = fill(&what, "category", &known(code, group(code, words)));
    }
    if letters.bytes().all(|letter| b"rs".contains(&letter)) {
        fill(words.read, "what", &what)
    } else {
        fill(words.read_and_change, "what", &what)
    }
}

/// Records of a type, as the patients' portal calls them.
fn kind(resource: &str, words: &Rights) -> Option<&'static str> {
    Some(match resource {
        "*" => words.everything,
        "AllergyIntolerance" => words.allergies,
        "Condition" => words.conditions,
        "DiagnosticReport" => words.reports,
        "DocumentReference" => words.documents,
        "Encounter" => words.visits,
        "Immunization" => words.vaccines,
        "MedicationRequest" => words.medicines,
        "Observation" => words.observations,
        "Patient" => words.person,
        "Procedure" => words.procedures,
        _ => return None,
    })
}

/// Records of a category (HL7's observation categories), as the patients' portal calls them.
fn group(code: &str, words: &Rights) -> Option<&'static str> {
    Some(match code {
        "laboratory" => words.laboratory,
        "vital-signs" => words.vital_signs,
        "imaging" => words.imaging,
        "social-history" => words.social_history,
        "survey" => words.survey,
        "exam" => words.exam,
        "procedure" => words.procedure,
        "therapy" => words.therapy,
        "activity" => words.activity,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scope_has_words_of_its_own_and_stays_what_it_is() {
        let text = "patient:consent.read openid offline_access patient/*.rs \
                    patient/Observation.rs?category=http://h.example|laboratory patient/Condition.cud";
        let set = ScopeSet::parse_all(text).unwrap();
        let rights = rights(&set, Whose::Own, Language::English);
        let again: Vec<_> = rights.iter().map(|right| right.scope.as_str()).collect();
        assert_eq!(ScopeSet::parse_all(&again.join(" ")).unwrap(), set);
        let words: Vec<_> = rights.iter().map(|right| right.text.as_str()).collect();
        assert!(words.contains(&"see whom you gave consent"));
        assert!(words.contains(&"read all parts of the record"));
        assert!(words.contains(&"read and change health problems"));
    }

    #[test]
    fn a_filter_is_said() {
        let scope = "patient/Observation.rs?category=http://h.example|laboratory";
        for (language, said) in [
            (
                Language::English,
                "read measurements and test results (only lab tests)",
            ),
            (
                Language::Dari,
                "اندازه‌گیری‌ها و نتایج آزمایش (تنها آزمایش‌های لابراتوار) را بخواند",
            ),
            (
                Language::Pashto,
                "اندازې او د ازموینو پایلې (یوازې د لابراتوار ازموینې) ولولي",
            ),
        ] {
            assert_eq!(in_words(scope, Whose::Own, language), said);
        }
    }

    #[test]
    fn what_has_no_words_keeps_its_name() {
        let said = in_words(
            "patient/Basic.rs?category=x-1",
            Whose::Own,
            Language::English,
        );
        assert_eq!(said, "read Basic (only x-1)");
        assert_eq!(
            in_words("admin:keys", Whose::Own, Language::Pashto),
            "admin:keys"
        );
    }

    #[test]
    fn what_is_the_patients_is_not_called_the_persons_own() {
        let set = "launch/patient patient:audit.read patient:consent.read patient:consent.write";
        let set = ScopeSet::parse_all(set).unwrap();
        for (language, patient, your) in [
            (Language::English, "patient", "your"),
            (Language::Dari, "مریض", "از شماست"),
            (Language::Pashto, "ناروغ", "ستاسو"),
        ] {
            for right in rights(&set, Whose::Patients, language) {
                assert!(right.text.contains(patient), "{}", right.text);
                assert!(!right.text.contains(your), "{}", right.text);
            }
        }
    }
}
