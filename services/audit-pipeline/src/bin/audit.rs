//! The `audit` command: reads the archive's bucket directly, without the service.

use std::process::ExitCode;

use audit_pipeline::cli;

fn main() -> ExitCode {
    cli::main()
}
