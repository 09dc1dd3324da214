//! Token → claims, or a typed refusal.

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use time::OffsetDateTime;
use url::Url;

use crate::claims::Claims;
use crate::error::TokenError;
use crate::jwks::{Jwks, KeySource, LiveJwks};
use crate::revocation::RevocationFeed;
use crate::{DEFAULT_LEEWAY, MAX_LEEWAY, MAX_TOKEN_LIFETIME, jws};

/// Checks access tokens of one issuer for one audience. Build one for a process and share it.
pub struct Verifier {
    issuer: String,
    audience: String,
    leeway: i64,
    keys: KeySource,
    revocations: Option<Arc<RevocationFeed>>,
}

/// A token that passed every check, with what is needed to look again whether it still stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What it says.
    pub claims: Claims,
    /// The key that signed it.
    pub kid: String,
}

impl Verifier {
    /// A verifier that fetches the issuer's keys from `jwks_url`.
    pub fn new(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        jwks_url: Url,
        http: reqwest::Client,
    ) -> Self {
        Self::with_keys(
            issuer.into(),
            audience.into(),
            KeySource::published(jwks_url, http),
        )
    }

    /// A verifier with keys known beforehand, for tests.
    pub fn with_jwks(issuer: impl Into<String>, audience: impl Into<String>, jwks: &Jwks) -> Self {
        Self::with_live_jwks(issuer, audience, LiveJwks::new(jwks))
    }

    /// A verifier whose keys somebody else keeps up to date: for the issuer itself.
    pub fn with_live_jwks(
        issuer: impl Into<String>,
        audience: impl Into<String>,
        keys: LiveJwks,
    ) -> Self {
        Self::with_keys(issuer.into(), audience.into(), KeySource::Held(keys))
    }

    fn with_keys(issuer: String, audience: String, keys: KeySource) -> Self {
        Self {
            issuer,
            audience,
            leeway: DEFAULT_LEEWAY,
            keys,
            revocations: None,
        }
    }

    /// Tolerates an issuer whose clock is so many seconds ahead, at most [`MAX_LEEWAY`];
    /// [`DEFAULT_LEEWAY`] without this call. A token never outlives its `exp` by it.
    #[must_use]
    pub fn leeway(mut self, seconds: i64) -> Self {
        self.leeway = seconds.clamp(0, MAX_LEEWAY);
        self
    }

    /// Refuses what the feed says was revoked, and everything when the feed is not heard of.
    #[must_use]
    pub fn revocations(mut self, feed: Arc<RevocationFeed>) -> Self {
        self.revocations = Some(feed);
        self
    }

    /// Fetches the keys if they are not there or old; for a readiness check.
    pub async fn ready(&self, now: OffsetDateTime) -> Result<(), TokenError> {
        self.keys.ready(now).await
    }

    /// Checks a request's `Authorization` header, of which there must be exactly one.
    pub async fn verify_headers(
        &self,
        headers: &HeaderMap,
        now: OffsetDateTime,
    ) -> Result<Claims, TokenError> {
        Ok(self.verify_request(headers, now).await?.claims)
    }

    /// As [`Verifier::verify_headers`], for who will look again with [`Verifier::still_stands`].
    pub async fn verify_request(
        &self,
        headers: &HeaderMap,
        now: OffsetDateTime,
    ) -> Result<Verified, TokenError> {
        let mut values = headers.get_all(AUTHORIZATION).iter();
        let value = values
            .next()
            .map(|value| value.to_str())
            .transpose()
            .map_err(|_| TokenError::BadRequest)?;
        if values.next().is_some() {
            return Err(TokenError::BadRequest);
        }
        self.verify_token(bearer(value)?, now).await
    }

    /// Checks the value of an `Authorization` header.
    pub async fn verify_bearer(
        &self,
        header: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Claims, TokenError> {
        self.verify(bearer(header)?, now).await
    }

    /// Checks a token.
    pub async fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Claims, TokenError> {
        Ok(self.verify_token(token, now).await?.claims)
    }

    async fn verify_token(&self, token: &str, now: OffsetDateTime) -> Result<Verified, TokenError> {
        let jws = jws::parse(token)?;
        if jws
            .typ
            .as_deref()
            .is_none_or(|typ| !is_access_token_type(typ))
        {
            return Err(TokenError::Type);
        }
        let kid = jws.kid.clone();
        let key = self.keys.key(&kid, now).await?;
        let claims = Claims::from_payload(&jws.verify(&key)?)?;
        self.check(&claims, now.unix_timestamp())?;
        let verified = Verified { claims, kid };
        self.still_stands(&verified, now)?;
        Ok(verified)
    }

    /// Whether a token that was verified before has not been revoked since. Asks nobody.
    ///
    /// # Errors
    /// [`TokenError::Revoked`], or [`TokenError::RevocationsStale`] when that is not known.
    pub fn still_stands(&self, token: &Verified, now: OffsetDateTime) -> Result<(), TokenError> {
        match &self.revocations {
            Some(feed) => feed.check(&token.claims, &token.kid, now),
            None => Ok(()),
        }
    }

    fn check(&self, claims: &Claims, now: i64) -> Result<(), TokenError> {
        if claims.iss != self.issuer {
            return Err(TokenError::Issuer);
        }
        if claims.aud != self.audience {
            return Err(TokenError::Audience);
        }
        if now >= claims.exp {
            return Err(TokenError::Expired);
        }
        check_window(claims.iat, claims.nbf, claims.exp, now, self.leeway)?;
        if claims.exp - claims.iat > MAX_TOKEN_LIFETIME {
            return Err(TokenError::Lifetime);
        }
        Ok(())
    }
}

fn bearer(header: Option<&str>) -> Result<&str, TokenError> {
    let header = header.ok_or(TokenError::Missing)?;
    let (scheme, token) = header.split_once(' ').ok_or(TokenError::NotBearer)?;
    if scheme.eq_ignore_ascii_case("bearer") {
        Ok(token.trim_matches(' '))
    } else {
        Err(TokenError::NotBearer)
    }
}

/// RFC 9068 §4: `at+jwt`, with or without the media type's prefix.
fn is_access_token_type(typ: &str) -> bool {
    typ.eq_ignore_ascii_case("at+jwt") || typ.eq_ignore_ascii_case("application/at+jwt")
}

/// `[max(iat, nbf) - leeway, exp + leeway)`.
pub(crate) fn check_window(
    iat: i64,
    nbf: Option<i64>,
    exp: i64,
    now: i64,
    leeway: i64,
) -> Result<(), TokenError> {
    if now >= exp + leeway {
        return Err(TokenError::Expired);
    }
    if iat.max(nbf.unwrap_or(iat)) > now + leeway {
        return Err(TokenError::NotYetValid);
    }
    Ok(())
}
