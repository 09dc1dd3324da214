//! Access tokens: the keys, what goes into one, and the endpoint that hands them out.
//!
//! [`endpoint`] reads the [`form`], authenticates the client and asks one of [`client_credentials`], [`code`], [`refresh`]
//! and [`exchange`]. What a token says is decided by [`issue`] and [`person`], which are pure.

pub mod client_credentials;
pub mod code;
pub mod endpoint;
pub mod error;
pub mod exchange;
pub mod form;
pub mod issue;
pub mod keys;
pub mod people;
pub mod person;
pub mod refresh;
pub mod standing;
