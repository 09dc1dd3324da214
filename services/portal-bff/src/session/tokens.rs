//! The tokens of a session: one refresh token, and an access token for each service that was called.

use std::collections::HashMap;
use std::sync::Arc;

use time::{Duration, OffsetDateTime};

use super::Session;
use crate::forward::Target;
use crate::issuer::{Issuer, IssuerError, Tokens};

/// So long before its end a token is renewed.
const RENEW_BEFORE: Duration = Duration::seconds(30);

/// What a session holds.
pub struct Held {
    refresh: String,
    access: HashMap<Target, (Arc<str>, OffsetDateTime)>,
}

impl Held {
    /// What a code was redeemed for: the access token is one towards the issuer.
    ///
    /// # Errors
    /// When there is no refresh token with it.
    pub fn new(tokens: Tokens, now: OffsetDateTime) -> Result<Self, IssuerError> {
        let mut held = Self {
            refresh: String::new(),
            access: HashMap::new(),
        };
        let had = tokens.refresh_token.is_some();
        held.take(Target::Auth, tokens, now);
        if had {
            Ok(held)
        } else {
            Err(IssuerError::Unusable("no refresh token"))
        }
    }

    /// The refresh token.
    pub fn refresh_token(&self) -> &str {
        &self.refresh
    }

    /// Forgets all access tokens: what they say of the person may not be so any more.
    pub fn forget(&mut self) {
        self.access.clear();
    }

    fn take(&mut self, target: Target, tokens: Tokens, now: OffsetDateTime) -> Arc<str> {
        if let Some(next) = tokens.refresh_token {
            self.refresh = next;
        }
        let token: Arc<str> = tokens.access_token.into();
        let renew_at = now + Duration::seconds(tokens.expires_in) - RENEW_BEFORE;
        self.access.insert(target, (token.clone(), renew_at));
        token
    }
}

/// A token for a service. `refused` is one that the service has just answered 401 to; it is not handed out again.
///
/// # Errors
/// [`IssuerError`]; with [`IssuerError::Ended`] the session is over.
pub async fn token(
    session: &Session,
    issuer: &Issuer,
    (target, audience): (Target, &str),
    refused: Option<&str>,
    now: OffsetDateTime,
) -> Result<Arc<str>, IssuerError> {
    let mut held = session.tokens.lock().await;
    if let Some((token, renew_at)) = held.access.get(&target)
        && now < *renew_at
        && refused != Some(token)
    {
        return Ok(token.clone());
    }
    let tokens = issuer.refresh(&held.refresh, audience, now).await?;
    let token = held.take(target, tokens, now);
    if target == Target::Auth {
        session.learns(issuer.read(&token, now).await?);
    }
    Ok(token)
}
