//! What died before its time: recorded in the transaction that ends it, told to verifiers by a feed and on the bus.
//!
//! [`record`] writes an entry. [`feed`] answers readers, who wait for news; [`feed::follow`] wakes them. Entries are kept
//! until no token that they name can be alive.

pub mod feed;
pub mod store;

pub use access_token::revocation::Kind;
pub use store::record;

use std::sync::Arc;
use std::time::Duration;

use access_token::Claims;
use service_kit::Shutdown;

use crate::App;

const SWEEP_EVERY: Duration = Duration::from_secs(60);

/// May read the feed of the service's tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedPermit(());

impl FeedPermit {
    /// A permit if the scope allows it.
    pub fn from_claims(claims: &Claims) -> Option<Self> {
        claims
            .scope
            .allows_persona(access_token::revocation::SCOPE)
            .then_some(Self(()))
    }
}

/// Forgets entries whose time is over, once a minute until the service stops.
///
/// # Errors
/// None; a failed round is logged and the next one tried.
pub async fn sweep(app: Arc<App>, shutdown: Shutdown) -> anyhow::Result<()> {
    while !shutdown.sleep(SWEEP_EVERY).await {
        if let Err(error) = store::forget_expired(&app.db, &app.tenant, app.now()).await {
            tracing::warn!(%error, "revocations whose time is over were not removed");
        }
    }
    Ok(())
}
