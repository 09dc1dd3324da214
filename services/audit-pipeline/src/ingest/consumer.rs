//! The Kafka consumer, told apart by assignment.
//!
//! Each time a partition is assigned it gets a new generation. What was buffered under an older one
//! belongs to whoever has the partition now.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdkafka::consumer::{
    BaseConsumer, CommitMode, Consumer as _, ConsumerContext, Rebalance, StreamConsumer,
};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::statistics::Statistics;
use rdkafka::{ClientConfig, ClientContext, Offset, TopicPartitionList};

use super::Failure;

/// How long a commit may take.
const COMMIT_TIMEOUT: Duration = Duration::from_secs(15);

/// How to reach the topic.
#[derive(Debug, Clone)]
pub struct BusConfig {
    /// Bootstrap servers.
    pub brokers: String,
    /// The topic.
    pub topic: String,
    /// The consumer group.
    pub group: String,
    /// How soon a dead member's partitions are given away.
    pub session_timeout_ms: u32,
}

/// What the client library reports besides records.
#[derive(Default)]
pub struct Context {
    assigned: Mutex<Assigned>,
}

#[derive(Default)]
struct Assigned {
    last: u64,
    generations: HashMap<i32, u64>,
}

impl Context {
    fn generation(&self, partition: i32) -> Option<u64> {
        self.assigned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .generations
            .get(&partition)
            .copied()
    }
}

impl ClientContext for Context {
    fn stats(&self, statistics: Statistics) {
        for topic in statistics.topics.values() {
            for partition in topic.partitions.values().filter(|p| p.consumer_lag >= 0) {
                metrics::gauge!("audit_consumer_lag_records", "partition" => partition.partition.to_string())
                    .set(partition.consumer_lag as f64);
            }
        }
    }

    fn error(&self, error: KafkaError, _: &str) {
        tracing::warn!(%error, "the message bus client reports a failure");
    }
}

impl ConsumerContext for Context {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        let mut assigned = self.assigned.lock().unwrap_or_else(PoisonError::into_inner);
        match rebalance {
            Rebalance::Assign(partitions) => {
                for element in partitions.elements() {
                    assigned.last += 1;
                    let generation = assigned.last;
                    assigned.generations.insert(element.partition(), generation);
                }
                tracing::info!(partitions = partitions.count(), "partitions assigned");
            }
            Rebalance::Revoke(partitions) => {
                for element in partitions.elements() {
                    assigned.generations.remove(&element.partition());
                }
                tracing::info!(partitions = partitions.count(), "partitions revoked");
            }
            Rebalance::Error(error) => {
                assigned.generations.clear();
                tracing::warn!(%error, "the assignment failed");
            }
        }
    }
}

/// A subscribed consumer.
#[derive(Clone)]
pub struct Consumer {
    inner: Arc<StreamConsumer<Context>>,
    topic: String,
}

impl Consumer {
    /// Joins the group; connects in the background.
    ///
    /// # Errors
    /// When the client library refuses the settings.
    pub fn subscribe(config: &BusConfig) -> KafkaResult<Self> {
        let inner: StreamConsumer<Context> = ClientConfig::new()
            .set("bootstrap.servers", &config.brokers)
            .set("client.id", "audit-pipeline")
            .set("group.id", &config.group)
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "earliest")
            .set("session.timeout.ms", config.session_timeout_ms.to_string())
            .set(
                "heartbeat.interval.ms",
                (config.session_timeout_ms / 3).to_string(),
            )
            .set("max.poll.interval.ms", "120000")
            .set("queued.max.messages.kbytes", "16384")
            .set("fetch.message.max.bytes", "2097152")
            .set("reconnect.backoff.max.ms", "1000")
            // A topic that is made after the start is noticed soon.
            .set("topic.metadata.refresh.interval.ms", "5000")
            .set("statistics.interval.ms", "5000")
            .create_with_context(Context::default())?;
        inner.subscribe(&[&config.topic])?;
        Ok(Self {
            inner: Arc::new(inner),
            topic: config.topic.clone(),
        })
    }

    /// The client.
    pub fn stream(&self) -> &StreamConsumer<Context> {
        &self.inner
    }

    /// The generation of a partition that is ours; `None` when it is not, or no longer.
    pub fn generation(&self, partition: i32) -> Option<u64> {
        if self.inner.assignment_lost() {
            return None;
        }
        self.inner.context().generation(partition)
    }

    /// Whether the client has given up for good.
    pub fn failed_for_good(&self) -> bool {
        self.inner.client().fatal_error().is_some()
    }

    /// Commits that everything before `offset` is archived.
    ///
    /// # Errors
    /// Also when the partition was given to somebody else meanwhile.
    pub async fn commit(&self, partition: i32, offset: u64) -> Result<(), Failure> {
        let again = |why: String| Failure::Again(format!("the offset is not committed: {why}"));
        let next = i64::try_from(offset).map_err(|_| again("out of range".to_owned()))?;
        let mut offsets = TopicPartitionList::new();
        offsets.add_partition_offset(&self.topic, partition, Offset::Offset(next))?;
        let consumer = Arc::clone(&self.inner);
        let commit =
            tokio::task::spawn_blocking(move || consumer.commit(&offsets, CommitMode::Sync));
        match tokio::time::timeout(COMMIT_TIMEOUT, commit).await {
            Ok(Ok(outcome)) => outcome.map_err(|error| again(error.to_string())),
            Ok(Err(_)) => Err(again("the commit was cut off".to_owned())),
            Err(_) => Err(again("no answer in time".to_owned())),
        }
    }

    /// Leaves the group, so that others take over at once.
    pub async fn close(self) {
        let leaving = tokio::task::spawn_blocking(move || drop(self));
        if tokio::time::timeout(COMMIT_TIMEOUT, leaving).await.is_err() {
            tracing::warn!("leaving the consumer group takes too long and is left to time out");
        }
    }
}
