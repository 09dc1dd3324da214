//! `grant_type=refresh_token` (RFC 6749 §6).

use axum::http::StatusCode;

use super::error::OAuthError;
use super::form::Form;
use super::people::{self, Given};
use crate::App;
use crate::client::{Client, GrantType};
use crate::grant::authorizations::{self, Presented};
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
    if !client.may(GrantType::RefreshToken) {
        return Err(OAuthError::unauthorized_client());
    }
    let unknown = || OAuthError::invalid_grant("unknown-refresh-token");
    let presented = RefreshToken::parse(form.need("refresh_token")?).ok_or_else(unknown)?;
    let authorization = authorizations::find(&app.db, &app.tenant, presented.authorization)
        .await?
        .filter(|authorization| authorization.client_id == client.id)
        .ok_or_else(unknown)?;
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
