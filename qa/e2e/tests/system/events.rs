//! After everything else: whatever was published is as the committed schema of its topic says, and names nobody.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use local_stack::Layout;
use local_stack::folders::find_checkout;
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{Offset, TopicPartitionList};
use test_support::EventSchema;

use crate::privacy::{find, personal_data};
use crate::world::World;

const ASK: Duration = Duration::from_secs(10);

pub async fn every_event_published_is_as_its_schema_says_and_names_nobody(
    world: &World,
) -> Result<()> {
    let seeds = personal_data(world).await?;
    let brokers = world.api.endpoints().kafka.clone();
    let topics: Vec<String> = Layout::load(&find_checkout())?.topics.into_keys().collect();
    let read = tokio::task::spawn_blocking(move || -> Result<BTreeMap<String, usize>> {
        let mut read = BTreeMap::new();
        for topic in topics {
            let schema = EventSchema::of(&topic);
            let count = each(&brokers, &topic, |event| {
                let body = event.payload().unwrap_or_default();
                schema.check(body).map_err(anyhow::Error::msg)?;
                for part in [body, event.key().unwrap_or_default()] {
                    let text = String::from_utf8_lossy(part);
                    ensure!(find(&text, &seeds).is_none(), "personal data in an event");
                }
                Ok(())
            });
            read.insert(topic.clone(), count.context(topic)?);
        }
        Ok(read)
    });
    for (topic, count) in read.await?? {
        ensure!(count > 0, "nothing was published to {topic}");
    }
    Ok(())
}

/// Looks at every record that a topic holds now; says how many there are.
fn each(
    brokers: &str,
    topic: &str,
    look: impl Fn(&BorrowedMessage<'_>) -> Result<()>,
) -> Result<usize> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("group.id", "system-test")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .create()?;
    let metadata = consumer.fetch_metadata(Some(topic), ASK)?;
    let found = metadata.topics().first().context("no such topic")?;
    let mut list = TopicPartitionList::new();
    for partition in found.partitions() {
        list.add_partition_offset(topic, partition.id(), Offset::Beginning)?;
    }
    consumer.assign(&list)?;
    let (mut unread, mut count) = (list.count(), 0);
    while unread > 0 {
        match consumer.poll(ASK).context("the broker does not answer")? {
            Ok(message) => {
                look(&message).with_context(|| format!("offset {}", message.offset()))?;
                count += 1;
            }
            Err(KafkaError::PartitionEOF(_)) => unread -= 1,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(count)
}
