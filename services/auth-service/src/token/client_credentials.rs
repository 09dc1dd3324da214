//! `grant_type=client_credentials` (RFC 6749 §4.4, RFC 7523, RFC 8707).

use access_token::{Claims, Confirmation};

use super::error::OAuthError;
use super::form::Form;
use super::issue::{self, Frame, Wish};
use super::people;
use super::standing;
use crate::App;
use crate::client::Client;
use crate::directory::ReadPermit;

/// A token with which a client speaks for itself.
///
/// # Errors
/// [`OAuthError`].
pub async fn respond(
    app: &App,
    client: &Client,
    form: &Form,
    jkt: Option<String>,
) -> Result<Claims, OAuthError> {
    // Before the chain is asked: what ends from here on ends this token too.
    let now = app.now();
    let addresses = match &client.organization {
        Some(id) => standing::grantees(app, &ReadPermit::for_client(client), id).await?,
        None => None,
    };
    let wish = Wish {
        scope: form.get("scope").unwrap_or_default(),
        resource: form.get("resource"),
        purpose_of_use: form.get("purpose_of_use"),
    };
    let jti = people::new_token_id(app, now).simple().to_string();
    let frame = Frame {
        issuer: &app.issuer,
        now,
        jti: &jti,
    };
    let mut claims = issue::claims(client, addresses.as_deref(), wish, frame)?;
    claims.cnf = jkt.map(|jkt| Confirmation { jkt });
    Ok(claims)
}
