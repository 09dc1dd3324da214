//! npm packages of a folder of the checkout.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::Workplace;
use super::run::{run, tool};
use crate::folders::Lock;
use crate::progress::Progress;
use crate::stamp::Stamp;

const LIMIT: Duration = Duration::from_secs(600);

/// Installs exactly what the folder's lock file says, unless that has been done.
///
/// # Errors
/// When npm fails.
pub async fn install(place: &Workplace<'_>, folder: &str, progress: &Progress) -> Result<()> {
    let step = progress.step(format!("setup {folder}"));
    let path = place.folders.checkout.join(folder);
    let name = format!("npm-{}", folder.replace('/', "-"));
    let stamps = place.folders.local.join("stamps");
    let lock_file = path.join("package-lock.json");
    let inputs = std::fs::read(&lock_file).with_context(|| format!("{}", lock_file.display()))?;
    let stamp = Stamp::new(&stamps, &name, &[&inputs]);
    let result = path.join("node_modules/.package-lock.json");
    let wait_for = stamps.join(format!("{name}.lock"));
    let _alone = tokio::task::spawn_blocking(move || Lock::wait(&wait_for)).await??;
    if stamp.holds(&result) {
        step.skip();
        return Ok(());
    }
    let npm = tool(
        &format!("setup-{name}"),
        &place.program("npm"),
        &path,
        &place.folders.logs(),
    )
    .args(["ci", "--no-audit", "--no-fund", "--prefer-offline"]);
    run(&npm, LIMIT, &step).await?;
    ensure!(result.exists(), "npm left no node_modules in {folder}");
    stamp.set()?;
    step.done("npm packages installed");
    Ok(())
}

/// The native anvil out of `contracts/node_modules`: started directly, without a wrapper in between
/// that would survive us.
///
/// # Errors
/// When there is none for this machine.
pub fn anvil(checkout: &Path) -> Result<PathBuf> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let program = checkout.join(format!(
        "contracts/node_modules/@foundry-rs/anvil-{system}-{processor}/bin/anvil"
    ));
    ensure!(
        program.is_file(),
        "there is no anvil for {system} on {processor} in contracts/node_modules"
    );
    Ok(program)
}
