//! One membership in the consumer group: from joining to the first failure or the end.

use std::collections::HashMap;
use std::sync::PoisonError;
use std::time::Duration;

use rdkafka::message::{Message as _, OwnedMessage};
use service_kit::Shutdown;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::consumer::Consumer;
use super::poison::{self, DeadLetters};
use super::{CLOCKS_DISAGREE, Failure, Ingest};
use crate::archive::store::Object;
use crate::archive::{Adoption, PutOutcome, Sealed, Segment, SegmentKey, Step, StoredObject};
use crate::query::load;

/// Bytes in all open batches together; beyond this the batch at hand is written at once.
const MAX_BUFFERED: usize = 32 << 20;
/// How long to wait for records when none are held.
const IDLE: Duration = Duration::from_secs(60);

/// The work on one partition under one assignment.
struct Lane {
    generation: u64,
    /// The bucket was searched for a predecessor's objects since the assignment.
    searched: bool,
    work: Work,
}

enum Work {
    /// The next record decides.
    Idle,
    /// A predecessor's object is compared with what is delivered again.
    Adopting(Adoption),
    /// A batch is being filled since the given instant.
    Filling(Segment, Instant),
}

/// A record as delivered.
struct Arrival<'a> {
    key: SegmentKey,
    message: &'a OwnedMessage,
}

/// The running consumer and what it holds.
pub struct Session<'a> {
    ingest: &'a Ingest,
    consumer: Consumer,
    dead_letters: DeadLetters,
    lanes: HashMap<i32, Lane>,
}

impl<'a> Session<'a> {
    /// Joins the group.
    ///
    /// # Errors
    /// When the client library refuses its settings.
    pub fn start(ingest: &'a Ingest) -> Result<Self, Failure> {
        Ok(Self {
            consumer: Consumer::subscribe(&ingest.bus)?,
            dead_letters: DeadLetters::new(&ingest.bus.brokers, &ingest.bus.topic)?,
            ingest,
            lanes: HashMap::new(),
        })
    }

    /// Archives until the shutdown signal; then what is held is written, and that is all.
    ///
    /// # Errors
    /// Whatever stands in the way of archiving the next record.
    pub async fn run(&mut self, shutdown: &Shutdown) -> Result<(), Failure> {
        let consumer = self.consumer.clone();
        loop {
            let due = self.next_due();
            tokio::select! {
                biased;
                () = shutdown.triggered() => {
                    let held: Vec<i32> = self.lanes.keys().copied().collect();
                    for partition in held {
                        self.flush(partition).await?;
                    }
                    return Ok(());
                }
                received = consumer.stream().recv() => match received {
                    Ok(message) => self.accept(&message.detach()).await?,
                    Err(error) if consumer.failed_for_good() => return Err(error.into()),
                    // The client goes on by itself; readiness shows whether the broker is there.
                    Err(error) => tracing::warn!(%error, "no records can be fetched right now"),
                },
                () = tokio::time::sleep_until(due) => {}
            }
            self.flush_due().await?;
            metrics::gauge!("audit_held_records").set(self.held(Segment::count) as f64);
        }
    }

    /// Leaves the group.
    pub async fn close(self) {
        self.consumer.close().await;
    }

    fn next_due(&self) -> Instant {
        self.lanes
            .values()
            .filter_map(|lane| match &lane.work {
                Work::Filling(_, since) => Some(*since + self.ingest.rules.flush_after),
                _ => None,
            })
            .min()
            .unwrap_or_else(|| Instant::now() + IDLE)
    }

    async fn flush_due(&mut self) -> Result<(), Failure> {
        let now = Instant::now();
        let flush_after = self.ingest.rules.flush_after;
        let due: Vec<i32> = self
            .lanes
            .iter()
            .filter(|(_, lane)| {
                matches!(&lane.work, Work::Filling(_, since) if *since + flush_after <= now)
            })
            .map(|(partition, _)| *partition)
            .collect();
        for partition in due {
            self.flush(partition).await?;
        }
        Ok(())
    }

