//! The development chain: anvil.

use anyhow::Result;

use super::{DEADLINE, Site};
use crate::probe::Probe;
use crate::process::Spec;
use crate::unit::{Launch, Unit};

/// Starts an empty chain. Its state is kept over a stop and start (not over a kill).
///
/// # Errors
/// When it does not become ready.
pub async fn start(site: &Site<'_>) -> Result<Unit> {
    let state = site.folders.state();
    let file = state.join("chain.json");
    let spec = Spec::new("chain", &site.installed.anvil, &state, &site.folders.logs())
        .args([
            "--host",
            "127.0.0.1",
            "--port",
            &site.port("chain")?.to_string(),
        ])
        .args(["--chain-id", &site.layout.chain.id.to_string()])
        // Finality follows the head closely; blocks come with transactions.
        .args(["--slots-in-an-epoch", "1", "--hardfork", "osaka", "--quiet"])
        .args([
            "--preserve-historical-states".into(),
            "--state".into(),
            file.into_os_string(),
        ]);
    let address = site.address("chain")?;
    let probe = Probe::Chain(format!("http://{address}"));
    Unit::launch(
        "chain",
        address,
        Launch {
            spec,
            probe,
            deadline: DEADLINE,
        },
    )
    .await
}
