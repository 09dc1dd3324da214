//! Objects under a COMPLIANCE lock in S3, written once, and checked to be what they should be.
//!
//! A store is not believed. `If-None-Match: *` is sent, but some stores ignore it, so a key is
//! looked up before each attempt and after it: of several versions the oldest is the evidence,
//! for everyone alike. The lock is read back after each write.

mod listing;

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::{DisplayErrorContext, SdkError};
use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::{
    BucketVersioningStatus, ChecksumAlgorithm, ObjectLockEnabled, ObjectLockMode,
    ObjectLockRetentionMode,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use thiserror::Error;
use time::OffsetDateTime;

pub use listing::{Listing, StoredObject};

use crate::config::BucketConfig;

/// Attempts at one write before the pipeline is said to stall.
const ATTEMPTS: u32 = 5;
const FIRST_BACKOFF: Duration = Duration::from_millis(200);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// How stores say that an object has no retention: AWS, and Ceph.
const NO_LOCK: [&str; 2] = [
    "NoSuchObjectLockConfiguration",
    "ObjectLockConfigurationNotFoundError",
];
/// More than any batch; a larger object in the archive is not ours.
const MAX_OBJECT_BYTES: i64 = 64 << 20;

/// Why the store could not be used.
#[derive(Debug, Error)]
pub enum StoreError {
    /// No or no usable answer; trying again may help.
    #[error("the object store failed to {what}: {why}")]
    Failed {
        /// What was tried.
        what: &'static str,
        /// What came back.
        why: String,
    },
    /// The bucket cannot hold evidence.
    #[error("{0}")]
    Unfit(String),
    /// The store accepted a lock and does not have it.
    #[error(
        "the store does not keep {key} as asked for ({found}); evidence is not safe in it. Use \
         a store that enforces Object Lock in COMPLIANCE mode"
    )]
    Unlocked {
        /// The object.
        key: String,
        /// The lock it has.
        found: String,
    },
}

/// What became of a write.
#[derive(Debug)]
pub enum PutOutcome {
    /// The object is stored, locked and the only one of its key.
    Written(StoredObject),
    /// Somebody stored an object under this key before; nothing was changed.
    Found(StoredObject),
}

/// The lock on one version of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// COMPLIANCE: nobody can shorten it.
    pub compliance: bool,
    /// Until when.
    pub until: OffsetDateTime,
}

/// A body and what was said about it when it was written.
#[derive(Debug, Clone)]
pub struct Object {
    /// The bytes.
    pub body: Bytes,
    /// The `sha256` metadata, lower-case hex.
    pub sha256: Option<String>,
}

/// The archive's bucket. Clones share the connection.
#[derive(Clone)]
pub struct Store {
    client: Client,
    bucket: String,
}

impl Store {
    /// A client for the bucket; connects when first used.
    pub fn new(config: &BucketConfig) -> Self {
        let credentials = Credentials::new(
            &config.s3_access_key,
            config.s3_secret_key.expose(),
            None,
            None,
            "configuration",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .operation_timeout(ATTEMPT_TIMEOUT)
            .build();
        let sdk = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(config.s3_endpoint.as_str())
            .region(Region::new(config.s3_region.clone()))
            .credentials_provider(credentials)
            .force_path_style(true)
            // Every attempt starts with a look at what the last one did, so retries are ours.
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts)
            .build();
        Self {
            client: Client::from_conf(sdk),
            bucket: config.s3_bucket.clone(),
        }
    }

    /// Whether the bucket can hold evidence: it exists, Object Lock is enabled, versioning is on.
    ///
    /// # Errors
    /// [`StoreError::Unfit`] says what is missing.
    pub async fn check_bucket(&self) -> Result<(), StoreError> {
        let bucket = &self.bucket;
        let unfit = |why: &str| {
            StoreError::Unfit(format!(
                "bucket {bucket} {why}; create it with Object Lock enabled, which cannot be \
                 added later"
            ))
        };
        let lock = self
            .client
            .get_object_lock_configuration()
            .bucket(bucket)
            .send()
            .await;
        let lock = match lock {
            Ok(answer) => answer.object_lock_configuration,
            Err(error) => match code(&error).as_deref() {
                Some("NoSuchBucket") => return Err(unfit("does not exist")),
                Some("ObjectLockConfigurationNotFoundError") => None,
                _ => return Err(failed("read the bucket's lock configuration", &error)),
            },
        };
        let enabled = lock.and_then(|lock| lock.object_lock_enabled);
        if enabled != Some(ObjectLockEnabled::Enabled) {
            return Err(unfit("has no Object Lock"));
        }
        let versioning = self
            .client
            .get_bucket_versioning()
            .bucket(bucket)
            .send()
            .await
            .map_err(|error| failed("read the bucket's versioning", &error))?;
        if versioning.status != Some(BucketVersioningStatus::Enabled) {
            return Err(unfit("has its versioning switched off"));
        }
        Ok(())
    }

