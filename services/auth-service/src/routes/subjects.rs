//! `/v1/subjects`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use service_kit::Problem;
use utoipa::ToSchema;

use crate::App;
use crate::directory::{ReadPermit, subjects};

/// An enrolled subject.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubjectView {
    /// The address.
    #[schema(example = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8")]
    subject: String,
    /// The custodian it is enrolled with.
    tenant: String,
}

/// Whether an address stands for a patient of the tenant; not for which.
#[utoipa::path(
    get,
    path = "/v1/subjects/{address}",
    tag = "directory",
    operation_id = "getSubject",
    security(("accessToken" = ["system:directory.read"]), ("accessToken" = ["admin:directory.read"])),
    params(("address" = String, Path, description = "The subject's address.")),
    responses(
        (status = 200, description = "It is enrolled.", body = SubjectView),
        (status = 400, description = "Not an address.", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid token.", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token does not allow it.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No patient of the tenant has this address.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(app): State<Arc<App>>,
    permit: ReadPermit,
    Path(address): Path<String>,
) -> Result<Json<SubjectView>, Problem> {
    let subject = super::address_in_path(&address)?;
    if !subjects::is_enrolled(&app.db, &permit, subject).await? {
        return Err(Problem::not_found(
            "No patient of this tenant has this address.",
        ));
    }
    Ok(Json(SubjectView {
        subject: super::shown(&subject),
        tenant: permit.tenant().to_owned(),
    }))
}
