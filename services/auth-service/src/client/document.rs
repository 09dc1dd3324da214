//! What a client is registered with: the same words in the clients file, in the API and on the command line.

use std::collections::HashSet;

use access_token::{Jwks, Persona, PublicJwk, ScopeSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;
use utoipa::ToSchema;

use super::{AuthMethod, Client, GrantType, uri};
use crate::directory::text;

const MAX_URIS: usize = 16;
const MAX_NAME: usize = 100;

/// A client as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ClientDocument {
    /// Its id, 1 to 128 printable ASCII characters. Where a path names it, it may be left out here.
    #[serde(default)]
    pub client_id: String,
    /// What people know it by, at most 100 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Whom it speaks for: `patient`, `provider`, `admin` or `system`.
    pub persona: String,
    /// The organisation of a provider's client that speaks for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization: Option<String>,
    /// The public keys of its assertions; none for a public client.
    #[serde(default)]
    pub jwks: KeysDocument,
    /// The most it may be granted.
    pub scopes: Vec<String>,
    /// The audiences it may ask tokens for; the first is the default.
    pub audiences: Vec<String>,
    /// The purposes of use it may state; the first is the default.
    #[serde(default)]
    pub purposes: Vec<String>,
    /// How it may obtain tokens: `client_credentials` when nothing is said.
    #[serde(default = "client_credentials")]
    pub grant_types: Vec<String>,
    /// `private_key_jwt`, or `none` for a public client.
    #[serde(default = "private_key_jwt")]
    pub token_endpoint_auth_method: String,
    /// Where people may be sent back to after signing in.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after signing out.
    #[serde(default)]
    pub post_logout_redirect_uris: Vec<String>,
    /// Whether its tokens are bound to a key that it proves at each use (DPoP).
    #[serde(default)]
    pub require_dpop: bool,
    /// The audiences whose tokens it receives: it may ask about those tokens, and exchange them.
    #[serde(default)]
    pub resources: Vec<String>,
    /// Whether it is the custodian's own app, so that nobody is asked whether it may act for them.
    #[serde(default)]
    pub first_party: bool,
}

/// A JSON Web Key Set as it is written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeysDocument {
    /// Public P-256 keys.
    #[schema(value_type = Vec<Object>)]
    pub keys: Vec<Value>,
}

impl From<Client> for ClientDocument {
    fn from(client: Client) -> Self {
        let keys = client
            .keys
            .iter()
            .filter_map(|key| serde_json::to_value(key).ok());
        let grants = client.grant_types.iter();
        Self {
            client_id: client.id,
            name: client.name,
            persona: client.persona.to_string(),
            organization: client.organization,
            jwks: KeysDocument {
                keys: keys.collect(),
            },
            scopes: client
                .scope
                .to_string()
                .split(' ')
                .map(str::to_owned)
                .collect(),
            audiences: client.audiences,
            purposes: client.purposes,
            grant_types: grants.map(|grant| grant.as_str().to_owned()).collect(),
            token_endpoint_auth_method: client.auth_method.as_str().to_owned(),
            redirect_uris: client.redirect_uris,
            post_logout_redirect_uris: client.post_logout_redirect_uris,
            require_dpop: client.require_dpop,
            resources: client.resources,
            first_party: client.first_party,
        }
    }
}

fn client_credentials() -> Vec<String> {
    vec![GrantType::ClientCredentials.as_str().to_owned()]
}

fn private_key_jwt() -> String {
    AuthMethod::PrivateKeyJwt.as_str().to_owned()
}

