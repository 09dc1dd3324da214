//! Why a token or an assertion was refused.

/// The check that failed. No variant carries a value taken from the token: names are our own words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is no `Authorization` header.
    #[error("no bearer token was sent")]
    Missing,
    /// The `Authorization` header uses neither the Bearer nor the DPoP scheme.
    #[error("the Authorization header uses neither the Bearer nor the DPoP scheme")]
    NotBearer,
    /// More than one `Authorization` header, or one that is not text.
    #[error("the Authorization header is malformed or repeated")]
    BadRequest,
    /// Longer than any token of ours.
    #[error("the token is too long")]
    TooLong,
    /// Not three base64url parts holding JSON objects.
    #[error("the token is not a well-formed signed JWT")]
    Malformed,
    /// The header's `alg` is not ES256.
    #[error("the token's algorithm is not ES256")]
    Algorithm,
    /// The header's `typ` is not the one of this kind of token.
    #[error("the token is of another type")]
    Type,
    /// The header carries a parameter that is never accepted.
    #[error("the token's header carries {0}, which is not accepted")]
    HeaderParameter(&'static str),
    /// The header names no key.
    #[error("the token's header has no usable kid")]
    KeyId,
    /// The named key is not one of the issuer's (or client's).
    #[error("the token is signed by an unknown key")]
    UnknownKey,
    /// The signature does not verify.
    #[error("the token's signature is wrong")]
    Signature,
    /// A claim is missing, of another type or out of its range.
    #[error("the token's claim {0} is missing or malformed")]
    Claim(&'static str),
    /// `iss` is not the expected issuer.
    #[error("the token is from another issuer")]
    Issuer,
    /// `aud` is not a single string equal to the expected audience.
    #[error("the token is for another audience")]
    Audience,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` lies in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    /// `exp` is further away than the longest life of such a token.
    #[error("the token's lifetime is too long")]
    Lifetime,
    /// The token is bound to a key (RFC 9449), and nothing proves that its sender has it.
    #[error("the token is bound to a key: send it with the DPoP scheme and a proof")]
    ProofMissing,
    /// The DPoP proof does not prove it; names the member at fault.
    #[error("the DPoP proof is not good: {0}")]
    Proof(&'static str),
    /// The DPoP proof was used before.
    #[error("the DPoP proof was used before: send a new one with another jti")]
    ProofReplayed,
    /// The issuer took it back.
    #[error("the token was revoked")]
    Revoked,
    /// Whether the issuer took it back is not known.
    #[error("it is not known which tokens are revoked")]
    RevocationsStale,
    /// The issuer's keys are not known, or known too long ago, and could not be fetched.
    #[error("the issuer's keys are not available")]
    KeysUnavailable,
}

impl TokenError {
    /// A short stable name of the failed check, fit for a metric's label and a log field.
    pub fn check(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::NotBearer => "scheme",
            Self::BadRequest => "header",
            Self::TooLong => "length",
            Self::Malformed => "malformed",
            Self::Algorithm => "alg",
            Self::Type => "typ",
            Self::HeaderParameter(_) => "header-parameter",
            Self::KeyId => "kid",
            Self::UnknownKey => "unknown-key",
            Self::Signature => "signature",
            Self::Claim(_) => "claim",
            Self::Issuer => "iss",
            Self::Audience => "aud",
            Self::Expired => "exp",
            Self::NotYetValid => "nbf",
            Self::Lifetime => "lifetime",
            Self::ProofMissing => "no-proof",
            Self::Proof(_) => "proof",
            Self::ProofReplayed => "proof-replayed",
            Self::Revoked => "revoked",
            Self::RevocationsStale => "revocations-stale",
            Self::KeysUnavailable => "keys-unavailable",
        }
    }

    /// The HTTP status that belongs to this refusal: 401, 400 for a malformed request, 503 when we cannot know.
    pub fn status(&self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::KeysUnavailable | Self::RevocationsStale => 503,
            _ => 401,
        }
    }
}
