//! Our own services, compiled once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

use super::Workplace;
use super::run::{output, run, tool};
use crate::progress::Progress;

const LIMIT: Duration = Duration::from_secs(3600);

#[derive(Deserialize)]
struct Metadata {
    target_directory: PathBuf,
}

/// Compiles every binary of the workspace (so that features are unified the same way each time) and
/// returns where the services' programs are. With `prebuilt`, a folder of programs, nothing is compiled.
///
/// # Errors
/// When the compiler fails or a program is missing.
pub async fn services(
    place: &Workplace<'_>,
    prebuilt: Option<&Path>,
    progress: &Progress,
) -> Result<BTreeMap<String, PathBuf>> {
    let step = progress.step("build services");
    let folder = match prebuilt {
        Some(folder) => folder.to_owned(),
        None => {
            let cargo = place.program("cargo");
            let build = tool(
                "setup-build",
                &cargo,
                &place.folders.checkout,
                &place.folders.logs(),
            )
            .args(["build", "--workspace", "--bins"]);
            run(&build, LIMIT, &step).await?;
            target_directory(&cargo, &place.folders.checkout)
                .await?
                .join("debug")
        }
    };
    let programs = place
        .layout
        .services
        .iter()
        .map(|(name, service)| {
            let program = folder.join(service.program.as_ref().unwrap_or(name));
            ensure!(
                program.is_file(),
                "there is no program {}",
                program.display()
            );
            Ok((name.clone(), program))
        })
        .collect::<Result<_>>()?;
    match prebuilt {
        Some(_) => step.skip(),
        None => {
            step.done("up to date");
        }
    }
    Ok(programs)
}

async fn target_directory(cargo: &Path, checkout: &Path) -> Result<PathBuf> {
    let mut command = tokio::process::Command::new(cargo);
    command
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(checkout);
    let said = output(command).await?;
    let metadata: Metadata = serde_json::from_slice(&said.stdout).context("cargo metadata")?;
    Ok(metadata.target_directory)
}
