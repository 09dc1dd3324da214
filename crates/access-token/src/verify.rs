//! Token → claims, or a typed refusal.

use std::sync::{Arc, Mutex, PoisonError};

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, Uri, request};
use time::OffsetDateTime;
use url::Url;

use crate::claims::{Claims, IdTokenHint};
use crate::dpop::{self, Expected, Proof, Seen};
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
    /// Where its callers reach it; without it no proof can be about a request to it.
    origin: Option<Url>,
    proofs: Mutex<Seen>,
}

/// The most proofs that a process remembers: of a minute, a thousand a second.
const MAX_PROOFS: usize = 100_000;

/// A request, as far as the proof of a key has to be about it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Its method.
    pub method: &'a Method,
    /// Its address; only the path counts, the origin is the verifier's own.
    pub uri: &'a Uri,
    /// Its headers.
    pub headers: &'a HeaderMap,
}

impl<'a> From<&'a request::Parts> for Call<'a> {
    fn from(parts: &'a request::Parts) -> Self {
        Self {
            method: &parts.method,
            uri: &parts.uri,
            headers: &parts.headers,
        }
    }
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
            origin: Url::parse(&audience).ok(),
            issuer,
            audience,
            leeway: DEFAULT_LEEWAY,
            keys,
            revocations: None,
            proofs: Mutex::new(Seen::new(MAX_PROOFS)),
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

    /// Where callers reach this service, for their proofs; without this call the audience's origin.
    #[must_use]
    pub fn origin(mut self, url: Url) -> Self {
        self.origin = Some(url);
        self
    }

    /// Fetches the keys if they are not there or old; for a readiness check.
    pub async fn ready(&self, now: OffsetDateTime) -> Result<(), TokenError> {
        self.keys.ready(now).await
    }

    /// Checks a request's `Authorization` header, of which there must be exactly one. A token that is bound to a key is
    /// refused: who accepts those asks [`Verifier::verify_call`].
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
        self.verify_bearer_token(authorization(headers)?, now).await
    }

    /// Checks a request's `Authorization` header, and the proof of the key that its token is bound to.
    pub async fn verify_call(
        &self,
        call: Call<'_>,
        now: OffsetDateTime,
    ) -> Result<Verified, TokenError> {
        let value = authorization(call.headers)?;
        let Some(token) = credentials(value, "dpop") else {
            return self.verify_bearer_token(value, now).await;
        };
        let verified = self.verify_token(token, now).await?;
        self.check_proof(&verified.claims, token, call, now)?;
        Ok(verified)
    }

    /// As [`Verifier::verify_call`] for a token of whatever audience. For the issuer, where it tells people's apps what
    /// their token says anyway.
    pub async fn verify_call_for_any_audience(
        &self,
        call: Call<'_>,
        now: OffsetDateTime,
    ) -> Result<Verified, TokenError> {
        let value = authorization(call.headers)?;
        if let Some(token) = credentials(value, "dpop") {
            let verified = self.inspect(token, now).await?;
            self.check_proof(&verified.claims, token, call, now)?;
            return Ok(verified);
        }
        let value = value.ok_or(TokenError::Missing)?;
        let token = credentials(Some(value), "bearer").ok_or(TokenError::NotBearer)?;
        unbound(self.inspect(token, now).await?)
    }

    /// What an ID token of this issuer says, however old it is: a hint of whose session is meant, never a proof.
    pub async fn read_id_token(
        &self,
        token: &str,
        now: OffsetDateTime,
    ) -> Result<IdTokenHint, TokenError> {
        let jws = jws::parse(token)?;
        if jws
            .typ
            .as_deref()
            .is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT"))
        {
            return Err(TokenError::Type);
        }
        let key = self.keys.key(&jws.kid, now).await?;
        let hint = IdTokenHint::from_payload(&jws.verify(&key)?)?;
        if hint.iss == self.issuer {
            Ok(hint)
        } else {
            Err(TokenError::Issuer)
        }
    }

    /// Checks the value of an `Authorization` header.
    pub async fn verify_bearer(
        &self,
        header: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Claims, TokenError> {
        Ok(self.verify_bearer_token(header, now).await?.claims)
    }

    /// Checks a token that came without proof.
    pub async fn verify(&self, token: &str, now: OffsetDateTime) -> Result<Claims, TokenError> {
        unbound(self.verify_token(token, now).await?).map(|verified| verified.claims)
    }

    /// Whether this issuer issued the token and it has not expired, for whatever audience and whoever sent it. For the
    /// issuer itself, that answers questions about its tokens and lets nobody in with them.
    pub async fn inspect(&self, token: &str, now: OffsetDateTime) -> Result<Verified, TokenError> {
        let verified = self.read(token, now).await?;
        self.check(&verified.claims, now.unix_timestamp())?;
        self.still_stands(&verified, now)?;
        Ok(verified)
    }

    async fn verify_bearer_token(
        &self,
        header: Option<&str>,
        now: OffsetDateTime,
    ) -> Result<Verified, TokenError> {
        let value = header.ok_or(TokenError::Missing)?;
        let token = credentials(Some(value), "bearer").ok_or(TokenError::NotBearer)?;
        unbound(self.verify_token(token, now).await?)
    }

    fn check_proof(
        &self,
        claims: &Claims,
        token: &str,
        call: Call<'_>,
        now: OffsetDateTime,
    ) -> Result<Proof, TokenError> {
        let mut url = self.origin.clone().ok_or(TokenError::Proof("htu"))?;
        url.set_path(call.uri.path());
        let expected = Expected {
            method: call.method.as_str(),
            url: &url,
            token: Some(token),
        };
        let proof = dpop::verify(dpop::header(call.headers)?, expected, now)?;
        if claims.cnf.as_ref().is_none_or(|cnf| cnf.jkt != proof.jkt) {
            return Err(TokenError::Proof("jwk"));
        }
        let mut proofs = self.proofs.lock().unwrap_or_else(PoisonError::into_inner);
        if proofs.is_first(&proof, now) {
            Ok(proof)
        } else {
            Err(TokenError::ProofReplayed)
        }
    }

    async fn verify_token(&self, token: &str, now: OffsetDateTime) -> Result<Verified, TokenError> {
        let verified = self.read(token, now).await?;
        let claims = &verified.claims;
        if claims.iss == self.issuer && claims.aud != self.audience {
            return Err(TokenError::Audience);
        }
        self.check(claims, now.unix_timestamp())?;
        self.still_stands(&verified, now)?;
        Ok(verified)
    }

    /// What a token of a known key says, before its times are looked at.
    async fn read(&self, token: &str, now: OffsetDateTime) -> Result<Verified, TokenError> {
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
        Ok(Verified { claims, kid })
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

/// The one `Authorization` header.
fn authorization(headers: &HeaderMap) -> Result<Option<&str>, TokenError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values
        .next()
        .map(|value| value.to_str())
        .transpose()
        .map_err(|_| TokenError::BadRequest)?;
    if values.next().is_some() {
        return Err(TokenError::BadRequest);
    }
    Ok(value)
}

/// What follows the scheme, if it is this one.
fn credentials<'a>(header: Option<&'a str>, scheme: &str) -> Option<&'a str> {
    let (name, token) = header?.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme)
        .then(|| token.trim_matches(' '))
}

/// A token that needs no proof.
fn unbound(verified: Verified) -> Result<Verified, TokenError> {
    if verified.claims.cnf.is_none() {
        Ok(verified)
    } else {
        Err(TokenError::ProofMissing)
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
