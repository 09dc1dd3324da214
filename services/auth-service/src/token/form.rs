//! The bodies of the OAuth endpoints: parameters in a form, each at most once (RFC 6749 §3.2).

use std::collections::HashMap;

use access_token::dpop::{self, Expected, Proof};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use service_kit::extract;

use super::error::OAuthError;
use crate::App;
use crate::client::Client;
use crate::client::authenticate::{self, Credentials};
use crate::grant::pending;

/// Every parameter that some endpoint knows. Unknown ones are ignored, as the RFC demands.
const KNOWN: [&str; 19] = [
    "grant_type",
    "client_assertion_type",
    "client_assertion",
    "client_id",
    "scope",
    "resource",
    "audience",
    "purpose_of_use",
    "code",
    "redirect_uri",
    "code_verifier",
    "refresh_token",
    "subject_token",
    "subject_token_type",
    "requested_token_type",
    "actor_token",
    "token",
    "token_type_hint",
    "actor_token_type",
];

/// A request to an OAuth endpoint, read.
pub struct Form {
    fields: HashMap<&'static str, String>,
    /// The request's headers.
    pub headers: HeaderMap,
}

impl Form {
    /// Reads a request.
    ///
    /// # Errors
    /// [`OAuthError`].
    pub async fn read(app: &App, request: Request) -> Result<Self, OAuthError> {
        let (headers, body) = encoded(app, request).await?;
        Self::parse(headers, &body)
    }

    /// Reads a request whose sender may show a token in its `Authorization` header; whoever calls this looks at it.
    ///
    /// # Errors
    /// [`OAuthError`].
    pub async fn read_authorized(app: &App, request: Request) -> Result<Self, OAuthError> {
        let (headers, body) = body(app, request).await?;
        Self::parse(headers, &body)
    }

    fn parse(headers: HeaderMap, body: &[u8]) -> Result<Self, OAuthError> {
        let mut fields = HashMap::new();
        for (name, value) in url::form_urlencoded::parse(body) {
            let Some(name) = KNOWN.into_iter().find(|known| *known == name) else {
                continue;
            };
            // A parameter without value counts as omitted.
            if value.is_empty() {
                continue;
            }
            if fields.insert(name, value.into_owned()).is_some() {
                return Err(match name {
                    "resource" | "audience" => {
                        OAuthError::new("invalid_target", "a token is for one resource")
                    }
                    _ => OAuthError::invalid_request(format!("{name} occurs twice")),
                });
            }
        }
        Ok(Self { fields, headers })
    }

    /// A parameter; one of [`KNOWN`].
    pub fn get(&self, name: &str) -> Option<&str> {
        debug_assert!(KNOWN.contains(&name), "{name} is not read");
        self.fields.get(name).map(String::as_str)
    }

    /// A parameter that has to be there.
    ///
    /// # Errors
    /// `invalid_request`.
    pub fn need(&self, name: &str) -> Result<&str, OAuthError> {
        self.get(name)
            .ok_or_else(|| OAuthError::invalid_request(format!("{name} is missing")))
    }

    /// The client that sent it to `endpoint`.
    ///
    /// # Errors
    /// [`OAuthError`].
    pub async fn sender(&self, app: &App, endpoint: &str) -> Result<Client, OAuthError> {
        let credentials = Credentials {
            client_id: self.get("client_id"),
            assertion_type: self.get("client_assertion_type"),
            assertion: self.get("client_assertion"),
        };
        Ok(authenticate::sender(app, credentials, endpoint).await?)
    }
}

/// The headers and the form-encoded body.
///
/// # Errors
/// [`OAuthError`].
pub async fn encoded(app: &App, request: Request) -> Result<(HeaderMap, bytes::Bytes), OAuthError> {
    if request.headers().contains_key(header::AUTHORIZATION) {
        let error =
            OAuthError::invalid_client("only private_key_jwt is supported", "http-authentication");
        return Err(error.in_http_authentication());
    }
    body(app, request).await
}

async fn body(app: &App, request: Request) -> Result<(HeaderMap, bytes::Bytes), OAuthError> {
    if request.uri().query().is_some() {
        let description = "send the parameters in the body, not in the query";
        return Err(OAuthError::invalid_request(description));
    }
    let form_encoded = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| {
            kind.trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        });
    if !form_encoded {
        let description = "send the body as application/x-www-form-urlencoded";
        return Err(OAuthError::invalid_request(description));
    }
    let headers = request.headers().clone();
    let body = extract::body_bytes(request, app).await.map_err(|problem| {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST);
        let description = "the body is too large or incomplete";
        OAuthError::with_status(status, "invalid_request", description)
    })?;
    Ok((headers, body))
}

/// The key that the sender proved to have with its request to `endpoint` (RFC 9449 §5), if it did.
///
/// # Errors
/// [`OAuthError`]; also when the client has to prove one and did not.
pub async fn proven_key(
    app: &App,
    client: &Client,
    headers: &HeaderMap,
    endpoint: &str,
) -> Result<Option<String>, OAuthError> {
    if !headers.contains_key(dpop::HEADER) {
        return if client.require_dpop {
            let description = "this client has to prove a key (DPoP)";
            Err(OAuthError::new("invalid_dpop_proof", description))
        } else {
            Ok(None)
        };
    }
    let proof = check_proof(app, headers, endpoint)?;
    if pending::first_use(app, &proof).await? {
        Ok(Some(proof.jkt))
    } else {
        Err(access_token::TokenError::ProofReplayed.into())
    }
}

fn check_proof(app: &App, headers: &HeaderMap, endpoint: &str) -> Result<Proof, OAuthError> {
    let url = url::Url::parse(endpoint).map_err(|_| OAuthError::server_error())?;
    let expected = Expected {
        method: "POST",
        url: &url,
        token: None,
    };
    Ok(dpop::verify(dpop::header(headers)?, expected, app.now())?)
}
