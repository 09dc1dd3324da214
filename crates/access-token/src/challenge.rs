//! The `WWW-Authenticate` value of RFC 6750 §3 and RFC 9449 §7.1, with RFC 9728's `resource_metadata`.

use crate::claims::Acr;
use crate::error::TokenError;

const BEARER: &str = "Bearer";
const DPOP: &str = "DPoP";

/// A refusal as HTTP wants it: a status and, unless we are the ones who cannot answer, a header value.
///
/// ```
/// use access_token::{Challenge, TokenError};
/// let challenge = Challenge::from(TokenError::Expired).resource_metadata("https://ehr.example/meta");
/// assert_eq!(challenge.status(), 401);
/// assert_eq!(
///     challenge.www_authenticate().as_deref(),
///     Some(r#"Bearer error="invalid_token", error_description="the token has expired", resource_metadata="https://ehr.example/meta""#),
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    status: u16,
    scheme: &'static str,
    error: Option<&'static str>,
    description: Option<String>,
    scope: Option<String>,
    step_up: Option<(Acr, i64)>,
    resource_metadata: Option<String>,
}

impl From<TokenError> for Challenge {
    fn from(refusal: TokenError) -> Self {
        let error = match refusal {
            // RFC 6750 §3.1: a request without any authentication gets no error code.
            TokenError::Missing
            | TokenError::NotBearer
            | TokenError::KeysUnavailable
            | TokenError::RevocationsStale => None,
            TokenError::BadRequest => Some("invalid_request"),
            TokenError::Proof(_) | TokenError::ProofReplayed => Some("invalid_dpop_proof"),
            _ => Some("invalid_token"),
        };
        let about_proof = matches!(
            refusal,
            TokenError::ProofMissing | TokenError::Proof(_) | TokenError::ProofReplayed
        );
        Self {
            status: refusal.status(),
            scheme: if about_proof { DPOP } else { BEARER },
            error,
            description: error.map(|_| refusal.to_string()),
            scope: None,
            step_up: None,
            resource_metadata: None,
        }
    }
}

impl Challenge {
    /// 403: the token is good and does not allow this. `scope` names what would.
    pub fn insufficient_scope(scope: &str) -> Self {
        Self {
            status: 403,
            scheme: BEARER,
            error: Some("insufficient_scope"),
            description: None,
            scope: Some(scope.to_owned()),
            step_up: None,
            resource_metadata: None,
        }
    }

    /// 401 (RFC 9470 §3): the person has to prove who they are again, at least this surely, at most so many seconds before.
    pub fn insufficient_user_authentication(acr: Acr, max_age: i64) -> Self {
        Self {
            status: 401,
            error: Some("insufficient_user_authentication"),
            description: Some("sign in again, with a second factor or a passkey".to_owned()),
            scope: None,
            step_up: Some((acr, max_age)),
            scheme: BEARER,
            resource_metadata: None,
        }
    }

    /// Adds where the protected resource's metadata (RFC 9728) is.
    #[must_use]
    pub fn resource_metadata(mut self, url: &str) -> Self {
        self.resource_metadata = Some(url.to_owned());
        self
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The header's value; `None` for 503, which no other credential would change.
    pub fn www_authenticate(&self) -> Option<String> {
        if self.status == 503 {
            return None;
        }
        let acr_values = self.step_up.map(|(acr, _)| acr.as_str());
        let max_age = self.step_up.map(|(_, age)| age.to_string());
        let algorithms = (self.scheme == DPOP).then_some("ES256");
        let params = [
            ("algs", algorithms),
            ("error", self.error),
            ("error_description", self.description.as_deref()),
            ("scope", self.scope.as_deref()),
            ("acr_values", acr_values),
            ("max_age", max_age.as_deref()),
            ("resource_metadata", self.resource_metadata.as_deref()),
        ];
        let params: Vec<_> = params
            .into_iter()
            .filter_map(|(name, value)| Some(format!(r#"{name}="{}""#, quoted(value?))))
            .collect();
        Some(if params.is_empty() {
            self.scheme.to_owned()
        } else {
            format!("{} {}", self.scheme, params.join(", "))
        })
    }
}

/// Only characters that a quoted string carries unescaped.
fn quoted(value: &str) -> String {
    value
        .chars()
        .filter(|c| (' '..='~').contains(c) && !matches!(c, '"' | '\\'))
        .collect()
}
