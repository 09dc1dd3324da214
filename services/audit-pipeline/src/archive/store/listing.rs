//! What is in the bucket, version by version.
//!
//! Plain listings show only the newest version and hide what has a delete marker on top. Neither
//! may hide evidence, so versions are listed, and the oldest of a key counts.

use std::collections::BTreeMap;

use time::{Date, OffsetDateTime};

use super::{Store, StoreError, failed};
use crate::archive::segment;

/// The oldest version of a key, which is the evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its key.
    pub key: String,
    /// Its version id.
    pub version: String,
    /// Bytes.
    pub size: u64,
    /// When it was stored.
    pub stored_at: OffsetDateTime,
    /// A delete marker lies on top: plain listings and reads do not show it.
    pub hidden: bool,
    /// Later versions with other contents: plain reads show one of them instead.
    pub replaced: usize,
}

/// One listed version, in the order the store gave: newest first within a key.
struct Version {
    id: String,
    size: u64,
    stored_at: OffsetDateTime,
    etag: Option<String>,
}

/// All objects under a prefix, by key.
#[derive(Default)]
pub struct Listing {
    versions: BTreeMap<String, Vec<Version>>,
    hidden: std::collections::BTreeSet<String>,
}

impl Listing {
    /// The evidence of each key.
    pub fn objects(self) -> Vec<StoredObject> {
        let hidden = self.hidden;
        self.versions
            .into_iter()
            .filter_map(|(key, versions)| {
                // Of equal times the later listed is the older.
                let oldest = versions
                    .iter()
                    .rev()
                    .min_by_key(|version| version.stored_at)?;
                Some(StoredObject {
                    version: oldest.id.clone(),
                    size: oldest.size,
                    stored_at: oldest.stored_at,
                    hidden: hidden.contains(&key),
                    replaced: versions.iter().filter(|v| v.etag != oldest.etag).count(),
                    key,
                })
            })
            .collect()
    }
}

impl Store {
    /// The evidence under exactly this key, if there is any.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the store does not answer.
    pub async fn find(&self, key: &str) -> Result<Option<StoredObject>, StoreError> {
        let objects = self.list(key).await?;
        Ok(objects.into_iter().find(|object| object.key == key))
    }

    /// All objects under a prefix, ordered by key.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the store does not answer.
    pub async fn list(&self, prefix: &str) -> Result<Vec<StoredObject>, StoreError> {
        let mut listing = Listing::default();
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let page = self
                .client
                .list_object_versions()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await
                .map_err(|error| failed("list its objects", &error))?;
            for version in page.versions.unwrap_or_default() {
                let (Some(key), Some(id), Some(time)) =
                    (version.key, version.version_id, version.last_modified)
                else {
                    continue;
                };
                listing.versions.entry(key).or_default().push(Version {
                    id,
                    size: version
                        .size
                        .and_then(|size| size.try_into().ok())
                        .unwrap_or(0),
                    stored_at: OffsetDateTime::from_unix_timestamp_nanos(time.as_nanos())
                        .unwrap_or(OffsetDateTime::UNIX_EPOCH),
                    etag: version.e_tag,
                });
            }
            for marker in page.delete_markers.unwrap_or_default() {
                listing.hidden.extend(marker.key);
            }
            (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
            if page.is_truncated != Some(true) || key_marker.is_none() {
                return Ok(listing.objects());
            }
        }
    }

    /// The days that have evidence, in order.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the store does not answer.
    pub async fn days(&self) -> Result<Vec<Date>, StoreError> {
        let mut days = Vec::new();
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let page = self
                .client
                .list_object_versions()
                .bucket(&self.bucket)
                .prefix(segment::PREFIX)
                .delimiter("/")
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await
                .map_err(|error| failed("list its days", &error))?;
            let prefixes = page.common_prefixes.unwrap_or_default();
            let found = prefixes
                .iter()
                .filter_map(|common| common.prefix.as_deref());
            days.extend(found.filter_map(segment::day_of_prefix));
            (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
            if page.is_truncated != Some(true) || key_marker.is_none() {
                return Ok(days);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(id: &str, second: i64, etag: &str) -> Version {
        Version {
            id: id.into(),
            size: 1,
            stored_at: OffsetDateTime::from_unix_timestamp(second).unwrap(),
            etag: Some(etag.into()),
        }
    }

    fn object(versions: Vec<Version>, hidden: bool) -> StoredObject {
        let mut listing = Listing::default();
        listing.versions.insert("k".into(), versions);
        listing.hidden.extend(hidden.then(|| "k".to_owned()));
        listing.objects().remove(0)
    }

    #[test]
    fn the_oldest_version_is_the_evidence_even_when_hidden_or_replaced() {
        let seen = object(vec![version("b", 2, "y"), version("a", 1, "x")], true);
        assert_eq!(
            (seen.version.as_str(), seen.replaced, seen.hidden),
            ("a", 1, true)
        );
    }

    #[test]
    fn of_versions_of_the_same_time_the_last_listed_is_the_oldest() {
        let seen = object(vec![version("b", 1, "x"), version("a", 1, "x")], false);
        assert_eq!(
            (seen.version.as_str(), seen.replaced, seen.hidden),
            ("a", 0, false)
        );
    }
}
