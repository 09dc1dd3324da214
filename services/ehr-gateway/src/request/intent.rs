//! What was asked, parsed to a typed intent. The upstream request is made from the intent alone: the client's path and
//! query never travel.

use consent_core::policy::Action;
use consent_core::resource::{Param, ParamKind, TypeRow, is_id, type_row};

use super::table::{LEAKING, MAX_COUNT};

const MAX_QUERY: usize = 4096;
const MAX_VALUE: usize = 512;
const MAX_CODES: usize = 32;

/// A request that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// One resource by its id.
    Read {
        /// Its id.
        id: String,
    },
    /// The resources of one patient.
    Search(Search),
}

/// A search on one type for one patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// The patient's id.
    pub patient: String,
    /// Further parameters with their checked values.
    pub params: Vec<(&'static str, String)>,
    /// The category codes that were asked for; `None` when categories were not asked for, or cannot be told from what
    /// was asked (a system without a code).
    pub categories: Option<Vec<String>>,
    /// The most records to return.
    pub count: Option<usize>,
}

/// Why a request is not one of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Garbage {
    /// 400 with a sentence that repeats nothing of the client's.
    Invalid(String),
    /// 404: no such type or interaction here.
    NotOffered(&'static str),
}

fn invalid<T>(text: impl Into<String>) -> Result<T, Garbage> {
    Err(Garbage::Invalid(text.into()))
}

impl Intent {
    /// What it is in terms of policies.
    pub fn action(&self) -> Action {
        match self {
            Self::Read { .. } => Action::Read,
            Self::Search(_) => Action::Search,
        }
    }

    /// The category codes that were asked for.
    pub fn categories(&self) -> Option<Vec<String>> {
        match self {
            Self::Read { .. } => None,
            Self::Search(search) => search.categories.clone(),
        }
    }
}

/// Parses the segments behind the FHIR base and the query.
///
/// # Errors
/// [`Garbage`].
pub fn parse(
    segments: &[&str],
    query: Option<&str>,
) -> Result<(&'static TypeRow, Intent), Garbage> {
    let (name, id) = match segments {
        [name] => (*name, None),
        [name, id] => (*name, Some(*id)),
        _ => {
            return Err(Garbage::NotOffered(
                "This interaction is not offered. See the CapabilityStatement.",
            ));
        }
    };
    if id.is_some_and(|id| id.starts_with(['$', '_'])) || name.starts_with(['$', '_']) {
        return Err(Garbage::NotOffered(
            "Operations, history and bulk access are not offered.",
        ));
    }
    let Some(row) = type_row(name) else {
        return Err(Garbage::NotOffered(
            "This resource type is not offered. See the CapabilityStatement.",
        ));
    };
    match id {
        Some(_) if query.is_some_and(|query| !query.is_empty()) => {
            invalid("A read takes no parameters.")
        }
        Some(id) if is_id(id) => Ok((row, Intent::Read { id: id.to_owned() })),
        Some(_) => invalid("The id is not a FHIR id."),
        None => Ok((
            row,
            Intent::Search(parse_search(row, query.unwrap_or_default())?),
        )),
    }
}

fn parse_search(row: &'static TypeRow, query: &str) -> Result<Search, Garbage> {
    if query.len() > MAX_QUERY {
        return invalid("The query is too long.");
    }
    let mut patient = None;
    let mut count = None;
    let mut categories = None;
    let mut params: Vec<(&'static str, String)> = Vec::new();
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name == row.patient_param() {
            let Some(id) = patient_id(&value) else {
                return invalid(format!(
                    "`{}` must be one patient's id.",
                    row.patient_param()
                ));
            };
            if patient.replace(id).is_some() {
                return invalid(format!("`{}` may be given once only.", row.patient_param()));
            }
        } else if name == "_count" {
            let number = value
                .parse()
                .ok()
                .filter(|number| (1..=MAX_COUNT).contains(number));
            if number.is_none() || count.is_some() {
                return invalid(format!(
                    "`_count` must be one number from 1 to {MAX_COUNT}."
                ));
            }
            count = number;
        } else if let Some(param) = row.param(&name) {
            let times = params
                .iter()
                .filter(|(known, _)| *known == param.name)
                .count();
            let value = check_value(param, &value, times)?;
            if param.is_category {
                categories = codes(&value);
            }
            params.push((param.name, value));
        } else {
            return invalid(refuse_name(row, &name));
        }
    }
    let Some(patient) = patient else {
        return invalid(format!("`{}` is required.", row.patient_param()));
    };
    Ok(Search {
        patient,
        params,
        categories,
        count,
    })
}

