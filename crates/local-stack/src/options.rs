//! How a stack is to be started.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::folders::{Folders, find_checkout};
use crate::service::Overrides;
use crate::setup::{KafkaChoice, SetupOptions};

/// Which FHIR server stands behind the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Fhir {
    /// Our own small one, loaded with the patients.
    #[default]
    Own,
    /// Any other that runs already; its base URL.
    At(String),
}

/// Which of our services are started.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Services {
    /// All.
    #[default]
    All,
    /// These, and no other.
    Only(BTreeSet<String>),
}

/// How a stack is to be started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The checkout.
    pub checkout: PathBuf,
    /// Where state, logs and endpoints go; in `.local` when nothing is said.
    pub data_folder: Option<PathBuf>,
    /// Added to every port, so that several stacks can run side by side.
    pub port_offset: u16,
    /// Which broker.
    pub kafka: KafkaChoice,
    /// Which FHIR server.
    pub fhir: Fhir,
    /// Patients: a folder of FHIR R4 Bundles, or an NDJSON file. Our own synthetic ones when nothing is said.
    pub patients: Option<PathBuf>,
    /// How many patients are bound to a chain address at most; one more is not.
    pub bound_patients: usize,
    /// Which services.
    pub services: Services,
    /// Variables that differ from the layout, by service.
    pub overrides: BTreeMap<String, Overrides>,
    /// A folder with the services' programs, when they are compiled already.
    pub prebuilt: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            checkout: find_checkout(),
            data_folder: None,
            port_offset: 0,
            kafka: KafkaChoice::Auto,
            fhir: Fhir::Own,
            patients: None,
            bound_patients: 20,
            services: Services::All,
            overrides: BTreeMap::new(),
            prebuilt: std::env::var_os("CONSENTRY_BIN_DIR").map(PathBuf::from),
        }
    }
}

impl Options {
    /// The folders this stack uses.
    pub fn folders(&self) -> Folders {
        Folders::new(&self.checkout, self.data_folder.clone(), self.port_offset)
    }

    /// What set-up has to prepare for it.
    pub fn setup(&self) -> SetupOptions {
        SetupOptions {
            kafka: self.kafka,
            own_fhir: self.fhir == Fhir::Own,
            services: self.services != Services::Only(BTreeSet::new()),
            prebuilt: self.prebuilt.clone(),
        }
    }

    pub(crate) fn starts(&self, service: &str) -> bool {
        match &self.services {
            Services::All => true,
            Services::Only(names) => names.contains(service),
        }
    }
}
