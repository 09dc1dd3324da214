//! The table of `docs/benchmarks.md`.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};

use crate::measure::{Round, median};

/// A row of the table.
pub struct Row {
    name: &'static str,
    goal: &'static str,
    rate: f64,
    per_core: f64,
    with_database: Option<f64>,
    latency: Option<(f64, f64)>,
}

impl Row {
    /// From rounds against the service.
    pub fn of(name: &'static str, goal: &'static str, rounds: &[Round]) -> Self {
        let middle = |of: &dyn Fn(&Round) -> f64| median(rounds.iter().map(of).collect());
        let millis = |part: f64| middle(&|round| round.latency(part).as_secs_f64() * 1000.0);
        Self {
            name,
            goal,
            rate: middle(&Round::rate),
            per_core: middle(&Round::rate_per_core),
            with_database: Some(middle(&Round::rate_with_database)),
            latency: Some((millis(0.5), millis(0.99))),
        }
    }

    /// From rates on one core.
    pub fn of_one_core(name: &'static str, goal: &'static str, rates: Vec<f64>) -> Self {
        let rate = median(rates);
        Self {
            name,
            goal,
            rate,
            per_core: rate,
            with_database: None,
            latency: None,
        }
    }
}

/// The table, in Markdown.
pub fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| what | goal per core | per core of the service | with PostgreSQL's time | measured | p50 | p99 |\n\
         | --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let optional =
            |value: Option<f64>| value.map_or("–".to_owned(), |rate| format!("{rate:.0}/s"));
        let (p50, p99) = row.latency.unzip();
        let millis =
            |value: Option<f64>| value.map_or("–".to_owned(), |ms| format!("{ms:.1} ms"));
        let _ = writeln!(
            text,
            "| {} | {} | {:.0}/s | {} | {:.0}/s | {} | {} |",
            row.name,
            row.goal,
            row.per_core,
            optional(row.with_database),
            row.rate,
            millis(p50),
            millis(p99),
        );
    }
    text
}

const BEGIN: &str = "<!-- load: begin -->\n";
const END: &str = "<!-- load: end -->";

/// Puts the table in its place in a document.
///
/// # Errors
/// When the document has no such place.
pub fn write(document: &Path, about: &str, table: &str) -> Result<()> {
    let text = std::fs::read_to_string(document)
        .with_context(|| format!("{} cannot be read", document.display()))?;
    let text = replaced(&text, &format!("{about}\n\n{table}"))
        .with_context(|| format!("{} has no place for the table", document.display()))?;
    Ok(std::fs::write(document, text)?)
}

fn replaced(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}{table}{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_table_of_a_document_is_replaced() {
        let text = format!("a\n{BEGIN}old\n{END}\nb\n");
        assert_eq!(
            replaced(&text, "new\n"),
            Some(format!("a\n{BEGIN}new\n{END}\nb\n"))
        );
        assert_eq!(replaced("a", "new"), None);
    }

    #[test]
    fn a_row_says_all_there_is() {
        let rows = [Row::of_one_core(
            "verification",
            "10,000",
            vec![1.0, 3.0, 2.0],
        )];
        assert!(table(&rows).ends_with("| verification | 10,000 | 2/s | – | 2/s | – | – |\n"));
    }
}
