//! The parameters of a request, as they arrived: each at most once, values of a sane length.

use serde::{Deserialize, Serialize};

/// No parameter of ours is longer.
const MAX_VALUE: usize = 4096;

/// The parameters of an authorization request that we know; others are ignored (RFC 6749 §3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Params {
    /// Who asks.
    pub client_id: Option<String>,
    /// Where the answer goes.
    pub redirect_uri: Option<String>,
    /// `code`.
    pub response_type: Option<String>,
    /// `query`, or nothing.
    pub response_mode: Option<String>,
    /// The scopes.
    pub scope: Option<String>,
    /// Returned as it is.
    pub state: Option<String>,
    /// Repeated in the ID token.
    pub nonce: Option<String>,
    /// PKCE.
    pub code_challenge: Option<String>,
    /// `S256`.
    pub code_challenge_method: Option<String>,
    /// For which service (RFC 8707).
    pub resource: Option<String>,
    /// The same in the words of SMART App Launch.
    pub aud: Option<String>,
    /// The patient for whom the person acts by a mandate, if not for themselves.
    pub patient: Option<String>,
    /// How sure the sign-in has to be.
    pub acr_values: Option<String>,
    /// How old it may be, in seconds.
    pub max_age: Option<String>,
    /// What the person is to be asked again.
    pub prompt: Option<String>,
    /// In which languages the person is spoken to, best first.
    pub ui_locales: Option<String>,
    /// The key the code is bound to (RFC 9449 §10).
    pub dpop_jkt: Option<String>,
    /// Not supported; known in order to be refused.
    pub request: Option<String>,
    /// A request pushed before (RFC 9126).
    pub request_uri: Option<String>,
    /// The first parameter that came twice or too long.
    pub fault: Option<String>,
}

impl Params {
    /// Reads a query or a form. A parameter without value counts as omitted (RFC 6749 §3.1).
    pub fn parse(encoded: &[u8]) -> Self {
        let mut params = Self::default();
        for (name, value) in url::form_urlencoded::parse(encoded) {
            let field = match &*name {
                "client_id" => &mut params.client_id,
                "redirect_uri" => &mut params.redirect_uri,
                "response_type" => &mut params.response_type,
                "response_mode" => &mut params.response_mode,
                "scope" => &mut params.scope,
                "state" => &mut params.state,
                "nonce" => &mut params.nonce,
                "code_challenge" => &mut params.code_challenge,
                "code_challenge_method" => &mut params.code_challenge_method,
                "resource" => &mut params.resource,
                "aud" => &mut params.aud,
                "patient" => &mut params.patient,
                "acr_values" => &mut params.acr_values,
                "max_age" => &mut params.max_age,
                "prompt" => &mut params.prompt,
                "ui_locales" => &mut params.ui_locales,
                "dpop_jkt" => &mut params.dpop_jkt,
                "request" => &mut params.request,
                "request_uri" => &mut params.request_uri,
                _ => continue,
            };
            if value.is_empty() {
                continue;
            }
            if value.len() > MAX_VALUE || field.is_some() {
                // Which of two values is meant cannot be known, so neither is.
                *field = None;
                params.fault.get_or_insert_with(|| name.into_owned());
            } else {
                *field = Some(value.into_owned());
            }
        }
        params
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_that_comes_twice_is_a_fault_and_has_no_value() {
        let params = Params::parse(b"client_id=a&state=1&state=1&scope=&unknown=1&unknown=2");
        assert_eq!(params.client_id.as_deref(), Some("a"));
        assert_eq!((params.state, params.scope), (None, None));
        assert_eq!(params.fault.as_deref(), Some("state"));
    }

    #[test]
    fn a_value_beyond_all_measure_is_a_fault() {
        let long = format!("state={}", "x".repeat(MAX_VALUE + 1));
        assert_eq!(
            Params::parse(long.as_bytes()).fault.as_deref(),
            Some("state")
        );
    }
}