/// `id` or `Patient/id`.
fn patient_id(value: &str) -> Option<String> {
    let id = value.strip_prefix("Patient/").unwrap_or(value);
    is_id(id).then(|| id.to_owned())
}

/// Says why a parameter is refused, in words of ours only: the name may be about a patient.
fn refuse_name(row: &TypeRow, name: &str) -> String {
    let base = name.split([':', '.']).next().unwrap_or_default();
    if let Some(known) = LEAKING.iter().find(|known| **known == base) {
        return format!("`{known}` is not offered.");
    }
    if name.contains(':') && (row.param(base).is_some() || base == row.patient_param()) {
        return "Search modifiers are not offered.".to_owned();
    }
    if name.contains('.') || name.contains(':') {
        return "Chained parameters and modifiers are not offered.".to_owned();
    }
    let offered: Vec<&str> = row.search.iter().map(|param| param.name).collect();
    format!(
        "Unknown parameter; offered are {}, _count{}{}.",
        row.patient_param(),
        if offered.is_empty() { "" } else { ", " },
        offered.join(", ")
    )
}

fn check_value(param: &Param, value: &str, times: usize) -> Result<String, Garbage> {
    let plain = !value.is_empty()
        && value.len() <= MAX_VALUE
        && value.bytes().all(|byte| byte.is_ascii_graphic());
    if !plain {
        return invalid(format!(
            "`{}` has a value that is empty, too long or not plain ASCII.",
            param.name
        ));
    }
    match param.kind {
        ParamKind::Token if times > 0 => invalid(format!(
            "`{}` may be given once only; separate codes by commas.",
            param.name
        )),
        ParamKind::Token if is_token_list(value) => Ok(value.to_owned()),
        ParamKind::Token => invalid(format!(
            "`{}` must be codes, or system|code, separated by commas.",
            param.name
        )),
        ParamKind::Date if times > 1 => {
            invalid(format!("`{}` may be given twice at most.", param.name))
        }
        ParamKind::Date if is_date(value) => Ok(value.to_owned()),
        ParamKind::Date => invalid(format!(
            "`{}` must be a date, with a prefix eq, ge, gt, le or lt at most.",
            param.name
        )),
    }
}

fn is_token_list(value: &str) -> bool {
    let tokens: Vec<&str> = value.split(',').collect();
    tokens.len() <= MAX_CODES && tokens.iter().all(|token| is_token(token))
}

/// `code`, `system|code`, `|code` or `system|`. Characters that FHIR escapes are not taken.
fn is_token(token: &str) -> bool {
    let mut parts = token.split('|');
    let (first, second) = (parts.next().unwrap_or_default(), parts.next());
    let plain = |part: &str| {
        part.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~:/#+@%()".contains(&byte))
    };
    parts.next().is_none()
        && plain(first)
        && second.is_none_or(plain)
        && !(first.is_empty() && second.is_none_or(str::is_empty))
}

fn codes(value: &str) -> Option<Vec<String>> {
    value
        .split(',')
        .map(|token| match token.split_once('|') {
            Some((_, "")) => None,
            Some((_, code)) => Some(code.to_owned()),
            None => Some(token.to_owned()),
        })
        .collect()
}

fn is_date(value: &str) -> bool {
    let value = ["eq", "ge", "gt", "le", "lt"]
        .iter()
        .find_map(|prefix| value.strip_prefix(prefix))
        .unwrap_or(value);
    let (date, time) = match value.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (value, None),
    };
    let date_fits = ["0000", "0000-00", "0000-00-00"]
        .iter()
        .any(|shape| has_shape(date, shape));
    match time {
        None => date_fits,
        Some(time) => date.len() == 10 && date_fits && is_time(time),
    }
}

