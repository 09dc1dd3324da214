//! `GET /v1/account`: whether the coins last that bring intents onto the chain.

use std::sync::Arc;

use access_token::Call;
use axum::Json;
use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use service_kit::Problem;
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::refusal;
use crate::relay::Relay;

/// The scope with which administrators look after consents on the chain.
const SCOPE: &str = "admin:consent.read";

/// The account that pays for intents.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    /// Its address.
    address: String,
    /// What it had when the chain was last asked, in wei, as a decimal; null before the first time.
    #[schema(example = "2500000000000000000")]
    balance: Option<String>,
    /// When that was.
    #[serde(with = "time::serde::rfc3339::option")]
    #[schema(value_type = Option<String>, format = DateTime)]
    seen_at: Option<OffsetDateTime>,
    /// Below this much, in wei, the alarm sounds. Below half of it only what protects patients is still sent.
    #[schema(example = "1000000000000000000")]
    alarm_below: String,
    /// Whether only what protects patients is sent.
    is_reserved: bool,
}

/// What the account has that pays for intents.
#[utoipa::path(
    get,
    path = "/v1/account",
    operation_id = "getAccount",
    security(("token" = [SCOPE])),
    responses(
        (status = 200, description = "As the chain said when it was last asked.", body = AccountView),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Tokens cannot be checked.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(relay): State<Arc<Relay>>,
    request: Request,
) -> Result<Json<AccountView>, Response> {
    let call = Call {
        method: request.method(),
        uri: request.uri(),
        headers: request.headers(),
    };
    let verified = relay.tokens.verifier.verify_call(call, relay.now()).await;
    let claims = verified.map_err(refusal::token)?.claims;
    if !claims.scope.allows_persona(SCOPE) {
        return Err(refusal::scope(SCOPE));
    }
    let balance = relay.status.balance();
    Ok(Json(AccountView {
        address: relay.account.to_checksum(None),
        balance: balance.map(|balance| balance.wei.to_string()),
        seen_at: balance.map(|balance| balance.seen_at),
        alarm_below: relay.status.min_balance().to_string(),
        is_reserved: relay.status.is_reserved(),
    }))
}
