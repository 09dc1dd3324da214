//! The relay as a process of its own between a real chain and a real database.
//!
//! `TEST_DATABASE_URL` names a server where each test makes a database for itself.

mod support;

mod account;
mod actions;
mod faults;
mod openings;
mod revocations;
mod stops;
mod stream;
