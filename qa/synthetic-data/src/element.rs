//! The small parts that resources are made of: values, times, narrative.

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Date, OffsetDateTime, Time};

use crate::catalog::{Analyte, UCUM};
use crate::dice::Dice;

/// A plausible value as decimal text.
pub fn measure(dice: &mut Dice, analyte: &Analyte) -> String {
    decimal(dice.between(analyte.low, analyte.high), analyte.decimals)
}

/// A positive number of units of the last decimal, as text.
pub fn decimal(value: i64, decimals: u32) -> String {
    if decimals == 0 {
        return value.to_string();
    }
    let unit = 10_i64.pow(decimals);
    format!(
        "{}.{:0width$}",
        value / unit,
        value % unit,
        width = decimals as usize
    )
}

/// A Quantity of `value`, which is decimal text.
pub fn quantity(value: &str, ucum: &str) -> Value {
    // Numbers, not parsed JSON: their text must not depend on the features `serde_json` is built with.
    let number = match value.parse::<i64>() {
        Ok(whole) => json!(whole),
        Err(_) => json!(value.parse::<f64>().unwrap_or_default()),
    };
    json!({"value": number, "unit": ucum, "system": UCUM, "code": ucum})
}

/// XHTML narrative of a title and a list.
pub fn narrative(title: &str, lines: &[String]) -> String {
    let items: String = lines
        .iter()
        .map(|line| format!("<li>{}</li>", escape(line)))
        .collect();
    format!(
        r#"<div xmlns="http://www.w3.org/1999/xhtml"><p>{}</p><ul>{items}</ul></div>"#,
        escape(title)
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A moment of a day, in UTC.
pub fn at(date: Date, hour: u8, minute: u8) -> OffsetDateTime {
    date.with_time(Time::from_hms(hour, minute, 0).unwrap_or(Time::MIDNIGHT))
        .assume_utc()
}

/// A moment as FHIR writes it.
pub fn stamp(moment: OffsetDateTime) -> String {
    moment.format(&Rfc3339).unwrap_or_default()
}
