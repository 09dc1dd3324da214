//! Registered clients: who they are, how they prove it.

pub mod authenticate;
pub mod registry;
pub mod replay;
pub mod store;

use access_token::{Persona, PublicJwk, ScopeSet};

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id, unique in the deployment.
    pub id: String,
    /// The custodian it belongs to.
    pub tenant: String,
    /// Whom it speaks for.
    pub persona: Persona,
    /// The organisation of a provider's client.
    pub organization: Option<String>,
    /// The most it may be granted.
    pub scope: ScopeSet,
    /// The audiences it may ask tokens for; the first is the default. Never empty.
    pub audiences: Vec<String>,
    /// The purposes of use it may state; the first is the default.
    pub purposes: Vec<String>,
    /// The keys it signs its assertions with.
    pub keys: Vec<PublicJwk>,
}
