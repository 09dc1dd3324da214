//! Which sensitivities a record has: by its labels (`meta.security`) and by its codes.
//!
//! Real records are hardly ever labelled, so labels alone would make "HIV off" a lie. The code table is data, in
//! `sensitivity/codes.csv`. Every coding anywhere in a resource is looked up, so that a component, a reason or a coded
//! value counts as much as the main code.
//!
//! What cannot be told is said, not guessed: see [`Labels::unclear`].

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use serde_json::Value;

use crate::policy::Sensitivity;

const CODES: &str = include_str!("sensitivity/codes.csv");

/// What is known about a record's sensitivities.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    /// The sensitivities it has for certain.
    pub found: BTreeSet<Sensitivity>,
    /// Whether it may have others: it bears a label that is not understood, or nothing that it says about itself is
    /// in a code system that the table covers.
    pub unclear: bool,
}

impl Labels {
    /// Adds what is known of a part of the record.
    pub fn include(&mut self, part: &Labels) {
        self.found.extend(&part.found);
        self.unclear |= part.unclear;
    }
}

/// A code system the table knows of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum System {
    Loinc,
    Snomed,
    Icd10,
    Rxnorm,
    /// Vaccines: none of its codes is sensitive by itself, so a vaccine code is a clear statement.
    Cvx,
}

impl System {
    fn from_uri(uri: &str) -> Option<Self> {
        let lower = uri.to_ascii_lowercase();
        let bare = lower
            .trim_start_matches("https://")
            .trim_start_matches("http://")
            .trim_end_matches('/');
        Some(match bare {
            "loinc.org" | "urn:oid:2.16.840.1.113883.6.1" => Self::Loinc,
            "snomed.info/sct" | "urn:oid:2.16.840.1.113883.6.96" => Self::Snomed,
            "www.nlm.nih.gov/research/umls/rxnorm" | "urn:oid:2.16.840.1.113883.6.88" => {
                Self::Rxnorm
            }
            "hl7.org/fhir/sid/cvx" | "urn:oid:2.16.840.1.113883.12.292" => Self::Cvx,
            "urn:oid:2.16.840.1.113883.6.90" | "urn:oid:2.16.840.1.113883.6.3" => Self::Icd10,
            icd if icd == "hl7.org/fhir/sid/icd-10"
                || icd.starts_with("hl7.org/fhir/sid/icd-10-") =>
            {
                Self::Icd10
            }
            _ if bare.starts_with("snomed.info/sct/") => Self::Snomed,
            _ => return None,
        })
    }
}