    async fn accept(&mut self, message: &OwnedMessage) -> Result<(), Failure> {
        let partition = message.partition();
        let Some(generation) = self.consumer.generation(partition) else {
            self.lanes.remove(&partition);
            return Ok(());
        };
        // Taken out, so that a failure leaves nothing half done behind.
        let mut lane = self
            .lanes
            .remove(&partition)
            .filter(|lane| lane.generation == generation)
            .unwrap_or(Lane {
                generation,
                searched: false,
                work: Work::Idle,
            });
        let arrival = Arrival {
            key: place(message)?,
            message,
        };
        if matches!(lane.work, Work::Idle) {
            lane.work = self.look_for_predecessor(&arrival, lane.searched).await?;
            lane.searched = true;
        }
        lane.work = match lane.work {
            Work::Adopting(adoption) => self.compare(adoption, &arrival).await?,
            work => self.take(lane.generation, work, &arrival).await?,
        };
        self.lanes.insert(partition, lane);
        Ok(())
    }

    /// Was this record archived already by somebody who did not live to commit it? The index knows
    /// all objects but those stored since it was last brought up to date, so the first time after
    /// an assignment it is, for the days from before the record's own.
    async fn look_for_predecessor(
        &self,
        arrival: &Arrival<'_>,
        searched: bool,
    ) -> Result<Work, Failure> {
        let at = arrival.key;
        let (store, index) = (&self.ingest.store, &self.ingest.index);
        if !searched {
            let since = at.date.previous_day().unwrap_or(at.date);
            load::sync(store, index, Some(since)).await?;
        }
        let mut found = index
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .covering(at.partition, at.start);
        if found.is_none() && !searched {
            // Also one that is damaged, and therefore not in the index, must not be passed over.
            found = store
                .find(&at.to_string())
                .await?
                .map(|object| (at, object));
        }
        let Some((key, object)) = found else {
            return Ok(Work::Idle);
        };
        let until = object.stored_at + self.ingest.rules.retention - CLOCKS_DISAGREE;
        store.demand_lock(&object, until).await?;
        let body = store.get(&object).await?.body;
        tracing::info!(
            object = object.key,
            "comparing an object found at the committed offset"
        );
        Ok(Adoption::new(key, &body, at.start).map_or(Work::Idle, Work::Adopting))
    }

    async fn compare(
        &self,
        mut adoption: Adoption,
        arrival: &Arrival<'_>,
    ) -> Result<Work, Failure> {
        let value = arrival.message.payload().unwrap_or_default();
        match adoption.compare(arrival.key.start, value)? {
            Step::More => Ok(Work::Adopting(adoption)),
            Step::Done(end) => {
                self.consumer
                    .commit(arrival.message.partition(), end)
                    .await?;
                metrics::counter!("audit_objects_adopted_total").increment(1);
                tracing::info!(object = %adoption.key(), end, "an object was adopted");
                Ok(Work::Idle)
            }
        }
    }

    async fn take(
        &self,
        generation: u64,
        work: Work,
        arrival: &Arrival<'_>,
    ) -> Result<Work, Failure> {
        let partition = arrival.message.partition();
        let limits = self.ingest.rules.limits;
        let line = match poison::check(arrival.message.payload()) {
            Ok(line) => line,
            Err(reason) => {
                // Offsets are committed in order: what came before goes first.
                if let Work::Filling(segment, _) = work {
                    self.write(partition, generation, segment).await?;
                }
                self.quarantine(arrival, &reason).await?;
                return Ok(Work::Idle);
            }
        };
        let (segment, since) = match work {
            Work::Filling(mut segment, since) if segment.takes(arrival.key.start, line, limits) => {
                segment.push(line);
                (segment, since)
            }
            work => {
                if let Work::Filling(segment, _) = work {
                    self.write(partition, generation, segment).await?;
                }
                (Segment::open(arrival.key, line), Instant::now())
            }
        };
        if segment.is_full(limits) || self.held(Segment::bytes) + segment.bytes() > MAX_BUFFERED {
            self.write(partition, generation, segment).await?;
            return Ok(Work::Idle);
        }
        Ok(Work::Filling(segment, since))
    }

