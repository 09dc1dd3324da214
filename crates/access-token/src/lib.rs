//! # access-token
//!
//! What an access token of Consentry says and how it is checked. The issuer (auth-service) and every
//! verifier (indexer, gateway, audit pipeline) use this one crate, so both read scopes and claims the same way.
//!
//! - [`scope`]: persona scopes and SMART scopes, one order (`covers`) and one intersection.
//! - [`claims`]: the claims of a token; every member typed, none optional by accident.
//! - [`key`]: P-256 keys as JWK or PEM, RFC 7638 thumbprints, ES256 signing.
//! - [`jwks`]: the issuer's published keys, fetched once for all callers and never trusted when stale.
//! - [`verify`]: token → [`Claims`] or a typed refusal.
//! - [`challenge`]: the RFC 6750 `WWW-Authenticate` value that belongs to a refusal.
//! - [`assertion`]: `private_key_jwt` client assertions (RFC 7523), built and verified.
//! - [`dpop`]: proofs that a request's sender has the key its token is bound to (RFC 9449).
//! - [`source`]: access tokens for our own services, by client credentials.
//! - [`revocation`]: what the issuer says is dead before its time, and the feed that tells.
//!
//! Rules: ES256 only; a token bound to a key is worth nothing without its proof; a token header holds `alg`, `typ` and `kid` and nothing else; `now` is a parameter;
//! no error ever echoes a token or one of its claims.
//!
//! ```no_run
//! # async fn f(headers: http::HeaderMap) -> Result<(), access_token::TokenError> {
//! use access_token::Verifier;
//! let verifier = Verifier::new(
//!     "http://127.0.0.1:7001",
//!     "http://127.0.0.1:7003",
//!     "http://127.0.0.1:7001/oauth2/jwks".parse().unwrap(),
//!     reqwest::Client::new(),
//! );
//! let claims = verifier.verify_headers(&headers, time::OffsetDateTime::now_utc()).await?;
//! if !claims.scope.allows_persona("provider:records.read") {
//!     // 403 with access_token::Challenge::insufficient_scope("provider:records.read")
//! }
//! # Ok(()) }
//! ```

pub mod assertion;
pub mod challenge;
pub mod claims;
pub mod dpop;
mod error;
pub mod jwks;
mod jws;
pub mod key;
pub mod revocation;
pub mod scope;
pub mod source;
pub mod verify;

pub use assertion::{Assertion, AssertionClaims};
pub use challenge::Challenge;
pub use claims::{Acr, Actor, Amr, Claims, Confirmation, IdTokenHint, SignIn};
pub use error::TokenError;
pub use jwks::{Jwks, LiveJwks};
pub use key::{KeyError, PublicJwk, SigningKey};
pub use revocation::{Revocation, RevocationFeed};
pub use scope::{
    Category, Context, IdentityScope, Interaction, Persona, Scope, ScopeError, ScopeSet,
    SmartAccess,
};
pub use source::{SourceError, TokenSource, TokenSourceConfig};
pub use verify::{Call, Verified, Verifier};

/// The longest life of an access token, in seconds. The issuer never issues more, the verifier never accepts more.
pub const MAX_TOKEN_LIFETIME: i64 = 300;

/// The longest life of a client assertion, in seconds.
pub const MAX_ASSERTION_LIFETIME: i64 = 300;

/// How far ahead the issuer's clock may be unless configured otherwise, seconds: enough that a token is
/// not refused for having been issued "in the next second" on a neighbouring host.
pub const DEFAULT_LEEWAY: i64 = 2;

/// The most clock difference that may be configured, in seconds.
pub const MAX_LEEWAY: i64 = 5;