#[derive(Default)]
struct Table {
    exact: HashMap<(System, &'static str), Vec<Sensitivity>>,
    prefixes: Vec<(&'static str, Sensitivity)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let mut table = Table::default();
    for row in rows().flatten() {
        match row.system {
            Some(system) if !row.prefix => table
                .exact
                .entry((system, row.code))
                .or_default()
                .push(row.sensitivity),
            _ => table.prefixes.push((row.code, row.sensitivity)),
        }
    }
    table
});

struct Row {
    sensitivity: Sensitivity,
    system: Option<System>,
    prefix: bool,
    code: &'static str,
}

/// The rows of the file; `None` for a line that is not one (a test says there is no such line).
fn rows() -> impl Iterator<Item = Option<Row>> {
    CODES
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(row)
}

fn row(line: &'static str) -> Option<Row> {
    let mut fields = line.splitn(5, ',');
    let sensitivity = Sensitivity::from_code(fields.next()?)?;
    let system = match fields.next()? {
        "loinc" => System::Loinc,
        "snomed" => System::Snomed,
        "icd10" => System::Icd10,
        "rxnorm" => System::Rxnorm,
        _ => return None,
    };
    let prefix = match fields.next()? {
        "exact" => false,
        "prefix" if system == System::Icd10 => true,
        _ => return None,
    };
    let code = fields.next()?;
    let told = fields.next().is_some_and(|what| !what.is_empty());
    (told && !code.is_empty()).then_some(Row {
        sensitivity,
        system: Some(system),
        prefix,
        code,
    })
}

/// The sensitivities of a code. Without a system the code is looked up in all of them.
fn of_code(system: Option<&str>, code: &str) -> Vec<Sensitivity> {
    let system = match system {
        None => None,
        Some(uri) => match System::from_uri(uri) {
            Some(system) => Some(system),
            None => return Vec::new(),
        },
    };
    let code = code.trim();
    let mut found = Vec::new();
    for candidate in [System::Loinc, System::Snomed, System::Icd10, System::Rxnorm] {
        if system.is_none_or(|system| system == candidate) {
            found.extend(
                TABLE
                    .exact
                    .get(&(candidate, code))
                    .into_iter()
                    .flatten()
                    .copied(),
            );
        }
    }
    if system.is_none_or(|system| system == System::Icd10) {
        let upper = code.to_ascii_uppercase();
        // Some senders leave the dot out.
        let matches =
            |prefix: &str| upper.starts_with(prefix) || upper.starts_with(&prefix.replace('.', ""));
        found.extend(
            TABLE
                .prefixes
                .iter()
                .filter(|(prefix, _)| matches(prefix))
                .map(|(_, sensitivity)| *sensitivity),
        );
    }
    found
}

/// What a security label says.
enum Label {
    /// These sensitivities.
    Sensitive(&'static [Sensitivity]),
    /// None of ours.
    Neutral,
    /// Something sensitive (confidentiality R or V), to be said by another label.
    Restricted,
    /// It cannot be told.
    Unclear,
}

/// Reads one security label by its code; a wrong or missing system does not make a label harmless.
///
/// The codes are those of HL7 v3 ActCode's InformationSensitivityPolicy. A wider one stands for all that it may cover:
/// `STD` for SEX and HIV, `BH` (behavioural health) for PSY and SUD, `SPI` and `TBOO` for everything. Confidentiality
/// R and V say that there is something sensitive without saying what: clear only beside a label that says it.
fn label(system: Option<&str>, code: &str) -> Label {
    use Sensitivity::{Genetic, Hiv, Psychiatric, Sexual, SubstanceUse};
    match code {
        "GDIS" | "SCA" | "SICKLE" => Label::Sensitive(&[Genetic]),
        "HIV" => Label::Sensitive(&[Hiv]),
        "PSY" | "MH" | "EMOTDIS" | "PSYTHPN" | "COGN" | "DVD" => Label::Sensitive(&[Psychiatric]),
        "SEX" | "SDV" | "MST" => Label::Sensitive(&[Sexual]),
        "SUD" | "ETH" | "ETHUD" | "OPIOIDUD" => Label::Sensitive(&[SubstanceUse]),
        "STD" => Label::Sensitive(&[Hiv, Sexual]),
        "BH" => Label::Sensitive(&[Psychiatric, SubstanceUse]),
        "SPI" | "TBOO" => Label::Sensitive(Sensitivity::ALL),
        "U" | "L" | "M" | "N" if is_confidentiality(system) => Label::Neutral,
        "R" | "V" if is_confidentiality(system) => Label::Restricted,
        // Test data, by HL7 v3 ActReason.
        "HTEST" => Label::Neutral,
        _ => Label::Unclear,
    }
}

fn is_confidentiality(system: Option<&str>) -> bool {
    system.is_some_and(|uri| uri.to_ascii_lowercase().ends_with("v3-confidentiality"))
}

/// The labels of a resource by itself. `code` are the elements that say what it is about (see
/// [`crate::resource::TypeRow::code`]), `code_by_reference` those that say it by a reference.
pub fn labels(resource: &Value, code: &[&str], code_by_reference: &[&str]) -> Labels {
    let mut labels = Labels::default();
    match resource.get("meta").and_then(|meta| meta.get("security")) {
        None => {}
        Some(Value::Array(items)) => read_labels(items, &mut labels),
        Some(_) => labels.unclear = true,
    }
    collect(resource, &mut labels.found);
    let speaks = code.is_empty()
        || code
            .iter()
            .any(|element| resource.get(element).is_some_and(has_known_system));
    let refers = code_by_reference
        .iter()
        .any(|element| resource.get(element).is_some());
    labels.unclear |= !speaks || refers;
    labels
}

fn read_labels(items: &[Value], labels: &mut Labels) {
    let mut restricted = false;
    for item in items {
        let system = item.get("system").and_then(Value::as_str);
        match item
            .get("code")
            .and_then(Value::as_str)
            .map(|code| label(system, code))
        {
            Some(Label::Sensitive(found)) => labels.found.extend(found),
            Some(Label::Neutral) => {}
            Some(Label::Restricted) => restricted = true,
            Some(Label::Unclear) | None => labels.unclear = true,
        }
    }
    labels.unclear |= restricted && labels.found.is_empty();
}

fn collect(value: &Value, found: &mut BTreeSet<Sensitivity>) {
    match value {
        Value::Object(members) => {
            if let Some(code) = members.get("code").and_then(Value::as_str) {
                found.extend(of_code(members.get("system").and_then(Value::as_str), code));
            }
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        _ => {}
    }
}

fn has_known_system(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            let system = members.get("system").and_then(Value::as_str);
            let known = system.and_then(System::from_uri).is_some();
            (known && members.get("code").is_some_and(Value::is_string))
                || members.values().any(has_known_system)
        }
        Value::Array(items) => items.iter().any(has_known_system),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use serde_json::json;

    use super::*;

    fn of(resource: &Value) -> Labels {
        labels(resource, &["code"], &["medicationReference"])
    }

    fn coded(system: &str, code: &str) -> Value {
        json!({"code": {"coding": [{"system": system, "code": code}]}})
    }

    #[test]
    fn every_line_of_the_table_is_a_row_and_stands_once() {
        let mut seen = HashSet::new();
        let mut per_sensitivity: HashMap<Sensitivity, HashSet<System>> = HashMap::new();
        for row in rows() {
            let row = row.expect("a line of codes.csv is not a row");
            assert!(
                seen.insert((row.sensitivity, row.system, row.code)),
                "twice: {}",
                row.code
            );
            let well_formed = match row.system {
                Some(System::Loinc) => is_loinc(row.code),
                Some(System::Snomed) => is_sctid(row.code),
                Some(System::Rxnorm) => row.code.bytes().all(|byte| byte.is_ascii_digit()),
                _ => row.code.starts_with(|c: char| c.is_ascii_uppercase()) && row.code.len() >= 2,
            };
            assert!(well_formed, "not a code of its system: {}", row.code);
            per_sensitivity
                .entry(row.sensitivity)
                .or_default()
                .extend(row.system);
        }
        for sensitivity in Sensitivity::ALL {
            assert!(
                per_sensitivity[sensitivity].len() >= 3,
                "{sensitivity:?} is thin"
            );
        }
    }

    /// LOINC's check digit: mod 10, doubling from the right.
    fn is_loinc(code: &str) -> bool {
        let Some((digits, check)) = code.split_once('-') else {
            return false;
        };
        let mut sum = 0;
        for (place, digit) in digits.chars().rev().enumerate() {
            let Some(digit) = digit.to_digit(10) else {
                return false;
            };
            let digit = if place % 2 == 0 { digit * 2 } else { digit };
            sum += digit / 10 + digit % 10;
        }
        check == ((10 - sum % 10) % 10).to_string()
    }

    /// SNOMED CT's check digit: Verhoeff.
    fn is_sctid(code: &str) -> bool {
        const D: [[u8; 10]; 10] = [
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            [1, 2, 3, 4, 0, 6, 7, 8, 9, 5],
            [2, 3, 4, 0, 1, 7, 8, 9, 5, 6],
            [3, 4, 0, 1, 2, 8, 9, 5, 6, 7],
            [4, 0, 1, 2, 3, 9, 5, 6, 7, 8],
            [5, 9, 8, 7, 6, 0, 4, 3, 2, 1],
            [6, 5, 9, 8, 7, 1, 0, 4, 3, 2],
            [7, 6, 5, 9, 8, 2, 1, 0, 4, 3],
            [8, 7, 6, 5, 9, 3, 2, 1, 0, 4],
            [9, 8, 7, 6, 5, 4, 3, 2, 1, 0],
        ];
        const P: [[u8; 10]; 8] = [
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
            [1, 5, 7, 6, 2, 8, 3, 0, 9, 4],
            [5, 8, 0, 3, 7, 9, 6, 1, 4, 2],
            [8, 9, 1, 6, 0, 4, 3, 5, 2, 7],
            [9, 4, 5, 3, 1, 2, 6, 8, 7, 0],
            [4, 2, 8, 6, 5, 7, 3, 9, 0, 1],
            [2, 7, 9, 3, 8, 0, 6, 4, 1, 5],
            [7, 0, 4, 6, 9, 1, 3, 2, 5, 8],
        ];
        let sum = code
            .bytes()
            .rev()
            .enumerate()
            .fold(0_u8, |sum, (place, byte)| {
                D[usize::from(sum)]
                    [usize::from(P[place % 8][usize::from(byte.wrapping_sub(b'0') % 10)])]
            });
        code.len() >= 6 && code.bytes().all(|byte| byte.is_ascii_digit()) && sum == 0
    }

    #[test]
    fn a_label_counts_whatever_its_system_says() {
        for system in [
            "http://terminology.hl7.org/CodeSystem/v3-ActCode",
            "urn:oid:2.16.840.1.113883.5.4",
            "x",
        ] {
            let labelled = json!({"meta": {"security": [{"system": system, "code": "HIV"}]}, "code": {"coding": [
                {"system": "http://loinc.org", "code": "718-7"}]}});
            assert_eq!(of(&labelled).found, [Sensitivity::Hiv].into());
            assert!(!of(&labelled).unclear);
        }
    }

    #[test]
    fn a_label_that_is_not_understood_makes_the_record_unclear() {
        let confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality";
        let with = |system: &str, code: &str| {
            let mut resource = coded("http://loinc.org", "718-7");
            resource["meta"] = json!({"security": [{"system": system, "code": code}]});
            of(&resource).unclear
        };
        assert!(!with(confidentiality, "N"));
        assert!(with(confidentiality, "R"));
        assert!(with(confidentiality, "V"));
        let mut explained = coded("http://loinc.org", "718-7");
        explained["meta"] =
            json!({"security": [{"system": confidentiality, "code": "R"}, {"code": "PSY"}]});
        assert!(!of(&explained).unclear);
        assert!(with("http://hospital.example/labels", "N"));
        assert!(with("http://hospital.example/labels", "private"));
        let mut malformed = coded("http://loinc.org", "718-7");
        malformed["meta"] = json!({"security": "HIV"});
        assert!(of(&malformed).unclear);
    }

    #[test]
    fn a_code_counts_wherever_it_stands_in_the_resource() {
        let hiv = json!({"system": "http://loinc.org", "code": "20447-9"});
        for resource in [
            json!({"code": {"coding": [hiv]}}),
            json!({"component": [{"code": {"coding": [hiv]}}]}),
            json!({"valueCodeableConcept": {"coding": [{"system": "http://snomed.info/sct", "code": "86406008"}]}}),
            json!({"reasonCode": [{"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "B20"}]}]}),
            json!({"code": {"coding": [{"system": "https://LOINC.org/", "code": "20447-9"}]}}),
            json!({"code": {"coding": [{"code": "20447-9"}]}}),
        ] {
            assert_eq!(of(&resource).found, [Sensitivity::Hiv].into(), "{resource}");
        }
        assert!(
            of(&coded("http://unitsofmeasure.org", "20447-9"))
                .found
                .is_empty()
        );
    }

    #[test]
    fn icd_10_matches_down_the_tree_with_and_without_the_dot() {
        for (code, expected) in [
            ("F32.1", vec![Sensitivity::Psychiatric]),
            ("F10.20", vec![Sensitivity::SubstanceUse]),
            ("F17.210", vec![]),
            ("Z717", vec![Sensitivity::Hiv]),
            ("Z71.7", vec![Sensitivity::Hiv]),
            ("F52.0", vec![Sensitivity::Psychiatric, Sensitivity::Sexual]),
            ("B19", vec![]),
        ] {
            let found = of(&coded("http://hl7.org/fhir/sid/icd-10-cm", code)).found;
            assert_eq!(found, expected.into_iter().collect(), "{code}");
        }
    }

    #[test]
    fn a_record_that_says_nothing_in_a_known_system_is_unclear() {
        assert!(!of(&coded("http://loinc.org", "718-7")).unclear);
        assert!(of(&coded("http://hospital.example/codes", "718-7")).unclear);
        assert!(of(&json!({"code": {"text": "HIV test"}})).unclear);
        assert!(of(&json!({})).unclear);
        let by_reference = json!({"code": {"coding": [{"system": "http://loinc.org", "code": "718-7"}]},
            "medicationReference": {"reference": "Medication/1"}});
        assert!(of(&by_reference).unclear);
        assert!(!labels(&json!({}), &[], &[]).unclear);
    }
}
