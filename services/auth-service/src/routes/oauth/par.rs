//! `POST /oauth2/par` (RFC 9126): a client hands in its authorization request itself, and the browser carries a reference.

use std::sync::Arc;

use access_token::dpop;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::CorrId;
use utoipa::ToSchema;

use crate::App;
use crate::client::GrantType;
use crate::client::authenticate::{self, Credentials};
use crate::grant::params::Params;
use crate::grant::pending::{self, Pending, State as Stage};
use crate::grant::request::{self, Channel, Refusal};
use crate::token::error::{OAuthError, no_store};
use crate::token::form;

/// Where the browser is to be sent with.
#[derive(Debug, Serialize, ToSchema)]
pub struct PushedResponse {
    /// To be sent with `client_id` to the authorization endpoint.
    request_uri: String,
    /// Seconds until it is worth nothing.
    expires_in: i64,
}

/// Push an authorization request.
#[utoipa::path(
    post,
    path = "/oauth2/par",
    tag = "oauth",
    operation_id = "pushRequest",
    request_body(content = String, content_type = "application/x-www-form-urlencoded", description = "The parameters of the authorization request, and the client's authentication as at the token endpoint."),
    responses(
        (status = 201, description = "The reference to the request.", body = PushedResponse),
        (status = 400, description = "The request would be refused.", body = OAuthError),
        (status = 401, description = "The client is not authenticated.", body = OAuthError),
        (status = 413, description = "The body is too large.", body = OAuthError),
        (status = 503, description = "The database is not available.", body = OAuthError),
    ),
)]
pub async fn par(State(app): State<Arc<App>>, request: Request) -> Response {
    match respond(&app, request).await {
        Ok(response) => (StatusCode::CREATED, no_store(), Json(response)).into_response(),
        Err(error) => {
            tracing::info!(corr_id = %CorrId::current(), error = error.error, check = error.check, "pushed request refused");
            error.into_response()
        }
    }
}

async fn respond(app: &App, request: Request) -> Result<PushedResponse, OAuthError> {
    let endpoint = app.endpoint("/oauth2/par");
    let (headers, body) = form::encoded(app, request).await?;
    let mut params = Params::parse(&body);
    let proof = Proof::parse(&body);
    let credentials = Credentials {
        client_id: params.client_id.as_deref(),
        assertion_type: proof.assertion_type.as_deref(),
        assertion: proof.assertion.as_deref(),
    };
    let client = authenticate::sender(app, credentials, &endpoint).await?;
    if !client.may(GrantType::AuthorizationCode) {
        return Err(OAuthError::unauthorized_client());
    }
    if params.request_uri.is_some() {
        return Err(OAuthError::invalid_request(
            "a pushed request refers to no other",
        ));
    }
    // RFC 9449 §10.1: the proof of a key says the same as its thumbprint.
    if headers.contains_key(dpop::HEADER) {
        let jkt = form::proven_key(app, &client, &headers, &endpoint).await?;
        if params.dpop_jkt.is_some() && params.dpop_jkt != jkt {
            let description = "dpop_jkt is not the thumbprint of the proven key";
            return Err(OAuthError::new("invalid_dpop_proof", description));
        }
        params.dpop_jkt = jkt;
    }
    request::validate(&client, &params, Channel::Pushed).map_err(|refusal| match refusal {
        Refusal::Page(_) => OAuthError::invalid_request(
            "redirect_uri is missing, or not registered for this client",
        ),
        Refusal::Redirect(_, fault) => OAuthError::new(fault.code, fault.description),
    })?;
    let now = app.now();
    params.client_id = Some(client.id.clone());
    let pending = Pending {
        client_id: client.id,
        params,
        asked_at: now,
    };
    let (db, random) = (&app.db, &app.random);
    let secret = pending::keep(db, &app.tenant, Stage::Pushed, &pending, random, now).await?;
    Ok(PushedResponse {
        request_uri: format!("{}{}", pending::REQUEST_URI, secret.text()),
        expires_in: pending::PUSHED.whole_seconds(),
    })
}

/// The client's authentication among the parameters. One that comes twice is none.
#[derive(Default)]
struct Proof {
    assertion_type: Option<String>,
    assertion: Option<String>,
}

impl Proof {
    fn parse(encoded: &[u8]) -> Self {
        let once = |wanted: &str| {
            let mut values = url::form_urlencoded::parse(encoded)
                .filter(|(name, value)| name == wanted && !value.is_empty());
            let value = values.next().map(|(_, value)| value.into_owned());
            value.filter(|_| values.next().is_none())
        };
        Self {
            assertion_type: once("client_assertion_type"),
            assertion: once("client_assertion"),
        }
    }
}