    /// Stores an object under a COMPLIANCE lock until `retain_until`, unless there is one already.
    ///
    /// # Errors
    /// [`StoreError::Unlocked`] when the store did not lock it so; [`StoreError::Failed`] once the
    /// attempts are used up. Then the object may or may not be there: the next call finds out.
    pub async fn put_once(
        &self,
        key: &str,
        body: Bytes,
        metadata: &[(&'static str, String)],
        retain_until: OffsetDateTime,
    ) -> Result<PutOutcome, StoreError> {
        let mut backoff = FIRST_BACKOFF;
        let mut attempt = 1;
        loop {
            match self.try_put(key, &body, metadata, retain_until).await {
                Err(StoreError::Failed { what, why }) if attempt < ATTEMPTS => {
                    tracing::warn!(
                        key,
                        attempt,
                        what,
                        why,
                        "the object store failed; trying again"
                    );
                    tokio::time::sleep(backoff).await;
                    backoff *= 2;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn try_put(
        &self,
        key: &str,
        body: &Bytes,
        metadata: &[(&'static str, String)],
        retain_until: OffsetDateTime,
    ) -> Result<PutOutcome, StoreError> {
        if let Some(found) = self.find(key).await? {
            return Ok(PutOutcome::Found(found));
        }
        let until = DateTime::from_secs(retain_until.unix_timestamp());
        let mut request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(key)
            .if_none_match("*")
            .object_lock_mode(ObjectLockMode::Compliance)
            .object_lock_retain_until_date(until)
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .checksum_sha256(BASE64.encode(sha256(body)))
            .body(ByteStream::from(body.clone()));
        for (name, value) in metadata {
            request = request.metadata(*name, value);
        }
        let written = match request.send().await {
            Ok(answer) => answer.version_id,
            Err(error) if status(&error) == Some(412) => None,
            Err(error) => return Err(failed("store an object", &error)),
        };
        // Who came first? Ours, unless the condition held it back or a store ignored it in a race.
        let first = self.find(key).await?.ok_or_else(|| StoreError::Failed {
            what: "show a stored object",
            why: format!("{key} is not listed"),
        })?;
        if written.as_deref() != Some(first.version.as_str()) {
            return Ok(PutOutcome::Found(first));
        }
        self.demand_lock(&first, retain_until).await?;
        Ok(PutOutcome::Written(first))
    }

    /// Demands a COMPLIANCE lock that holds at least until `until`, to the second.
    ///
    /// # Errors
    /// [`StoreError::Unlocked`] when the lock is weaker or missing.
    pub async fn demand_lock(
        &self,
        object: &StoredObject,
        until: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let lock = self.lock(object).await?;
        let kept = lock.is_some_and(|lock| {
            lock.compliance && lock.until.unix_timestamp() >= until.unix_timestamp()
        });
        if kept {
            return Ok(());
        }
        Err(StoreError::Unlocked {
            key: object.key.clone(),
            found: lock.map_or_else(
                || "no lock".to_owned(),
                |lock| {
                    let mode = if lock.compliance {
                        "COMPLIANCE"
                    } else {
                        "not COMPLIANCE"
                    };
                    format!("{mode} until {}", lock.until)
                },
            ),
        })
    }

    /// The lock on an object's version, if it has any.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when the store does not say.
    pub async fn lock(&self, object: &StoredObject) -> Result<Option<Lock>, StoreError> {
        let answer = self
            .client
            .get_object_retention()
            .bucket(&self.bucket)
            .key(&object.key)
            .version_id(&object.version)
            .send()
            .await;
        let retention = match answer {
            Ok(answer) => answer.retention,
            Err(error) if code(&error).is_some_and(|code| NO_LOCK.contains(&code.as_str())) => None,
            Err(error) => return Err(failed("tell an object's lock", &error)),
        };
        Ok(retention.and_then(|retention| {
            let until = retention.retain_until_date?;
            Some(Lock {
                compliance: retention.mode == Some(ObjectLockRetentionMode::Compliance),
                until: OffsetDateTime::from_unix_timestamp(until.secs()).ok()?,
            })
        }))
    }

    /// Reads an object's version.
    ///
    /// # Errors
    /// [`StoreError::Failed`] when it cannot be read whole or is far too large.
    pub async fn get(&self, object: &StoredObject) -> Result<Object, StoreError> {
        const WHAT: &str = "hand out an object";
        let answer = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(&object.key)
            .version_id(&object.version)
            .send()
            .await
            .map_err(|error| failed(WHAT, &error))?;
        let failed = |why: String| StoreError::Failed { what: WHAT, why };
        if answer
            .content_length
            .is_none_or(|size| size > MAX_OBJECT_BYTES)
        {
            return Err(failed(format!("{} is too large", object.key)));
        }
        let sha256 = answer.metadata.and_then(|mut meta| meta.remove("sha256"));
        let body = tokio::time::timeout(ATTEMPT_TIMEOUT, answer.body.collect())
            .await
            .map_err(|_| failed("the body did not end in time".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        Ok(Object {
            body: body.into_bytes(),
            sha256,
        })
    }
}

/// SHA-256 of a body.
pub(crate) fn sha256(body: &[u8]) -> [u8; 32] {
    use sha2::Digest as _;
    sha2::Sha256::digest(body).into()
}

type Answer = aws_sdk_s3::config::http::HttpResponse;

fn status<E>(error: &SdkError<E, Answer>) -> Option<u16> {
    error.raw_response().map(|answer| answer.status().as_u16())
}

fn code<E>(error: &SdkError<E, Answer>) -> Option<String>
where
    E: aws_sdk_s3::error::ProvideErrorMetadata,
{
    error
        .as_service_error()
        .and_then(|error| error.code().map(str::to_owned))
}

/// The error in one line, without the request (which holds credentials' signatures).
fn failed<E>(what: &'static str, error: &SdkError<E, Answer>) -> StoreError
where
    E: std::error::Error + aws_sdk_s3::error::ProvideErrorMetadata + 'static,
{
    let why = match (status(error), code(error)) {
        (Some(status), Some(code)) => format!("HTTP {status} {code}"),
        (Some(status), None) => format!("HTTP {status}"),
        _ => match error {
            SdkError::TimeoutError(_) => "no answer in time".to_owned(),
            SdkError::DispatchFailure(_) => "unreachable".to_owned(),
            other => DisplayErrorContext(other).to_string(),
        },
    };
    StoreError::Failed { what, why }
}
