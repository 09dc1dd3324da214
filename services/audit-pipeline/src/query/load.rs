//! Bringing the index up to what is in the bucket.

use std::sync::{PoisonError, RwLock};

use futures::{StreamExt, TryStreamExt, stream};
use time::Date;

use super::Index;
use crate::archive::segment::{PREFIX, day_prefix};
use crate::archive::{SegmentKey, Store, StoreError, StoredObject};

/// Objects read at the same time; each is about a batch, 1 MiB.
const READ_AHEAD: usize = 8;

/// Takes in all objects of `since` and later that the index does not know; of all days, when no
/// day is given.
///
/// # Errors
/// [`StoreError::Failed`]; what was read until then stays in the index.
pub async fn sync(
    store: &Store,
    index: &RwLock<Index>,
    since: Option<Date>,
) -> Result<(), StoreError> {
    let mut objects = match since {
        None => store.list(PREFIX).await?,
        Some(since) => {
            let mut objects = Vec::new();
            for day in store.days().await?.into_iter().filter(|day| *day >= since) {
                objects.extend(store.list(&day_prefix(day)).await?);
            }
            objects
        }
    };
    {
        let index = index.read().unwrap_or_else(PoisonError::into_inner);
        objects.retain(|object| !index.knows(&object.key));
    }
    // The order of the offsets, in which a gateway's chain can be followed.
    objects.sort_by_cached_key(order);
    let mut contents = stream::iter(objects)
        .map(|object| async move {
            let contents = store.get(&object).await?;
            Ok::<_, StoreError>((object, contents))
        })
        .buffered(READ_AHEAD);
    while let Some((object, contents)) = contents.try_next().await? {
        index
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .add(&object, &contents);
    }
    Ok(())
}

fn order(object: &StoredObject) -> (u16, u64) {
    object
        .key
        .parse()
        .map_or((u16::MAX, u64::MAX), |key: SegmentKey| {
            (key.partition, key.start)
        })
}
