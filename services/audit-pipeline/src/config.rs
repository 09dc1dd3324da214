//! Settings, from flags and environment variables. Faults are reported all at once.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use conf::Conf;
use service_kit::ServerConfig;
use service_kit::issuer::IssuerConfig;
use url::Url;

/// Where the archive is. The service and the `audit` command share these.
#[derive(Conf, Debug, Clone)]
pub struct BucketConfig {
    /// URL of the S3 server, addressed path-style.
    #[arg(long, env)]
    pub s3_endpoint: Url,
    /// Bucket of the archive, created with Object Lock.
    #[arg(long, env, default_value = "consentry-audit")]
    pub s3_bucket: String,
    /// Region the requests are signed for.
    #[arg(long, env, default_value = "us-east-1")]
    pub s3_region: String,
    /// Access key id.
    #[arg(long, env)]
    pub s3_access_key: String,
    /// Secret access key. From the environment only: command lines are visible to others.
    #[arg(env, secret)]
    pub s3_secret_key: Secret,
}

/// Settings of the service.
#[derive(Conf, Debug, Clone)]
pub struct Config {
    /// The HTTP server.
    #[conf(flatten)]
    pub server: ServerConfig,
    /// The archive's bucket.
    #[conf(flatten)]
    pub bucket: BucketConfig,
    /// Days for which an object can be neither changed nor deleted, by anyone.
    #[arg(long, env)]
    pub retention_days: RetentionDays,
    /// Kafka bootstrap servers, `host:port[,host:port…]`.
    #[arg(long, env)]
    pub kafka_brokers: String,
    /// Topic of the decisions; poison goes to the same name with `.dlq`.
    #[arg(long, env, default_value = "access.decisions.v1")]
    pub topic: String,
    /// Consumer group.
    #[arg(long, env, default_value = "audit-pipeline")]
    pub group: String,
    /// Milliseconds after which a dead instance's partitions are given away; the broker's minimum
    /// is usually 6000.
    #[arg(long, env, default_value = "6000")]
    pub session_timeout_ms: u32,
    /// A batch is written this many milliseconds after its first record at the latest.
    #[arg(long, env, default_value = "1000")]
    pub flush_ms: u64,
    /// A batch is written once it holds this many bytes.
    #[arg(long, env, default_value = "1048576")]
    pub flush_bytes: usize,
    /// A batch is written once it holds this many records.
    #[arg(long, env, default_value = "5000")]
    pub flush_records: usize,
    /// Whose tokens are believed.
    #[conf(flatten)]
    pub issuer: IssuerConfig,
    /// File with the pseudonym key: 64 hex digits, the same as the gateways'.
    #[arg(long, env)]
    pub pseudonym_key_file: PathBuf,
}

impl Config {
    /// How long a batch may stay open.
    pub fn flush_after(&self) -> Duration {
        Duration::from_millis(self.flush_ms)
    }
}

/// A retention period of 1 to 36,500 days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionDays(u16);

impl RetentionDays {
    /// The period.
    pub fn duration(self) -> time::Duration {
        time::Duration::days(i64::from(self.0))
    }
}

impl FromStr for RetentionDays {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse()
            .ok()
            .filter(|days| (1..=36_500).contains(days))
            .map(Self)
            .ok_or("a retention is 1 to 36500 days")
    }
}

/// A text that never shows in logs or messages.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            Err("must not be empty")
        } else {
            Ok(Self(text.to_owned()))
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retention_of_no_days_or_no_number_is_refused() {
        for bad in ["0", "-1", "36501", "99999999", "ten", ""] {
            assert!(bad.parse::<RetentionDays>().is_err(), "{bad}");
        }
        let days: RetentionDays = "30".parse().unwrap();
        assert_eq!(days.duration(), time::Duration::days(30));
    }

    #[test]
    fn a_secret_does_not_show_in_debug_output() {
        let secret: Secret = "hunter2".parse().unwrap();
        assert!(!format!("{secret:?}").contains("hunter2"));
    }
}
