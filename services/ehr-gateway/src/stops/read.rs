//! Reads the topic of stops, whole: every partition, from its beginning, by a consumer of its own that commits nothing.
//!
//! What cannot be read as a stop is counted and passed over; it never holds up the ones behind it. When the bus is away
//! the gateway goes on with what it knows: the relay brings every stop to the chain all the same.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::Address as ChainAddress;
use alloy::sol_types::Eip712Domain;
use consent_core::Address;
use rdkafka::consumer::{Consumer as _, StreamConsumer};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use service_kit::Shutdown;
use service_kit::bus::{attribute, reader};
use tokio::time::MissedTickBehavior;

use super::Stops;
use super::signed;

/// The topic of stops.
pub const TOPIC: &str = "consent.intents.v1";
/// The type of its events.
pub const KIND: &str = "consentry.consent.stop.v1";

const ASK: Duration = Duration::from_secs(5);
const RETRY: Duration = Duration::from_secs(1);
/// After an error of the client, which tells of them as often as it is asked.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it is looked for new partitions.
const LOOK: Duration = Duration::from_secs(60);

/// Why reading begins again.
#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("the message bus failed: {0}")]
    Bus(#[from] service_kit::bus::BusError),
    #[error("the message bus failed: {0}")]
    Kafka(#[from] KafkaError),
    #[error("the topic is not there")]
    NoTopic,
    #[error("the topic has other partitions than before")]
    OtherPartitions,
    #[error("asking the message bus was cut off")]
    CutOff,
}

/// Reads one topic into [`Stops`].
pub struct Reader {
    brokers: String,
    client_id: String,
    topic: String,
    domain: Eip712Domain,
    stops: Arc<Stops>,
}

impl Reader {
    /// A reader of [`TOPIC`] for the stops of one registry.
    pub fn new(
        brokers: &str,
        client_id: &str,
        chain_id: u64,
        registry: Address,
        stops: Arc<Stops>,
    ) -> Self {
        Self {
            brokers: brokers.to_owned(),
            client_id: client_id.to_owned(),
            topic: TOPIC.to_owned(),
            domain: contract_bindings::intent::domain(chain_id, ChainAddress::from(registry.0)),
            stops,
        }
    }

    /// Reads another topic instead.
    #[must_use]
    pub fn topic(mut self, topic: &str) -> Self {
        topic.clone_into(&mut self.topic);
        self
    }

    /// Reads until the shutdown signal.
    ///
    /// # Errors
    /// None at present; the signature is that of a background task.
    pub async fn run(self, shutdown: Shutdown) -> anyhow::Result<()> {
        loop {
            let ended = tokio::select! {
                ended = self.read() => ended,
                () = shutdown.triggered() => return Ok(()),
            };
            if let Err(error) = ended {
                tracing::warn!(%error, "the stops are read again from the beginning");
            }
            if shutdown.sleep(RETRY).await {
                return Ok(());
            }
        }
    }

    async fn read(&self) -> Result<(), Ended> {
        let consumer = Arc::new(reader(&self.brokers, &self.client_id)?);
        // Everything below these offsets was there when we came.
        let mut behind = self.marks(&consumer).await?;
        let partitions = behind.len();
        let mut list = TopicPartitionList::new();
        for partition in behind.keys() {
            list.add_partition_offset(&self.topic, *partition, Offset::Beginning)?;
        }
        consumer.assign(&list)?;
        behind.retain(|_, (low, high)| low < high);
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        look.tick().await;
        loop {
            if behind.is_empty() {
                self.stops.set_replayed();
            }
            tokio::select! {
                message = consumer.recv() => match message {
                    Ok(message) => {
                        self.take(&message).await;
                        // A long topic is read without a pause: others must get their turn.
                        tokio::task::coop::consume_budget().await;
                        let next = message.offset() + 1;
                        if behind.get(&message.partition()).is_some_and(|(_, high)| next >= *high) {
                            behind.remove(&message.partition());
                        }
                    }
                    // The last offsets may hold nothing that is handed out.
                    Err(KafkaError::PartitionEOF(partition)) => _ = behind.remove(&partition),
                    Err(error) => {
                        if consumer.client().fatal_error().is_some() {
                            return Err(error.into());
                        }
                        tracing::debug!(%error, "no stops from the message bus at the moment");
                        tokio::time::sleep(PAUSE).await;
                    }
                },
                _ = look.tick() => {
                    // A bus that is away has no other partitions.
                    if let Ok(now) = self.partitions(&consumer).await && now != partitions {
                        return Err(Ended::OtherPartitions);
                    }
                }
            }
        }
    }

    async fn take(&self, message: &BorrowedMessage<'_>) {
        let kind = message
            .headers()
            .and_then(|headers| attribute(headers, "ce_type"));
        let read = if kind == Some(KIND) {
            signed::read(message.payload().unwrap_or_default(), &self.domain)
        } else {
            Err(signed::NoStop::OtherAction)
        };
        match read {
            Ok(candidate) => self.stops.hold(candidate).await,
            Err(reason) => {
                metrics::counter!("gateway_stops_total", "outcome" => reason.name()).increment(1);
                tracing::warn!(
                    reason = reason.name(),
                    partition = message.partition(),
                    offset = message.offset(),
                    "an event is no stop that counts here"
                );
            }
        }
    }

    async fn partitions(&self, consumer: &Arc<StreamConsumer>) -> Result<usize, Ended> {
        Ok(self.ask(consumer, partitions).await?.len())
    }

    /// First and next offset of every partition.
    async fn marks(
        &self,
        consumer: &Arc<StreamConsumer>,
    ) -> Result<BTreeMap<i32, (i64, i64)>, Ended> {
        let marks = self
            .ask(consumer, |consumer, topic| {
                partitions(consumer, topic)?
                    .into_iter()
                    .map(|partition| {
                        Ok((partition, consumer.fetch_watermarks(topic, partition, ASK)?))
                    })
                    .collect::<KafkaResult<BTreeMap<_, _>>>()
            })
            .await?;
        if marks.is_empty() {
            Err(Ended::NoTopic)
        } else {
            Ok(marks)
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        consumer: &Arc<StreamConsumer>,
        question: impl FnOnce(&StreamConsumer, &str) -> KafkaResult<T> + Send + 'static,
    ) -> Result<T, Ended> {
        let (consumer, topic) = (Arc::clone(consumer), self.topic.clone());
        tokio::task::spawn_blocking(move || question(&consumer, &topic))
            .await
            .map_err(|_| Ended::CutOff)?
            .map_err(Ended::from)
    }
}

fn partitions(consumer: &StreamConsumer, topic: &str) -> KafkaResult<Vec<i32>> {
    let metadata = consumer.fetch_metadata(Some(topic), ASK)?;
    Ok(metadata
        .topics()
        .iter()
        .filter(|found| found.name() == topic && found.error().is_none())
        .flat_map(|found| found.partitions())
        .map(|partition| partition.id())
        .collect())
}
