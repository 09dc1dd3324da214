//! Topics that a broker has to have before anybody uses it.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::types::RDKafkaErrorCode;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Topics of one broker.
#[derive(Debug, Clone)]
pub struct Topics {
    /// The broker, `host:port`.
    pub brokers: String,
    /// Topic → partitions.
    pub names: BTreeMap<String, i32>,
}

impl Topics {
    /// Creates those that are missing: all on a new broker, and again on one that forgets when it stops.
    ///
    /// # Errors
    /// When the broker does not answer, or refuses.
    pub async fn ensure(&self) -> Result<()> {
        let topics = self.clone();
        let missing = tokio::task::spawn_blocking(move || topics.missing())
            .await
            .context("probe")??;
        if missing.is_empty() {
            Ok(())
        } else {
            self.create(&missing).await
        }
    }

    fn missing(&self) -> Result<BTreeMap<String, i32>> {
        // Until the port is open there is no need for a client with its threads and its complaints.
        let address = self.brokers.parse().context("broker address")?;
        std::net::TcpStream::connect_timeout(&address, TIMEOUT)?;
        let consumer: BaseConsumer = self.config().create()?;
        let metadata = consumer.fetch_metadata(None, TIMEOUT)?;
        if metadata.brokers().is_empty() {
            bail!("the cluster has no broker yet");
        }
        let mut missing = self.names.clone();
        missing.retain(|name, _| {
            metadata
                .topics()
                .iter()
                .all(|topic| topic.name() != name.as_str())
        });
        Ok(missing)
    }

    async fn create(&self, missing: &BTreeMap<String, i32>) -> Result<()> {
        let admin: AdminClient<DefaultClientContext> = self.config().create()?;
        let topics: Vec<NewTopic<'_>> = missing
            .iter()
            .map(|(name, partitions)| {
                // No record goes by its age: a stop counts until the chain has it, a decision until it is archived.
                NewTopic::new(name, *partitions, TopicReplication::Fixed(1))
                    .set("retention.ms", "-1")
            })
            .collect();
        let options = AdminOptions::new()
            .operation_timeout(Some(TIMEOUT))
            .request_timeout(Some(TIMEOUT));
        let created = tokio::time::timeout(TIMEOUT * 2, admin.create_topics(&topics, &options));
        for result in created.await.context("creating topics took too long")?? {
            match result {
                Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((topic, code)) => bail!("the broker refused topic {topic}: {code}"),
            }
        }
        Ok(())
    }

    fn config(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", &self.brokers)
            .set("log_level", "0");
        config
    }
}
