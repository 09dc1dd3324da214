//! The pipeline between a real Kafka and a real S3 store with Object Lock.
//!
//! `scripts/test` starts both and names them in `TEST_KAFKA` (bootstrap servers) and `TEST_S3`
//! (`{"endpoint":…,"accessKey":…,"secretKey":…}`). Each test has its own topic, group, bucket and
//! service process. Nothing sleeps for a result: conditions are awaited, and a deadline fails.

mod support;

mod archiving;
mod command_line;
mod own_accesses;
mod poison;
mod queries;
mod refusal;
mod restart;
mod revocations;
mod store_faults;
