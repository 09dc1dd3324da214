//! `POST /oauth2/revoke` (RFC 7009): a client gives back what it no longer needs.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use service_kit::CorrId;

use super::introspect::TokenQuestion;
use crate::App;
use crate::client::Client;
use crate::grant::authorizations::{self, End};
use crate::grant::secret::RefreshToken;
use crate::revocation::{self, Kind};
use crate::token::error::{OAuthError, no_store};
use crate::token::form::Form;
use crate::token::standing;

/// Revoke a token. A refresh token ends all that came with it.
#[utoipa::path(
    post,
    path = "/oauth2/revoke",
    tag = "oauth",
    operation_id = "revoke",
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "The token is worth nothing, whatever it was."),
        (status = 400, description = "The request is malformed, or the token is another client's.", body = OAuthError),
        (status = 401, description = "The client is not authenticated.", body = OAuthError),
        (status = 503, description = "The database is not available: the token may still be good.", body = OAuthError),
    ),
)]
pub async fn revoke(State(app): State<Arc<App>>, request: Request) -> Response {
    match respond(&app, request).await {
        Ok(()) => (StatusCode::OK, no_store()).into_response(),
        Err(error) => {
            tracing::info!(corr_id = %CorrId::current(), error = error.error, check = error.check, "revocation refused");
            error.into_response()
        }
    }
}

async fn respond(app: &App, request: Request) -> Result<(), OAuthError> {
    let form = Form::read(app, request).await?;
    let client = form.sender(app, &app.endpoint("/oauth2/revoke")).await?;
    let text = form.need("token")?;
    if text.contains('.') {
        access(app, &client, text).await
    } else {
        refresh(app, &client, text).await
    }
}

fn foreign() -> OAuthError {
    let description = "the token was issued to another client";
    OAuthError::new("invalid_request", description).check("foreign-token")
}

async fn access(app: &App, client: &Client, text: &str) -> Result<(), OAuthError> {
    let now = app.now();
    // What is not a token of ours, or no longer, is worth nothing already.
    let Some(token) = standing::inspect(app, text, now).await? else {
        return Ok(());
    };
    if token.claims.client_id != client.id {
        return Err(foreign());
    }
    let mut transaction = app.db.begin().await?;
    let (tenant, jti) = (&app.tenant, &token.claims.jti);
    revocation::record(&mut transaction, tenant, Kind::Token, jti, now).await?;
    transaction.commit().await?;
    tracing::info!(corr_id = %CorrId::current(), client_id = client.id, jti, "token revoked");
    Ok(())
}

async fn refresh(app: &App, client: &Client, text: &str) -> Result<(), OAuthError> {
    let Some(token) = RefreshToken::parse(text) else {
        return Ok(());
    };
    let found = authorizations::find(&app.db, &app.tenant, token.authorization).await?;
    let Some(authorization) = found else {
        return Ok(());
    };
    if authorization.client_id != client.id {
        return Err(foreign());
    }
    let mut transaction = app.db.begin().await?;
    let id = authorization.id;
    authorizations::end(&mut transaction, app, id, End::TakenBack, app.now()).await?;
    transaction.commit().await?;
    tracing::info!(corr_id = %CorrId::current(), client_id = client.id, "authorization ended");
    Ok(())
}
