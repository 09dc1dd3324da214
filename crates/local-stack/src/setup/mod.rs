//! Everything that has to be fetched or built before the stack can start. Idempotent: what is there
//! is not made again, and what is large is kept in the user's cache folder.

pub mod build;
pub mod ceph;
pub mod kafka;
pub mod node;
pub mod prerequisites;
mod run;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, Result};

pub use self::ceph::Ceph;
pub use self::kafka::{Broker, KafkaChoice};
use self::prerequisites::Prerequisite;
use crate::error::Error;
use crate::folders::Folders;
use crate::layout::Layout;
use crate::progress::Progress;

/// What a set-up is for.
#[derive(Debug, Clone, Default)]
pub struct SetupOptions {
    /// Which broker.
    pub kafka: KafkaChoice,
    /// Whether our own FHIR server is to be used.
    pub own_fhir: bool,
    /// Whether our services are to be run.
    pub services: bool,
    /// A folder with programs of the services that are already compiled.
    pub prebuilt: Option<PathBuf>,
}

/// What is there to be started.
#[derive(Debug, Clone)]
pub struct Installed {
    /// PostgreSQL's programs.
    pub postgres_bin: PathBuf,
    /// The development chain.
    pub anvil: PathBuf,
    /// The Kafka broker.
    pub broker: Broker,
    /// The object store.
    pub ceph: Ceph,
    /// Node.js.
    pub node: PathBuf,
    /// Our services' programs by name; empty when they were not asked for.
    pub services: BTreeMap<String, PathBuf>,
}

/// Where set-up works and what it may use.
pub struct Workplace<'a> {
    /// Folders.
    pub folders: &'a Folders,
    /// Versions.
    pub layout: &'a Layout,
    prerequisites: Vec<Prerequisite>,
    path: String,
}

impl<'a> Workplace<'a> {
    /// Reads the list of prerequisites.
    ///
    /// # Errors
    /// When the list is missing or malformed.
    pub fn new(folders: &'a Folders, layout: &'a Layout) -> Result<Self> {
        let prerequisites = prerequisites::load(&folders.checkout)?;
        Ok(Self {
            folders,
            layout,
            prerequisites,
            path: prerequisites::path(),
        })
    }

    /// Every prerequisite and where it was found.
    pub fn survey(&self) -> Vec<(Prerequisite, Option<PathBuf>)> {
        self.prerequisites
            .iter()
            .map(|one| (one.clone(), one.find(&self.path)))
            .collect()
    }

    /// A prerequisite's program.
    pub fn find(&self, command: &str) -> Option<PathBuf> {
        self.prerequisites
            .iter()
            .find(|one| one.command == command)?
            .find(&self.path)
    }

    /// Like [`Self::find`] for one that has been checked to be there.
    pub fn program(&self, command: &str) -> PathBuf {
        self.find(command).unwrap_or_else(|| PathBuf::from(command))
    }

    fn check(&self, options: &SetupOptions) -> Result<(), Error> {
        let compiles = options.services && options.prebuilt.is_none();
        let only_to_compile = ["cargo", "cc", "make", "cmake"];
        let only_for_apache = ["java", "mvn"];
        let apache = options.kafka == KafkaChoice::Apache && !kafka::is_fetched(self);
        let mut missing = prerequisites::missing(&self.prerequisites, &self.path);
        missing.retain(|one| match one.command.as_str() {
            command if only_to_compile.contains(&command) => compiles,
            command if only_for_apache.contains(&command) => apache,
            _ => !one.optional,
        });
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Error::Missing(missing))
        }
    }
}

/// Sets everything up that `options` ask for.
///
/// # Errors
/// [`Error::Missing`] names all missing prerequisites at once; anything else is a failed download or build.
pub async fn run(
    folders: &Folders,
    layout: &Layout,
    options: &SetupOptions,
    progress: &Progress,
) -> Result<Installed, Error> {
    let place = Workplace::new(folders, layout)?;
    place.check(options)?;
    std::fs::create_dir_all(&folders.local).context("folder .local")?;
    let fhir = async {
        if options.own_fhir {
            node::install(&place, "infra/fhir-server", progress).await
        } else {
            Ok(())
        }
    };
    let ceph = async {
        let step = progress.step("setup ceph");
        let (ceph, version) = ceph::install(&place, &step).await?;
        step.done(&format!("Ceph radosgw {version}"));
        Ok(ceph)
    };
    let services = async {
        if options.services {
            build::services(&place, options.prebuilt.as_deref(), progress).await
        } else {
            Ok(BTreeMap::new())
        }
    };
    let contracts = node::install(&place, "contracts", progress);
    let broker = kafka::install(&place, options.kafka, progress);
    let ((), (), ceph, broker, services) =
        tokio::try_join!(contracts, fhir, ceph, broker, services)?;
    let postgres = place.find("postgres").context("no postgres")?;
    Ok(Installed {
        postgres_bin: postgres
            .parent()
            .context("postgres has no folder")?
            .to_owned(),
        anvil: node::anvil(&folders.checkout)?,
        broker,
        ceph,
        node: place.program("node"),
        services,
    })
}
