//! # load
//!
//! How much auth-service does with a core, measured against the real binary and a real PostgreSQL.
//!
//! [`world`] starts the service and lets people in, [`scenario`] is what is asked of it, [`measure`] asks as fast as
//! answers come and counts what it costs, [`report`] writes the table of `docs/benchmarks.md`.

pub mod measure;
pub mod report;
pub mod scenario;
pub mod world;
