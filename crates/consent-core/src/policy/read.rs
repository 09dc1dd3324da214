//! From JSON values to a policy document, member by member. The order of the checks is that of [`PolicyCode`].

use serde_json::{Map, Value};
use time::{Date, Month};
use unicode_normalization::is_nfc;

use super::error::fault;
use super::{Action, Period, PolicyCode, PolicyError, Purpose, ResourceScope, Sensitivity, Terms};
use crate::id::Hash32;

const MEMBERS: &[&str] = &[
    "v",
    "salt",
    "purpose",
    "actions",
    "resources",
    "exclude",
    "period",
];

pub(super) fn document(value: &Value) -> Result<(Hash32, Terms), PolicyError> {
    let root = object(value, "document", MEMBERS, &[])?;
    version(&root["v"])?;
    let salt = salt(&root["salt"])?;
    let terms = Terms {
        purpose: coded(&root["purpose"], "purpose", Purpose::from_code, 1)?,
        actions: coded(&root["actions"], "actions", Action::from_code, 1)?,
        resources: resources(&root["resources"])?,
        exclude: coded(&root["exclude"], "exclude", Sensitivity::from_code, 0)?,
        period: period(&root["period"])?,
    };
    Ok((salt, terms))
}

/// The order of RFC 8785.
pub(super) fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn wrong_type(member: &'static str, reason: &'static str) -> PolicyError {
    fault(PolicyCode::Type, member, reason)
}

/// An object with these keys.
fn object<'a>(
    value: &'a Value,
    member: &'static str,
    required: &[&str],
    optional: &[&str],
) -> Result<&'a Map<String, Value>, PolicyError> {
    let object = value
        .as_object()
        .ok_or(wrong_type(member, "must be an object"))?;
    let is_known = |key: &String| required.contains(&&**key) || optional.contains(&&**key);
    if object.keys().all(is_known) && required.iter().all(|key| object.contains_key(*key)) {
        Ok(object)
    } else {
        Err(fault(
            PolicyCode::Keys,
            member,
            "a key is unknown or missing",
        ))
    }
}

fn text<'a>(value: &'a Value, member: &'static str) -> Result<&'a str, PolicyError> {
    value.as_str().ok_or(wrong_type(member, "must be a string"))
}

fn version(value: &Value) -> Result<(), PolicyError> {
    if !value.is_number() {
        return Err(wrong_type("v", "must be the integer 1"));
    }
    if value.as_u64() != Some(1) {
        return Err(fault(PolicyCode::Version, "v", "must be 1"));
    }
    Ok(())
}

fn salt(value: &Value) -> Result<Hash32, PolicyError> {
    let wrong = || {
        fault(
            PolicyCode::Salt,
            "salt",
            "must be 0x and 64 lowercase hexadecimal digits",
        )
    };
    let text = text(value, "salt")?;
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

fn array<'a>(
    value: &'a Value,
    member: &'static str,
    at_least: usize,
) -> Result<&'a [Value], PolicyError> {
    let items = value
        .as_array()
        .ok_or(wrong_type(member, "must be an array"))?;
    if items.len() < at_least {
        return Err(fault(PolicyCode::Empty, member, "must not be empty"));
    }
    Ok(items)
}

/// An array of strings, sorted and unique, in normal form C.
fn strings<'a>(
    value: &'a Value,
    member: &'static str,
    at_least: usize,
) -> Result<Vec<&'a str>, PolicyError> {
    let items = array(value, member, at_least)?.iter().map(Value::as_str);
    let items = items
        .collect::<Option<Vec<&str>>>()
        .ok_or(wrong_type(member, "must hold strings only"))?;
    if !items.is_sorted_by(|a, b| utf16(a) < utf16(b)) {
        let reason = "must be sorted and hold nothing twice";
        return Err(fault(PolicyCode::Unsorted, member, reason));
    }
    if !items.iter().all(|item| is_nfc(item)) {
        let reason = "must be in Unicode normal form C";
        return Err(fault(PolicyCode::NormalForm, member, reason));
    }
    Ok(items)
}

fn coded<T>(
    value: &Value,
    member: &'static str,
    read: impl Fn(&str) -> Option<T>,
    at_least: usize,
) -> Result<Vec<T>, PolicyError> {
    let items = strings(value, member, at_least)?.into_iter().map(read);
    items.collect::<Option<_>>().ok_or(fault(
        PolicyCode::Code,
        member,
        "holds a code that version 1 does not have",
    ))
}

fn resources(value: &Value) -> Result<Vec<ResourceScope>, PolicyError> {
    let items = array(value, "resources", 1)?.iter();
    let scopes: Vec<ResourceScope> = items.map(resource_scope).collect::<Result<_, _>>()?;
    if !scopes.is_sorted_by(|a, b| a.resource_type < b.resource_type) {
        let reason = "must be sorted by type, each type once";
        return Err(fault(PolicyCode::Unsorted, "resources", reason));
    }
    Ok(scopes)
}

fn resource_scope(value: &Value) -> Result<ResourceScope, PolicyError> {
    const CATEGORY: &str = "resources[].category";
    let item = object(value, "resources[]", &["type"], &["category"])?;
    let resource_type = text(&item["type"], "resources[].type")?;
    let plain = resource_type.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !plain
        || !resource_type.starts_with(|first: char| first.is_ascii_uppercase())
        || resource_type.len() > 64
    {
        return Err(fault(
            PolicyCode::Code,
            "resources[].type",
            "must be the name of a FHIR resource type",
        ));
    }
    let category = match item.get("category") {
        None => None,
        Some(value) => {
            let codes = strings(value, CATEGORY, 1)?;
            if !codes.iter().all(|code| is_code(code)) {
                return Err(fault(PolicyCode::Code, CATEGORY, "must hold FHIR codes"));
            }
            Some(codes.into_iter().map(str::to_owned).collect())
        }
    };
    Ok(ResourceScope {
        category,
        resource_type: resource_type.to_owned(),
    })
}

/// A FHIR code: not empty, no control characters, no space at either end and none twice in a row.
fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && !text
            .chars()
            .any(|c| c.is_control() || (c.is_whitespace() && c != ' '))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
}

fn period(value: &Value) -> Result<Period, PolicyError> {
    let item = object(value, "period", &["start", "end"], &[])?;
    let period = Period {
        start: day_or_null(&item["start"], "period.start")?,
        end: day_or_null(&item["end"], "period.end")?,
    };
    if let (Some(start), Some(end)) = (period.start, period.end)
        && start > end
    {
        let reason = "must not end before it starts";
        return Err(fault(PolicyCode::Period, "period", reason));
    }
    Ok(period)
}

fn day_or_null(value: &Value, member: &'static str) -> Result<Option<Date>, PolicyError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => parse_day(text).map(Some).ok_or(fault(
            PolicyCode::Period,
            member,
            "must be a date YYYY-MM-DD",
        )),
        _ => Err(wrong_type(member, "must be a date or null")),
    }
}

/// A calendar day `YYYY-MM-DD`.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            digits.parse::<u16>().ok()
        } else {
            None
        }
    };
    let month = Month::try_from(u8::try_from(number(5..7)?).ok()?).ok()?;
    let year = number(0..4)?;
    if year == 0 {
        return None;
    }
    Date::from_calendar_date(i32::from(year), month, u8::try_from(number(8..10)?).ok()?).ok()
}
