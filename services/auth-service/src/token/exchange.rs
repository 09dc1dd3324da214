//! `grant_type=urn:ietf:params:oauth:grant-type:token-exchange` (RFC 8693): a service that acts for whoever called it.
//!
//! The new token says less than the subject token or the same, lives no longer, and names who acts. Who may exchange: the
//! client that obtained the token, or the one that receives it. What says who acts already, as a proxy's token does, is not
//! exchanged: a token names one actor.

use access_token::{Actor, Claims, Confirmation, ScopeSet, Verified};
use uuid::Uuid;

use super::error::OAuthError;
use super::form::Form;
use super::people;
use super::standing;
use crate::App;
use crate::client::Client;
use crate::grant::authorizations;
use crate::grant::scopes::{self, Limits};

/// The one type of token that is exchanged, and that comes out.
pub const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

/// Exchanges a token.
///
/// # Errors
/// [`OAuthError`].
pub async fn respond(
    app: &App,
    client: &Client,
    form: &Form,
    jkt: Option<String>,
) -> Result<Claims, OAuthError> {
    let now = app.now();
    let subject = form.need("subject_token")?;
    if form.need("subject_token_type")? != ACCESS_TOKEN {
        let description = format!("subject_token_type must be {ACCESS_TOKEN}");
        return Err(OAuthError::invalid_request(description));
    }
    let other_type = form
        .get("requested_token_type")
        .is_some_and(|kind| kind != ACCESS_TOKEN);
    if other_type || form.get("actor_token").is_some() || form.get("actor_token_type").is_some() {
        let description =
            "only access tokens are issued, and whoever asks is the actor: send no actor_token";
        return Err(OAuthError::invalid_request(description));
    }
    let refused = |check| {
        let description = "the subject token is not valid, or not this client's to exchange";
        OAuthError::invalid_request(description).check(check)
    };
    let subject = standing::inspect(app, subject, now)
        .await?
        .ok_or_else(|| refused("subject-token"))?;
    if !standing::stands(app, &subject, now).await? {
        return Err(refused("subject-revoked"));
    }
    if !may_exchange(client, &subject, jkt.as_deref()) {
        return Err(refused("foreign-subject"));
    }
    let scope = scope(client, form.get("scope"), &subject)?;
    let audience = audience(client, form)?;
    let token = people::new_token_id(app, now);
    let claims = claims(
        app,
        client,
        &subject.claims,
        scope,
        audience,
        jkt,
        token,
        now.unix_timestamp(),
    );
    if !is_accounted_for(app, &subject.claims, token).await? {
        return Err(refused("subject-ended"));
    }
    Ok(claims)
}

fn may_exchange(client: &Client, subject: &Verified, jkt: Option<&str>) -> bool {
    let claims = &subject.claims;
    let receives = client.resources.contains(&claims.aud);
    // Whoever receives a token has checked the proof that came with it; whoever obtained it has the key.
    let proven = receives
        || claims
            .cnf
            .as_ref()
            .is_none_or(|cnf| Some(cnf.jkt.as_str()) == jkt);
    let own = receives || claims.client_id == client.id;
    // One organisation's backend does not act for the people of another.
    let same_organization = client.organization.is_none() || client.organization == claims.org;
    own && proven && same_organization && claims.act.is_none()
}

fn scope(
    client: &Client,
    wished: Option<&str>,
    subject: &Verified,
) -> Result<ScopeSet, OAuthError> {
    const CODE: &str = "invalid_scope";
    let subject = &subject.claims;
    let wished = match wished {
        None => subject.scope.clone(),
        Some(wished) => ScopeSet::parse(wished)
            .map_err(|_| OAuthError::new(CODE, "the scope is malformed or too long"))?,
    };
    let limits = Limits {
        client: &client.scope,
        persona: subject.persona,
        derived: None,
        ticked: None,
        subject: Some(&subject.scope),
    };
    let granted = scopes::granted(&wished, limits).rights();
    if granted.is_empty() {
        let description = "none of the scopes is in the subject token and granted to this client";
        return Err(OAuthError::new(CODE, description));
    }
    Ok(granted)
}

fn audience<'a>(client: &'a Client, form: &Form) -> Result<&'a str, OAuthError> {
    const CODE: &str = "invalid_target";
    let asked = match (form.get("resource"), form.get("audience")) {
        (Some(resource), Some(audience)) if resource != audience => {
            return Err(OAuthError::new(CODE, "a token is for one resource"));
        }
        (Some(asked), _) | (None, Some(asked)) => asked,
        (None, None) => return Err(OAuthError::new(CODE, "name the resource")),
    };
    let own = client.audiences.iter().find(|audience| *audience == asked);
    own.map(String::as_str).ok_or_else(|| {
        let description = "the resource is not registered for this client";
        OAuthError::new(CODE, description)
    })
}

#[allow(clippy::too_many_arguments, reason = "all of it goes into one token")]
fn claims(
    app: &App,
    client: &Client,
    subject: &Claims,
    scope: ScopeSet,
    audience: &str,
    jkt: Option<String>,
    token: Uuid,
    now: i64,
) -> Claims {
    // What the subject token did not say, or this audience is not to know, is not said.
    let subjects = if app.is_internal(audience) {
        subject.subjects.clone()
    } else {
        Vec::new()
    };
    Claims {
        aud: audience.to_owned(),
        client_id: client.id.clone(),
        jti: token.simple().to_string(),
        iat: now,
        nbf: None,
        exp: subject.exp,
        scope,
        subjects,
        act: Some(Actor {
            sub: client.id.clone(),
        }),
        cnf: jkt.map(|jkt| Confirmation { jkt }),
        ..subject.clone()
    }
}

/// Whether the new token will end with the authorization that the subject token came from, where it came from one.
async fn is_accounted_for(app: &App, subject: &Claims, token: Uuid) -> Result<bool, OAuthError> {
    if subject.sign_in.is_none() {
        return Ok(true);
    }
    let (Ok(account), Ok(from)) = (Uuid::parse_str(&subject.sub), Uuid::parse_str(&subject.jti))
    else {
        return Ok(false);
    };
    Ok(authorizations::descend(&app.db, &app.tenant, account, from, token).await?)
}