/// A client without faults.
#[derive(Debug, Clone)]
pub struct Registration {
    /// Its id.
    pub client_id: String,
    /// What people know it by.
    pub name: Option<String>,
    /// Whom it speaks for.
    pub persona: Persona,
    /// The organisation of a provider's client that speaks for itself.
    pub organization: Option<String>,
    /// The most it may be granted.
    pub scope: ScopeSet,
    /// Its audiences.
    pub audiences: Vec<String>,
    /// Its purposes of use.
    pub purposes: Vec<String>,
    /// Its public keys.
    pub jwks: Jwks,
    /// How it may obtain tokens.
    pub grant_types: Vec<GrantType>,
    /// How it proves who it is.
    pub auth_method: AuthMethod,
    /// Where people may be sent back to.
    pub redirect_uris: Vec<String>,
    /// Where people may be sent after signing out.
    pub post_logout_redirect_uris: Vec<String>,
    /// Whether its tokens are bound to a key.
    pub require_dpop: bool,
    /// The audiences whose tokens it receives.
    pub resources: Vec<String>,
    /// Whether it is the custodian's own app.
    pub first_party: bool,
}

impl ClientDocument {
    /// The client, or all that is wrong with it.
    ///
    /// # Errors
    /// Every fault, in words.
    pub fn check(self) -> Result<Registration, Vec<String>> {
        let mut faults = Vec::new();
        let checked = check(self, &mut |fault| faults.push(fault));
        match checked {
            Some(registration) if faults.is_empty() => Ok(registration),
            _ => Err(faults),
        }
    }
}

type Note<'a> = &'a mut dyn FnMut(String);

fn check(document: ClientDocument, note: Note<'_>) -> Option<Registration> {
    if !is_client_id(&document.client_id) {
        note("clientId must be 1 to 128 printable ASCII characters".to_owned());
    }
    let name_is_sane = document.name.as_deref().is_none_or(|name| {
        !name.trim().is_empty()
            && name.chars().count() <= MAX_NAME
            && !name.chars().any(char::is_control)
    });
    if !name_is_sane {
        note("name must be 1 to 100 characters without control characters".to_owned());
    }
    let persona: Option<Persona> = document.persona.parse().ok();
    if persona.is_none() {
        note("persona must be patient, provider, admin or system".to_owned());
    }
    let grant_types = check_grants(&document.grant_types, persona, note);
    let speaks_for_itself = grant_types.contains(&GrantType::ClientCredentials);
    check_organization(
        document.organization.as_deref(),
        persona,
        speaks_for_itself,
        note,
    );
    let auth_method = document.token_endpoint_auth_method.parse().ok();
    if auth_method.is_none() {
        note("tokenEndpointAuthMethod must be private_key_jwt or none".to_owned());
    }
    let jwks = check_keys(&document.jwks.keys, auth_method, note);
    if auth_method == Some(AuthMethod::None)
        && (speaks_for_itself || grant_types.contains(&GrantType::TokenExchange))
    {
        note("tokenEndpointAuthMethod none is for clients that only people sign in to".to_owned());
    }
    let signs_in = grant_types.contains(&GrantType::AuthorizationCode);
    check_uris("redirectUris", &document.redirect_uris, signs_in, note);
    check_uris(
        "postLogoutRedirectUris",
        &document.post_logout_redirect_uris,
        signs_in,
        note,
    );
    if signs_in && document.redirect_uris.is_empty() {
        note("redirectUris: authorization_code needs one".to_owned());
    }
    let scope = check_scopes(&document.scopes, persona, note);
    if document.audiences.is_empty() {
        note("there is no audience".to_owned());
    }
    check_audiences("audience", &document.audiences, note);
    check_audiences("resource", &document.resources, note);
    let is_public = auth_method == Some(AuthMethod::None);
    if is_public && !document.resources.is_empty() {
        note("resources: a public client cannot prove that it receives tokens".to_owned());
    }
    check_purposes(&document.purposes, persona, note);
    Some(Registration {
        client_id: document.client_id,
        name: document.name,
        persona: persona?,
        organization: document.organization,
        scope: scope?,
        audiences: document.audiences,
        purposes: document.purposes,
        jwks,
        grant_types,
        auth_method: auth_method?,
        redirect_uris: document.redirect_uris,
        post_logout_redirect_uris: document.post_logout_redirect_uris,
        require_dpop: document.require_dpop,
        resources: document.resources,
        first_party: document.first_party,
    })
}

