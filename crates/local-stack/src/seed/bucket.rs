//! The audit bucket, with Object Lock from its first moment on.

use std::time::Duration;

use anyhow::{Context, Result};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};

use crate::endpoints::S3;

const TIMEOUT: Duration = Duration::from_secs(10);

/// A client of the store.
pub fn client(s3: &S3, region: &str) -> Client {
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(&s3.endpoint)
        .region(Region::new(region.to_owned()))
        .credentials_provider(Credentials::new(
            &s3.access_key,
            &s3.secret_key,
            None,
            None,
            "local-stack",
        ))
        .force_path_style(true)
        .timeout_config(TimeoutConfig::builder().operation_timeout(TIMEOUT).build())
        .build();
    Client::from_conf(config)
}

/// Creates the bucket.
///
/// # Errors
/// When the store refuses, also when the bucket is there already: it is new at each start.
pub async fn create(s3: &S3, region: &str) -> Result<()> {
    client(s3, region)
        .create_bucket()
        .bucket(&s3.bucket)
        .object_lock_enabled_for_bucket(true)
        .send()
        .await
        .with_context(|| format!("creating bucket {}", s3.bucket))?;
    Ok(())
}
