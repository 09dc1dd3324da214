//! `POST /v1/signature-checks`: whether an address signed something, where only the chain can tell. For services that
//! have no node of their own.

use alloy::primitives::{Address, B256, Bytes};
use axum::Json;
use axum::extract::State;
use contract_bindings::intent::{MAX_SIGNATURE, MAX_SIGNER, Proof, Question};
use serde::{Deserialize, Serialize};
use service_kit::Problem;
use service_kit::extract::{Head, JsonBody};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::error::ApiError;
use super::snapshot::{self, AsOf};
use super::{Shared, access};

/// Who is said to have signed what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignatureCheck {
    /// A contract wallet, or the id of an ERC-7913 signer.
    #[schema(value_type = String)]
    actor: Address,
    /// The EIP-712 digest, 0x and 64 hexadecimal digits.
    #[schema(value_type = String)]
    digest: B256,
    /// The ERC-7913 signer, verifier and key; absent for a contract wallet.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    signer: Bytes,
    /// The signature, in whatever form the wallet or the verifier wants.
    #[schema(value_type = String)]
    signature: Bytes,
}

/// What the chain says.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignatureVerdict {
    /// The block at which it was asked.
    pub as_of: AsOf,
    /// Whether the wallet (ERC-1271) or the verifier (ERC-7913) says yes. A wallet may say otherwise later.
    pub signed: bool,
}

/// Asks a contract wallet, or the verifier of a key, about a signature.
#[utoipa::path(
    post, path = "/v1/signature-checks", tag = "signatures", operation_id = "checkSignature",
    request_body = SignatureCheck,
    responses(
        (status = 200, description = "What the chain says", body = SignatureVerdict),
        (status = 400, description = "Malformed body", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks the scope", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "`stale-index`: halted, or the head was not confirmed recently. `unavailable`: the node gave no answer, or the database cannot be used", body = Problem, content_type = "application/problem+json"),
    ),
    security(
        ("token" = ["system:consent.read"]),
        ("token" = ["admin:consent.read"]),
    )
)]
pub async fn check(
    State(app): State<Shared>,
    head: Head,
    body: Result<JsonBody<SignatureCheck>, Problem>,
) -> Result<Json<SignatureVerdict>, ApiError> {
    let now = OffsetDateTime::now_utc();
    let claims = access::caller(&app, &head, now).await?;
    access::everything(&claims)?;
    let JsonBody(asked) = body?;
    if asked.signer.len() > MAX_SIGNER || asked.signature.len() > MAX_SIGNATURE {
        let detail = "The signer or the signature is longer than any that is accepted.";
        return Err(Problem::bad_request("invalid-parameter", detail).into());
    }
    let snapshot = snapshot::open(&app, now).await?;
    let (as_of, block) = (snapshot.as_of.clone(), snapshot.tip.hash);
    // The database has nothing to do with what follows.
    drop(snapshot);
    let proof = Proof {
        signer: asked.signer,
        signature: asked.signature,
    };
    let signed = match Question::new(asked.actor, asked.digest, &proof) {
        None => false,
        Some(question) => {
            let data = question.data.clone();
            let returned = app.node.call(question.to, data, block).await;
            let returned = returned.map_err(|error| {
                tracing::warn!(%error, "a signature was not checked");
                Problem::unavailable("The chain's node gave no answer. Try again shortly.")
            })?;
            returned.is_some_and(|returned| question.is_yes(&returned))
        }
    };
    Ok(Json(SignatureVerdict { as_of, signed }))
}
