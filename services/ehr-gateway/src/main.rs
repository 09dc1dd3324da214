//! `ehr-gateway [serve]` runs the gateway, `ehr-gateway openapi` prints its OpenAPI document.

use std::process::ExitCode;

fn main() -> ExitCode {
    service_kit::command::run(
        "ehr-gateway",
        ehr_gateway::routes::openapi,
        ehr_gateway::app::run,
    )
}