    /// The sum of something over all open batches.
    fn held(&self, what: fn(&Segment) -> usize) -> usize {
        let held = |lane: &Lane| match &lane.work {
            Work::Filling(segment, _) => what(segment),
            _ => 0,
        };
        self.lanes.values().map(held).sum()
    }

    async fn flush(&mut self, partition: i32) -> Result<(), Failure> {
        let Some(lane) = self.lanes.get_mut(&partition) else {
            return Ok(());
        };
        let generation = lane.generation;
        if let Work::Filling(segment, _) = std::mem::replace(&mut lane.work, Work::Idle) {
            self.write(partition, generation, segment).await?;
        }
        Ok(())
    }

    /// Stores a batch, then commits it.
    async fn write(
        &self,
        partition: i32,
        generation: u64,
        segment: Segment,
    ) -> Result<(), Failure> {
        if self.consumer.generation(partition) != Some(generation) {
            // Whoever has the partition now is given the same records.
            tracing::info!(partition, "a batch of a revoked partition is dropped");
            return Ok(());
        }
        let sealed = segment.seal();
        let key = sealed.key.to_string();
        let now = (self.ingest.clock)();
        let outcome = self
            .ingest
            .store
            .put_once(
                &key,
                sealed.body.clone(),
                &sealed.metadata(),
                now + self.ingest.rules.retention,
            )
            .await?;
        match outcome {
            PutOutcome::Written(object) => self.archived(&sealed, &object, now),
            PutOutcome::Found(object) => {
                return Err(Failure::Again(format!(
                    "{} was stored by somebody else meanwhile",
                    object.key
                )));
            }
        }
        self.consumer.commit(partition, sealed.end).await
    }

    fn archived(&self, sealed: &Sealed, object: &StoredObject, now: OffsetDateTime) {
        let contents = Object {
            body: sealed.body.clone(),
            sha256: Some(hex::encode(sealed.sha256)),
        };
        self.ingest
            .index
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .add(object, &contents);
        metrics::counter!("audit_records_archived_total").increment(sealed.count as u64);
        metrics::counter!("audit_objects_written_total").increment(1);
        metrics::gauge!("audit_last_archive_timestamp_seconds").set(now.unix_timestamp() as f64);
        tracing::info!(object = object.key, records = sealed.count, "archived");
    }

    async fn quarantine(&self, arrival: &Arrival<'_>, reason: &str) -> Result<(), Failure> {
        let message = arrival.message;
        let object =
            poison::quarantine(self.ingest, &arrival.key, message.payload(), reason).await?;
        self.dead_letters.send(message, reason, &object).await?;
        metrics::counter!("audit_records_quarantined_total").increment(1);
        tracing::warn!(object, reason, "a record that is none was quarantined");
        self.consumer
            .commit(message.partition(), arrival.key.start + 1)
            .await
    }
}

/// The key an object starting with this record would have.
fn place(message: &OwnedMessage) -> Result<SegmentKey, Failure> {
    let out_of_range = |_| Failure::Halt("a partition or offset is out of range".to_owned());
    // Without a usable timestamp: the epoch, which is just as unchanging.
    let timestamp = message
        .timestamp()
        .to_millis()
        .and_then(|millis| {
            OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).ok()
        })
        .filter(|timestamp| timestamp.year() >= 1970)
        .unwrap_or(OffsetDateTime::UNIX_EPOCH);
    Ok(SegmentKey::of(
        u16::try_from(message.partition()).map_err(out_of_range)?,
        u64::try_from(message.offset()).map_err(out_of_range)?,
        timestamp,
    ))
}
