//! `ehr-gateway [serve]` runs the gateway, `ehr-gateway openapi` prints its OpenAPI document,
//! `ehr-gateway events` names what it publishes.

use std::process::ExitCode;

use service_kit::command::{self, Documents};

fn main() -> ExitCode {
    let documents = Documents {
        openapi: ehr_gateway::routes::openapi,
        events: ehr_gateway::journal::ship::schemas,
    };
    command::run("ehr-gateway", documents, ehr_gateway::app::run)
}
