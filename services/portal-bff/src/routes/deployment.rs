//! `GET /deployment.json`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::{Config, Finality};
use crate::forward::Target;
use crate::portal::Portal;

/// What the SDK has to know of the chain and the services.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// The chain's id.
    chain_id: u64,
    /// Address of the consent registry.
    registry: String,
    /// Address of the contract that verifies passkeys.
    #[serde(skip_serializing_if = "Option::is_none")]
    web_authn_verifier: Option<String>,
    /// Where the services are reached: below this origin.
    services: BTreeMap<&'static str, String>,
    /// From which level on a block is final.
    #[schema(value_type = String, example = "finalized")]
    finality: Finality,
}

impl Deployment {
    /// The one that the settings describe.
    pub fn of(config: &Config) -> Self {
        let origin = config.origin_text();
        let services = Target::ALL.map(|target| {
            let name = target.as_str();
            (name, format!("{origin}/api/{name}"))
        });
        Self {
            chain_id: config.chain_id,
            registry: config.registry_address.clone(),
            web_authn_verifier: config.webauthn_verifier_address.clone(),
            services: services.into(),
            finality: config.finality,
        }
    }
}

/// Read what scripts have to know of the chain and the services.
#[utoipa::path(
    get,
    path = "/deployment.json",
    operation_id = "getDeployment",
    responses((status = 200, description = "The deployment.", body = Deployment)),
)]
pub async fn get(State(portal): State<Arc<Portal>>) -> Json<Deployment> {
    Json(portal.deployment.clone())
}
