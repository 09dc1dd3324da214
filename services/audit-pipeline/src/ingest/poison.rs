//! Records that are none. A poison record may still have been a decision, so its bytes are locked
//! away like any other evidence; then the dead-letter topic is told, then the offset is committed.

use std::time::Duration;

use audit_core::Record;
use bytes::Bytes;
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, KafkaResult, RDKafkaErrorCode};
use rdkafka::message::{Header, Message as _, OwnedHeaders, OwnedMessage};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer as _};

use super::{CLOCKS_DISAGREE, Failure, Ingest};
use crate::archive::store::sha256;
use crate::archive::{PutOutcome, SegmentKey};

const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a value is no record; never quotes it.
///
/// # Errors
/// The reason, when there is one.
pub fn check(value: Option<&[u8]>) -> Result<&[u8], String> {
    let value = value.ok_or("it has no value")?;
    if value.contains(&b'\n') {
        // It would be two lines of an object.
        return Err("it contains a newline".to_owned());
    }
    match Record::from_line(value) {
        Ok(_) => Ok(value),
        Err(error) => Err(error.to_string()),
    }
}

/// The key of a quarantined value.
pub fn key(at: &SegmentKey) -> String {
    format!(
        "quarantine/dt={}/p={:03}/{:020}.bin",
        at.date, at.partition, at.start
    )
}

/// Locks a poison record's value away.
///
/// # Errors
/// When it cannot be stored, or something else is stored in its place.
pub async fn quarantine(
    ingest: &Ingest,
    at: &SegmentKey,
    value: Option<&[u8]>,
    reason: &str,
) -> Result<String, Failure> {
    let key = key(at);
    let value = Bytes::copy_from_slice(value.unwrap_or_default());
    let metadata = [
        ("reason", reason.to_owned()),
        ("sha256", hex::encode(sha256(&value))),
    ];
    let until = (ingest.clock)() + ingest.rules.retention;
    match ingest
        .store
        .put_once(&key, value.clone(), &metadata, until)
        .await?
    {
        PutOutcome::Written(_) => {}
        PutOutcome::Found(object) => {
            if ingest.store.get(&object).await?.body != value {
                return Err(Failure::Halt(format!(
                    "{key} holds another value than the topic has at its offset; was the topic \
                     made anew, or the bucket used by another one?"
                )));
            }
            let since = object.stored_at + ingest.rules.retention - CLOCKS_DISAGREE;
            ingest.store.demand_lock(&object, since).await?;
        }
    }
    Ok(key)
}

/// The producer of the dead-letter topic. At-least-once: after a crash a record may come twice,
/// with the same `source-*` headers.
#[derive(Clone)]
pub struct DeadLetters {
    producer: FutureProducer,
    topic: String,
}

impl DeadLetters {
    /// Makes the client for `<topic>.dlq`; it connects when first used.
    ///
    /// # Errors
    /// When the client library refuses the settings.
    pub fn new(brokers: &str, topic: &str) -> KafkaResult<Self> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("client.id", "audit-pipeline-dlq")
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("message.max.bytes", "16000000")
            .set(
                "message.timeout.ms",
                DELIVERY_TIMEOUT.as_millis().to_string(),
            )
            .set("reconnect.backoff.max.ms", "1000")
            .create()?;
        Ok(Self {
            producer,
            topic: format!("{topic}.dlq"),
        })
    }

    /// Passes a poison record on as it came, with the reason and its place in headers. One that is
    /// too large with these is passed on without its value, which `object` holds.
    ///
    /// # Errors
    /// When the broker does not take it in time.
    pub async fn send(
        &self,
        message: &OwnedMessage,
        reason: &str,
        object: &str,
    ) -> KafkaResult<()> {
        let headers = message.headers().cloned().unwrap_or_default();
        match self
            .try_send(message, message.payload(), headers, reason, object)
            .await
        {
            Err(error) if too_large(&error) => {
                self.try_send(message, None, OwnedHeaders::new(), reason, object)
                    .await
            }
            outcome => outcome,
        }
    }

    async fn try_send(
        &self,
        message: &OwnedMessage,
        value: Option<&[u8]>,
        mut headers: OwnedHeaders,
        reason: &str,
        object: &str,
    ) -> KafkaResult<()> {
        let partition = message.partition().to_string();
        let offset = message.offset().to_string();
        for (key, value) in [
            ("reason", reason),
            ("source-topic", message.topic()),
            ("source-partition", &partition),
            ("source-offset", &offset),
            ("object", object),
        ] {
            let value = Some(value);
            headers = headers.insert(Header { key, value });
        }
        let mut record = FutureRecord::to(&self.topic).headers(headers);
        record.key = message.key();
        record.payload = value;
        self.producer
            .send::<[u8], [u8], _>(record, DELIVERY_TIMEOUT)
            .await
            .map(|_| ())
            .map_err(|(error, _)| error)
    }

    /// Whether a broker answers right now; for readiness.
    ///
    /// # Errors
    /// In a word.
    pub async fn check(&self) -> Result<(), String> {
        let producer = self.producer.clone();
        let answer = tokio::task::spawn_blocking(move || {
            producer
                .client()
                .fetch_metadata(None, Duration::from_millis(1500))
                .is_ok()
        })
        .await;
        if answer.unwrap_or(false) {
            Ok(())
        } else {
            Err("unreachable".to_owned())
        }
    }
}

fn too_large(error: &KafkaError) -> bool {
    error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageSizeTooLarge)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_one_line_of_the_schema_is_poison_and_is_not_quoted() {
        for value in [
            None,
            Some(&b""[..]),
            Some(b"\xff\xfe"),
            Some(b"{\"v\":1,\"name\":\"Jane Doe\"}"),
            Some(b"Jane Doe"),
            Some(b"{\n}"),
        ] {
            let reason = check(value).unwrap_err();
            assert!(!reason.contains("Jane"), "{reason}");
        }
    }
}
