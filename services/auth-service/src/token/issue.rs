//! What goes into a token: pure, from the client, its organisation and the request.

use access_token::{Claims, MAX_TOKEN_LIFETIME, ScopeSet};
use alloy::primitives::Address;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::client::Client;

/// The id of a token that is issued now. Ids begin with the time, so that old ones can be told from recent ones.
pub fn token_id(now: OffsetDateTime, random: [u8; 10]) -> Uuid {
    let millis = u64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

/// What a client asks for.
#[derive(Debug, Default, Clone, Copy)]
pub struct Wish<'a> {
    /// The scopes.
    pub scope: &'a str,
    /// The audience (RFC 8707).
    pub resource: Option<&'a str>,
    /// The purpose of use.
    pub purpose_of_use: Option<&'a str>,
}

/// What is the same for every token.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// The issuer.
    pub issuer: &'a str,
    /// The time.
    pub now: OffsetDateTime,
    /// The new token's id.
    pub jti: &'a str,
}

/// Why no token is issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// No scope was asked for.
    #[error("name the scopes you ask for")]
    NoScope,
    /// The scope text is not one.
    #[error("the scope is malformed or too long")]
    MalformedScope,
    /// Scopes of several personas.
    #[error("the scope mixes personas: ask for one persona at a time")]
    MixedPersonas,
    /// Nothing of what was asked for is granted to this client.
    #[error("none of the scopes is granted to this client")]
    NothingGranted,
    /// An audience that is not registered for this client.
    #[error("the resource is not registered for this client")]
    UnknownResource,
    /// A purpose that is not registered for this client.
    #[error("the purpose of use is not registered for this client")]
    UnknownPurpose,
    /// A provider's client whose organisation is not in the directory.
    #[error("the organisation of this client is not in the directory")]
    UnknownOrganization,
    /// None of its addresses is verified.
    #[error("the organisation of this client is not verified, or suspended")]
    UnverifiedOrganization,
}

impl Denial {
    /// The RFC 6749 (and RFC 8707) error code.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoScope | Self::MalformedScope | Self::MixedPersonas | Self::NothingGranted => {
                "invalid_scope"
            }
            Self::UnknownResource => "invalid_target",
            Self::UnknownPurpose => "invalid_request",
            Self::UnknownOrganization | Self::UnverifiedOrganization => "unauthorized_client",
        }
    }
}

/// granted = requested ∩ registered ∩ the persona's ceiling.
fn granted(client: &Client, requested: &str) -> Result<ScopeSet, Denial> {
    if requested.trim_matches(' ').is_empty() {
        return Err(Denial::NoScope);
    }
    let requested = ScopeSet::parse(requested).map_err(|_| Denial::MalformedScope)?;
    requested
        .check_one_persona()
        .map_err(|_| Denial::MixedPersonas)?;
    // Nobody has signed in, so nothing can be told of a sign-in.
    let granted = requested
        .intersect(&client.scope)
        .ceiling(client.persona)
        .rights();
    if granted.is_empty() {
        Err(Denial::NothingGranted)
    } else {
        Ok(granted)
    }
}

/// One of the registered values: the one asked for, or the first when none was.
fn choose<'a>(registered: &'a [String], wished: Option<&str>) -> Option<&'a str> {
    match wished {
        None => registered.first().map(String::as_str),
        Some(wished) => registered
            .iter()
            .map(String::as_str)
            .find(|value| *value == wished),
    }
}

/// The claims of the token. `addresses` are those of the client's organisation that are verified; `None` when the
/// directory has no such organisation.
///
/// # Errors
/// [`Denial`].
pub fn claims(
    client: &Client,
    addresses: Option<&[Address]>,
    wish: Wish<'_>,
    frame: Frame<'_>,
) -> Result<Claims, Denial> {
    let scope = granted(client, wish.scope)?;
    let audience = choose(&client.audiences, wish.resource).ok_or(Denial::UnknownResource)?;
    let purpose = choose(&client.purposes, wish.purpose_of_use);
    if wish.purpose_of_use.is_some() && purpose.is_none() {
        return Err(Denial::UnknownPurpose);
    }
    let grantees = match (&client.organization, addresses) {
        (None, _) => Vec::new(),
        (Some(_), Some([])) => return Err(Denial::UnverifiedOrganization),
        (Some(_), Some(addresses)) => addresses
            .iter()
            .map(|address| address.to_checksum(None))
            .collect(),
        (Some(_), None) => return Err(Denial::UnknownOrganization),
    };
    let iat = frame.now.unix_timestamp();
    Ok(Claims {
        iss: frame.issuer.to_owned(),
        aud: audience.to_owned(),
        sub: client.id.clone(),
        client_id: client.id.clone(),
        jti: frame.jti.to_owned(),
        iat,
        nbf: None,
        exp: iat + MAX_TOKEN_LIFETIME,
        scope,
        tenant: client.tenant.clone(),
        persona: client.persona,
        org: client.organization.clone(),
        grantees,
        purpose: purpose.map(str::to_owned),
        sign_in: None,
        patient: None,
        subjects: Vec::new(),
        fhir_user: None,
        act: None,
        cnf: None,
    })
}
