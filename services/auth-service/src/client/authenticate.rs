//! `private_key_jwt` (RFC 7523): an assertion → a client, or a refusal.

use access_token::{Assertion, TokenError};

use super::{Client, replay, store};
use crate::App;
use crate::db::StoreError;

/// Why a client was not authenticated.
#[derive(Debug, thiserror::Error)]
pub enum AuthenticationError {
    /// Whether the client is unknown or its signature wrong is not told apart.
    #[error("the client is unknown or its assertion is not signed with a registered key")]
    Unproven(&'static str),
    /// A check that says nothing about which clients exist.
    #[error("{0}")]
    Refused(TokenError),
    /// The `jti` was used before.
    #[error("the assertion was used before: send a new one with another jti")]
    Replayed,
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl AuthenticationError {
    /// A short stable name for logs and metrics.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Unproven(check) => check,
            Self::Refused(error) => error.check(),
            Self::Replayed => "replayed",
            Self::Store(_) => "store",
        }
    }
}

/// Finds out which client sent the assertion.
///
/// # Errors
/// [`AuthenticationError`].
pub async fn authenticate(app: &App, assertion: &str) -> Result<Client, AuthenticationError> {
    let assertion = Assertion::parse(assertion).map_err(AuthenticationError::Refused)?;
    let client = store::find(&app.db, &app.tenant, assertion.client_id())
        .await?
        .ok_or(AuthenticationError::Unproven("unknown-client"))?;
    let endpoint = app.token_endpoint();
    let claims = assertion
        .verify(&client.keys, &[&endpoint, &app.issuer], app.now())
        .map_err(|error| match error {
            TokenError::UnknownKey | TokenError::Signature => {
                AuthenticationError::Unproven(error.check())
            }
            // The signature was right: only the client itself learns the rest.
            other => AuthenticationError::Refused(other),
        })?;
    if replay::first_use(&app.db, &client, &claims).await? {
        Ok(client)
    } else {
        Err(AuthenticationError::Replayed)
    }
}