fn is_time(text: &str) -> bool {
    let (clock, zone) = match text.find(['Z', '+', '-']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let clock = match clock.split_once('.') {
        Some((clock, fraction))
            if (1..=9).contains(&fraction.len())
                && fraction.bytes().all(|b| b.is_ascii_digit()) =>
        {
            clock
        }
        Some(_) => return false,
        None => clock,
    };
    (has_shape(clock, "00:00") || has_shape(clock, "00:00:00"))
        && (zone.is_empty() || zone == "Z" || has_shape(&zone[1..], "00:00"))
}

fn has_shape(text: &str, shape: &str) -> bool {
    text.len() == shape.len()
        && text.bytes().zip(shape.bytes()).all(|(byte, form)| {
            if form == b'0' {
                byte.is_ascii_digit()
            } else {
                byte == form
            }
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search(query: &str) -> Result<Search, Garbage> {
        match parse(&["Observation"], Some(query))? {
            (_, Intent::Search(search)) => Ok(search),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_plain_search_is_understood() {
        let query = "patient=Patient/p1&category=laboratory,http://x|vital-signs&date=ge2024-01-01&date=lt2025&_count=20";
        let found = search(query).unwrap();
        assert_eq!((found.patient.as_str(), found.count), ("p1", Some(20)));
        assert_eq!(
            found.categories,
            Some(vec!["laboratory".to_owned(), "vital-signs".to_owned()])
        );
        assert_eq!(found.params.len(), 3);
        assert_eq!(
            search("patient=p1&category=http://x|").unwrap().categories,
            None
        );
    }

    #[test]
    fn whatever_is_not_offered_is_refused_and_never_repeated() {
        for query in [
            "",
            "patient=",
            "patient=p1,p2",
            "patient=p1&patient=p2",
            "patient=p%201",
            "patient=Group/p1",
            "patient=http://x/Patient/p1",
            "patient=p1&_include=Observation:secret",
            "patient=p1&_include:iterate=Observation:secret",
            "patient=p1&_revinclude=secret",
            "patient=p1&_has:Observation:patient:code=secret",
            "patient=p1&_filter=secret",
            "patient=p1&_sort=secret",
            "patient=p1&_elements=secret",
            "patient=p1&_summary=count",
            "patient=p1&subject.name=secret",
            "patient=p1&patient.name=secret",
            "patient:identifier=secret",
            "patient=p1&code:text=secret",
            "patient=p1&secret=1",
            "patient=p1&Code=secret",
            "patient=p1&code=",
            "patient=p1&code=a&code=secret",
            "patient=p1&code=a\\,secret",
            "patient=p1&code=a|b|secret",
            "patient=p1&code=s%C3%A9cret",
            "patient=p1&code=se%00cret",
            "patient=p1&code=|",
            "patient=p1&date=ap2024",
            "patient=p1&date=ne2024",
            "patient=p1&date=2024-1-1",
            "patient=p1&date=2024&date=2024&date=2024",
            "patient=p1&date=2024-01-01T",
            "patient=p1&date=2024T10:00",
            "patient=p1&_count=0",
            "patient=p1&_count=1001",
            "patient=p1&_count=1&_count=1",
            "patient=p1&_id=secret",
        ] {
            match search(query) {
                Err(Garbage::Invalid(text)) => assert!(!text.contains("secret"), "{query}: {text}"),
                other => panic!("{query}: {other:?}"),
            }
        }
    }

    #[test]
    fn dates_of_every_precision_are_taken() {
        for date in [
            "2024",
            "eq2024-03",
            "2024-03-05",
            "le2024-03-05T10:00",
            "2024-03-05T10:00:00.123Z",
            "gt2024-03-05T10:00:00%2B01:00",
        ] {
            assert!(search(&format!("patient=p1&date={date}")).is_ok(), "{date}");
        }
    }

    #[test]
    fn reads_take_an_id_and_nothing_else() {
        assert!(matches!(
            parse(&["Observation", "o-1.A"], None),
            Ok((_, Intent::Read { .. }))
        ));
        assert!(matches!(
            parse(&["Observation", "o1"], Some("_format=json")),
            Err(Garbage::Invalid(_))
        ));
        for id in ["", "o 1", "o%2F1", "é", &"x".repeat(65)] {
            assert!(
                matches!(parse(&["Observation", id], None), Err(Garbage::Invalid(_))),
                "{id}"
            );
        }
    }

    #[test]
    fn operations_history_compartments_and_other_types_are_not_offered() {
        let cases: [&[&str]; 9] = [
            &["Binary"],
            &["observation"],
            &["Patient", "$everything"],
            &["Patient", "p1", "Observation"],
            &["Patient", "p1", "$everything"],
            &["Observation", "o1", "_history"],
            &["Observation", "_search"],
            &["$export"],
            &["_history"],
        ];
        for segments in cases {
            assert!(
                matches!(
                    parse(segments, Some("patient=p1")),
                    Err(Garbage::NotOffered(_))
                ),
                "{segments:?}"
            );
        }
    }

    #[test]
    fn a_patient_is_searched_by_id() {
        assert!(parse(&["Patient"], Some("_id=p1")).is_ok());
        assert!(parse(&["Patient"], Some("patient=p1")).is_err());
        assert!(parse(&["Patient"], Some("_id=p1&name=x")).is_err());
    }
}
