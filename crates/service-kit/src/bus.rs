//! Kafka with CloudEvents 1.0 in binary mode: attributes in `ce_*` headers, the body untouched.

use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::consumer::StreamConsumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{Header, Headers, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};
use thiserror::Error;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

/// How long a record may wait for its delivery report before the publish counts as failed.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a record could not be published or a client not be made.
#[derive(Debug, Error)]
pub enum BusError {
    /// The broker or the client library refused.
    #[error("the message bus failed: {0}")]
    Kafka(#[from] KafkaError),
}

/// One event. `key` gives the order: records with the same key stay in sequence.
#[derive(Debug, Clone)]
pub struct Event {
    /// The topic, for example `access.decisions.v1`.
    pub topic: String,
    /// The partitioning key.
    pub key: String,
    /// `ce_id`: the same for every retry of the same event.
    pub id: Uuid,
    /// `ce_type`, for example `consentry.access.decision.v1`.
    pub kind: String,
    /// `ce_source`: the service and instance that speaks.
    pub source: String,
    /// `ce_time`: when it happened.
    pub time: OffsetDateTime,
    /// `ce_tenant`, where the event belongs to one.
    pub tenant: Option<String>,
    /// `ce_corrid`: the request that caused it.
    pub corr_id: String,
    /// The body, already JSON.
    pub body: Vec<u8>,
}

/// An idempotent producer that waits for all replicas. Clones share the connection.
#[derive(Clone)]
pub struct Producer {
    inner: FutureProducer,
}

impl Producer {
    /// Makes the client; it connects in the background.
    pub fn new(brokers: &str, client_id: &str) -> Result<Self, BusError> {
        let inner = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("client.id", client_id)
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", "5")
            .set("queue.buffering.max.messages", "100000")
            .set(
                "message.timeout.ms",
                DELIVERY_TIMEOUT.as_millis().to_string(),
            )
            .set("socket.keepalive.enable", "true")
            .set("reconnect.backoff.max.ms", "1000")
            .create()?;
        Ok(Self { inner })
    }

    /// Queues the event at once, in call order, and returns a future of its delivery report
    /// (partition and offset). A full local queue is waited for, at most the delivery timeout.
    pub async fn publish(&self, event: &Event) -> Result<(i32, i64), BusError> {
        let record = FutureRecord::to(&event.topic)
            .key(&event.key)
            .payload(&event.body)
            .headers(headers(event));
        match self.inner.send(record, DELIVERY_TIMEOUT).await {
            Ok(delivery) => Ok((delivery.partition, delivery.offset)),
            Err((error, _)) => Err(error.into()),
        }
    }

    /// Whether a broker answers right now; for readiness.
    pub async fn check(&self) -> Result<(), String> {
        let client = self.inner.clone();
        let answer = tokio::task::spawn_blocking(move || {
            client
                .client()
                .fetch_metadata(None, Duration::from_millis(1500))
                .map(|_| ())
        })
        .await;
        match answer {
            Ok(Ok(())) => Ok(()),
            _ => Err("unreachable".to_owned()),
        }
    }
}

/// A consumer of `group` that starts at the earliest record and leaves committing to its user,
/// who knows when a record is safe.
pub fn consumer(brokers: &str, client_id: &str, group: &str) -> Result<StreamConsumer, BusError> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("client.id", client_id)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "earliest")
        .set("session.timeout.ms", "10000")
        .set("max.poll.interval.ms", "120000")
        .set("queued.max.messages.kbytes", "32768")
        .set("reconnect.backoff.max.ms", "1000")
        .create()?)
}

/// A consumer that is given its partitions by its user and commits nothing: for who reads a topic whole, again and again.
/// It tells of the end of each partition.
pub fn reader(brokers: &str, client_id: &str) -> Result<StreamConsumer, BusError> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("client.id", client_id)
        // The library wants a name; without subscription and commits the group never exists.
        .set("group.id", client_id)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        // Where the broker makes topics by itself, the reader may be the first to name this one.
        .set("allow.auto.create.topics", "true")
        .set("auto.offset.reset", "earliest")
        .set("queued.max.messages.kbytes", "16384")
        .set("reconnect.backoff.max.ms", "1000")
        .create()?)
}

/// One `ce_*` header of a received record, when present and valid UTF-8.
pub fn attribute<'a, H: Headers>(headers: &'a H, name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|header| header.key == name)
        .and_then(|header| header.value)
        .and_then(|value| std::str::from_utf8(value).ok())
}

fn headers(event: &Event) -> OwnedHeaders {
    let id = event.id.to_string();
    let time = event.time.format(&Rfc3339).unwrap_or_default();
    let mut headers = OwnedHeaders::new();
    let pairs = [
        ("ce_specversion", "1.0"),
        ("ce_id", id.as_str()),
        ("ce_type", &event.kind),
        ("ce_source", &event.source),
        ("ce_time", &time),
        ("ce_corrid", &event.corr_id),
        ("content-type", "application/json"),
    ];
    for (key, value) in pairs {
        headers = headers.insert(Header {
            key,
            value: Some(value),
        });
    }
    if let Some(tenant) = &event.tenant {
        headers = headers.insert(Header {
            key: "ce_tenant",
            value: Some(tenant.as_str()),
        });
    }
    headers
}
