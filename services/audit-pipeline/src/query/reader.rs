//! Reads records from their objects. Objects never change, so they are cached, within a bound.

use std::sync::Arc;

use audit_core::Record;
use bytes::Bytes;
use moka::future::Cache;
use thiserror::Error;

use super::Place;
use crate::archive::{Store, StoreError};

/// Bytes of object bodies kept.
const CACHED_BYTES: u64 = 64 << 20;

/// Why a record cannot be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Arc<StoreError>),
    /// The object no longer is what it was when it was indexed.
    #[error("{0} is not what it was when it was archived")]
    Changed(String),
}

/// The reader. Clones share the cache.
#[derive(Clone)]
pub struct Reader {
    store: Store,
    bodies: Cache<(String, String), Bytes>,
}

impl Reader {
    /// A reader of this bucket.
    pub fn new(store: Store) -> Self {
        let bodies = Cache::builder()
            .max_capacity(CACHED_BYTES)
            .weigher(|_, body: &Bytes| u32::try_from(body.len()).unwrap_or(u32::MAX))
            .build();
        Self { store, bodies }
    }

    /// The exact bytes of a record.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn line(&self, place: &Place) -> Result<Bytes, ReadError> {
        let object = &place.object;
        let id = (object.key.clone(), object.version.clone());
        let body = self
            .bodies
            .try_get_with(id, async {
                Ok::<_, StoreError>(self.store.get(object).await?.body)
            })
            .await?;
        let end = place.start.saturating_add(place.length);
        if end > body.len() {
            return Err(ReadError::Changed(object.key.clone()));
        }
        Ok(body.slice(place.start..end))
    }

    /// A record.
    ///
    /// # Errors
    /// See [`ReadError`].
    pub async fn record(&self, place: &Place) -> Result<Record, ReadError> {
        let line = self.line(place).await?;
        Record::from_line(&line).map_err(|_| ReadError::Changed(place.object.key.clone()))
    }
}
