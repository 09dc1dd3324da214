//! `scripts/demo`: starts the whole stack and walks from a patient's first sign-in to a locked audit record.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use e2e::api::Api;
use e2e::people;
use e2e::report::{JsonLines, Lines, Report};
use e2e::walkthrough::{PROVIDER_SCOPES, Summary, Walk};
use local_stack::interrupt::interrupted;
use local_stack::{Fhir, KafkaChoice, Options, Progress, Stack, Style};
use serde_json::{Value, json};

/// Sets everything up, starts the whole stack on this machine, and shows the promise step by step:
/// no consent, no data; a patient signs in and binds a key; its signature opens exactly what it
/// says; a revocation closes it; every decision stays on record.
///
/// Exit codes: 0 every step was as expected, 1 one was not, 2 something on this machine has to
/// change first (a missing program, a taken port).
#[derive(Parser)]
#[command(name = "scripts/demo", version)]
struct Args {
    /// Leave the stack up after the walk; Ctrl-C ends everything.
    #[arg(long)]
    keep: bool,
    /// Print the steps as JSON lines (the progress of setting up goes to standard error).
    #[arg(long)]
    json: bool,
    /// Folder of FHIR R4 Bundles (plain or gzipped) to load in place of our own synthetic patients.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Kafka broker: apache, tansu, or auto (Apache Kafka, else tansu).
    #[arg(long, default_value = "auto")]
    kafka: KafkaChoice,
    /// Base URL of a FHIR R4 server that runs already, in place of our own. It must hold the same
    /// patients as --data.
    #[arg(long, env = "FHIR_BASE_URL", value_name = "URL")]
    fhir: Option<String>,
    /// Shift every port, to run beside another stack (for example 10000).
    #[arg(long, default_value_t = 0)]
    port_offset: u16,
}

impl Args {
    fn options(&self) -> Options {
        Options {
            kafka: self.kafka,
            fhir: self.fhir.clone().map_or(Fhir::Own, Fhir::At),
            patients: self.data.clone(),
            port_offset: self.port_offset,
            ..Options::default()
        }
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    // An interrupt drops what is under way, and with it every process that was started.
    tokio::select! {
        code = run(&args) => code,
        () = interrupted() => {
            eprintln!("interrupted; everything that was started has been ended");
            ExitCode::from(130)
        }
    }
}

async fn run(args: &Args) -> ExitCode {
    let progress = Progress::stderr(if args.json { Style::Json } else { Style::Lines });
    let stack = match Stack::start(args.options(), &progress).await {
        Ok(stack) => stack,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(error.exit_code());
        }
    };
    let walked = walk(args, &stack).await;
    let code = match &walked {
        Ok(Some(_)) => ExitCode::SUCCESS,
        Ok(None) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    };
    if args.keep {
        stay(args, &stack, walked.ok().flatten().as_ref()).await;
    }
    stack.stop().await;
    code
}

/// The walk; `None` when a step did not go as expected, which it has said.
async fn walk(args: &Args, stack: &Stack) -> Result<Option<Summary>> {
    let api = Api::new(stack.endpoints().clone())?;
    let mut report: Box<dyn Report> = if args.json {
        Box::new(JsonLines::default())
    } else {
        Box::new(Lines)
    };
    let walk = Walk::new(&api, stack.logs(), report.as_mut());
    let Ok(summary) = walk.run().await else {
        return Ok(None);
    };
    if !args.json {
        println!(
            "Every step was as expected: {} decisions on record, revocation to first denial in {} ms.",
            summary.decisions.len(),
            summary.revocation_to_denial.as_millis()
        );
    }
    Ok(Some(summary))
}

/// Shows how to use the stack and waits until a part of it ends by itself; Ctrl-C ends the wait
/// from outside.
async fn stay(args: &Args, stack: &Stack, walked: Option<&Summary>) {
    if !args.json {
        match invitation(stack, walked).await {
            Ok(text) => println!("{text}"),
            Err(error) => eprintln!("{error:#}"),
        }
    }
    let broken = stack.broken().await;
    eprintln!(
        "{broken} ended by itself; its log is {}",
        stack.logs().join(format!("{broken}.log")).display()
    );
}

/// The URLs, codes to sign in with, and three commands to paste.
async fn invitation(stack: &Stack, walked: Option<&Summary>) -> Result<String> {
    let endpoints = stack.endpoints();
    let api = Api::new(endpoints.clone())?;
    let provider = endpoints
        .clients
        .iter()
        .find(|client| client.persona == "provider")
        .context("no provider in the endpoints")?;
    let organization = provider.organization.as_deref().unwrap_or_default();
    let code =
        async |who: Value| Ok::<_, anyhow::Error>(people::one_time_code(&api, &who).await?.0);
    // Whom the walk did not need, where there is one.
    let patients = endpoints.patients.iter().map(|patient| &patient.fhir_id);
    let patient = patients.chain([&endpoints.newcomer]).next();
    let patient_code = code(json!({"persona": "patient", "fhirId": patient})).await?;
    let clinician_code = code(json!({"persona": "provider", "organization": organization})).await?;
    let admin_code = code(json!({"persona": "admin"})).await?;
    let (provider_token, _) = api
        .token(&provider.id, &endpoints.gateway, PROVIDER_SCOPES)
        .await?;
    let (indexer_token, _) = api
        .token("ops-system", &endpoints.indexer, "system:consent.read")
        .await?;
    let (audit_token, _) = api
        .token("ops-system", &endpoints.audit, "system:audit.read")
        .await?;
    let today = time::OffsetDateTime::now_utc().date();
    let consents = walked.map_or(String::new(), |walked| {
        format!(
            "# the patient's consents\n\
             curl -s '{}/v1/consents?patient={}' -H 'Authorization: Bearer {indexer_token}'\n\n",
            endpoints.indexer, walked.subject
        )
    });
    let apps: String = endpoints
        .apps
        .iter()
        .map(|app| format!("{:<15}  {}\n", app.id, app.url))
        .collect();
    Ok(format!(
        "\nThe stack stays up; Ctrl-C ends everything.\n\n\
         {apps}\
         gateway  {gateway}\nindexer  {indexer}\naudit    {audit}\nauth     {auth}\nFHIR     {fhir}\nchain    {rpc}\n\
         all of it, with development keys: {file}\n\n\
         # sign in yourself, in a browser: {auth}/enrol takes each of these codes once\n\
         patient        {patient_code}\n\
         clinician      {clinician_code}   wants two factors\n\
         administrator  {admin_code}   wants a passkey\n\n\
         # a read after the revocation (tokens last five minutes)\n\
         curl -s '{gateway}/fhir/R4/Observation?patient={id}' -H 'Authorization: Bearer {provider_token}'\n\n\
         {consents}\
         # today's decisions in the archive\n\
         curl -s '{audit}/v1/counts?from={today}&to={today}' -H 'Authorization: Bearer {audit_token}'\n",
        gateway = endpoints.gateway,
        indexer = endpoints.indexer,
        audit = endpoints.audit,
        auth = endpoints.auth,
        fhir = endpoints.fhir,
        rpc = endpoints.chain.rpc,
        file = stack.endpoints_file().display(),
        id = endpoints.newcomer,
    ))
}
