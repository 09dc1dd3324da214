//! Grantee addresses as requests and answers write them, and `/v1/grantee-bindings`: a practitioner binds the addresses
//! of their own keys.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use service_kit::extract::JsonBody;
use service_kit::{CorrId, Problem};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::bindings::{self, hexed, proven_until};
use super::fault_in;
use crate::App;
use crate::directory::grantees::{self, BindError, Binding};
use crate::directory::statement::Statement;
use crate::directory::{GranteePermit, PractitionerPermit, text};

/// An address's signed statement about whose it is: EIP-712 `BindGrantee(string tenant,string organization,string
/// practitioner,address grantee,uint256 nonce,uint64 deadline)`, where practitioner is empty for the organisation's own.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GranteeStatement {
    /// The address.
    #[schema(example = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")]
    grantee: String,
    /// A uint256 in decimal, greater than in any statement of this address that was stored before.
    #[schema(example = "1")]
    nonce: String,
    /// Unix seconds after which the statement is no longer accepted.
    deadline: u64,
    /// Of a passkey: the ERC-7913 signer, verifier and key. Absent for an ordinary key.
    signer: Option<String>,
    /// An ordinary key's 65 bytes r ‖ s ‖ v (or 64, EIP-2098), a passkey's assertion, or what a contract wallet takes.
    signature: String,
}

/// A grantee address as it was signed; whoever relies on it verifies the signature.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GranteeBindingView {
    /// The address.
    grantee: String,
    /// A uint256 in decimal.
    nonce: String,
    /// Unix seconds.
    deadline: i64,
    /// Of a passkey: the ERC-7913 signer.
    #[serde(skip_serializing_if = "Option::is_none")]
    signer: Option<String>,
    /// The signature.
    signature: String,
    /// When it was stored.
    #[serde(with = "time::serde::rfc3339")]
    #[schema(value_type = String, format = DateTime)]
    bound_at: OffsetDateTime,
}

/// A practitioner's own addresses.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnGranteeBindings {
    /// What a statement has to name as `organization`.
    organization: String,
    /// What it has to name as `practitioner`.
    practitioner: String,
    /// In order of address.
    bindings: Vec<GranteeBindingView>,
}

impl GranteeStatement {
    /// What it says; faults name its members with this prefix.
    pub(super) fn read(&self, prefix: &str) -> Result<Statement, Problem> {
        let named = |member: &str, fault| fault_in(&format!("{prefix}{member}"), fault);
        let subject = text::address(&self.grantee).map_err(|fault| named("grantee", fault))?;
        let nonce = text::uint256(&self.nonce).map_err(|fault| named("nonce", fault))?;
        let (deadline, proof) = proven_until(
            prefix,
            self.deadline,
            self.signer.as_deref(),
            &self.signature,
        )?;
        Ok(Statement {
            subject,
            nonce,
            deadline,
            proof,
        })
    }
}

impl From<&Binding> for GranteeBindingView {
    fn from(binding: &Binding) -> Self {
        let Statement {
            subject,
            nonce,
            deadline,
            proof,
        } = &binding.statement;
        Self {
            grantee: super::shown(subject),
            nonce: nonce.to_string(),
            deadline: *deadline,
            signer: (!proof.signer.is_empty()).then(|| hexed(&proof.signer)),
            signature: hexed(&proof.signature),
            bound_at: binding.bound_at,
        }
    }
}

impl From<BindError> for Problem {
    fn from(error: BindError) -> Self {
        let detail = format!("{error}.");
        match error {
            BindError::Statement(error) => error.into(),
            BindError::StaleNonce => Self::conflict("stale-nonce", detail),
            BindError::Taken => Self::conflict("address-taken", detail),
            BindError::TooMany => Self::conflict("too-many-addresses", detail),
            BindError::UnknownOrganization => Self::conflict("unknown-organization", detail),
            BindError::Store(error) => error.into(),
        }
    }
}

async fn own(app: &App, permit: &PractitionerPermit) -> Result<Json<OwnGranteeBindings>, Problem> {
    let owner = permit.owner();
    let bindings = grantees::find(&app.db, owner).await?;
    Ok(Json(OwnGranteeBindings {
        organization: owner.organization.to_owned(),
        practitioner: owner.practitioner.unwrap_or_default().to_owned(),
        bindings: bindings.iter().map(Into::into).collect(),
    }))
}

/// Bind the address of one's own key, by its signature. While the chain says that it is a verified practitioner of the
/// organisation, one's tokens name it beside the organisation's.
#[utoipa::path(
    post,
    path = "/v1/grantee-bindings",
    tag = "practitioner",
    operation_id = "bindGrantee",
    security(("accessToken" = ["provider:consent.request"])),
    request_body = GranteeStatement,
    responses(
        (status = 200, description = "The binding was renewed, or was already there.", body = OwnGranteeBindings),
        (status = 201, description = "The address is now the practitioner's.", body = OwnGranteeBindings),
        (status = 400, description = "The request or its signature is wrong, or the deadline has passed.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token, or the practitioner has to sign in again with a second factor.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it, or its person is no practitioner.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The address belongs to somebody else, its nonce does not grow, or there are too many.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available, or the chain was not asked about a contract wallet.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn post(
    State(app): State<Arc<App>>,
    permit: GranteePermit,
    JsonBody(request): JsonBody<GranteeStatement>,
) -> Result<Response, Problem> {
    let practitioner = permit.practitioner();
    let statement = request.read("")?;
    let outcome = grantees::bind(&app, &permit, statement).await?;
    tracing::info!(corr_id = %CorrId::current(), tenant = app.tenant, ?outcome, "grantee binding stored");
    let shown = own(&app, practitioner).await?;
    Ok((bindings::status(outcome), shown).into_response())
}

/// One's own addresses.
#[utoipa::path(
    get,
    path = "/v1/grantee-bindings",
    tag = "practitioner",
    operation_id = "getGranteeBindings",
    security(("accessToken" = ["provider:consent.request"])),
    responses(
        (status = 200, description = "The addresses as they were signed.", body = OwnGranteeBindings),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it, or its person is no practitioner.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    permit: PractitionerPermit,
) -> Result<Json<OwnGranteeBindings>, Problem> {
    own(&app, &permit).await
}

/// End one of one's own addresses, and one's tokens, which may name it. It needs no fresh sign-in: it only takes away.
#[utoipa::path(
    delete,
    path = "/v1/grantee-bindings/{grantee}",
    tag = "practitioner",
    operation_id = "endGranteeBinding",
    security(("accessToken" = ["provider:consent.request"])),
    params(("grantee" = String, Path, description = "The address.")),
    responses(
        (status = 204, description = "It is no longer the practitioner's."),
        (status = 400, description = "Not an address.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it, or its person is no practitioner.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "It is not the practitioner's.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn end(
    State(app): State<Arc<App>>,
    permit: PractitionerPermit,
    Path(grantee): Path<String>,
) -> Result<StatusCode, Problem> {
    let grantee = super::address_in_path(&grantee)?;
    if grantees::end(&app, &permit, grantee).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found(
            "This is none of the practitioner's own addresses.",
        ))
    }
}
