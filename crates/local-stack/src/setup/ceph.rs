//! Ceph's object store from the distribution's packages: fetched and unpacked, never installed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::Workplace;
use super::run::{output, run, tool};
use crate::progress::Step;
use crate::stamp::{Cached, link};

const PACKAGES: [&str; 3] = ["radosgw", "ceph-mon", "ceph-osd"];
const PROGRAMS: [&str; 4] = ["radosgw", "radosgw-admin", "ceph-mon", "ceph-osd"];
const LIMIT: Duration = Duration::from_secs(600);

/// Ceph's programs and libraries.
#[derive(Debug, Clone)]
pub struct Ceph {
    root: PathBuf,
}

impl Ceph {
    /// A program; one that the system already has was not unpacked.
    pub fn program(&self, name: &str) -> PathBuf {
        let ours = self.root.join("usr/bin").join(name);
        if ours.is_file() {
            ours
        } else {
            Path::new("/usr/bin").join(name)
        }
    }

    /// A folder below the libraries, for example `rados-classes`.
    pub fn library_folder(&self, name: &str) -> PathBuf {
        self.library_folders()
            .into_iter()
            .chain(multiarch(Path::new("/usr/lib")))
            .map(|folder| folder.join(name))
            .find(|folder| folder.is_dir())
            .unwrap_or_else(|| self.root.join("usr/lib").join(name))
    }

    /// Where the dynamic linker looks first.
    pub fn library_path(&self) -> String {
        let folders = self.library_folders();
        let with_ceph = folders
            .iter()
            .flat_map(|folder| [folder.clone(), folder.join("ceph")]);
        with_ceph
            .map(|folder| folder.display().to_string())
            .collect::<Vec<_>>()
            .join(":")
    }

    fn library_folders(&self) -> Vec<PathBuf> {
        let mut folders = multiarch(&self.root.join("usr/lib"));
        folders.extend(multiarch(&self.root.join("lib")));
        folders.push(self.root.join("usr/lib"));
        folders
    }

    /// Whether every program finds its libraries and runs; gives the version.
    async fn check(&self) -> Result<String> {
        let mut version = String::new();
        for name in PROGRAMS {
            let mut command = tokio::process::Command::new(self.program(name));
            command
                .arg("--version")
                .env("LD_LIBRARY_PATH", self.library_path());
            let said = output(command).await?;
            version = String::from_utf8_lossy(&said.stdout)
                .split_whitespace()
                .nth(2)
                .unwrap_or("?")
                .to_owned();
        }
        Ok(version)
    }
}

/// Fetches and unpacks the object store, unless that has been done.
///
/// # Errors
/// When packages cannot be had or do not run.
pub async fn install(place: &Workplace<'_>, step: &Step) -> Result<(Ceph, String)> {
    let entry = Cached::new(&place.folders.cache, &format!("ceph-{}", system_name()));
    let tools = place.folders.tools().join("ceph");
    if let Some(folder) = entry.get() {
        let ceph = Ceph {
            root: folder.to_owned(),
        };
        // The host may have lost a library since.
        if let Ok(version) = ceph.check().await {
            link(folder, &tools)?;
            return Ok((ceph, version));
        }
        entry.forget()?;
    }
    step.still("fetching Debian packages (about 70 MB)");
    let mut problem = None;
    // First with the machine's own package lists; where those are missing or stale, with fresh ones of ours.
    for lists in [Lists::System, Lists::Fresh] {
        let workshop = entry.workshop()?;
        match fetch_and_unpack(place, &workshop, lists, step).await {
            Ok(version) => {
                let root = entry.keep(workshop)?.to_owned();
                link(&root, &tools)?;
                return Ok((Ceph { root }, version));
            }
            Err(error) => problem = Some(error),
        }
    }
    match problem {
        Some(error) => {
            Err(error.context("the object store's packages (radosgw, ceph-mon, ceph-osd)"))
        }
        None => bail!("the object store's packages were not tried"),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lists {
    System,
    Fresh,
}

async fn fetch_and_unpack(
    place: &Workplace<'_>,
    workshop: &Path,
    lists: Lists,
    step: &Step,
) -> Result<String> {
    let debs = workshop.join("apt/debs");
    std::fs::create_dir_all(debs.join("partial"))?;
    let apt = |arguments: &[&str]| {
        let mut spec = tool(
            "setup-ceph",
            &place.program("apt-get"),
            workshop,
            &place.folders.logs(),
        );
        let folder = |name: &str, path: &Path| format!("{name}={}", path.display());
        let mut options = vec![
            // All that is written is below our own folder: no system lock, no special user needed.
            "Debug::NoLocking=true".to_owned(),
            "APT::Sandbox::User=".to_owned(),
            folder("Dir::Cache", &workshop.join("apt")),
            format!("Dir::Cache::archives={}/", debs.display()),
        ];
        if lists == Lists::Fresh {
            options.push(folder("Dir::State", &workshop.join("apt/state")));
            options.push("Dir::State::status=/var/lib/dpkg/status".to_owned());
        }
        spec = spec.args(
            options
                .into_iter()
                .flat_map(|option| ["-o".to_owned(), option]),
        );
        spec.args(arguments.iter().copied())
    };
    if lists == Lists::Fresh {
        std::fs::create_dir_all(workshop.join("apt/state/lists/partial"))?;
        run(&apt(&["-qq", "update"]), LIMIT, step).await?;
    }
    let mut download = vec![
        "install",
        "-y",
        "-qq",
        "--download-only",
        "--no-install-recommends",
    ];
    download.extend(PACKAGES);
    run(&apt(&download), LIMIT, step).await?;
    let mut packages: Vec<PathBuf> = std::fs::read_dir(&debs)?
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .collect();
    packages.sort();
    for package in &packages {
        let mut command = tokio::process::Command::new(place.program("dpkg"));
        command.arg("-x").arg(package).arg(workshop);
        output(command)
            .await
            .with_context(|| format!("unpacking {}", package.display()))?;
    }
    let version = Ceph {
        root: workshop.to_owned(),
    }
    .check()
    .await?;
    crate::folders::remove(&workshop.join("apt"))?;
    Ok(version)
}

/// Folders such as `x86_64-linux-gnu`.
fn multiarch(lib: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(lib)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with("-linux-gnu"))
        .collect()
}

/// Packages of one release do not fit another.
fn system_name() -> String {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let field = |name: &str| {
        text.lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='))
            .unwrap_or("unknown")
            .trim_matches('"')
            .to_owned()
    };
    format!(
        "{}-{}-{}",
        field("ID"),
        field("VERSION_ID"),
        std::env::consts::ARCH
    )
}
