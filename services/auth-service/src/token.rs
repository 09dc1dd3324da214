//! Access tokens: the keys, what goes into one, and the endpoint that hands them out.

pub mod endpoint;
pub mod issue;
pub mod keys;
