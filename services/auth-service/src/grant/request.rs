//! An authorization request: what it asks for, or why it is refused and who may be told. Pure.
//!
//! A refusal goes to the redirect URI only when the client is known and the URI is one of its own; until then there is
//! nobody who may be told but the person in front of the browser (RFC 9700 §4.11).

use std::str::FromStr;

use access_token::{Acr, IdentityScope, Persona, ScopeSet};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::Duration;

use super::params::Params;
use super::redirect;
use crate::client::{Client, GrantType};
use crate::directory::text;

/// The longest `state` and `nonce`.
const MAX_STATE: usize = 1024;

/// A request that makes sense for its client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationRequest {
    /// Where the answer goes.
    pub target: Target,
    /// Repeated in the ID token.
    pub nonce: Option<String>,
    /// SHA-256 of the verifier that redeems the code.
    pub challenge: [u8; 32],
    /// What is asked for and the client is registered for.
    pub scope: ScopeSet,
    /// For which service.
    pub resource: String,
    /// For which patient: an id on the tenant's FHIR server. Without one the person acts for themselves.
    pub patient: Option<String>,
    /// How sure the sign-in has to be, at least.
    pub acr: Acr,
    /// How old it may be.
    pub max_age: Option<Duration>,
    /// What the person is to be asked again.
    pub prompt: Prompt,
    /// The key the code is bound to.
    pub jkt: Option<String>,
}

/// Where an answer may go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// One of the client's own.
    pub redirect_uri: String,
    /// Returned as it is.
    pub state: Option<String>,
}

/// `prompt` of OpenID Connect.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prompt {
    /// Ask nothing: answer or refuse.
    pub none: bool,
    /// The person is to prove anew who they are.
    pub login: bool,
    /// The person is to be asked for the app again.
    pub consent: bool,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Shown to the person; nothing goes to anybody else.
    Page(PageFault),
    /// Told to the client at its redirect URI.
    Redirect(Target, Fault),
}

/// What only the person in front of the browser is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageFault {
    /// No client of this id may ask people.
    UnknownClient,
    /// Not one of the client's redirect URIs.
    UnknownRedirect,
    /// There is no such pushed request, it was used, or its time is over.
    UnknownRequest,
}

impl PageFault {
    /// A short stable name for logs.
    pub fn slug(self) -> &'static str {
        match self {
            Self::UnknownClient => "unknown-client",
            Self::UnknownRedirect => "unknown-redirect-uri",
            Self::UnknownRequest => "unknown-request",
        }
    }
}

/// What a client is told: an error code of OAuth and what to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// The code.
    pub code: &'static str,
    /// In words, never with a value of the request.
    pub description: &'static str,
}

impl Fault {
    /// A fault.
    pub const fn new(code: &'static str, description: &'static str) -> Self {
        Self { code, description }
    }
}

/// Where the parameters came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// Through the browser.
    Browser,
    /// From the authenticated client itself (RFC 9126).
    Pushed,
}

/// The least sure sign-in of a persona.
pub fn floor(persona: Persona) -> Acr {
    match persona {
        Persona::Patient => Acr::Aal1,
        Persona::Provider | Persona::Admin | Persona::System => Acr::Aal2,
    }
}

/// Finds out where answers may go.
///
/// # Errors
/// [`PageFault`]: nowhere.
pub fn target(client: &Client, params: &Params) -> Result<Target, PageFault> {
    if !client.may(GrantType::AuthorizationCode) {
        return Err(PageFault::UnknownClient);
    }
    let asked = params
        .redirect_uri
        .as_deref()
        .ok_or(PageFault::UnknownRedirect)?;
    let known = client
        .redirect_uris
        .iter()
        .any(|registered| redirect::matches(registered, asked));
    if !known {
        return Err(PageFault::UnknownRedirect);
    }
    Ok(Target {
        redirect_uri: asked.to_owned(),
        // One that came twice, or is not printable, is not returned.
        state: params.state.clone().filter(|state| is_plain(state)),
    })
}

