//! The `audit-pipeline` service: `audit-pipeline [serve]` and `audit-pipeline openapi`.

use std::process::ExitCode;

use audit_pipeline::{routes, serve};
use service_kit::command::{self, Documents};
use time::OffsetDateTime;

fn main() -> ExitCode {
    let documents = Documents {
        openapi: routes::openapi,
        // What it passes on is what others publish.
        events: Vec::new,
    };
    command::run("audit-pipeline", documents, |config| {
        serve::run(config, OffsetDateTime::now_utc)
    })
}
