//! The FHIR server: our own small one, with patients loaded at start.

use std::path::Path;

use anyhow::Result;

use super::{DEADLINE, Site};
use crate::probe::Probe;
use crate::process::Spec;
use crate::unit::{Launch, Unit};

/// Starts the server with the resources of an NDJSON file.
///
/// # Errors
/// When it does not become ready.
pub async fn start(site: &Site<'_>, data: &Path) -> Result<Unit> {
    let address = site.address("fhir")?;
    let server = site.folders.checkout.join("infra/fhir-server/server.mjs");
    let spec = Spec::new(
        "fhir",
        &site.installed.node,
        &site.folders.state(),
        &site.folders.logs(),
    )
    .args([server.as_os_str()])
    .args([
        "--host",
        "127.0.0.1",
        "--port",
        &site.port("fhir")?.to_string(),
        "--data",
    ])
    .args([data.as_os_str()]);
    let probe = Probe::Http(format!("http://{address}/health/ready"));
    Unit::launch(
        "fhir",
        address,
        Launch {
            spec,
            probe,
            deadline: DEADLINE * 3,
        },
    )
    .await
}
