//! Tokens that speak for a person: the part that is the same for codes and for refresh tokens.

use access_token::{Claims, IdentityScope, ScopeSet};
use time::OffsetDateTime;
use uuid::Uuid;

use super::error::OAuthError;
use super::issue::{Frame, token_id};
use super::person;
use super::standing::Standing;
use crate::App;
use crate::client::Client;
use crate::db::StoreError;
use crate::grant::authorizations::{self, Authorization, End};
use crate::grant::holder;
use crate::grant::scopes::{self, Limits};

/// What an app is given.
#[derive(Debug)]
pub struct Given {
    /// What the access token says.
    pub claims: Claims,
    /// What it comes from.
    pub authorization: Authorization,
    /// The refresh token.
    pub refresh: Option<String>,
    /// For the ID token.
    pub nonce: Option<String>,
}

impl Given {
    /// The key that the access token is bound to.
    pub fn jkt(&self) -> Option<&str> {
        self.claims.cnf.as_ref().map(|cnf| cnf.jkt.as_str())
    }

    /// The patient in context, for an app that asked who it is (SMART App Launch).
    pub fn patient(&self) -> Option<&str> {
        let asked = self.claims.scope.has(IdentityScope::LaunchPatient);
        self.claims.patient.as_deref().filter(|_| asked)
    }
}

/// The id of a token that is issued now.
pub fn new_token_id(app: &App, now: OffsetDateTime) -> Uuid {
    let mut random = [0; 10];
    (app.random)(&mut random);
    token_id(now, random)
}

/// What an access token of this authorization says now: what was granted, as far as the client, the person's standing and
/// the wish still allow it.
///
/// # Errors
/// [`OAuthError`].
pub async fn claims(
    app: &App,
    client: &Client,
    authorization: &Authorization,
    wished: Option<&str>,
    jkt: Option<String>,
    token: Uuid,
    now: OffsetDateTime,
) -> Result<Given, OAuthError> {
    let Some(holder) = holder::find(&app.db, &app.tenant, authorization, now).await? else {
        return Err(gone(app, authorization, now).await?);
    };
    let standing = Standing::of(app, holder, &authorization.scope).await?;
    let limits = Limits {
        client: &client.scope,
        persona: standing.holder.account.role.persona(),
        derived: Some(&standing.rights(&authorization.amr)),
        ticked: None,
        subject: None,
    };
    let possible = scopes::granted(&authorization.scope, limits);
    let lost = possible.rights().is_empty() && !authorization.scope.rights().is_empty();
    if lost || possible.is_empty() || !client.audiences.contains(&authorization.audience) {
        let refused = || OAuthError::invalid_grant("standing");
        return Err(standing.doubt().map_or_else(refused, Into::into));
    }
    let scope = match wished {
        None => possible,
        Some(wished) => narrowed(wished, authorization, &possible)?.ok_or_else(|| {
            let description = "nothing of this scope is granted now";
            let refused = || OAuthError::new("invalid_scope", description);
            standing.doubt().map_or_else(refused, Into::into)
        })?,
    };
    let jti = token.simple().to_string();
    let frame = Frame {
        issuer: &app.issuer,
        now,
        jti: &jti,
    };
    let internal = app.is_internal(&authorization.audience);
    let person = standing.person();
    Ok(Given {
        claims: person::claims(client, authorization, person, scope, jkt, internal, frame),
        authorization: authorization.clone(),
        refresh: None,
        nonce: None,
    })
}

/// Nothing comes of an authorization any more. One by a mandate is ended: a mandate that is over does not come back.
async fn gone(
    app: &App,
    authorization: &Authorization,
    now: OffsetDateTime,
) -> Result<OAuthError, StoreError> {
    if authorization.proxy.is_none() {
        return Ok(OAuthError::invalid_grant("account-or-session"));
    }
    let mut transaction = app.db.begin().await?;
    authorizations::end(&mut transaction, app, authorization.id, End::Mandate, now).await?;
    transaction.commit().await?;
    Ok(OAuthError::invalid_grant("account-session-or-mandate"))
}

/// RFC 6749 §6: less than was granted may be asked for, never more. `None` when nothing of it is possible now.
fn narrowed(
    wished: &str,
    authorization: &Authorization,
    possible: &ScopeSet,
) -> Result<Option<ScopeSet>, OAuthError> {
    const CODE: &str = "invalid_scope";
    let wished = ScopeSet::parse_all(wished)
        .map_err(|_| OAuthError::new(CODE, "the scope is malformed, or not a known one"))?;
    if !authorization.scope.covers(&wished) {
        let description = "the scope is more than was granted: ask the person again";
        return Err(OAuthError::new(CODE, description));
    }
    Ok(Some(possible.intersect(&wished)).filter(|scope| !scope.is_empty()))
}
