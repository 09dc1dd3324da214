//! Measures auth-service and writes the table of `docs/benchmarks.md`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::Parser;
use load::report::{self, Row};
use load::scenario::{self, Size};
use load::world::World;

/// Measure auth-service. Build both binaries with `--release`, and run it beside a PostgreSQL:
/// `local-stack exec -- target/release/load`.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// A superuser's URL of the PostgreSQL to use.
    #[arg(long, env = "TEST_DATABASE_URL", hide_env_values = true)]
    database: String,
    /// The service's binary; without it the one beside this program.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Callers at the same time.
    #[arg(long, default_value = "8")]
    callers: usize,
    /// Seconds that a round takes.
    #[arg(long, default_value = "10")]
    seconds: u64,
    /// Rounds, of which the median counts.
    #[arg(long, default_value = "5")]
    rounds: usize,
    /// The document whose table to replace, such as docs/benchmarks.md.
    #[arg(long)]
    write: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let binary = match args.binary {
        Some(binary) => binary,
        None => std::env::current_exe()?.with_file_name("auth-service"),
    };
    let size = Size {
        callers: args.callers,
        length: Duration::from_secs(args.seconds),
        rounds: args.rounds,
    };
    let world = Arc::new(World::start(&args.database, &binary).await?);
    // A first, short round of each fills caches and connections.
    let warm = Size {
        length: Duration::from_secs(2),
        rounds: 1,
        ..size
    };
    scenario::backends(&world, warm).await?;
    scenario::introspections(&world, warm).await?;
    let rows = [
        Row::of(
            "client_credentials with private_key_jwt",
            "1,000/s",
            &scenario::backends(&world, size).await?,
        ),
        Row::of(
            "refresh",
            "800/s, p99 < 25 ms",
            &scenario::refreshes(&world, size).await?,
        ),
        Row::of(
            "introspection",
            "3,000/s",
            &scenario::introspections(&world, size).await?,
        ),
        Row::of_one_core(
            "verification of a token",
            "10,000/s",
            scenario::verifications(&world, size).await?,
        ),
    ];
    let table = report::table(&rows);
    println!("{table}");
    if let Some(document) = args.write {
        let about = format!(
            "Medians of {} rounds of {} s with {} callers; service, PostgreSQL and callers share {} cores ({}).",
            args.rounds,
            args.seconds,
            args.callers,
            cores(),
            processor()
        );
        report::write(&document, &about, &table)?;
    }
    let world = Arc::into_inner(world).context("a caller still runs")?;
    world.end().await
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    name.map_or("unknown".to_owned(), |(_, name)| name.trim().to_owned())
}
