//! The rows of subjects and their delegates, and the events about them.

use std::collections::{BTreeMap, BTreeSet};

use consent_core::subject::{Counters, Proposal, Recovery, SubjectEventKind};
use consent_core::{Address, Delegate, Subject, SubjectEvent};
use sqlx::PgConnection;

use super::emit::Writer;
use super::fold::{self, Placed};
use super::stored::{Table, bigint, integer};
use super::{Position, ProjectedSubject, ProjectionError, consents, one_row};
use crate::chain::BlockRef;

const EVENTS: Table = Table("subject_events");
const SUBJECTS: Table = Table("subjects");
const DELEGATES: Table = Table("delegates");

/// Folds an event about a subject. If it took everything back, emits each consent that it ended.
pub async fn apply(
    writer: &mut Writer,
    placed: &Placed<SubjectEvent>,
) -> Result<(), ProjectionError> {
    let event = &placed.event;
    insert_event(&mut writer.tx, placed).await?;
    let mut before = read(&mut writer.tx, event.subject).await?;
    let touched = event.kind.delegate();
    if let (Some(before), Some(delegate)) = (&mut before, touched) {
        before.subject.delegates = delegates(&mut writer.tx, event.subject, &[delegate]).await?;
    }
    let epoch_before = before
        .as_ref()
        .map_or(0, |before| before.subject.counters.epoch);
    let after = fold::subject(before, placed)?;
    upsert(&mut writer.tx, &after).await?;
    if let Some(delegate) = touched {
        let stored = after.subject.delegates.get(&delegate);
        let stored = stored.ok_or(ProjectionError::Affected("delegates"))?;
        upsert_delegate(
            &mut writer.tx,
            event.subject,
            delegate,
            stored,
            placed.position,
        )
        .await?;
    }
    if event.kind == SubjectEventKind::AllConsentsRevoked {
        let (subject, time) = (event.subject, placed.block_time);
        consents::revoke_all(writer, subject, epoch_before, placed.position, time).await?;
    }
    Ok(())
}

/// A subject whose epoch is another after a rollback.
pub struct EpochChange {
    /// Whose.
    pub subject: Address,
    /// Before the rollback.
    pub from: u32,
    /// After it.
    pub to: u32,
}

/// Takes events above `ancestor` off the canonical chain and recomputes their subjects from those that remain.
pub async fn revert(
    connection: &mut PgConnection,
    ancestor: BlockRef,
) -> Result<Vec<EpochChange>, ProjectionError> {
    let orphaned = sqlx::query!(
        "UPDATE subject_events SET canonical = false WHERE canonical AND block_no > $1 RETURNING subject, delegate",
        bigint(ancestor.no)
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut affected: BTreeMap<Address, BTreeSet<Address>> = BTreeMap::new();
    for row in orphaned {
        let delegates = affected.entry(EVENTS.address(row.subject)?).or_default();
        delegates.extend(
            row.delegate
                .map(|bytes| EVENTS.address(bytes))
                .transpose()?,
        );
    }
    let mut changes = Vec::new();
    for (subject, delegates) in affected {
        let from = epoch(connection, subject).await?;
        let to = recompute(connection, subject, &delegates).await?;
        changes.extend((from != to).then_some(EpochChange { subject, from, to }));
    }
    Ok(changes)
}

/// Replays what is left of a subject, and writes it with the delegates that a rollback touched. Returns its epoch.
async fn recompute(
    connection: &mut PgConnection,
    subject: Address,
    touched: &BTreeSet<Address>,
) -> Result<u32, ProjectionError> {
    let events = canonical_events(connection, subject).await?;
    let left = events
        .iter()
        .try_fold(None, |state, placed| fold::subject(state, placed).map(Some))?;
    for delegate in touched {
        let last = events
            .iter()
            .rev()
            .find(|placed| placed.event.kind.delegate() == Some(*delegate));
        let stored = left
            .as_ref()
            .and_then(|left: &ProjectedSubject| left.subject.delegates.get(delegate));
        match (stored, last) {
            (Some(stored), Some(last)) => {
                upsert_delegate(connection, subject, *delegate, stored, last.position).await?;
            }
            _ => {
                let deleted = sqlx::query!(
                    "DELETE FROM delegates WHERE subject = $1 AND delegate = $2",
                    subject.as_bytes(),
                    delegate.as_bytes()
                )
                .execute(&mut *connection)
                .await?;
                one_row("delegates", deleted)?;
            }
        }
    }
    match left {
        Some(left) => {
            upsert(connection, &left).await?;
            Ok(left.subject.counters.epoch)
        }
        None => {
            let deleted = sqlx::query!(
                "DELETE FROM subjects WHERE subject = $1",
                subject.as_bytes()
            )
            .execute(connection)
            .await?;
            one_row("subjects", deleted)?;
            Ok(0)
        }
    }
}

async fn insert_event(
    connection: &mut PgConnection,
    placed: &Placed<SubjectEvent>,
) -> Result<(), ProjectionError> {
    let Placed {
        event, position, ..
    } = placed;
    let body = serde_json::to_value(event).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let delegate = event.kind.delegate();
    let result = sqlx::query!(
        "INSERT INTO subject_events (block_hash, log_index, block_no, block_time, tx_hash, subject, delegate, kind, body,
                                     canonical)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, true)
         ON CONFLICT (block_hash, log_index) DO UPDATE SET canonical = true WHERE NOT subject_events.canonical",
        position.block_hash.as_slice(),
        integer(position.log_index),
        bigint(position.block_no),
        bigint(placed.block_time),
        position.tx_hash.as_slice(),
        event.subject.as_bytes(),
        delegate.as_ref().map(|delegate| delegate.as_bytes().as_slice()),
        event.kind.name(),
        body,
    )
    .execute(connection)
    .await?;
    one_row("subject_events", result)
}

