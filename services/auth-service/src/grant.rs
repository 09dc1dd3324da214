//! What apps get from people: authorization requests, codes, refresh families, and what a person allowed which app.
//!
//! [`params`] → [`request`] (what is asked for, or who may be told why not) → [`step`] (sign in, ask, answer, refuse) →
//! [`scopes`] (what is granted) → [`refresh`] (how long). All of that is pure; [`pushed`], [`codes`], [`families`] and
//! [`consents`] keep it.

pub mod params;
pub mod redirect;
pub mod refresh;
pub mod request;
pub mod scopes;
pub mod step;

pub mod authorizations;
pub mod codes;
pub mod consents;
pub mod holder;
pub mod pending;
pub mod possible;
pub mod secret;

use std::sync::Arc;
use std::time::Duration;

use service_kit::Shutdown;

use crate::App;

const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// Forgets requests, proofs and authorizations of which nothing can come any more, once a minute until the service stops.
///
/// # Errors
/// None; a failed round is logged and the next one tried.
pub async fn sweep(app: Arc<App>, shutdown: Shutdown) -> anyhow::Result<()> {
    while !shutdown.sleep(SWEEP_EVERY).await {
        let now = app.now();
        if let Err(error) = pending::forget_expired(&app.db, &app.tenant, now).await {
            tracing::warn!(%error, "expired authorization requests were not removed");
        }
        if let Err(error) = authorizations::forget_old(&app.db, &app.tenant, now).await {
            tracing::warn!(%error, "old authorizations were not removed");
        }
    }
    Ok(())
}
