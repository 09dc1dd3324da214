//! The command line.

use std::collections::BTreeSet;
use std::future::Future;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::exec;
use clap::{Args, Parser, Subcommand};
use local_stack::interrupt::interrupted;
use local_stack::setup::{self, Workplace};
use local_stack::{Error, Fhir, KafkaChoice, Layout, Options, Progress, Services, Stack, Style};

/// Starts the whole system natively on this machine, from real components on private ports.
///
/// Exit codes: 0 as asked, 1 failed, 2 something on this machine has to change first (a missing
/// prerequisite, a taken port, a stack that runs already).
#[derive(Parser)]
#[command(name = "local-stack", version)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Report steps as JSON lines.
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Fetch and build what is missing, start nothing.
    Setup(Wanted),
    /// Start everything, seed it, write endpoints.json and stay until Ctrl-C.
    Up(Wanted),
    /// Start the components, with --services ours as well, run a command beside them, and end with its exit code. The
    /// command finds them in TEST_DATABASE_URL, TEST_KAFKA, TEST_S3, TEST_ANVIL and CONSENTRY_ENDPOINTS.
    Exec {
        /// Kafka broker: apache, tansu, or auto (Apache Kafka, else tansu).
        #[arg(long, default_value = "auto")]
        kafka: KafkaChoice,
        /// Shift every port, to run beside another stack.
        #[arg(long, default_value_t = 0)]
        port_offset: u16,
        /// Start our services too.
        #[arg(long)]
        services: bool,
        /// The command and its arguments, after `--`.
        #[arg(last = true, required = true)]
        command: Vec<String>,
    },
    /// Show what is installed and what is missing.
    Doctor,
    /// Generate development keys and passwords for docker-compose.yml into .local/secrets.
    Secrets,
}

#[derive(Args)]
struct Wanted {
    /// Kafka broker: apache, tansu, or auto (Apache Kafka, else tansu).
    #[arg(long, default_value = "auto")]
    kafka: KafkaChoice,
    /// Base URL of a FHIR server that runs already, in place of our own.
    #[arg(long, env = "FHIR_BASE_URL")]
    fhir: Option<String>,
    /// Folder of FHIR R4 Bundles (plain or gzipped), or an NDJSON file, in place of the synthetic patients.
    #[arg(long)]
    data: Option<PathBuf>,
    /// How many patients are bound to a chain address at most; one more is not.
    #[arg(long, default_value_t = 20)]
    patients: usize,
    /// Shift every port, to run a second stack beside the first (for example 5000; outgoing connections use ports from 32768 on).
    #[arg(long, default_value_t = 0)]
    port_offset: u16,
    /// Folder for state, logs and endpoints.json; .local, or a folder in it per port offset, when absent.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Services to start, separated by commas; `none` for the components alone.
    #[arg(long, default_value = "all")]
    services: String,
}

impl Wanted {
    fn options(self) -> Options {
        let services = match self.services.as_str() {
            "all" => Services::All,
            "none" => Services::Only(BTreeSet::new()),
            names => Services::Only(
                names
                    .split(',')
                    .map(|name| name.trim().to_owned())
                    .collect(),
            ),
        };
        Options {
            kafka: self.kafka,
            fhir: self.fhir.map_or(Fhir::Own, Fhir::At),
            patients: self.data,
            bound_patients: self.patients,
            port_offset: self.port_offset,
            data_folder: self.folder,
            services,
            ..Options::default()
        }
    }
}

