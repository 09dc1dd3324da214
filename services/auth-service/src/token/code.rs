//! `grant_type=authorization_code` (RFC 6749 §4.1.3, RFC 7636 §4.5).

use access_token::IdentityScope;
use sha2::{Digest, Sha256};

use super::error::OAuthError;
use super::form::Form;
use super::people::{self, Given};
use crate::App;
use crate::client::{AuthMethod, Client, GrantType};
use crate::grant::authorizations::{self, Authorization, End};
use crate::grant::codes::{self, Bound, Redeemed};
use crate::grant::refresh;
use crate::grant::secret::{RefreshToken, Secret};

/// Redeems a code.
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
    let redirect_uri = form.need("redirect_uri")?;
    let challenge = challenge(form.need("code_verifier")?)?;
    let unknown = || OAuthError::invalid_grant("unknown-code");
    let code = Secret::parse(form.need("code")?).ok_or_else(unknown)?;
    let bound = Bound {
        client_id: &client.id,
        redirect_uri,
        challenge: &challenge,
        jkt: jkt.as_deref(),
    };
    let (id, nonce) = match codes::redeem(&app.db, &app.tenant, &code, bound, now).await? {
        Redeemed::Good {
            authorization,
            nonce,
        } => (authorization, nonce),
        Redeemed::Refused => return Err(unknown()),
        Redeemed::Again { authorization } => {
            let mut transaction = app.db.begin().await?;
            authorizations::end(&mut transaction, app, authorization, End::Reuse, now).await?;
            transaction.commit().await?;
            return Err(OAuthError::invalid_grant("code-replayed"));
        }
    };
    let gone = || OAuthError::invalid_grant("ended");
    let authorization = authorizations::find(&app.db, &app.tenant, id)
        .await?
        .ok_or_else(gone)?;
    let token = people::new_token_id(app, now);
    let mut given = people::claims(app, client, &authorization, None, jkt, token, now).await?;
    let refresh = may_refresh(client, &authorization)
        .then(|| RefreshToken::generate(authorization.id, &app.random));
    let first = refresh.as_ref().map(|refresh| {
        let until = refresh::until(now, authorization.idle, authorization.refresh_ends_at);
        (refresh.hash(), until)
    });
    // A client that proves who it is needs no further proof to refresh.
    let held_key = given
        .jkt()
        .filter(|_| client.auth_method == AuthMethod::None);
    let begun = authorizations::begin(
        &app.db,
        &app.tenant,
        authorization.id,
        first,
        held_key,
        token,
    );
    if !begun.await? {
        return Err(gone());
    }
    given.refresh = refresh.map(|refresh| refresh.text());
    given.nonce = nonce;
    Ok(given)
}

/// The S256 challenge of a verifier.
fn challenge(verifier: &str) -> Result<[u8; 32], OAuthError> {
    let well_formed = (43..=128).contains(&verifier.len())
        && verifier
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b));
    if well_formed {
        Ok(Sha256::digest(verifier).into())
    } else {
        let description = "code_verifier must be 43 to 128 letters, digits or -._~";
        Err(OAuthError::invalid_request(description))
    }
}

/// An app of others says that it wants to come back; ours does so without saying.
fn may_refresh(client: &Client, authorization: &Authorization) -> bool {
    let asked = [IdentityScope::OnlineAccess, IdentityScope::OfflineAccess]
        .into_iter()
        .any(|scope| authorization.scope.has(scope));
    client.may(GrantType::RefreshToken) && (client.first_party || asked)
}