/// Checks a request of this client.
///
/// # Errors
/// [`Refusal`].
pub fn validate(
    client: &Client,
    params: &Params,
    channel: Channel,
) -> Result<AuthorizationRequest, Refusal> {
    let target = target(client, params).map_err(Refusal::Page)?;
    check(client, params, channel, target.clone()).map_err(|fault| Refusal::Redirect(target, fault))
}

fn check(
    client: &Client,
    params: &Params,
    channel: Channel,
    target: Target,
) -> Result<AuthorizationRequest, Fault> {
    const INVALID: &str = "invalid_request";
    if params.fault.is_some() {
        return Err(Fault::new(
            INVALID,
            "a parameter occurs twice or is too long",
        ));
    }
    if params.request.is_some() {
        let description = "request objects are not supported: push the request instead";
        return Err(Fault::new("request_not_supported", description));
    }
    if channel == Channel::Browser && client.persona == Persona::Admin {
        return Err(Fault::new(
            INVALID,
            "this client has to push its requests (RFC 9126)",
        ));
    }
    match params.response_type.as_deref() {
        Some("code") => {}
        Some(_) => {
            return Err(Fault::new(
                "unsupported_response_type",
                "response_type must be code",
            ));
        }
        None => return Err(Fault::new(INVALID, "response_type is missing")),
    }
    if params
        .response_mode
        .as_deref()
        .is_some_and(|mode| mode != "query")
    {
        return Err(Fault::new(INVALID, "response_mode must be query"));
    }
    let plain = |value: &Option<String>| value.as_deref().is_none_or(is_plain);
    if !plain(&params.state) || !plain(&params.nonce) {
        return Err(Fault::new(
            INVALID,
            "state and nonce must be 1 to 1024 printable characters",
        ));
    }
    let scope = scope(client, params)?;
    Ok(AuthorizationRequest {
        target,
        nonce: params.nonce.clone(),
        challenge: challenge(params)?,
        resource: resource(client, params)?,
        patient: patient(client, params)?,
        acr: acr(params)?.max(floor(client.persona)),
        max_age: max_age(params)?,
        prompt: prompt(params)?,
        jkt: thumbprint(params)?,
        scope,
    })
}

fn is_plain(text: &str) -> bool {
    text.len() <= MAX_STATE && text.bytes().all(|b| (b' '..=b'~').contains(&b))
}

fn challenge(params: &Params) -> Result<[u8; 32], Fault> {
    if params.code_challenge_method.as_deref() != Some("S256") {
        // Without a method `plain` is meant, which protects nobody.
        let description = "PKCE is required with code_challenge_method=S256";
        return Err(Fault::new("invalid_request", description));
    }
    params
        .code_challenge
        .as_deref()
        .and_then(digest)
        .ok_or(Fault::new(
            "invalid_request",
            "code_challenge must be the base64url of a SHA-256 digest, without padding",
        ))
}

fn digest(text: &str) -> Option<[u8; 32]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn scope(client: &Client, params: &Params) -> Result<ScopeSet, Fault> {
    const CODE: &str = "invalid_scope";
    let text = params.scope.as_deref().unwrap_or_default();
    if text.trim_matches(' ').is_empty() {
        return Err(Fault::new(CODE, "name the scopes you ask for"));
    }
    let asked = ScopeSet::parse(text)
        .map_err(|_| Fault::new(CODE, "the scope is malformed or too long"))?;
    let mixed = Fault::new(
        CODE,
        "the scope mixes personas: ask for one persona at a time",
    );
    asked.check_one_persona().map_err(|_| mixed)?;
    let known = asked.intersect(&client.scope).ceiling(client.persona);
    let of_use = known.has(IdentityScope::OpenId) || !known.rights().is_empty();
    if of_use {
        Ok(known)
    } else {
        Err(Fault::new(
            CODE,
            "none of the scopes is granted to this client",
        ))
    }
}

fn resource(client: &Client, params: &Params) -> Result<String, Fault> {
    const CODE: &str = "invalid_target";
    let asked = match (params.resource.as_deref(), params.aud.as_deref()) {
        (Some(resource), Some(aud)) if resource != aud => {
            return Err(Fault::new(
                CODE,
                "resource and aud differ: a token is for one service",
            ));
        }
        (Some(asked), _) | (None, Some(asked)) => Some(asked),
        (None, None) => None,
    };
    let found = match asked {
        None => client.audiences.first(),
        Some(asked) => client.audiences.iter().find(|audience| *audience == asked),
    };
    found.cloned().ok_or(Fault::new(
        CODE,
        "the resource (or aud) is not registered for this client",
    ))
}

