//! Commands of set-up: logged, bounded in time, with a sign of life while they run.

use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::process::{Process, Spec};
use crate::progress::Step;

const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// Runs a command to its end, output to its log.
///
/// # Errors
/// When it cannot be started, fails, or is not done in time; with the end of its log.
pub async fn run(spec: &Spec, limit: Duration, step: &Step) -> Result<()> {
    // The log is of this run only.
    let _ = std::fs::remove_file(&spec.log);
    let process = Process::spawn(spec)?;
    let give_up = Instant::now() + limit;
    loop {
        match tokio::time::timeout(SIGN_OF_LIFE, process.wait()).await {
            Ok(status) if status.success() => return Ok(()),
            Ok(status) => bail!(
                "{} failed ({status}), see {}:\n{}",
                spec.name,
                spec.log.display(),
                process.log_tail()
            ),
            Err(_) if Instant::now() >= give_up => {
                process.kill9();
                bail!(
                    "{} took longer than {} s; its log is {}",
                    spec.name,
                    limit.as_secs(),
                    spec.log.display()
                );
            }
            Err(_) => step.still(&last_words(&process.log_tail())),
        }
    }
}

/// The last line that says something, without a terminal's colours.
fn last_words(log: &str) -> String {
    let printable = |line: &str| {
        let mut parts = line.split('\x1b');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            text.push_str(part.split_once('m').map_or("", |(_, rest)| rest));
        }
        text.trim().to_owned()
    };
    let words = log
        .lines()
        .rev()
        .map(printable)
        .find(|line| !line.is_empty());
    words.unwrap_or_else(|| "still at work".into())
}

/// A command that takes over our whole environment (proxies, registries, build settings).
pub fn tool(name: &str, program: &Path, folder: &Path, logs: &Path) -> Spec {
    let mut spec = Spec::new(name, program, folder, logs);
    for (variable, value) in std::env::vars_os() {
        if let Some(variable) = variable.to_str() {
            spec.env.insert(variable.to_owned(), value);
        }
    }
    spec
}

/// Runs a short command and returns what it printed.
///
/// # Errors
/// When it cannot be started, fails, or takes longer than 20 s.
pub async fn output(mut command: tokio::process::Command) -> Result<Output> {
    let name = format!("{:?}", command.as_std().get_program());
    command
        .kill_on_drop(true)
        .stdin(std::process::Stdio::null());
    let output = tokio::time::timeout(Duration::from_secs(20), command.output())
        .await
        .with_context(|| format!("{name} did not answer in time"))?
        .with_context(|| format!("{name} cannot be started"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{name} failed ({}): {}", output.status, said.trim());
    }
    Ok(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sign_of_life_is_the_last_line_that_says_something() {
        assert_eq!(
            last_words("one\n\x1b[1m  Compiling\x1b[0m serde\n\x1b[0m\x1b[0m\n"),
            "Compiling serde"
        );
        assert_eq!(last_words("\x1b[0m"), "still at work");
    }
}
