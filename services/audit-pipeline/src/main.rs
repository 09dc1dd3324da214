//! The `audit-pipeline` service: `audit-pipeline [serve]` and `audit-pipeline openapi`.

use std::process::ExitCode;

use audit_pipeline::{routes, serve};
use time::OffsetDateTime;

fn main() -> ExitCode {
    service_kit::command::run("audit-pipeline", routes::openapi, |config| {
        serve::run(config, OffsetDateTime::now_utc)
    })
}
