//! Each change of a consent gets a revision, an entry of `changes` and an event for the topic, in the transaction
//! that makes it.

use service_kit::bus::Event;
use service_kit::event_schema::EventSchema;
use service_kit::{CorrId, outbox};
use sqlx::{Postgres, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::cursor::Cursor;
use super::stored::bigint;
use super::{Position, Projected, ProjectionError, one_row};
use crate::row::{Cause, Change, ChangeKind, ConsentRow, View};

/// The topic that gateways and portals listen to, keyed by subject.
pub const TOPIC: &str = "consent.events.v1";
const KIND: &str = "consentry.consent.changed.v1";

/// What is published to [`TOPIC`].
pub fn schemas() -> Vec<EventSchema> {
    let schema = EventSchema::of::<Change>(TOPIC, "the subject's address", &format!("`{KIND}`"));
    vec![schema]
}

/// One step being written: the transaction, the locked cursor, and how rows look at this moment.
pub struct Writer {
    /// Ends with a commit or has no effect.
    pub tx: Transaction<'static, Postgres>,
    /// As it will be stored at the end.
    pub cursor: Cursor,
    /// For the derived columns of the rows that are sent out.
    pub view: View,
}

/// A change of a consent to be sent out.
pub struct Emission<'a> {
    /// The consent; for [`ChangeKind::Absent`] what is gone.
    pub projected: &'a Projected,
    /// Its revision.
    pub rev: u64,
    /// The event that its state now rests on.
    pub kind: ChangeKind,
    /// Why it changed.
    pub cause: Cause,
    /// The event that changed it; after a rollback the last one that is left, or that is gone.
    pub origin: Position,
    /// When.
    pub happened_at: OffsetDateTime,
}

impl Writer {
    /// A block's time.
    pub fn block_time(&self, seconds: u64) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(bigint(seconds)).unwrap_or(self.view.now)
    }

    /// The next revision.
    pub fn next_rev(&mut self) -> u64 {
        self.cursor.rev += 1;
        self.cursor.rev
    }

    /// Writes what changed, to `changes` and to the outbox.
    pub async fn emit(&mut self, emission: Emission<'_>) -> Result<(), ProjectionError> {
        let Emission {
            projected,
            rev,
            kind,
            cause,
            origin,
            happened_at,
        } = emission;
        let mut row = ConsentRow::new(projected, rev, &self.view);
        if kind == ChangeKind::Absent {
            row = row.absent();
        }
        let change = Change {
            kind,
            cause,
            consent: row,
            rev,
            reorg_epoch: self.cursor.reorg_epoch,
        };
        let body =
            serde_json::to_vec(&change).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let event_id = self.event_id(&origin, rev, kind);
        let stored = sqlx::query!(
            "INSERT INTO changes (rev, event_id, body) VALUES ($1, $2, $3)",
            bigint(rev),
            event_id,
            body
        )
        .execute(&mut *self.tx)
        .await?;
        one_row("changes", stored)?;

        let identity = &self.cursor.identity;
        let event = Event {
            topic: TOPIC.to_owned(),
            key: projected.consent.subject.to_string(),
            id: event_id,
            kind: KIND.to_owned(),
            source: format!(
                "consent-indexer/{}/{}",
                identity.chain_id, identity.registry.address
            ),
            time: happened_at,
            tenant: None,
            corr_id: correlation(&origin).to_string(),
            body,
        };
        outbox::insert(&mut self.tx, &event).await?;
        Ok(())
    }

    /// The same for the same change, whoever writes it.
    fn event_id(&self, origin: &Position, rev: u64, kind: ChangeKind) -> Uuid {
        let name = format!(
            "{}|{}|{}|{}|{}|{rev}",
            self.cursor.identity.chain_id,
            self.cursor.identity.registry.address,
            origin.block_hash,
            origin.log_index,
            kind.as_str(),
        );
        Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes())
    }
}

/// No request caused this; the first half of the transaction's hash ties together what did.
fn correlation(origin: &Position) -> CorrId {
    let hash = hex_half(&origin.tx_hash.0);
    CorrId::parse(&hash).unwrap_or_else(CorrId::generate)
}

fn hex_half(hash: &[u8; 32]) -> String {
    hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