/// Does what was asked.
pub async fn run(cli: Cli) -> Result<ExitCode, Error> {
    let progress = Progress::stderr(if cli.json { Style::Json } else { Style::Lines });
    match cli.command {
        Command::Setup(wanted) => unless_interrupted(set_up(&wanted.options(), &progress))
            .await
            .map(|_| ())?,
        Command::Up(wanted) => up(wanted.options(), &progress, !cli.json).await?,
        Command::Exec {
            kafka,
            port_offset,
            services,
            command,
        } => {
            let options = Options {
                kafka,
                port_offset,
                services: if services {
                    Services::All
                } else {
                    Services::Only(BTreeSet::new())
                },
                ..Options::default()
            };
            return beside(options, &progress, &command).await;
        }
        Command::Doctor => doctor()?,
        Command::Secrets => secrets()?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn beside(
    options: Options,
    progress: &Progress,
    command: &[String],
) -> Result<ExitCode, Error> {
    let checkout = options.checkout.clone();
    let Some(stack) = unless_interrupted(Stack::start(options, progress)).await? else {
        return Ok(ExitCode::FAILURE);
    };
    let code = tokio::select! {
        code = exec::run(&stack, &checkout, command) => code,
        () = interrupted() => Ok(ExitCode::FAILURE),
    };
    stack.stop().await;
    Ok(code?)
}

/// An interrupt drops the work under way, and with it every child.
async fn unless_interrupted<T>(
    work: impl Future<Output = Result<T, Error>>,
) -> Result<Option<T>, Error> {
    tokio::select! {
        outcome = work => outcome.map(Some),
        () = interrupted() => Ok(None),
    }
}

async fn set_up(options: &Options, progress: &Progress) -> Result<(), Error> {
    let layout = Layout::load(&options.checkout).map_err(anyhow::Error::from)?;
    setup::run(&options.folders(), &layout, &options.setup(), progress).await?;
    progress.note("setup", "everything is there");
    Ok(())
}

async fn up(options: Options, progress: &Progress, people: bool) -> Result<(), Error> {
    let Some(stack) = unless_interrupted(Stack::start(options, progress)).await? else {
        return Ok(());
    };
    if people {
        println!("\n{:<18} {:>8}", "step", "seconds");
        for timing in progress.timings() {
            println!("{:<18} {:>8.2}", timing.step, timing.took.as_secs_f64());
        }
        let endpoints = stack.endpoints();
        println!(
            "\nsign-in   {0}/sign-in\nauth      {0}\nindexer   {1}\ngateway   {2}\naudit     {3}",
            endpoints.auth, endpoints.indexer, endpoints.gateway, endpoints.audit
        );
        for app in &endpoints.apps {
            println!("app       {}  {}", app.url, app.id);
        }
        println!(
            "endpoints {}\nCtrl-C ends everything",
            stack.endpoints_file().display()
        );
    }
    let broken = tokio::select! {
        () = interrupted() => None,
        name = stack.broken() => Some(name),
    };
    let log = broken
        .as_ref()
        .map(|name| stack.logs().join(format!("{name}.log")));
    stack.stop().await;
    match broken.zip(log) {
        None => Ok(()),
        Some((name, log)) => {
            Err(anyhow::anyhow!("{name} ended by itself; its log is {}", log.display()).into())
        }
    }
}

fn secrets() -> Result<(), Error> {
    let options = Options::default();
    let layout = Layout::load(&options.checkout).map_err(anyhow::Error::from)?;
    let env = local_stack::compose::write_secrets(&options.folders().secrets(), &layout)?;
    println!("docker compose --env-file {} up --build", env.display());
    Ok(())
}

fn doctor() -> Result<(), Error> {
    let options = Options::default();
    let layout = Layout::load(&options.checkout).map_err(anyhow::Error::from)?;
    let folders = options.folders();
    let place = Workplace::new(&folders, &layout)?;
    let mut missing = Vec::new();
    for (prerequisite, found) in place.survey() {
        match found {
            Some(place) => println!("{:<10} {}", prerequisite.command, place.display()),
            None => {
                println!(
                    "{:<10} – {} ({})",
                    prerequisite.command, prerequisite.install, prerequisite.needed_for
                );
                if !prerequisite.optional {
                    missing.push(prerequisite);
                }
            }
        }
    }
    println!("{:<10} {}", "cache", folders.cache.display());
    println!("{:<10} {}", "data", folders.data.display());
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Error::Missing(missing))
    }
}
