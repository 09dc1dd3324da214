//! What died before its time: recorded in the transaction that ends it, told to verifiers by a feed and on the bus.

pub mod store;

pub use access_token::revocation::Kind;
pub use store::record;