/// Whether a text can be the id of a client.
pub fn is_client_id(id: &str) -> bool {
    (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic())
}

fn check_grants(names: &[String], persona: Option<Persona>, note: Note<'_>) -> Vec<GrantType> {
    let mut grants = Vec::new();
    for name in names {
        match name.parse() {
            Ok(grant) if grants.contains(&grant) => {
                note(format!("grantTypes: {name} occurs twice"))
            }
            Ok(grant) => grants.push(grant),
            Err(_) => note(format!("grantTypes: {name:?} is not one of {}", {
                let known = GrantType::ALL.map(GrantType::as_str);
                known.join(", ")
            })),
        }
    }
    let itself = grants.contains(&GrantType::ClientCredentials);
    let people = grants.contains(&GrantType::AuthorizationCode);
    if itself && people {
        note("grantTypes: a client speaks for itself (client_credentials) or for people (authorization_code)".to_owned());
    }
    if !itself && !people {
        note("grantTypes must have client_credentials or authorization_code".to_owned());
    }
    if !people && grants.contains(&GrantType::RefreshToken) {
        note("grantTypes: refresh_token needs authorization_code".to_owned());
    }
    match persona {
        Some(Persona::Patient) if itself => {
            note(
                "persona patient is for clients that people sign in to (authorization_code)"
                    .to_owned(),
            );
        }
        Some(Persona::System) if people => {
            note(
                "persona system is for clients that speak for themselves (client_credentials)"
                    .to_owned(),
            );
        }
        _ => {}
    }
    grants
}

fn check_organization(
    organization: Option<&str>,
    persona: Option<Persona>,
    speaks_for_itself: bool,
    note: Note<'_>,
) {
    match (persona, organization) {
        (Some(Persona::Provider), None) if speaks_for_itself => {
            note("a provider's client needs an organization".to_owned());
        }
        (Some(Persona::Provider), Some(_)) if !speaks_for_itself => {
            note("organization: people bring their own".to_owned());
        }
        (Some(Persona::Patient | Persona::Admin | Persona::System), Some(_)) => {
            note("only a provider's client has an organization".to_owned());
        }
        _ => {}
    }
    if organization.is_some_and(|id| text::id(id).is_err()) {
        note(format!("organization: {}", text::ID_FAULT));
    }
}

fn check_keys(values: &[Value], method: Option<AuthMethod>, note: Note<'_>) -> Jwks {
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
    match method {
        Some(AuthMethod::None) if !values.is_empty() => {
            note("jwks: a public client has no key".to_owned());
        }
        Some(AuthMethod::PrivateKeyJwt) if values.is_empty() => {
            note("jwks: there is no key".to_owned());
        }
        _ => {}
    }
    Jwks::new(keys)
}

fn check_uris(member: &str, uris: &[String], signs_in: bool, note: Note<'_>) {
    if !signs_in && !uris.is_empty() {
        note(format!(
            "{member}: only clients that people sign in to have one"
        ));
    }
    if uris.len() > MAX_URIS {
        note(format!("{member}: more than {MAX_URIS}"));
    }
    for uri in uris.iter().filter(|uri| !uri::is_redirect_target(uri)) {
        note(format!("{member}: {uri:?} {}", uri::RULE));
    }
    if uris.iter().collect::<HashSet<_>>().len() != uris.len() {
        note(format!("{member}: one occurs twice"));
    }
}

fn check_scopes(scopes: &[String], persona: Option<Persona>, note: Note<'_>) -> Option<ScopeSet> {
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

fn check_audiences(kind: &str, audiences: &[String], note: Note<'_>) {
    for audience in audiences {
        if Url::parse(audience).is_err() || audience.contains('#') {
            note(format!(
                "{kind} {audience:?} is not an absolute URI without fragment"
            ));
        }
    }
    if audiences.iter().collect::<HashSet<_>>().len() != audiences.len() {
        note(format!("one {kind} occurs twice"));
    }
}

fn check_purposes(purposes: &[String], persona: Option<Persona>, note: Note<'_>) {
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
