//! Runs a command beside the components, with their addresses in its environment: how tests that
//! need a real part get one.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use local_stack::Stack;
use serde_json::json;

/// The variables such a command finds.
///
/// * `TEST_DATABASE_URL`: the PostgreSQL cluster, as its administrator.
/// * `TEST_KAFKA`: the broker, `host:port`.
/// * `TEST_S3`: endpoint and keys of the object store, as JSON.
/// * `TEST_ANVIL`: path of the anvil program, for tests that need a chain of their own.
/// * `CONSENTRY_ENDPOINTS`: the file that says where all of it is, our services and their clients' keys too.
fn variables(stack: &Stack, checkout: &Path) -> Result<BTreeMap<&'static str, String>> {
    let endpoints = stack.endpoints();
    let s3 = json!({
        "endpoint": endpoints.s3.endpoint,
        "accessKey": endpoints.s3.access_key,
        "secretKey": endpoints.s3.secret_key,
    });
    let anvil = checkout
        .join("contracts/node_modules/.bin/anvil")
        .canonicalize()
        .context("the anvil program")?;
    Ok(BTreeMap::from([
        ("TEST_DATABASE_URL", endpoints.postgres.clone()),
        ("TEST_KAFKA", endpoints.kafka.clone()),
        ("TEST_S3", s3.to_string()),
        ("TEST_ANVIL", anvil.display().to_string()),
        (
            "CONSENTRY_ENDPOINTS",
            stack.endpoints_file().display().to_string(),
        ),
    ]))
}

/// Runs `command` and returns its exit code. The command is ended when this future is dropped.
///
/// # Errors
/// When it cannot be started.
pub async fn run(stack: &Stack, checkout: &Path, command: &[String]) -> Result<ExitCode> {
    let (program, arguments) = command.split_first().context("no command")?;
    let status = tokio::process::Command::new(program)
        .args(arguments)
        .envs(variables(stack, checkout)?)
        .kill_on_drop(true)
        .status()
        .await
        .with_context(|| format!("{program} cannot be started"))?;
    // A command ended by a signal has no code of its own.
    Ok(status.code().map_or(ExitCode::FAILURE, |code| {
        ExitCode::from(u8::try_from(code).unwrap_or(1))
    }))
}
