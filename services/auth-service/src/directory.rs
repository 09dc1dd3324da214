//! The directory: which subject addresses stand for which patient, which addresses belong to which organisation.
//!
//! Every function demands a permit, and a permit names the one tenant that is visible.

pub mod organizations;
pub mod page;
pub mod patients;
pub mod subjects;
pub mod text;

use access_token::Claims;

use crate::client::Client;

/// May read one tenant's part of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadPermit {
    tenant: String,
}

/// May change one tenant's part of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritePermit {
    tenant: String,
}

/// The scopes that permit reading.
pub const READ_SCOPES: [&str; 2] = ["system:directory.read", "admin:directory.read"];
/// The scope that permits writing.
pub const WRITE_SCOPE: &str = "admin:directory.write";

impl ReadPermit {
    /// A permit for the token's tenant, if a scope allows it.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        let allowed = READ_SCOPES
            .iter()
            .any(|scope| claims.scope.allows_persona(scope));
        allowed.then(|| Self {
            tenant: claims.tenant.clone(),
        })
    }

    /// A permit for an authenticated client's own tenant, to look up its organisation.
    pub fn for_client(client: &Client) -> Self {
        Self {
            tenant: client.tenant.clone(),
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }
}

impl WritePermit {
    /// A permit for the token's tenant, if a scope allows it.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        claims.scope.allows_persona(WRITE_SCOPE).then(|| Self {
            tenant: claims.tenant.clone(),
        })
    }

    /// The tenant.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Who may change may see what was changed.
    pub fn read(&self) -> ReadPermit {
        ReadPermit {
            tenant: self.tenant.clone(),
        }
    }
}
