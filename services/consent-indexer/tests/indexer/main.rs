//! The indexer as a process of its own between a real chain and a real database.
//!
//! `TEST_DATABASE_URL` names a server where each test makes a database for itself.

mod support;

mod history;
mod policies;
mod query;
mod reorg;
mod restart;
mod revocations;
mod signatures;
mod subjects;
mod unknown_event;
