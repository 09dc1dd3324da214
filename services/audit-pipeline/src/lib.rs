//! # audit-pipeline
//!
//! Takes every decision of every gateway from Kafka into WORM storage, and answers from there.
//!
//! ```text
//! access.decisions.v1 ─► ingest ─► archive/segment ─► archive/store ─► S3 Object Lock
//!                          │  (poison)                                   │
//!                          └─► ingest/quarantine ─► S3, then the DLQ     ▼
//!                                   query/index ◄── built from the objects, nothing else
//!                                        └─► /v1/counts · /v1/accesses · /v1/continuity · `audit`
//! ```
//!
//! - [`archive::segment`]: which records make one object, its key and its bytes. Pure.
//! - [`archive::adopt`]: is what a predecessor archived what Kafka delivers again? Pure.
//! - [`archive::store`]: objects under a COMPLIANCE lock, written once and checked.
//! - [`ingest`]: the consumer. An offset is committed only when its record is locked away.
//! - [`query`]: counts, accesses and the continuity of the gateways' chains.
//! - [`cli`]: the `audit` command, which reads the bucket without the service.
//!
//! Recovery state is Kafka plus S3 and nothing else: any process, at any time, can be killed and
//! started again with the same configuration.

pub mod archive;
pub mod caller;
pub mod cli;
pub mod config;
pub mod ingest;
pub mod query;
pub mod routes;
pub mod serve;
pub mod status;

/// The source of the current time; the only one outside of `main` and tests.
pub type Clock = fn() -> time::OffsetDateTime;
