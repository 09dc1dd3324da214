//! Who sent a request: by `private_key_jwt` (RFC 7523), or, for a public client, by its word alone.

use access_token::assertion::ASSERTION_TYPE;
use access_token::{Assertion, TokenError};

use super::{AuthMethod, Client, replay, store};
use crate::App;
use crate::db::StoreError;
use crate::limit::TooMany;

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
    /// Nothing was sent that could prove it.
    #[error("authenticate with client_assertion and client_assertion_type={ASSERTION_TYPE}")]
    Missing,
    /// Two different ids were sent.
    #[error("client_id is not the assertion's iss")]
    OtherId,
    /// The client asks too often.
    #[error(transparent)]
    Limited(#[from] TooMany),
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
            Self::Missing => "no-assertion",
            Self::OtherId => "client-id",
            Self::Limited(_) => "limited",
            Self::Store(_) => "store",
        }
    }
}

/// What a request says of its sender.
#[derive(Debug, Default, Clone, Copy)]
pub struct Credentials<'a> {
    /// `client_id`.
    pub client_id: Option<&'a str>,
    /// `client_assertion_type`.
    pub assertion_type: Option<&'a str>,
    /// `client_assertion`.
    pub assertion: Option<&'a str>,
}

/// Finds out which client sent the request to `endpoint`. A public client is whoever says so: it proves nothing here and
/// gets nothing here but what a code or a refresh token of its own gives.
///
/// # Errors
/// [`AuthenticationError`].
pub async fn sender(
    app: &App,
    credentials: Credentials<'_>,
    endpoint: &str,
) -> Result<Client, AuthenticationError> {
    let assertion = match (credentials.assertion_type, credentials.assertion) {
        (Some(ASSERTION_TYPE), Some(assertion)) => assertion,
        (None, None) => return public(app, credentials.client_id).await,
        _ => return Err(AuthenticationError::Missing),
    };
    let client = authenticate(app, assertion, endpoint).await?;
    if credentials.client_id.is_some_and(|id| id != client.id) {
        return Err(AuthenticationError::OtherId);
    }
    Ok(client)
}

async fn public(app: &App, client_id: Option<&str>) -> Result<Client, AuthenticationError> {
    let client = match client_id {
        Some(id) => store::find(&app.db, &app.tenant, id).await?,
        None => None,
    };
    client
        .filter(|client| client.auth_method == AuthMethod::None)
        .ok_or(AuthenticationError::Missing)
}

/// Finds out which client sent the assertion.
///
/// # Errors
/// [`AuthenticationError`].
pub async fn authenticate(
    app: &App,
    assertion: &str,
    endpoint: &str,
) -> Result<Client, AuthenticationError> {
    let assertion = Assertion::parse(assertion).map_err(AuthenticationError::Refused)?;
    let client = store::find(&app.db, &app.tenant, assertion.client_id())
        .await?
        .ok_or(AuthenticationError::Unproven("unknown-client"))?;
    let token_endpoint = app.token_endpoint();
    let audiences = [app.issuer.as_str(), &token_endpoint, endpoint];
    let claims = assertion
        .verify(&client.keys, &audiences, app.now())
        .map_err(|error| match error {
            TokenError::UnknownKey | TokenError::Signature => {
                AuthenticationError::Unproven(error.check())
            }
            // The signature was right: only the client itself learns the rest.
            other => AuthenticationError::Refused(other),
        })?;
    // Only now: nobody else can use up what a client may ask.
    app.limits.client(&client.id)?;
    if replay::first_use(&app.db, &client, &claims).await? {
        Ok(client)
    } else {
        Err(AuthenticationError::Replayed)
    }
}