async fn canonical_events(
    connection: &mut PgConnection,
    subject: Address,
) -> Result<Vec<Placed<SubjectEvent>>, ProjectionError> {
    let rows = sqlx::query!(
        "SELECT block_hash, log_index, block_no, block_time, tx_hash, body
         FROM subject_events WHERE canonical AND subject = $1 ORDER BY block_no, log_index",
        subject.as_bytes()
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Placed {
                event: serde_json::from_value(row.body).map_err(|_| EVENTS.corrupt())?,
                position: EVENTS.position(
                    row.tx_hash,
                    row.block_no,
                    row.block_hash,
                    row.log_index,
                )?,
                block_time: EVENTS.number(row.block_time)?,
            })
        })
        .collect()
}

/// A subject's epoch; 0 for one that never did anything.
pub async fn epoch(
    connection: &mut PgConnection,
    subject: Address,
) -> Result<u32, ProjectionError> {
    let epoch = sqlx::query_scalar!(
        "SELECT epoch FROM subjects WHERE subject = $1",
        subject.as_bytes()
    )
    .fetch_optional(connection)
    .await?;
    epoch.map_or(Ok(0), |epoch| SUBJECTS.small(epoch.into()))
}

/// A subject as projected so far, without its delegates.
pub async fn read(
    connection: &mut PgConnection,
    subject: Address,
) -> Result<Option<ProjectedSubject>, ProjectionError> {
    let row = sqlx::query!(
        "SELECT controller, epoch, auth_epoch, seq, frozen_until, next_freeze_at, recoverer, recovery_delay,
                recovery_auth_epoch, recovery_nonce, new_controller, ready_at, proposal_id, proposal_auth_epoch,
                tx_hash, block_no, block_hash, log_index
         FROM subjects WHERE subject = $1",
        subject.as_bytes()
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let table = SUBJECTS;
    let state = Subject {
        address: subject,
        controller: table.address(row.controller)?,
        counters: Counters {
            epoch: table.small(row.epoch.into())?,
            auth_epoch: table.small(row.auth_epoch.into())?,
            seq: table.small(row.seq.into())?,
        },
        frozen_until: table.number(row.frozen_until)?,
        next_freeze_at: table.number(row.next_freeze_at)?,
        recovery: Recovery {
            recoverer: table.address(row.recoverer)?,
            delay: table.small(row.recovery_delay)?,
            auth_epoch: table.small(row.recovery_auth_epoch.into())?,
            nonce: table.small(row.recovery_nonce)?,
        },
        proposal: Proposal {
            new_controller: table.address(row.new_controller)?,
            ready_at: table.number(row.ready_at)?,
            id: table.small(row.proposal_id)?,
            auth_epoch: table.small(row.proposal_auth_epoch.into())?,
        },
        delegates: BTreeMap::new(),
    };
    let position = table.position(row.tx_hash, row.block_no, row.block_hash, row.log_index)?;
    Ok(Some(ProjectedSubject {
        subject: state,
        position,
    }))
}

async fn upsert(
    connection: &mut PgConnection,
    projected: &ProjectedSubject,
) -> Result<(), ProjectionError> {
    let ProjectedSubject { subject, position } = projected;
    let result = sqlx::query!(
        "INSERT INTO subjects (subject, controller, epoch, auth_epoch, seq, frozen_until, next_freeze_at, recoverer,
                               recovery_delay, recovery_auth_epoch, recovery_nonce, new_controller, ready_at,
                               proposal_id, proposal_auth_epoch, tx_hash, block_no, block_hash, log_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
         ON CONFLICT (subject) DO UPDATE SET
            controller = excluded.controller, epoch = excluded.epoch, auth_epoch = excluded.auth_epoch,
            seq = excluded.seq, frozen_until = excluded.frozen_until, next_freeze_at = excluded.next_freeze_at,
            recoverer = excluded.recoverer, recovery_delay = excluded.recovery_delay,
            recovery_auth_epoch = excluded.recovery_auth_epoch, recovery_nonce = excluded.recovery_nonce,
            new_controller = excluded.new_controller, ready_at = excluded.ready_at,
            proposal_id = excluded.proposal_id, proposal_auth_epoch = excluded.proposal_auth_epoch,
            tx_hash = excluded.tx_hash, block_no = excluded.block_no, block_hash = excluded.block_hash,
            log_index = excluded.log_index",
        subject.address.as_bytes(),
        subject.controller.as_bytes(),
        integer(subject.counters.epoch),
        integer(subject.counters.auth_epoch),
        integer(subject.counters.seq),
        bigint(subject.frozen_until),
        bigint(subject.next_freeze_at),
        subject.recovery.recoverer.as_bytes(),
        i64::from(subject.recovery.delay),
        integer(subject.recovery.auth_epoch),
        i64::from(subject.recovery.nonce),
        subject.proposal.new_controller.as_bytes(),
        bigint(subject.proposal.ready_at),
        i64::from(subject.proposal.id),
        integer(subject.proposal.auth_epoch),
        position.tx_hash.as_slice(),
        bigint(position.block_no),
        position.block_hash.as_slice(),
        integer(position.log_index),
    )
    .execute(connection)
    .await?;
    one_row("subjects", result)
}

/// Those of these addresses that ever were delegates of the subject.
pub async fn delegates(
    connection: &mut PgConnection,
    subject: Address,
    among: &[Address],
) -> Result<BTreeMap<Address, Delegate>, ProjectionError> {
    let among: Vec<Vec<u8>> = among.iter().map(|address| address.0.to_vec()).collect();
    let rows = sqlx::query_as!(
        DelegateColumns,
        "SELECT delegate, rights, valid_from, valid_to, auth_epoch, nonce, tx_hash, block_no, block_hash, log_index
         FROM delegates WHERE subject = $1 AND delegate = ANY($2)",
        subject.as_bytes(),
        &among,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            row.into_delegate()
                .map(|(address, delegate, _)| (address, delegate))
        })
        .collect()
}

