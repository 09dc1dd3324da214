//! Command line of the search.

use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};
use comfy_table::Table;
use consent_model::explore::{Expectation, Report, catalogue, explore};
use serde_json::json;

/// Explores small worlds of the consent registry with an adversary who orders everything.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Visits every state within the bounds, or tells the shortest story of a broken promise
    Explore {
        /// Steps of the longest story looked at; without it, until everything within the bounds is visited
        #[arg(long, value_name = "N")]
        depth: Option<usize>,
        /// Wider bounds: one more opening, link and reorg in each world
        #[arg(long)]
        long: bool,
        /// Only worlds whose name contains this
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Most states of one world
        #[arg(long, value_name = "N", default_value_t = 20_000_000)]
        states: usize,
        /// One JSON document instead of a table
        #[arg(long)]
        json: bool,
    },
}

fn main() -> ExitCode {
    let Command::Explore {
        depth,
        long,
        only,
        states,
        json,
    } = Cli::parse().command;
    let mut results = Vec::new();
    for scenario in catalogue(long) {
        if only
            .as_ref()
            .is_some_and(|text| !scenario.name.contains(text))
        {
            continue;
        }
        let start = Instant::now();
        let report = explore(&scenario, depth, states);
        results.push((scenario.about, report, start.elapsed().as_secs_f64()));
    }
    if json {
        let document: Vec<_> = results.iter().map(as_json).collect();
        println!("{:#}", serde_json::Value::from(document));
    } else {
        print_table(&results);
    }
    let fine = results.iter().all(|(_, report, _)| report.is_as_expected());
    if fine {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn verdict(report: &Report) -> &'static str {
    match (report.expectation, &report.violation, report.complete) {
        (Expectation::Holds, None, true) => "holds",
        (Expectation::Holds, None, false) => "holds so far",
        (Expectation::Holds, Some(_), _) => "BROKEN",
        (Expectation::Breaks, Some(_), _) => "broken, as it must be",
        (Expectation::Breaks, None, _) => "NOT BROKEN",
    }
}

fn print_table(results: &[(&str, Report, f64)]) {
    let mut table = Table::new();
    table.set_header([
        "world",
        "states",
        "steps",
        "registries",
        "depth",
        "seconds",
        "verdict",
    ]);
    for (_, report, seconds) in results {
        table.add_row([
            report.name.to_owned(),
            report.states.to_string(),
            report.steps.to_string(),
            report.registries.to_string(),
            report.depth.to_string(),
            format!("{seconds:.1}"),
            verdict(report).to_owned(),
        ]);
    }
    println!("{table}");
    for (about, report, _) in results {
        if let Some(violation) = &report.violation {
            println!("\n{}: {about}", report.name);
            for (number, line) in report.story.iter().enumerate() {
                println!("  {}. {line}", number + 1);
            }
            println!("  Broken: {} ({}).", violation.law, violation.detail);
        }
    }
}

fn as_json((about, report, seconds): &(&str, Report, f64)) -> serde_json::Value {
    json!({
        "world": report.name,
        "about": about,
        "expected": match report.expectation {
            Expectation::Holds => "holds",
            Expectation::Breaks => "breaks",
        },
        "asExpected": report.is_as_expected(),
        "complete": report.complete,
        "states": report.states,
        "steps": report.steps,
        "registries": report.registries,
        "depth": report.depth,
        "seconds": seconds,
        "broken": report.violation.as_ref().map(|violation| violation.law),
        "story": report.story,
    })
}
