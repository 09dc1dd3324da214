//! `POST /oauth2/introspect` (RFC 7662): whether a token is still worth something, for whoever receives it.
//!
//! A client is told about the tokens it obtained, and about those for the audiences it is; of all others it learns that
//! they are not active, whatever they are.

use std::sync::Arc;

use access_token::{Call, Claims, TokenError, Verified};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::CorrId;
use utoipa::ToSchema;

use crate::App;
use crate::client::{self, AuthMethod, Client};
use crate::grant::authorizations;
use crate::grant::holder;
use crate::grant::secret::RefreshToken;
use crate::revocation;
use crate::token::error::{OAuthError, no_store};
use crate::token::form::Form;
use crate::token::standing;

/// A question about a token.
#[derive(Debug, Deserialize, ToSchema)]
#[allow(dead_code, reason = "describes what token::form reads")]
pub struct TokenQuestion {
    /// The token.
    token: String,
    /// Ignored: what a token is can be seen from it.
    token_type_hint: Option<String>,
    /// As at the token endpoint; not with an access token in the `Authorization` header.
    client_assertion_type: Option<String>,
    /// As at the token endpoint.
    client_assertion: Option<String>,
    /// As at the token endpoint.
    client_id: Option<String>,
}

/// What there is to say about a token.
#[derive(Debug, Serialize, ToSchema)]
pub struct Introspection {
    /// Whether it is worth anything now. If not, nothing else is said.
    active: bool,
    /// `Bearer`, `DPoP`, or `refresh_token`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// What an access token says.
    #[serde(flatten)]
    #[schema(value_type = Option<Object>)]
    claims: Option<Claims>,
    /// What there is to say about a refresh token.
    #[serde(flatten)]
    refresh: Option<RefreshFacts>,
}

/// What there is to say about a refresh token, to the client that has it.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefreshFacts {
    /// The client.
    client_id: String,
    /// The account; a proxy's mandate.
    sub: String,
    /// What was granted.
    scope: String,
    /// Until when it can be used, Unix seconds.
    exp: i64,
}

impl Introspection {
    const INACTIVE: Self = Self {
        active: false,
        token_type: None,
        claims: None,
        refresh: None,
    };
}

/// Ask about a token.
#[utoipa::path(
    post,
    path = "/oauth2/introspect",
    tag = "oauth",
    operation_id = "introspect",
    request_body(content = TokenQuestion, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "What there is to say.", body = Introspection),
        (status = 400, description = "The request is malformed.", body = OAuthError),
        (status = 401, description = "The client is not authenticated.", body = OAuthError),
        (status = 503, description = "The database is not available.", body = OAuthError),
    ),
)]
pub async fn introspect(State(app): State<Arc<App>>, request: Request) -> Response {
    match respond(&app, request).await {
        Ok(introspection) => (no_store(), Json(introspection)).into_response(),
        Err(error) => {
            tracing::info!(corr_id = %CorrId::current(), error = error.error, check = error.check, "question refused");
            error.into_response()
        }
    }
}

async fn respond(app: &App, request: Request) -> Result<Introspection, OAuthError> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let form = Form::read_authorized(app, request).await?;
    let client = asker(app, &form, &method, &uri).await?;
    let text = form.need("token")?;
    if text.contains('.') {
        access(app, &client, text).await
    } else {
        refresh(app, &client, text).await
    }
}

/// Who asks: by its assertion, or by an access token of its own for this service (RFC 7662 §2.1).
async fn asker(app: &App, form: &Form, method: &Method, uri: &Uri) -> Result<Client, OAuthError> {
    if !form.headers.contains_key(header::AUTHORIZATION) {
        let client = form
            .sender(app, &app.endpoint("/oauth2/introspect"))
            .await?;
        return if client.auth_method == AuthMethod::None {
            Err(OAuthError::invalid_client(
                "only clients that prove who they are may ask",
                "public",
            ))
        } else {
            Ok(client)
        };
    }
    by_token(app, &form.headers, method, uri).await
}

async fn by_token(
    app: &App,
    headers: &HeaderMap,
    method: &Method,
    uri: &Uri,
) -> Result<Client, OAuthError> {
    let refused = |check| {
        let status = StatusCode::UNAUTHORIZED;
        OAuthError::with_status(
            status,
            "invalid_token",
            "the access token is not valid here",
        )
        .check(check)
    };
    let call = Call {
        method,
        uri,
        headers,
    };
    let keys = app.keys.refresh(app.now()).await;
    let token = match (app.verifier.verify_call(call, app.now()).await, keys) {
        (Ok(token), _) => token,
        (Err(TokenError::UnknownKey), Err(error)) => return Err(error.into()),
        (Err(error), _) => return Err(refused(error.check())),
    };
    let claims = &token.claims;
    let speaks_for_itself = claims.sign_in.is_none() && claims.act.is_none();
    let is_ours = speaks_for_itself && claims.tenant == app.tenant;
    if !is_ours || !revocation::store::stands(&app.db, claims, app.now()).await? {
        return Err(refused("standing"));
    }
    // Only one that may obtain tokens is found.
    client::store::find(&app.db, &app.tenant, &token.claims.client_id)
        .await?
        .ok_or_else(|| refused("client"))
}

async fn access(app: &App, client: &Client, text: &str) -> Result<Introspection, OAuthError> {
    let now = app.now();
    let Some(token) = standing::inspect(app, text, now).await? else {
        return Ok(Introspection::INACTIVE);
    };
    if !concerns(client, &token) || !standing::stands(app, &token, now).await? {
        return Ok(Introspection::INACTIVE);
    }
    let bound = token.claims.cnf.is_some();
    Ok(Introspection {
        active: true,
        token_type: Some(if bound { "DPoP" } else { "Bearer" }),
        claims: Some(token.claims),
        refresh: None,
    })
}

fn concerns(client: &Client, token: &Verified) -> bool {
    token.claims.client_id == client.id || client.resources.contains(&token.claims.aud)
}

async fn refresh(app: &App, client: &Client, text: &str) -> Result<Introspection, OAuthError> {
    let (db, tenant, now) = (&app.db, &app.tenant, app.now());
    let Some(token) = RefreshToken::parse(text) else {
        return Ok(Introspection::INACTIVE);
    };
    let authorization = authorizations::find(db, tenant, token.authorization).await?;
    let Some(authorization) = authorization.filter(|found| found.client_id == client.id) else {
        return Ok(Introspection::INACTIVE);
    };
    let until =
        authorizations::current_until(db, tenant, authorization.id, &token.hash(), now).await?;
    let (Some(exp), Some(holder)) = (until, holder::find(db, tenant, &authorization, now).await?)
    else {
        return Ok(Introspection::INACTIVE);
    };
    Ok(Introspection {
        active: true,
        token_type: Some("refresh_token"),
        claims: None,
        refresh: Some(RefreshFacts {
            client_id: authorization.client_id,
            sub: holder.subject().to_string(),
            scope: authorization.scope.to_string(),
            exp,
        }),
    })
}
