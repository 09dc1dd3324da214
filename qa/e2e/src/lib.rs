//! The system seen from outside: what a provider's backend, a patient, an administrator and an
//! auditor can do with it, and the walk-through that shows the whole promise.
//!
//! * [`api`]: tokens, FHIR reads, consents, policies and counts over HTTP.
//! * [`ledger`]: the parties' own transactions.
//! * [`relay`]: signed decisions handed to the relay, before and after the block.
//! * [`signed`]: decisions signed by one party and sent by another.
//! * [`archive`]: audit records read back from Object Lock storage.
//! * [`people`]: people who enrol and sign in at a browser, and the portal that sends them there.
//! * [`consent`]: policies offered, consents awaited.
//! * [`walkthrough`]: the demo's steps; also run by the end-to-end tests.
//! * [`report`]: how steps are shown, to people or as JSON lines.

pub mod api;
pub mod archive;
pub mod consent;
pub mod ledger;
pub mod people;
pub mod relay;
pub mod report;
pub mod signed;
pub mod walkthrough;

/// How long anybody waits for something that must come.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
