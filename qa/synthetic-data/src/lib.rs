//! Synthetic FHIR R4 patients for development and tests, and a reader for anybody's FHIR bundles.
//!
//! - [`generate`] writes a folder of transaction Bundles, one patient each, and a [`manifest`] that says what a
//!   correct answer to a query over them is. The same seed gives the same bytes.
//! - [`bundles`] reads a folder of FHIR R4 Bundles (ours, Synthea's, any other) into single resources with their
//!   bundle-internal references resolved.
//! - [`walkthrough`] picks, from loaded resources, the patient that a walk-through is shown on.
//!
//! Nobody real is in the data. Every made-up name and record number is listed in the manifest, so that a test can
//! search logs for them.

pub mod bundles;
mod catalog;
mod chart;
mod dice;
mod element;
pub mod generate;
mod json;
pub mod manifest;
pub mod walkthrough;

pub use bundles::{Resource, load_folder};
pub use walkthrough::{WalkthroughPatient, pick_walkthrough_patient};
