//! Compares the readers of policy documents in Rust, TypeScript and Python on random documents, valid ones and bent ones:
//! the same hash, or the same error code, in all three.
//!
//! A patient signs a hash. Were a document read differently by the wallet that shows it and by the gateway that decides
//! by it, the patient would have signed something else.

use std::collections::BTreeMap;
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Parser;
use consent_core::Policy;

mod bend;
mod document;
mod reader;
mod write;

/// Compares how policy documents are read in Rust, TypeScript and Python.
#[derive(Debug, Parser)]
struct Options {
    /// How many documents.
    #[arg(long, default_value_t = 3_000)]
    documents: u64,
    /// From which the documents follow.
    #[arg(long, default_value_t = 20_261_129)]
    seed: u64,
    /// Only the document with this number, printed with the answers.
    #[arg(long)]
    only: Option<u64>,
}

/// How many disagreements are printed.
const SHOWN: usize = 20;
/// Among so many documents each way to be wrong has been met.
const ENOUGH: u64 = 2_000;

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let numbers = match options.only {
        Some(number) => number..number + 1,
        None => 0..options.documents,
    };
    let documents: Vec<(u64, Vec<u8>)> = numbers
        .map(|number| (number, document::random(options.seed, number)))
        .collect();
    let others = reader::all(&documents)?;

    let mut answers: BTreeMap<String, u64> = BTreeMap::new();
    let mut different = 0;
    for (index, (number, bytes)) in documents.iter().enumerate() {
        let ours = read(bytes);
        let agreed = others.iter().all(|other| other.answers[index] == ours);
        if options.only.is_some() || (!agreed && different < SHOWN) {
            println!(
                "document {number}: {}",
                String::from_utf8_lossy(bytes).escape_debug()
            );
            println!("  Rust: {ours}");
            for other in &others {
                println!("  {}: {}", other.language, other.answers[index]);
            }
        }
        different += usize::from(!agreed);
        let kind = if ours.starts_with("0x") {
            "valid"
        } else {
            &ours
        };
        *answers.entry(kind.to_owned()).or_default() += 1;
    }

    for (kind, count) in &answers {
        println!("{count:>8}  {kind}");
    }
    println!(
        "{different} of {} documents of seed {} are read differently",
        documents.len(),
        options.seed
    );
    if options.only.is_none() {
        tells_something(&answers, options.documents)?;
    }
    Ok(if different == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The hash, or the error code.
fn read(bytes: &[u8]) -> String {
    match Policy::parse(bytes) {
        Ok(policy) => policy.hash().to_string(),
        Err(fault) => fault.code().code().to_owned(),
    }
}

/// Fails if the documents were too much alike to tell anything.
fn tells_something(answers: &BTreeMap<String, u64>, documents: u64) -> anyhow::Result<()> {
    let valid = *answers.get("valid").context("no document is valid")?;
    ensure!(
        valid > documents / 10 && valid < documents * 9 / 10,
        "{valid} documents are valid"
    );
    if documents >= ENOUGH {
        for code in consent_core::policy::PolicyCode::ALL {
            ensure!(
                answers.contains_key(code.code()),
                "no document is refused as {}",
                code.code()
            );
        }
    }
    Ok(())
}
