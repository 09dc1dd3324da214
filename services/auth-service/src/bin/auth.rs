//! The `auth` command: people, clients and signing keys, straight in the service's database.

use std::process::ExitCode;

use auth_service::cli;

fn main() -> ExitCode {
    cli::main()
}
