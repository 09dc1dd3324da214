//! Readers of the feed wait for news together: one look at the database serves all of them.

use std::sync::Arc;
use std::time::Duration;

use access_token::revocation::Page;
use service_kit::Shutdown;
use tokio::sync::{Semaphore, watch};

use super::store;
use crate::App;
use crate::db::StoreError;

/// Between two looks while somebody waits.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Readers that may wait at the same time; others are answered at once.
const MAX_WAITING: usize = 64;

/// Where the feed is, as far as this process has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct News {
    head: u64,
    /// The service stops: nobody waits any more.
    stopping: bool,
}

/// What waiting readers share.
#[derive(Debug)]
pub struct Waiting {
    news: watch::Sender<News>,
    places: Semaphore,
}

impl Default for Waiting {
    fn default() -> Self {
        Self {
            news: watch::Sender::default(),
            places: Semaphore::new(MAX_WAITING),
        }
    }
}

/// The entries after a place; when there are none, those that come within `wait`.
///
/// # Errors
/// [`StoreError`].
pub async fn read(app: &App, after: u64, wait: Duration) -> Result<Page, StoreError> {
    let mut news = app.waiting.news.subscribe();
    let page = store::page(&app.db, &app.tenant, after, app.now()).await?;
    if page.next != after || page.reset || wait.is_zero() {
        return Ok(page);
    }
    let Ok(_place) = app.waiting.places.try_acquire() else {
        return Ok(page);
    };
    // What comes between the look above and the first one of `follow` is seen by the latter.
    let told = news.wait_for(|news| news.head > after || news.stopping);
    // Told or not, the answer says how things are when it is given.
    let _ = tokio::time::timeout(wait, told).await;
    store::page(&app.db, &app.tenant, after, app.now()).await
}

/// Looks for news while somebody waits, until the service stops.
///
/// # Errors
/// None; a failed look is logged once and made again.
pub async fn follow(app: Arc<App>, shutdown: Shutdown) -> anyhow::Result<()> {
    let news = &app.waiting.news;
    let mut fails = false;
    while !shutdown.sleep(LOOK_EVERY).await {
        if news.receiver_count() == 0 {
            continue;
        }
        let looked = store::head(&app.db, &app.tenant).await;
        match &looked {
            Ok(head) => {
                news.send_if_modified(|news| std::mem::replace(&mut news.head, *head) != *head);
            }
            Err(error) if !fails => tracing::warn!(%error, "revocations are not seen"),
            Err(_) => {}
        }
        fails = looked.is_err();
    }
    news.send_modify(|news| news.stopping = true);
    Ok(())
}