/// A row of `delegates`.
#[allow(missing_docs)] // the columns of the migration, named alike
pub struct DelegateColumns {
    pub delegate: Vec<u8>,
    pub rights: i16,
    pub valid_from: i64,
    pub valid_to: i64,
    pub auth_epoch: i32,
    pub nonce: i64,
    pub tx_hash: Vec<u8>,
    pub block_no: i64,
    pub block_hash: Vec<u8>,
    pub log_index: i32,
}

impl DelegateColumns {
    /// The delegate's address, its state, and the last event about it.
    pub fn into_delegate(self) -> Result<(Address, Delegate, Position), ProjectionError> {
        let table = DELEGATES;
        let delegate = Delegate {
            rights: u8::try_from(self.rights).map_err(|_| table.corrupt())?,
            valid_from: table.number(self.valid_from)?,
            valid_to: table.number(self.valid_to)?,
            auth_epoch: table.small(self.auth_epoch.into())?,
            nonce: table.small(self.nonce)?,
        };
        let position =
            table.position(self.tx_hash, self.block_no, self.block_hash, self.log_index)?;
        Ok((table.address(self.delegate)?, delegate, position))
    }
}

async fn upsert_delegate(
    connection: &mut PgConnection,
    subject: Address,
    address: Address,
    delegate: &Delegate,
    position: Position,
) -> Result<(), ProjectionError> {
    let result = sqlx::query!(
        "INSERT INTO delegates (subject, delegate, rights, valid_from, valid_to, auth_epoch, nonce, tx_hash, block_no,
                                block_hash, log_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (subject, delegate) DO UPDATE SET
            rights = excluded.rights, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
            auth_epoch = excluded.auth_epoch, nonce = excluded.nonce, tx_hash = excluded.tx_hash,
            block_no = excluded.block_no, block_hash = excluded.block_hash, log_index = excluded.log_index",
        subject.as_bytes(),
        address.as_bytes(),
        i16::from(delegate.rights),
        bigint(delegate.valid_from),
        bigint(delegate.valid_to),
        integer(delegate.auth_epoch),
        i64::from(delegate.nonce),
        position.tx_hash.as_slice(),
        bigint(position.block_no),
        position.block_hash.as_slice(),
        integer(position.log_index),
    )
    .execute(connection)
    .await?;
    one_row("delegates", result)
}
