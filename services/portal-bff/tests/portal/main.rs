//! The server of an application as a process of its own, in front of a real auth-service on a real database, and of
//! services that tell what reached them.
//!
//! `TEST_DATABASE_URL` names a server where each test makes a database for itself.

mod support;

mod assets;
mod calls;
mod faults;
mod guard;
mod openapi;
mod sessions;
mod sign_in;
mod tokens;
