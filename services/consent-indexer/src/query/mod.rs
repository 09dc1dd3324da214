//! The read API: consents, subjects, verified grantees, changes, the chain's state, and policy documents by hash.

pub mod access;
pub mod chain;
pub mod changes;
pub mod consents;
pub mod error;
pub mod grantees;
pub mod limit;
pub mod place;
pub mod policies;
pub mod signatures;
pub mod snapshot;
pub mod subjects;

use std::sync::Arc;
use std::time::Duration;

use contract_bindings::Followed;
use service_kit::issuer::TokenCheck;
use sqlx::PgPool;

use crate::chain::node::Node;
use crate::head::Head;
use crate::row::Finality;

/// What the routes share.
pub struct App {
    /// The database.
    pub pool: PgPool,
    /// The chain.
    pub node: Arc<Node>,
    /// What ingest sees.
    pub head: Head,
    /// Checks tokens.
    pub tokens: TokenCheck,
    /// From which level on a grant counts.
    pub finality: Finality,
    /// How old a confirmation of the head may be.
    pub max_head_age: Duration,
    /// The chain's id.
    pub chain_id: u64,
    /// Where the contracts are.
    pub followed: Followed,
}

/// The routes' state.
pub type Shared = Arc<App>;
