//! The manifest: what was generated, and what a correct answer about it is. Tests use it as their oracle.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Its file name in a generated folder.
pub const FILE_NAME: &str = "manifest.json";

/// The whole manifest. The generator streams it; readers get it at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Version of this file's format.
    pub format: u32,
    /// Seed of everything.
    pub seed: u64,
    /// Ordinary Observations of each patient (sensitive ones and traps come on top).
    pub observations_per_patient: u32,
    /// One entry for each patient, in order.
    pub patients: Vec<PatientEntry>,
    /// Totals.
    pub counts: Counts,
}

/// What is true about one patient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PatientEntry {
    /// FHIR id of the Patient.
    pub id: String,
    /// File with the patient's bundle.
    pub file: String,
    /// What this patient is for.
    pub profile: Profile,
    /// Made-up names and record numbers: none of them may ever be in a log.
    pub identifying: Vec<String>,
    /// Ids of all Observations with this patient as subject: the right answer to `Observation?patient=`.
    pub observations: Vec<String>,
    /// The same by category code.
    pub by_category: BTreeMap<String, Vec<String>>,
    /// Ids of all DiagnosticReports with this patient as subject.
    pub diagnostic_reports: Vec<String>,
    /// References (`Type/id`) to sensitive resources by HL7 ActCode.
    pub sensitive: BTreeMap<String, Sensitive>,
    /// Resources that a careless gateway would release.
    pub traps: Vec<Trap>,
}

/// What a patient is for. Patients take the profiles in turn, so that each case can be tried by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Nothing special.
    Plain,
    /// A DiagnosticReport's result refers to another patient's Observation.
    ReportForeignResult,
    /// An Observation has no subject.
    ObservationWithoutSubject,
    /// An Observation's performer is a Patient, and not its subject.
    ObservationForeignPerformer,
    /// An Observation contains a Patient.
    ObservationContainedPatient,
    /// Sensitive resources, labelled and not.
    Sensitive,
}

impl Profile {
    /// All profiles, in the order in which patients take them.
    pub const ALL: [Profile; 6] = [
        Profile::Plain,
        Profile::ReportForeignResult,
        Profile::ObservationWithoutSubject,
        Profile::ObservationForeignPerformer,
        Profile::ObservationContainedPatient,
        Profile::Sensitive,
    ];

    /// The profile of patient `index`.
    pub fn of(index: u32) -> Profile {
        Self::ALL[index as usize % Self::ALL.len()]
    }
}

/// Sensitive resources of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sensitive {
    /// `meta.security` says so.
    pub labelled: Vec<String>,
    /// Only the clinical code says so.
    pub by_code: Vec<String>,
    /// Neither; but it refers to one of the above.
    pub by_reference: Vec<String>,
}

/// A resource that must not come through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trap {
    /// What is wrong with it.
    pub kind: Profile,
    /// The resource, as `Type/id`.
    pub resource: String,
    /// The other patient whose data or identity it exposes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exposes: Option<String>,
}

/// Totals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Patients.
    pub patients: u64,
    /// Different resources of all types.
    pub resources: u64,
    /// Different resources by type.
    pub by_type: BTreeMap<String, u64>,
    /// Traps.
    pub traps: u64,
}

impl Manifest {
    /// Reads the manifest of a generated folder.
    pub fn read(folder: &Path) -> Result<Self, ReadError> {
        let path = folder.join(FILE_NAME);
        let failed = |reason: String| ReadError {
            path: path.display().to_string(),
            reason,
        };
        let file = File::open(&path).map_err(|e| failed(e.to_string()))?;
        serde_json::from_reader(BufReader::new(file)).map_err(|e| failed(e.to_string()))
    }
}

/// The manifest could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct ReadError {
    path: String,
    reason: String,
}
