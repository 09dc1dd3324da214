//! The clients file: read as a whole, refused as a whole, with every fault in it.

use std::collections::HashSet;
use std::fmt;

use access_token::{Jwks, Persona, PublicJwk, ScopeSet};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::directory::text;

/// One client as the file writes it, checked.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its id.
    pub client_id: String,
    /// Whom it speaks for.
    pub persona: Persona,
    /// The organisation of a provider's client.
    pub organization: Option<String>,
    /// The most it may be granted.
    pub scope: ScopeSet,
    /// Its audiences.
    pub audiences: Vec<String>,
    /// Its purposes of use.
    pub purposes: Vec<String>,
    /// Its public keys.
    pub jwks: Jwks,
}

/// A clients file without faults.
#[derive(Debug, Clone)]
pub struct Registry(Vec<Registration>);

/// Every fault of a clients file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults(pub Vec<String>);

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n    "))
    }
}

impl std::error::Error for Faults {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawClient {
    client_id: String,
    persona: String,
    organization: Option<String>,
    jwks: RawJwks,
    scopes: Vec<String>,
    audiences: Vec<String>,
    #[serde(default)]
    purposes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawJwks {
    keys: Vec<Value>,
}

impl Registry {
    /// Reads and checks the file at `path`.
    ///
    /// # Errors
    /// All faults.
    pub fn read(path: &str) -> Result<Self, Faults> {
        let fault =
            |error: std::io::Error| Faults(vec![format!("cannot be read: {}", error.kind())]);
        Self::parse(&std::fs::read_to_string(path).map_err(fault)?)
    }

    /// Checks the text of a clients file.
    ///
    /// # Errors
    /// All faults.
    pub fn parse(json: &str) -> Result<Self, Faults> {
        let entries: Vec<Value> = serde_json::from_str(json)
            .map_err(|error| Faults(vec![format!("not a JSON array of clients: {error}")]))?;
        let mut faults = Vec::new();
        let mut clients = Vec::new();
        let mut ids = HashSet::new();
        for (index, entry) in entries.into_iter().enumerate() {
            let name = match entry.get("clientId").and_then(Value::as_str) {
                Some(id) => format!("client {id:?}"),
                None => format!("client at position {index}"),
            };
            let mut note = |fault: String| faults.push(format!("{name}: {fault}"));
            let raw = match RawClient::deserialize(entry) {
                Ok(raw) => raw,
                Err(error) => {
                    note(error.to_string());
                    continue;
                }
            };
            if !ids.insert(raw.client_id.clone()) {
                note("the id occurs twice".to_owned());
            }
            if let Some(client) = check(raw, &mut note) {
                clients.push(client);
            }
        }
        if faults.is_empty() {
            Ok(Self(clients))
        } else {
            Err(Faults(faults))
        }
    }

    /// The clients.
    pub fn clients(&self) -> &[Registration] {
        &self.0
    }
}

fn check(raw: RawClient, note: &mut impl FnMut(String)) -> Option<Registration> {
    let id_is_sane = (1..=128).contains(&raw.client_id.len())
        && raw.client_id.bytes().all(|b| b.is_ascii_graphic());
    if !id_is_sane {
        note("clientId must be 1 to 128 printable ASCII characters".to_owned());
    }
    let persona = match raw.persona.parse::<Persona>() {
        Ok(Persona::Patient) | Err(_) => {
            note("persona must be provider, admin or system".to_owned());
            None
        }
        Ok(persona) => Some(persona),
    };
    match (persona, &raw.organization) {
        (Some(Persona::Provider), None) => {
            note("a provider's client needs an organization".to_owned())
        }
        (Some(Persona::Admin | Persona::System), Some(_)) => {
            note("only a provider's client has an organization".to_owned())
        }
        _ => {}
    }
    if raw
        .organization
        .as_deref()
        .is_some_and(|id| text::id(id).is_err())
    {
        note(format!("organization: {}", text::ID_FAULT));
    }
    let jwks = check_keys(&raw.jwks.keys, note);
    let scope = check_scopes(&raw.scopes, persona, note);
    check_audiences(&raw.audiences, note);
    check_purposes(&raw.purposes, persona, note);
    Some(Registration {
        client_id: raw.client_id,
        persona: persona?,
        organization: raw.organization,
        scope: scope?,
        audiences: raw.audiences,
        purposes: raw.purposes,
        jwks,
    })
}

fn check_keys(values: &[Value], note: &mut impl FnMut(String)) -> Jwks {
    let mut keys: Vec<PublicJwk> = Vec::new();
    for (index, value) in values.iter().enumerate() {
        match PublicJwk::from_value(value) {
            Ok(key) if keys.iter().any(|other| other.kid() == key.kid()) => {
                note(format!("jwks: key {index} has the kid of another"));
            }
            Ok(key) => keys.push(key),
            Err(error) => note(format!("jwks: key {index} is {error}")),
        }
    }
    if values.is_empty() {
        note("jwks: there is no key".to_owned());
    }
    Jwks::new(keys)
}

fn check_scopes(
    scopes: &[String],
    persona: Option<Persona>,
    note: &mut impl FnMut(String),
) -> Option<ScopeSet> {
    if scopes.is_empty() {
        note("there is no scope".to_owned());
    }
    let mut known = Vec::new();
    for scope in scopes {
        match ScopeSet::parse_all(scope) {
            Ok(set) if persona.is_some_and(|persona| !set.within(persona)) => {
                note(format!("scope {scope:?} is not one of this persona"));
            }
            Ok(_) => known.push(scope.as_str()),
            Err(error) => note(format!("scopes: {error}")),
        }
    }
    match ScopeSet::parse_all(&known.join(" ")) {
        Ok(set) => Some(set),
        Err(error) => {
            note(format!("scopes: {error}"));
            None
        }
    }
}

fn check_audiences(audiences: &[String], note: &mut impl FnMut(String)) {
    if audiences.is_empty() {
        note("there is no audience".to_owned());
    }
    for audience in audiences {
        if Url::parse(audience).is_err() || audience.contains('#') {
            note(format!(
                "audience {audience:?} is not an absolute URI without fragment"
            ));
        }
    }
    if audiences.iter().collect::<HashSet<_>>().len() != audiences.len() {
        note("an audience occurs twice".to_owned());
    }
}

fn check_purposes(purposes: &[String], persona: Option<Persona>, note: &mut impl FnMut(String)) {
    if persona == Some(Persona::Provider) && purposes.is_empty() {
        note("a provider's client needs a purpose, such as TREAT".to_owned());
    }
    for purpose in purposes {
        if purpose.is_empty()
            || purpose.len() > 16
            || !purpose.bytes().all(|b| b.is_ascii_uppercase())
        {
            note(format!(
                "purpose {purpose:?} is not a code of 1 to 16 capital letters"
            ));
        }
    }
}
