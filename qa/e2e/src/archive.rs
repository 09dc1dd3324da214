//! Audit records read back from the store itself, past our own services.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use audit_core::Record;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use local_stack::endpoints::S3;
use time::OffsetDateTime;
use uuid::Uuid;

/// One archived decision and how the store keeps it.
#[derive(Debug, Clone)]
pub struct Archived {
    /// The decision.
    pub record: Record,
    /// Where it is.
    pub object: ObjectVersion,
    /// Lock mode the store reports, for example `COMPLIANCE`.
    pub lock_mode: String,
    /// Until when the store refuses to delete it.
    pub retain_until: OffsetDateTime,
}

/// One version of one object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectVersion {
    /// Object key.
    pub key: String,
    /// Version id.
    pub version: String,
}

/// The audit bucket.
#[derive(Clone)]
pub struct Archive {
    client: Client,
    bucket: String,
}

impl Archive {
    /// Opens the stack's bucket.
    pub fn new(s3: &S3) -> Self {
        let timeouts = TimeoutConfig::builder()
            .operation_timeout(Duration::from_secs(20))
            .build();
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&s3.endpoint)
            .region(Region::new("us-east-1"))
            .credentials_provider(Credentials::new(
                &s3.access_key,
                &s3.secret_key,
                None,
                None,
                "dev",
            ))
            .force_path_style(true)
            .timeout_config(timeouts)
            .build();
        Self {
            client: Client::from_conf(config),
            bucket: s3.bucket.clone(),
        }
    }

    /// Every archived decision, by event id. A record archived twice counts once.
    ///
    /// # Errors
    /// When the store does not answer, an object is not locked, or a line is not a record.
    pub async fn decisions(&self) -> Result<BTreeMap<Uuid, Archived>> {
        let mut found = BTreeMap::new();
        for object in self.versions("events/").await? {
            let head = self
                .client
                .head_object()
                .bucket(&self.bucket)
                .key(&object.key)
                .version_id(&object.version)
                .send()
                .await?;
            let lock_mode = head
                .object_lock_mode()
                .with_context(|| format!("{} is not locked", object.key))?
                .as_str()
                .to_owned();
            let until = head
                .object_lock_retain_until_date()
                .with_context(|| format!("{} has no retain-until date", object.key))?;
            let retain_until = OffsetDateTime::from_unix_timestamp(until.secs())?;
            let body = self
                .client
                .get_object()
                .bucket(&self.bucket)
                .key(&object.key)
                .version_id(&object.version)
                .send()
                .await?
                .body
                .collect()
                .await?
                .into_bytes();
            for line in body
                .split(|&byte| byte == b'\n')
                .filter(|line| !line.is_empty())
            {
                let record =
                    Record::from_line(line).with_context(|| format!("in {}", object.key))?;
                found.entry(record.event_id).or_insert(Archived {
                    record,
                    object: object.clone(),
                    lock_mode: lock_mode.clone(),
                    retain_until,
                });
            }
        }
        Ok(found)
    }

    /// All object versions below a prefix.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn versions(&self, prefix: &str) -> Result<Vec<ObjectVersion>> {
        let mut versions = Vec::new();
        let mut key_marker = None;
        let mut version_marker = None;
        loop {
            let page = self
                .client
                .list_object_versions()
                .bucket(&self.bucket)
                .prefix(prefix)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await?;
            for version in page.versions() {
                versions.push(ObjectVersion {
                    key: version.key().unwrap_or_default().to_owned(),
                    version: version.version_id().unwrap_or_default().to_owned(),
                });
            }
            if !page.is_truncated().unwrap_or(false) {
                return Ok(versions);
            }
            key_marker = page.next_key_marker().map(str::to_owned);
            version_marker = page.next_version_id_marker().map(str::to_owned);
        }
    }

    /// Tries to delete one version for good, with the owner's own credentials. `Ok` is the HTTP
    /// status of the store's refusal; `Err` says that it was deleted or did not answer.
    ///
    /// # Errors
    /// When the store deleted the record or gave no answer.
    pub async fn try_to_delete(&self, object: &ObjectVersion) -> Result<u16> {
        let outcome = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(&object.key)
            .version_id(&object.version)
            .bypass_governance_retention(true)
            .send()
            .await;
        match outcome {
            Ok(_) => anyhow::bail!("the store deleted {}", object.key),
            Err(error) => error
                .raw_response()
                .map(|response| response.status().as_u16())
                .context("the store gave no answer to the deletion"),
        }
    }

    /// Whether the very version is still readable.
    ///
    /// # Errors
    /// When it is not.
    pub async fn is_there(&self, object: &ObjectVersion) -> Result<()> {
        self.client
            .head_object()
            .bucket(&self.bucket)
            .key(&object.key)
            .version_id(&object.version)
            .send()
            .await
            .with_context(|| format!("{} is gone", object.key))?;
        Ok(())
    }
}
