//! Command line of the generator and of the bundle importer.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use synthetic_data::{bundles, generate};

/// Generates synthetic FHIR R4 patients: one transaction Bundle a patient and a manifest.json that says what a
/// correct answer about them is. The same seed gives the same bytes.
#[derive(Parser)]
#[command(
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true
)]
#[command(after_help = "Examples:\n  \
    synthetic-data --seed 7 --patients 6 --out DIR\n  \
    synthetic-data --seed 1 --patients 10000 --gzip --out DIR\n  \
    synthetic-data import --from DIR --out resources.ndjson")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    generate: Generate,
}

#[derive(Args)]
struct Generate {
    /// Folder to write to; made when missing, refused when it has something in it
    #[arg(long, required = true, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Seed of everything
    #[arg(long, default_value_t = 7)]
    seed: u64,
    /// How many patients. They take six profiles in turn: plain, four traps, sensitive
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u32).range(1..=i64::from(generate::MAX_PATIENTS)))]
    patients: u32,
    /// Ordinary Observations of each patient; sensitive ones and traps come on top
    #[arg(long, default_value_t = 16, value_name = "N", value_parser = clap::value_parser!(u32).range(i64::from(generate::MIN_OBSERVATIONS)..=i64::from(generate::MAX_OBSERVATIONS)))]
    observations_per_patient: u32,
    /// Gzip the bundles
    #[arg(long)]
    gzip: bool,
    /// Replace the files of an earlier run in the folder
    #[arg(long)]
    force: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Turns a folder of FHIR R4 Bundles (ours, Synthea's, any other) into NDJSON, one resource a line, with
    /// urn:uuid references resolved to Type/id
    Import {
        /// Folder with *.json or *.json.gz bundles, or one such file
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// File to write, gzipped when its name ends in .gz; an earlier one is replaced
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.command {
        Some(Command::Import { from, out }) => import(from, out),
        None => generate(cli.generate),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("synthetic-data: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn generate(args: Generate) -> anyhow::Result<()> {
    let out = args
        .out
        .ok_or_else(|| anyhow::anyhow!("--out is missing"))?;
    let options = generate::Options {
        seed: args.seed,
        patients: args.patients,
        observations_per_patient: args.observations_per_patient,
        gzip: args.gzip,
        force: args.force,
    };
    let counts = generate::write_folder(&out, &options, |done| {
        if done % 1_000 == 0 {
            eprintln!("{done} of {} patients", options.patients);
        }
    })?;
    eprintln!(
        "{} patients, {} resources, {} traps in {}",
        counts.patients,
        counts.resources,
        counts.traps,
        out.display()
    );
    Ok(())
}

fn import(from: PathBuf, out: PathBuf) -> anyhow::Result<()> {
    let summary = bundles::import(&from, &out, |done| {
        if done % 50_000 == 0 {
            eprintln!("{done} resources");
        }
    })?;
    let (files, resources, repeated) = (summary.files, summary.resources, summary.repeated);
    eprintln!(
        "{resources} resources of {files} bundles ({repeated} repeated ones left out) in {}",
        out.display()
    );
    Ok(())
}
