//! `POST /v1/intents`.

use std::net::SocketAddr;
use std::sync::Arc;

use access_token::Call;
use axum::Json;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use service_kit::{CorrId, Problem, extract};
use utoipa::ToSchema;

use crate::intent::intake::{self, Sender};
use crate::queue::IntentView;
use crate::relay::Relay;

/// A decision and its actor's signature. Members that are not known here are refused.
#[derive(Serialize, ToSchema)]
#[schema(as = SignedIntent)]
pub struct SignedIntentBody {
    /// The signed struct's name: Request, Grant, Deny, Revoke, Relinquish, Batch, RevokeAll, Invalidate, Rotate,
    /// SetDelegate, RemoveDelegate, SetRecovery, ProposeRecovery, Veto, Freeze, Unfreeze or Recover.
    #[schema(example = "Revoke")]
    action: String,
    /// Exactly the members of the EIP-712 struct; addresses and hashes as 0x and hex digits, numbers as integers, an
    /// unlimited deadline as 1099511627775. `Recover` has actor (the new controller), subject, proposalId, seq and
    /// deadline; its proof is that of the new controller's AcceptControl.
    #[schema(value_type = Object)]
    intent: (),
    /// The actor's signature.
    proof: ProofBody,
    /// For Rotate, and only there: the new controller's agreement.
    acceptance: Option<AcceptanceBody>,
}

/// A signature.
#[derive(Serialize, ToSchema)]
#[schema(as = Proof)]
pub struct ProofBody {
    /// `0x` for an address's signature (of a key, or by ERC-1271); else the ERC-7913 signer: verifier, then key.
    #[schema(example = "0x")]
    signer: String,
    /// 65 or 64 bytes of ECDSA, or what the wallet or verifier takes.
    signature: String,
}

/// A new controller's agreement (AcceptControl).
#[derive(Serialize, ToSchema)]
#[schema(as = Acceptance)]
pub struct AcceptanceBody {
    /// The last second at which it works.
    deadline: u64,
    /// The new controller's signature.
    proof: ProofBody,
}

/// Hand a signed intent in.
///
/// Answered 202 once it is durable: from then on it is not lost. The same intent again is answered with its present
/// state, whatever Idempotency-Key says; the digest is what names it. Stops and what else only protects the subject are
/// taken from anyone, without a token. Grants and what else opens something: for enrolled subjects. Requests and
/// relinquishments: with a token of the grantee's organisation, scope provider:consent.request.
#[utoipa::path(
    post,
    path = "/v1/intents",
    operation_id = "postIntent",
    security((), ("token" = ["provider:consent.request"])),
    params(("Idempotency-Key" = Option<String>, Header, description = "Optional; the digest makes every intent idempotent.")),
    request_body(content = SignedIntentBody, content_type = "application/json"),
    responses(
        (status = 202, description = "It is durable and will be brought onto the chain.", body = IntentView),
        (status = 200, description = "It was here before, or has had its effect already.", body = IntentView),
        (status = 400, description = "No signed intent.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "A request or relinquishment without a valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The subject is not enrolled, or the token is not the grantee's.", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large.", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "Not application/json.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "The signature does not hold, the deadline is over, or the registry refuses; the detail names its error.", body = Problem, content_type = "application/problem+json"),
        (status = 429, description = "Too often; never for a stop with the signature of a key.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Something it needs is missing. A stop with the signature of a key needs the database only.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn post(
    State(relay): State<Arc<Relay>>,
    ConnectInfo(client): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Response> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let headers = request.headers().clone();
    if !is_json(&headers) {
        let problem = Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            "Send the body as application/json.",
        );
        return Err(problem.into_response());
    }
    let body = extract::body_bytes(request, &relay)
        .await
        .map_err(IntoResponse::into_response)?;
    let sender = Sender {
        client: client.ip(),
        call: Call {
            method: &method,
            uri: &uri,
            headers: &headers,
        },
    };
    let (view, is_new) = intake::take(&relay, &sender, &body)
        .await
        .map_err(IntoResponse::into_response)?;
    if is_new {
        tracing::info!(
            corr_id = %CorrId::current(), digest = %view.digest, action = view.action, state = view.state.as_str(),
            "an intent was taken in"
        );
        let action = view.action.clone();
        metrics::counter!("relay_accepted_total", "action" => action).increment(1);
    }
    let status = if is_new && !view.state.is_last() {
        StatusCode::ACCEPTED
    } else {
        StatusCode::OK
    };
    let location = HeaderValue::try_from(format!("/v1/intents/{}", view.digest));
    let mut response = (status, Json(view)).into_response();
    if let Ok(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    Ok(response)
}

fn is_json(headers: &http::HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}
