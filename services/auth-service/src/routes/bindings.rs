//! `/v1/bindings`: a patient binds the keys that stand for them on chain.

use std::sync::Arc;

use alloy::primitives::Address;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use contract_bindings::intent::{MAX_SIGNATURE, MAX_SIGNER, Proof};
use serde::{Deserialize, Serialize};
use service_kit::extract::JsonBody;
use service_kit::{CorrId, Problem};
use time::OffsetDateTime;
use utoipa::ToSchema;

use super::access::Binder;
use super::fault_in;
use crate::App;
use crate::directory::bindings::{BindError, Bound};
use crate::directory::statement::{self, Endorsement, Statement, StatementError};
use crate::directory::{BindPermit, PatientPermit, bindings, patients, text};

/// A subject's signed statement: EIP-712 `Bind(string tenant,bytes32 patientRefHash,address subject,uint256
/// nonce,uint64 deadline)`, where patientRefHash is keccak256("Patient/" + the FHIR id).
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BindRequest {
    /// The address that stands for the patient.
    #[schema(example = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")]
    subject: String,
    /// A uint256 in decimal, greater than in this subject's binding before.
    #[schema(example = "1")]
    nonce: String,
    /// Unix seconds after which the statement is no longer accepted.
    deadline: u64,
    /// Of a passkey: the ERC-7913 signer, verifier and key. Absent for an ordinary key.
    signer: Option<String>,
    /// An ordinary key's 65 bytes r ‖ s ‖ v (or 64, EIP-2098), or a passkey's assertion.
    signature: String,
}

/// What an address that stands for the patient already says of the new one: EIP-712 `Endorse(string tenant,bytes32
/// patientRefHash,address subject,address newSubject,uint256 nonce,uint64 deadline)`, with the nonce of the new one's
/// statement.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EndorsementRequest {
    /// The address that stands for the patient already.
    subject: String,
    /// Unix seconds after which it is no longer accepted.
    deadline: u64,
    /// Of a passkey: the ERC-7913 signer.
    signer: Option<String>,
    /// Its signature.
    signature: String,
}

/// A patient's own binding.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OwnBindRequest {
    /// The new address's statement.
    binding: BindRequest,
    /// Needed when the patient has a key already.
    endorsement: Option<EndorsementRequest>,
}

/// A binding as it was signed; whoever relies on it verifies the signature.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BindingView {
    /// The address that stands for the patient.
    subject: String,
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

/// The addresses that stand for the patient.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnBindings {
    /// Oldest first.
    bindings: Vec<BindingView>,
}

impl From<&patients::Binding> for BindingView {
    fn from(binding: &patients::Binding) -> Self {
        let Statement {
            subject,
            nonce,
            deadline,
            proof,
        } = &binding.statement;
        Self {
            subject: super::shown(subject),
            nonce: nonce.to_string(),
            deadline: *deadline,
            signer: (!proof.signer.is_empty()).then(|| hexed(&proof.signer)),
            signature: hexed(&proof.signature),
            bound_at: binding.bound_at,
        }
    }
}

/// An address, a deadline and a proof, as requests write them.
pub(super) fn signed_by(
    subject: &str,
    deadline: u64,
    signer: Option<&str>,
    signature: &str,
) -> Result<(Address, i64, Proof), Problem> {
    let subject = text::address(subject).map_err(|fault| fault_in("subject", fault))?;
    let (deadline, proof) = proven_until("", deadline, signer, signature)?;
    Ok((subject, deadline, proof))
}

/// A deadline and a proof, as requests write them; their names in the body have a `prefix`.
pub(super) fn proven_until(
    prefix: &str,
    deadline: u64,
    signer: Option<&str>,
    signature: &str,
) -> Result<(i64, Proof), Problem> {
    let fault_in = |member: &str, fault: &str| fault_in(&format!("{prefix}{member}"), fault);
    let deadline = i64::try_from(deadline).map_err(|_| fault_in("deadline", "is too far away"))?;
    let signer = signer
        .map(|signer| text::bytes(signer, MAX_SIGNER))
        .transpose()
        .map_err(|fault| fault_in("signer", fault))?;
    let signature =
        text::bytes(signature, MAX_SIGNATURE).map_err(|fault| fault_in("signature", fault))?;
    if signature.is_empty() {
        return Err(fault_in("signature", "is empty"));
    }
    let proof = statement::proof(signer.unwrap_or_default(), signature);
    Ok((deadline, proof))
}

/// Bytes, as answers write them.
pub(super) fn hexed(bytes: &[u8]) -> String {
    format!("0x{}", hex::encode(bytes))
}

