//! How the steps of the walk-through are shown: a line each for people, a JSON object each for
//! programs.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a step that went as expected has to show.
#[derive(Debug, Default, Clone)]
pub struct Shown {
    /// HTTP status, where the step is one call.
    pub status: Option<u16>,
    /// How long the step's call took.
    pub latency: Duration,
    /// Ids and figures, in the order to print them.
    pub facts: Vec<(&'static str, String)>,
    /// A table to print below the line: header and rows.
    pub table: Option<(Vec<&'static str>, Vec<Vec<String>>)>,
}

impl Shown {
    /// A step with nothing but its duration.
    pub fn took(latency: Duration) -> Self {
        Self {
            latency,
            ..Self::default()
        }
    }

    /// Adds the HTTP status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds an id or figure.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl ToString) -> Self {
        self.facts.push((name, value.to_string()));
        self
    }

    /// Adds a table.
    #[must_use]
    pub fn table(mut self, header: Vec<&'static str>, rows: Vec<Vec<String>>) -> Self {
        self.table = Some((header, rows));
        self
    }
}

/// A step that did not go as expected.
#[derive(Debug, Clone, Serialize, thiserror::Error)]
#[error("{step}\n      expected  {expected}\n      came      {came}\n      read      {}", log.display())]
pub struct Failed {
    /// The step.
    pub step: &'static str,
    /// What should have happened.
    pub expected: String,
    /// What happened.
    pub came: String,
    /// The log to read.
    pub log: PathBuf,
}

/// Takes the steps as they happen.
pub trait Report: Send {
    /// What the steps from here on are about.
    fn chapter(&mut self, title: &'static str);
    /// A step went as expected.
    fn passed(&mut self, number: usize, title: &'static str, shown: &Shown);
    /// A step did not; the walk ends.
    fn failed(&mut self, number: usize, failed: &Failed);
}

/// One line a step, for people.
#[derive(Debug, Default)]
pub struct Lines;

impl Report for Lines {
    fn chapter(&mut self, title: &'static str) {
        println!("\n{title}");
    }

    fn passed(&mut self, number: usize, title: &'static str, shown: &Shown) {
        println!("{}", line(number, title, shown));
        if let Some((header, rows)) = &shown.table {
            println!("\n{}\n", indent(&table(header, rows)));
        }
    }

    fn failed(&mut self, number: usize, failed: &Failed) {
        println!("{number:>3} ✗ {failed}");
    }
}

/// One JSON object a step, for programs.
#[derive(Debug, Default)]
pub struct JsonLines {
    chapter: &'static str,
}

impl Report for JsonLines {
    fn chapter(&mut self, title: &'static str) {
        self.chapter = title;
    }

    fn passed(&mut self, number: usize, title: &'static str, shown: &Shown) {
        let facts: Map<String, Value> = shown
            .facts
            .iter()
            .map(|(name, value)| (name.replace(' ', "_"), json!(value)))
            .collect();
        let rows: Option<Vec<Value>> = shown.table.as_ref().map(|(header, rows)| {
            rows.iter()
                .map(|row| {
                    header
                        .iter()
                        .map(|name| (*name).to_owned())
                        .zip(row.iter().map(|cell| json!(cell)))
                        .collect()
                })
                .map(Value::Object)
                .collect()
        });
        println!(
            "{}",
            json!({
                "step": number, "chapter": self.chapter, "title": title, "ok": true, "status": shown.status,
                "latencyMs": millis(shown.latency), "facts": facts, "rows": rows,
            })
        );
    }

    fn failed(&mut self, number: usize, failed: &Failed) {
        println!(
            "{}",
            json!({
                "step": number, "chapter": self.chapter, "title": failed.step, "ok": false, "failed": failed,
            })
        );
    }
}

/// Collects nothing but shows failures; for tests.
#[derive(Debug, Default)]
pub struct Silent;

impl Report for Silent {
    fn chapter(&mut self, _: &'static str) {}
    fn passed(&mut self, _: usize, _: &'static str, _: &Shown) {}
    fn failed(&mut self, _: usize, _: &Failed) {}
}

/// A table with aligned columns.
pub fn table(header: &[&str], rows: &[Vec<String>]) -> String {
    let mut table = comfy_table::Table::new();
    table
        .load_preset("     ─             ")
        .set_header(header)
        .add_rows(rows);
    table.to_string()
}

fn line(number: usize, title: &str, shown: &Shown) -> String {
    let status = shown
        .status
        .map_or_else(|| "  ✓".to_owned(), |status| status.to_string());
    let mut line = format!(
        "{number:>3}  {title:<46} {status}  {:>9}",
        format!("{:.1} ms", millis(shown.latency))
    );
    for (index, (name, value)) in shown.facts.iter().enumerate() {
        let separator = if index == 0 { "  " } else { " · " };
        // Writing to a String cannot fail.
        let _ = write!(line, "{separator}{name} {}", short(value));
    }
    line
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("     {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Hex ids by their first and last digits: people compare those, programs get all of them.
fn short(value: &str) -> String {
    if value.starts_with("0x") && value.len() > 14 {
        format!("{}…{}", &value[..8], &value[value.len() - 4..])
    } else {
        value.to_owned()
    }
}