fn patient(client: &Client, params: &Params) -> Result<Option<String>, Fault> {
    const CODE: &str = "invalid_request";
    match params.patient.as_deref() {
        None => Ok(None),
        Some(_) if client.persona != Persona::Patient => Err(Fault::new(
            CODE,
            "only patients' apps act for a patient: leave patient out",
        )),
        Some(id) if text::is_fhir_id(id) => Ok(Some(id.to_owned())),
        Some(_) => Err(Fault::new(CODE, "patient must be the id of a FHIR Patient")),
    }
}

/// The first that we know is the one the client prefers; one it prefers and we do not know is not replaced by none.
fn acr(params: &Params) -> Result<Acr, Fault> {
    let Some(text) = params.acr_values.as_deref() else {
        return Ok(Acr::Aal1);
    };
    let known = text.split(' ').find_map(|value| Acr::from_str(value).ok());
    known.ok_or(Fault::new(
        "unmet_authentication_requirements",
        "acr_values must name aal1 or aal2",
    ))
}

fn max_age(params: &Params) -> Result<Option<Duration>, Fault> {
    let seconds = |text: &str| {
        let digits = text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u32>().ok().filter(|_| digits)
    };
    match params.max_age.as_deref().map(seconds) {
        None => Ok(None),
        Some(Some(seconds)) => Ok(Some(Duration::seconds(i64::from(seconds)))),
        Some(None) => Err(Fault::new(
            "invalid_request",
            "max_age must be a number of seconds",
        )),
    }
}

fn prompt(params: &Params) -> Result<Prompt, Fault> {
    const CODE: &str = "invalid_request";
    let mut prompt = Prompt::default();
    for word in params.prompt.as_deref().unwrap_or_default().split(' ') {
        match word {
            "" => {}
            "none" => prompt.none = true,
            // One browser has one session here: another account is chosen by signing in anew.
            "login" | "select_account" => prompt.login = true,
            "consent" => prompt.consent = true,
            _ => {
                return Err(Fault::new(
                    CODE,
                    "prompt must be none, login, select_account or consent",
                ));
            }
        }
    }
    if prompt.none && (prompt.login || prompt.consent) {
        return Err(Fault::new(CODE, "prompt=none goes with no other prompt"));
    }
    Ok(prompt)
}

fn thumbprint(params: &Params) -> Result<Option<String>, Fault> {
    match params.dpop_jkt.as_deref() {
        Some(text) if digest(text).is_none() => Err(Fault::new(
            "invalid_request",
            "dpop_jkt must be the RFC 7638 thumbprint of a key",
        )),
        other => Ok(other.map(str::to_owned)),
    }
}

/// The answer's address: the redirect URI with these parameters and `iss` (RFC 9207) added to its query.
pub fn answer(target: &Target, issuer: &str, parameters: &[(&str, &str)]) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(parameters);
    if let Some(state) = &target.state {
        query.append_pair("state", state);
    }
    query.append_pair("iss", issuer);
    let separator = if target.redirect_uri.contains('?') {
        '&'
    } else {
        '?'
    };
    format!("{}{separator}{}", target.redirect_uri, query.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_keeps_the_redirect_uri_as_it_is_and_adds_to_its_query() {
        for (uri, start) in [
            ("https://app.example/cb", "https://app.example/cb?code="),
            (
                "https://app.example/cb?a=b",
                "https://app.example/cb?a=b&code=",
            ),
            ("org.example.app:/cb", "org.example.app:/cb?code="),
        ] {
            let target = Target {
                redirect_uri: uri.into(),
                state: Some("a b&c=d".into()),
            };
            let answer = answer(&target, "https://auth.example", &[("code", "x&y")]);
            assert_eq!(
                answer,
                format!("{start}x%26y&state=a+b%26c%3Dd&iss=https%3A%2F%2Fauth.example")
            );
        }
    }
}