impl BindRequest {
    pub(super) fn read(&self) -> Result<Statement, Problem> {
        let (subject, deadline, proof) = signed_by(
            &self.subject,
            self.deadline,
            self.signer.as_deref(),
            &self.signature,
        )?;
        let nonce = text::uint256(&self.nonce).map_err(|fault| fault_in("nonce", fault))?;
        Ok(Statement {
            subject,
            nonce,
            deadline,
            proof,
        })
    }
}

impl EndorsementRequest {
    fn read(&self) -> Result<Endorsement, Problem> {
        let (subject, deadline, proof) = signed_by(
            &self.subject,
            self.deadline,
            self.signer.as_deref(),
            &self.signature,
        )?;
        Ok(Endorsement {
            subject,
            deadline,
            proof,
        })
    }
}

impl From<StatementError> for Problem {
    fn from(error: StatementError) -> Self {
        let slug = match error {
            StatementError::Signature => "invalid-signature",
            StatementError::PastDeadline => "deadline-passed",
            StatementError::Chain(_) => {
                tracing::warn!(corr_id = %CorrId::current(), %error, "a signature was not checked");
                return Self::unavailable("What the chain says is not known. Try again shortly.");
            }
        };
        Self::bad_request(slug, format!("{error}."))
    }
}

impl From<BindError> for Problem {
    fn from(error: BindError) -> Self {
        let detail = format!("{error}.");
        match error {
            BindError::Statement(error) => error.into(),
            BindError::StaleNonce => Self::conflict("stale-nonce", detail),
            BindError::SubjectTaken => Self::conflict("subject-taken", detail),
            BindError::EndorsementNeeded => Self::conflict("endorsement-needed", detail),
            BindError::ForeignEndorsement => Self::conflict("foreign-endorsement", detail),
            BindError::Store(error) => error.into(),
        }
    }
}

/// Verifies and stores what a request says.
pub(super) async fn store(
    app: &App,
    permit: &BindPermit,
    request: BindRequest,
    endorsement: Option<EndorsementRequest>,
) -> Result<Bound, Problem> {
    let now = app.now();
    let verified = request
        .read()?
        .verify(app, permit.tenant(), permit.fhir_id())
        .await?;
    let endorsed_by = match endorsement {
        Some(endorsement) => Some(endorsement.read()?.verify(app, &verified, now).await?),
        None => None,
    };
    let outcome = bindings::bind(app, permit, verified, endorsed_by).await?;
    metrics::counter!("directory_bindings_total", "outcome" => format!("{outcome:?}").to_lowercase()).increment(1);
    tracing::info!(corr_id = %CorrId::current(), tenant = permit.tenant(), ?outcome, "binding stored");
    Ok(outcome)
}

/// 201 for what is new.
pub(super) fn status(outcome: Bound) -> StatusCode {
    if outcome == Bound::Created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    }
}

async fn own(app: &App, patient: &PatientPermit) -> Result<Json<OwnBindings>, Problem> {
    let found = patients::find(&app.db, &patient.read(), patient.fhir_id()).await?;
    let bindings = found.map(|patient| patient.bindings).unwrap_or_default();
    Ok(Json(OwnBindings {
        bindings: bindings.iter().map(Into::into).collect(),
    }))
}

/// Bind a key to oneself. The first needs its own signature, each further one also that of a key bound before.
#[utoipa::path(
    post,
    path = "/v1/bindings",
    tag = "patient",
    operation_id = "bind",
    security(("accessToken" = ["patient:consent.write"])),
    request_body = OwnBindRequest,
    responses(
        (status = 200, description = "The binding was renewed, or was already there.", body = OwnBindings),
        (status = 201, description = "The subject now stands for the patient.", body = OwnBindings),
        (status = 400, description = "The request or a signature is wrong, or a deadline has passed.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token, or the patient has to sign in again with a second factor.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The subject stands for another patient, the nonce does not grow, or an endorsement is missing.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn post(
    State(app): State<Arc<App>>,
    Binder { permit, patient }: Binder,
    JsonBody(request): JsonBody<OwnBindRequest>,
) -> Result<Response, Problem> {
    let outcome = store(&app, &permit, request.binding, request.endorsement).await?;
    Ok((status(outcome), own(&app, &patient).await?).into_response())
}

/// The keys that stand for oneself.
#[utoipa::path(
    get,
    path = "/v1/bindings",
    tag = "patient",
    operation_id = "getBindings",
    security(("accessToken" = ["patient:consent.write"])),
    responses(
        (status = 200, description = "The bindings.", body = OwnBindings),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    patient: PatientPermit,
) -> Result<Json<OwnBindings>, Problem> {
    own(&app, &patient).await
}
