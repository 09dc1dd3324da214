//! `local-stack`: sets up, starts and examines the system on this machine.

use std::process::ExitCode;

use clap::Parser;
use local_stack::Error;

mod cli;
mod exec;

#[tokio::main]
async fn main() -> ExitCode {
    match cli::run(cli::Cli::parse()).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(Error::exit_code(&error))
        }
    }
}
