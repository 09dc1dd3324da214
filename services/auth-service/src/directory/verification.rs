//! Watches what the chain says of the tenant's organisations and practitioners: when a verification ends, the tokens that
//! rest on it do.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::Address;
use service_kit::Shutdown;

use super::{ReadPermit, grantees, organizations};
use crate::App;
use crate::db::StoreError;
use crate::projection::{ProjectionError, Unverified};
use crate::revocation::{self, Kind};

/// With the time that the feed takes, well within the two seconds in which a suspended organisation's tokens must end.
const EVERY: Duration = Duration::from_millis(500);

/// A round told nothing.
#[derive(Debug, thiserror::Error)]
pub enum WatchError {
    /// The database gave no answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The indexer gave none.
    #[error(transparent)]
    Projection(#[from] ProjectionError),
}

/// Looks at the chain from time to time.
#[derive(Debug, Default)]
pub struct Watch {
    /// Those that are not verified, as far as verifiers were told.
    told: Unverified,
}

impl Watch {
    /// Ends the tokens of organisations and practitioners who are suspended, removed or past their time since the last
    /// look that ended well; at the first since whenever. Returns how many organisations and accounts these are.
    ///
    /// # Errors
    /// [`WatchError`]. What was not told then is told at the next look.
    pub async fn look(&mut self, app: &App) -> Result<usize, WatchError> {
        let unverified = app.projection.bar_unverified(app).await?;
        let fresh = |now: &BTreeSet<Address>, told| now.difference(told).copied().collect();
        let organizations: Vec<_> = fresh(&unverified.organizations, &self.told.organizations);
        let practitioners: Vec<_> = fresh(&unverified.practitioners, &self.told.practitioners);
        let ended = end_tokens(app, &organizations, &practitioners).await?;
        self.told = unverified;
        Ok(ended)
    }
}

async fn end_tokens(
    app: &App,
    organizations: &[Address],
    practitioners: &[Address],
) -> Result<usize, StoreError> {
    if organizations.is_empty() && practitioners.is_empty() {
        return Ok(0);
    }
    let permit = ReadPermit::for_tenant(&app.tenant);
    let owners = organizations::owners(&app.db, &permit, organizations).await?;
    let accounts = grantees::accounts(&app.db, &permit, practitioners).await?;
    let ended: Vec<_> = (owners.into_iter().map(|owner| (Kind::Organization, owner)))
        .chain(accounts.into_iter().map(|account| (Kind::Account, account)))
        .collect();
    let now = app.now();
    let mut transaction = app.db.begin().await?;
    for (kind, id) in &ended {
        revocation::record(&mut transaction, &app.tenant, *kind, id, now).await?;
    }
    transaction.commit().await?;
    Ok(ended.len())
}

/// Looks again and again until the service stops.
///
/// # Errors
/// None; a failed round is logged once and tried again.
pub async fn watch(app: Arc<App>, shutdown: Shutdown) -> anyhow::Result<()> {
    let (mut watch, mut blind) = (Watch::default(), false);
    while !shutdown.sleep(EVERY).await {
        match watch.look(&app).await {
            Ok(0) => blind = false,
            Ok(ended) => {
                blind = false;
                tracing::info!(
                    ended,
                    "organisations and practitioners are not verified any more, their tokens are ended"
                );
            }
            Err(error) => {
                if !blind {
                    // No new token rests on it meanwhile, and the gateway asks for itself.
                    tracing::warn!(%error, "who is still verified is not known");
                }
                blind = true;
            }
        }
    }
    Ok(())
}
