//! The `auth` command as its own process.

use std::process::{Command, Output};

use serde_json::Value;

use super::Setup;

/// How a run of the command ended.
pub struct Answer {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Answer {
    /// What it printed, as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {}", self.out))
    }
}

/// Runs it with the variables of a deployment that it may read, and nothing else.
pub fn auth(setup: &Setup, arguments: &[&str]) -> Answer {
    let names = [
        "DATABASE_URL",
        "TENANT",
        "ISSUER",
        "KEY_ENCRYPTION_KEY_FILE",
    ];
    let variables = setup
        .variables
        .iter()
        .filter(|(name, _)| names.contains(&name.as_str()));
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_auth"))
        .args(arguments)
        .env_clear()
        .envs(variables.cloned())
        .output()
        .unwrap();
    Answer {
        code: status.code(),
        out: String::from_utf8(stdout).unwrap(),
        err: String::from_utf8(stderr).unwrap(),
    }
}
