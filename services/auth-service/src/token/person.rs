//! What goes into a token that speaks for a person: pure, from what they gave the app and their standing right now.

use access_token::{Actor, Claims, Confirmation, IdentityScope, MAX_TOKEN_LIFETIME, ScopeSet};
use alloy::primitives::Address;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::issue::Frame;
use crate::account::Role;
use crate::client::Client;
use crate::grant::authorizations::Authorization;
use crate::grant::holder::Holder;

/// Everything there is to know about a person for a token.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Who it is, and by which mandate they act.
    pub holder: &'a Holder,
    /// The addresses on chain of the patient in context.
    pub subjects: &'a [Address],
    /// The addresses of a provider's organisation, and their own.
    pub grantees: &'a [Address],
}

/// The claims of an access token. `internal` says whether its audience is one of our own services: no other learns which
/// addresses on chain are a patient's.
pub fn claims(
    client: &Client,
    authorization: &Authorization,
    person: Person<'_>,
    scope: ScopeSet,
    jkt: Option<String>,
    internal: bool,
    frame: Frame<'_>,
) -> Claims {
    let holder = person.holder;
    let (account, is_proxy) = (&holder.account, holder.proxy.is_some());
    let patient = holder.patient().map(str::to_owned);
    let org = match &account.role {
        Role::Provider { organization, .. } => Some(organization.clone()),
        Role::Patient { .. } | Role::Admin => None,
    };
    let subjects = if internal && patient.is_some() {
        shown(person.subjects)
    } else {
        Vec::new()
    };
    let grantees = match org {
        Some(_) => shown(person.grantees),
        None => Vec::new(),
    };
    let iat = frame.now.unix_timestamp();
    // Not everybody who receives a token asks whether the mandate still holds.
    let end = holder
        .proxy
        .as_ref()
        .map_or(i64::MAX, |proxy| proxy.valid_to.unix_timestamp());
    Claims {
        iss: frame.issuer.to_owned(),
        aud: authorization.audience.clone(),
        sub: holder.subject().to_string(),
        client_id: client.id.clone(),
        jti: frame.jti.to_owned(),
        iat,
        nbf: None,
        exp: end.min(iat + MAX_TOKEN_LIFETIME),
        scope,
        tenant: account.tenant.clone(),
        persona: account.role.persona(),
        org,
        grantees,
        purpose: client.purposes.first().cloned(),
        sign_in: Some(authorization.sign_in()),
        patient,
        subjects,
        // A proxy's own record is not what the token is about.
        fhir_user: account.role.fhir_user().filter(|_| !is_proxy),
        act: is_proxy.then(|| Actor {
            sub: account.id.to_string(),
        }),
        cnf: jkt.map(|jkt| Confirmation { jkt }),
    }
}

fn shown(addresses: &[Address]) -> Vec<String> {
    addresses
        .iter()
        .map(|address| address.to_checksum(None))
        .collect()
}

/// An ID token (OpenID Connect Core §2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IdToken {
    iss: String,
    sub: String,
    aud: String,
    exp: i64,
    iat: i64,
    auth_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<String>,
    acr: &'static str,
    amr: Vec<&'static str>,
    sid: String,
    at_hash: String,
    #[serde(rename = "fhirUser", skip_serializing_if = "Option::is_none")]
    fhir_user: Option<String>,
}

/// The ID token that goes with an access token; `None` where `openid` was not granted.
pub fn id_token(
    claims: &Claims,
    authorization: &Authorization,
    access_token: &str,
    nonce: Option<String>,
) -> Option<IdToken> {
    if !claims.scope.has(IdentityScope::OpenId) {
        return None;
    }
    let digest = Sha256::digest(access_token);
    let fhir_user = claims
        .fhir_user
        .clone()
        .filter(|_| claims.scope.has(IdentityScope::FhirUser));
    Some(IdToken {
        iss: claims.iss.clone(),
        sub: claims.sub.clone(),
        aud: claims.client_id.clone(),
        exp: claims.exp,
        iat: claims.iat,
        auth_time: authorization.auth_time.unix_timestamp(),
        nonce,
        acr: authorization.acr.as_str(),
        amr: authorization.amr.iter().map(|amr| amr.as_str()).collect(),
        sid: authorization.session.to_string(),
        at_hash: URL_SAFE_NO_PAD.encode(&digest[..16]),
        fhir_user,
    })
}
