//! The command line every service shares: `serve` (the default), `openapi` and `events`.

use std::ffi::OsString;
use std::future::Future;
use std::process::ExitCode;

use conf::Conf;

use crate::event_schema::EventSchema;
use crate::telemetry;

/// What a service tells of its interfaces.
pub struct Documents {
    /// Its HTTP interface.
    pub openapi: fn() -> utoipa::openapi::OpenApi,
    /// The events that it publishes, by topic.
    pub events: fn() -> Vec<EventSchema>,
}

/// Runs a service's command line.
///
/// * `<name> openapi` prints the OpenAPI 3.1 document and ends.
/// * `<name> events` names the topics that the service publishes to, and `<name> events <topic>` prints the JSON Schema
///   of that topic's events.
/// * `<name> [serve] [flags]` reads the configuration from flags and environment, reports *all*
///   faults at once (exit code 2) and then runs `serve` until it returns.
///
/// Exit codes: 0 stopped as asked, 1 failed while running, 2 configured wrongly.
pub fn run<C, F, Fut>(name: &'static str, documents: Documents, serve: F) -> ExitCode
where
    C: Conf,
    F: FnOnce(C) -> Fut,
    Fut: Future<Output = anyhow::Result<()>>,
{
    let mut args: Vec<OsString> = std::env::args_os().collect();
    match args.get(1).and_then(|arg| arg.to_str()) {
        Some("openapi") => return print(&(documents.openapi)().to_pretty_json()),
        Some("events") => return events(&(documents.events)(), args.get(2)),
        Some("serve") => {
            args.remove(1);
        }
        _ => {}
    }
    let config = match C::try_parse_from(args, std::env::vars_os()) {
        Ok(config) => config,
        // Prints every fault, or the help text when that was asked for.
        Err(error) => error.exit(),
    };
    telemetry::init_logs(name);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "could not start the async runtime");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(serve(config));
    // Blocking calls into the bus client may still be under way; they must not hold up the exit.
    runtime.shutdown_timeout(std::time::Duration::from_secs(2));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), "stopped by an error");
            ExitCode::FAILURE
        }
    }
}

fn events(schemas: &[EventSchema], topic: Option<&OsString>) -> ExitCode {
    let Some(topic) = topic else {
        for schema in schemas {
            println!("{}", schema.topic());
        }
        return ExitCode::SUCCESS;
    };
    match schemas.iter().find(|schema| topic == schema.topic()) {
        Some(schema) => print(&schema.to_pretty_json()),
        None => {
            eprintln!(
                "this service publishes nothing to that topic; `events` names those it publishes to"
            );
            ExitCode::from(2)
        }
    }
}

fn print(document: &Result<String, serde_json::Error>) -> ExitCode {
    match document {
        Ok(json) => {
            println!("{json}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("the document cannot be written as JSON: {error}");
            ExitCode::FAILURE
        }
    }
}
