//! What ingest last saw of the chain's head, shared with readers.

use std::sync::Arc;
use std::time::Duration;

use time::OffsetDateTime;
use tokio::sync::watch;

use crate::chain::node::FinalHeights;

/// The head as ingest knows it.
#[derive(Debug, Clone, Default)]
pub struct HeadView {
    /// Height of the chain's head.
    pub latest: Option<u64>,
    /// Safe and finalized heights.
    pub heights: FinalHeights,
    /// When the tip was last known to be the chain's head.
    pub observed_at: Option<OffsetDateTime>,
    /// Why the head is not being followed just now.
    pub trouble: Option<String>,
    /// Why ingest stopped for good.
    pub halted: Option<String>,
}

impl HeadView {
    /// When the head was last confirmed, if that is recent enough to answer from.
    pub fn fresh(&self, now: OffsetDateTime, max_age: Duration) -> Option<OffsetDateTime> {
        self.observed_at.filter(|at| now - *at <= max_age)
    }
}

/// Written by ingest, read by everyone.
#[derive(Debug, Clone)]
pub struct Head(Arc<watch::Sender<HeadView>>);

impl Default for Head {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(HeadView::default())))
    }
}

impl Head {
    /// A copy of the present view.
    pub fn view(&self) -> HeadView {
        self.0.borrow().clone()
    }

    /// Changes it.
    pub fn update(&self, change: impl FnOnce(&mut HeadView)) {
        self.0.send_modify(change);
    }
}
