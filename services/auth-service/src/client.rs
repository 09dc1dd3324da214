//! Registered clients: who they are, how they prove it.

pub mod administer;
pub mod authenticate;
pub mod document;
pub mod register;
pub mod registry;
pub mod replay;
pub mod store;
mod uri;

use std::str::FromStr;

use access_token::{Claims, Persona, PublicJwk, ScopeSet};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A way to obtain tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// The client speaks for itself (RFC 6749 §4.4).
    ClientCredentials,
    /// A person signs in (RFC 6749 §4.1).
    AuthorizationCode,
    /// A person's token is followed by another (RFC 6749 §6).
    RefreshToken,
    /// A token is exchanged for another (RFC 8693).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:token-exchange")]
    TokenExchange,
}

impl GrantType {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::ClientCredentials,
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::TokenExchange,
    ];

    /// Its name in OAuth.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientCredentials => "client_credentials",
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }
}

/// The text names nothing that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown")]
pub struct Unknown;

impl FromStr for GrantType {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let known = Self::ALL.into_iter().find(|grant| grant.as_str() == text);
        known.ok_or(Unknown)
    }
}

/// How a client proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AuthMethod {
    /// An assertion signed with a registered key (RFC 7523).
    #[default]
    PrivateKeyJwt,
    /// Not at all: a public client, such as an application in a browser or on a telephone.
    None,
}

impl AuthMethod {
    /// Its name in OAuth.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }
}

impl FromStr for AuthMethod {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        [Self::PrivateKeyJwt, Self::None]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or(Unknown)
    }
}

/// May see and change the tenant's clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientsPermit(());

/// The scope that permits it.
pub const WRITE_SCOPE: &str = "admin:clients.write";

impl ClientsPermit {
    /// A permit if the scope allows it.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        claims.scope.allows_persona(WRITE_SCOPE).then_some(Self(()))
    }
}

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its id, unique at its issuer.
    pub id: String,
    /// The custodian it belongs to.
    pub tenant: String,
    /// What people know it by.
    pub name: Option<String>,
    /// Whom it speaks for.
    pub persona: Persona,
    /// The organisation of a provider's client that speaks for itself.
    pub organization: Option<String>,
    /// The most it may be granted.
    pub scope: ScopeSet,
    /// The audiences it may ask tokens for; the first is the default. Never empty.
    pub audiences: Vec<String>,
    /// The purposes of use it may state; the first is the default.
    pub purposes: Vec<String>,
    /// The ways in which it may obtain tokens. Never empty.
    pub grant_types: Vec<GrantType>,
    /// How it proves who it is.
    pub auth_method: AuthMethod,
    /// The keys it signs its assertions with; none for a public client.
    pub keys: Vec<PublicJwk>,
    /// Where people may be sent back to, to be compared byte by byte.
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after signing out, to be compared byte by byte.
    pub post_logout_redirect_uris: Vec<String>,
    /// Whether its tokens are worth nothing without the proof of a key (RFC 9449).
    pub require_dpop: bool,
    /// The audiences whose tokens it receives: it may ask about those tokens, and exchange them.
    pub resources: Vec<String>,
    /// Whether it is the custodian's own, so that nobody is asked whether it may act for them.
    pub first_party: bool,
}

impl Client {
    /// Whether it may obtain tokens this way.
    pub fn may(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// What people are shown for it.
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}
