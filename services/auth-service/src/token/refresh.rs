//! `grant_type=refresh_token` (RFC 6749 §6).

use axum::http::StatusCode;

use super::error::OAuthError;
use super::form::Form;
use super::people::{self, Given};
use crate::App;
use crate::client::Client;
use crate::grant::authorizations::{self, Authorization, Presented};
use crate::grant::refresh::Verdict;
use crate::grant::secret::RefreshToken;

/// Takes a refresh token for another and an access token.
///
/// # Errors
/// [`OAuthError`].
pub async fn respond(
    app: &App,
    client: &Client,
    form: &Form,
    jkt: Option<String>,
) -> Result<Given, OAuthError> {
    let now = app.now();
    let unknown = || OAuthError::invalid_grant("unknown-refresh-token");
    let presented = RefreshToken::parse(form.need("refresh_token")?).ok_or_else(unknown)?;
    let mut authorization = authorizations::find(&app.db, &app.tenant, presented.authorization)
        .await?
        .filter(|authorization| authorization.client_id == client.id)
        .ok_or_else(unknown)?;
    if let Some(resource) = form.get("resource") {
        authorization.audience = audience(client, &authorization, resource)?;
    }
    if authorization.jkt.is_some() && authorization.jkt != jkt {
        return Err(OAuthError::invalid_grant("other-key"));
    }
    let token = people::new_token_id(app, now);
    let wished = form.get("scope");
    let mut given = people::claims(app, client, &authorization, wished, jkt, token, now).await?;
    let next = RefreshToken::generate(authorization.id, &app.random);
    let (presented, hash) = (presented.hash(), next.hash());
    match authorizations::present(app, authorization.id, &presented, &hash, token, now).await? {
        Presented::Judged(Verdict::Renewed) => {}
        Presented::Judged(Verdict::Expired) => return Err(OAuthError::invalid_grant("expired")),
        Presented::Judged(Verdict::Ended) => return Err(OAuthError::invalid_grant("ended")),
        Presented::Judged(Verdict::Reused) => {
            return Err(OAuthError::invalid_grant("refresh-token-reused"));
        }
        Presented::Unknown => return Err(unknown()),
        Presented::TooMany => {
            let description = "too many tokens at once: use one until it expires";
            let status = StatusCode::TOO_MANY_REQUESTS;
            return Err(OAuthError::with_status(status, "slow_down", description));
        }
    }
    given.refresh = Some(next.text());
    Ok(given)
}

/// RFC 8707 §2.2: a token for one of the resources that were granted. For the custodian's own app nobody is asked, and all
/// that are registered are; an app of others asks its person again.
fn audience(
    client: &Client,
    authorization: &Authorization,
    resource: &str,
) -> Result<String, OAuthError> {
    let registered = client.audiences.iter().any(|known| known == resource);
    if resource == authorization.audience || (client.first_party && registered) {
        Ok(resource.to_owned())
    } else {
        let description = "the resource was not granted: ask the person again";
        Err(OAuthError::new("invalid_target", description))
    }
}
