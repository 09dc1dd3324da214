//! Every route at once, and the OpenAPI document.

use std::sync::{Arc, PoisonError, RwLock};

use audit_core::pseudonym::PseudonymKey;
use axum::extract::State;
use axum::{Json, Router};
use serde::Serialize;
use service_kit::Problem;
use service_kit::issuer::TokenCheck;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Clock;
use crate::caller::Auditor;
use crate::query::continuity::GatewayState;
use crate::query::{Index, Reader, accesses, counts};
use crate::status::Status;

/// What the handlers share.
#[derive(Clone)]
pub struct AppState {
    /// What is archived.
    pub index: Arc<RwLock<Index>>,
    /// Reads records from their objects.
    pub reader: Reader,
    /// How patients are called in the archive.
    pub pseudonyms: PseudonymKey,
    /// Checks tokens.
    pub tokens: TokenCheck,
    /// What the pipeline is doing.
    pub status: Status,
    /// The current time.
    pub clock: Clock,
}

impl AppState {
    /// Refuses queries until the index holds what was in the archive at the start: a total that
    /// leaves records out is wrong, not early.
    ///
    /// # Errors
    /// 503 until then.
    pub fn require_archive_read(&self) -> Result<(), Problem> {
        if self.status.has_read_archive() {
            Ok(())
        } else {
            Err(Problem::unavailable(
                "The archive has not been read yet; /health/ready says why.",
            ))
        }
    }
}

/// The API.
pub fn router(state: AppState) -> Router {
    describe().split_for_parts().0.with_state(state)
}

/// The API's description.
pub fn openapi() -> utoipa::openapi::OpenApi {
    describe().split_for_parts().1
}

fn describe() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(counts::counts))
        .routes(routes!(accesses::accesses))
        .routes(routes!(continuity))
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Consentry audit-pipeline",
        description = "Answers from the archive of access decisions. Everything is limited to the token's tenant, and a patient's token to that patient.",
    ),
    modifiers(&Bearer),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        openapi
            .components
            .get_or_insert_with(Default::default)
            .add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The state of the gateways' chains.
#[derive(Serialize, ToSchema)]
struct ContinuityReport {
    /// The gateways of the token's tenant.
    gateways: Vec<GatewayState>,
}

/// Whether the gateways' journals arrived whole: the last record of each, and where a chain breaks.
#[utoipa::path(
    get,
    path = "/v1/continuity",
    tag = "audit",
    responses(
        (status = 200, description = "The gateways of the token's tenant", body = ContinuityReport),
        (status = 401, description = "No valid token", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The token lacks audit.read", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The archive has not been read yet", body = Problem, content_type = "application/problem+json"),
    ),
    security(("bearer" = ["system:audit.read"]), ("bearer" = ["admin:audit.read"])),
)]
async fn continuity(
    State(state): State<AppState>,
    Auditor { tenant }: Auditor,
) -> Result<Json<ContinuityReport>, Problem> {
    state.require_archive_read()?;
    let index = state.index.read().unwrap_or_else(PoisonError::into_inner);
    Ok(Json(ContinuityReport {
        gateways: index.continuity().gateways(Some(&tenant)),
    }))
}
