//! The rows of consents, and the events about them.

use std::collections::BTreeSet;

use consent_core::{Address, ConsentEvent, ConsentId, consent_id};
use contract_bindings::event::core_address;
use sqlx::PgConnection;

use super::emit::{Emission, Writer};
use super::fold::{self, Placed};
use super::stored::{KindColumns, Table, bigint, integer};
use super::{Position, Projected, ProjectionError, one_row, subjects};
use crate::chain::BlockRef;
use crate::row::{Cause, ChangeKind};

const EVENTS: Table = Table("events");

/// Folds an event about a consent, and emits the change.
pub async fn apply(
    writer: &mut Writer,
    placed: &Placed<ConsentEvent>,
) -> Result<(), ProjectionError> {
    let event = &placed.event;
    let identity = &writer.cursor.identity;
    let id = consent_id(
        identity.chain_id,
        core_address(identity.registry.address),
        event.subject,
        event.grantee,
        event.scope_id,
    );
    let before = read(&mut writer.tx, id).await?.map(|(before, _)| before);
    let epoch = match &before {
        Some(before) => before.subject_epoch,
        None => subjects::epoch(&mut writer.tx, event.subject).await?,
    };
    insert_event(&mut writer.tx, id, placed, epoch).await?;
    let after = fold::consent(id, before.as_ref(), placed, epoch)?;
    let rev = writer.next_rev();
    upsert(&mut writer.tx, &after, rev).await?;
    let emission = Emission {
        projected: &after,
        rev,
        kind: ChangeKind::of(&event.kind),
        cause: Cause::Log,
        origin: placed.position,
        happened_at: writer.block_time(placed.block_time),
    };
    writer.emit(emission).await
}

/// The subject took everything back: emits every consent that was requested or active in its epoch until now.
pub async fn revoke_all(
    writer: &mut Writer,
    subject: Address,
    epoch_before: u32,
    origin: Position,
    block_time: u64,
) -> Result<(), ProjectionError> {
    let happened_at = writer.block_time(block_time);
    for projected in live_of(&mut writer.tx, subject, &[epoch_before]).await? {
        let rev = writer.next_rev();
        set_rev(&mut writer.tx, projected.consent.id, rev).await?;
        let emission = Emission {
            projected: &projected,
            rev,
            kind: ChangeKind::AllRevoked,
            cause: Cause::Log,
            origin,
            happened_at,
        };
        writer.emit(emission).await?;
    }
    Ok(())
}

/// Takes events above `ancestor` off the canonical chain; returns the consents they were about.
pub async fn orphan(
    connection: &mut PgConnection,
    ancestor: BlockRef,
) -> Result<BTreeSet<ConsentId>, ProjectionError> {
    let orphaned = sqlx::query_scalar!(
        "UPDATE events SET canonical = false WHERE canonical AND block_no > $1 RETURNING consent_id",
        bigint(ancestor.no)
    )
    .fetch_all(connection)
    .await?;
    orphaned.into_iter().map(|id| EVENTS.hash(id)).collect()
}

/// Recomputes a consent from the events that remain, and emits one compensating change.
pub async fn recompute(writer: &mut Writer, id: ConsentId) -> Result<(), ProjectionError> {
    let (gone, _) = read(&mut writer.tx, id)
        .await?
        .ok_or(ProjectionError::Corrupt("consents"))?;
    let events = canonical_events(&mut writer.tx, id).await?;
    let left = fold::replay_consent(id, &events, gone.subject_epoch)?;
    let rev = writer.next_rev();
    match &left {
        Some(left) => upsert(&mut writer.tx, left, rev).await?,
        None => {
            let deleted = sqlx::query!("DELETE FROM consents WHERE consent_id = $1", id.as_bytes())
                .execute(&mut *writer.tx)
                .await?;
            one_row("consents", deleted)?;
        }
    }
    let kind = left
        .as_ref()
        .map_or(ChangeKind::Absent, ChangeKind::of_state);
    emit_compensation(writer, left.as_ref().unwrap_or(&gone), rev, kind).await
}

/// A rollback changed the subject's epoch: emits the consents that read otherwise now and have no event of their own
/// that tells so.
pub async fn epoch_changed(
    writer: &mut Writer,
    subject: Address,
    epochs: [u32; 2],
    but: &BTreeSet<ConsentId>,
) -> Result<(), ProjectionError> {
    for projected in live_of(&mut writer.tx, subject, &epochs).await? {
        if but.contains(&projected.consent.id) {
            continue;
        }
        let rev = writer.next_rev();
        set_rev(&mut writer.tx, projected.consent.id, rev).await?;
        let kind = ChangeKind::of_state(&projected);
        emit_compensation(writer, &projected, rev, kind).await?;
    }
    Ok(())
}

async fn emit_compensation(
    writer: &mut Writer,
    projected: &Projected,
    rev: u64,
    kind: ChangeKind,
) -> Result<(), ProjectionError> {
    let emission = Emission {
        projected,
        rev,
        kind,
        cause: Cause::Reorg,
        origin: projected.position,
        happened_at: writer.view.now,
    };
    writer.emit(emission).await
}

async fn insert_event(
    connection: &mut PgConnection,
    id: ConsentId,
    placed: &Placed<ConsentEvent>,
    epoch: u32,
) -> Result<(), ProjectionError> {
    let Placed {
        event, position, ..
    } = placed;
    let columns = KindColumns::of(event);
    let result = sqlx::query!(
        "INSERT INTO events (block_hash, log_index, block_no, block_time, tx_hash, consent_id, subject, grantee, scope_id,
                             kind, version, valid_from, valid_to, respond_by, actor, epoch, canonical)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, true)
         ON CONFLICT (block_hash, log_index) DO UPDATE SET canonical = true WHERE NOT events.canonical",
        position.block_hash.as_slice(),
        integer(position.log_index),
        bigint(position.block_no),
        bigint(placed.block_time),
        position.tx_hash.as_slice(),
        id.as_bytes(),
        event.subject.as_bytes(),
        event.grantee.as_bytes(),
        event.scope_id.as_bytes(),
        columns.kind,
        columns.version,
        columns.valid_from,
        columns.valid_to,
        columns.respond_by,
        columns.actor,
        integer(epoch),
    )
    .execute(connection)
    .await?;
    one_row("events", result)
}

/// The consent as projected so far, with its revision.
pub async fn read(
    connection: &mut PgConnection,
    id: ConsentId,
) -> Result<Option<(Projected, u64)>, ProjectionError> {
    let row = sqlx::query_as!(
        ConsentColumns,
        r#"SELECT consent_id, subject, grantee, scope_id, status, valid_from, valid_to, respond_by, version, c.epoch,
                  changed_at, c.tx_hash, c.block_no, c.block_hash, c.log_index, rev,
                  COALESCE(s.epoch, 0) AS "subject_epoch!"
           FROM consents c LEFT JOIN subjects s USING (subject) WHERE consent_id = $1"#,
        id.as_bytes()
    )
    .fetch_optional(connection)
    .await?;
    row.map(ConsentColumns::into_projected).transpose()
}

/// The consents of a subject that are stored as requested or active, opened in one of these epochs.
async fn live_of(
    connection: &mut PgConnection,
    subject: Address,
    epochs: &[u32],
) -> Result<Vec<Projected>, ProjectionError> {
    let epochs: Vec<i32> = epochs.iter().copied().map(integer).collect();
    let rows = sqlx::query_as!(
        ConsentColumns,
        r#"SELECT consent_id, subject, grantee, scope_id, status, valid_from, valid_to, respond_by, version, c.epoch,
                  changed_at, c.tx_hash, c.block_no, c.block_hash, c.log_index, rev,
                  COALESCE(s.epoch, 0) AS "subject_epoch!"
           FROM consents c LEFT JOIN subjects s USING (subject)
           WHERE subject = $1 AND c.epoch = ANY($2) AND status IN (1, 2) ORDER BY consent_id"#,
        subject.as_bytes(),
        &epochs,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| row.into_projected().map(|(projected, _)| projected))
        .collect()
}

async fn set_rev(
    connection: &mut PgConnection,
    id: ConsentId,
    rev: u64,
) -> Result<(), ProjectionError> {
    let result = sqlx::query!(
        "UPDATE consents SET rev = $2 WHERE consent_id = $1",
        id.as_bytes(),
        bigint(rev)
    )
    .execute(connection)
    .await?;
    one_row("consents", result)
}

/// A row of `consents`, with its subject's epoch now.
#[allow(missing_docs)] // the columns of the migration, named alike
pub struct ConsentColumns {
    pub consent_id: Vec<u8>,
    pub subject: Vec<u8>,
    pub grantee: Vec<u8>,
    pub scope_id: Vec<u8>,
    pub status: i16,
    pub valid_from: i64,
    pub valid_to: i64,
    pub respond_by: i64,
    pub version: i64,
    pub epoch: i32,
    pub changed_at: i64,
    pub tx_hash: Vec<u8>,
    pub block_no: i64,
    pub block_hash: Vec<u8>,
    pub log_index: i32,
    pub rev: i64,
    pub subject_epoch: i32,
}

impl ConsentColumns {
    /// The consent and its revision.
    pub fn into_projected(self) -> Result<(Projected, u64), ProjectionError> {
        let table = Table("consents");
        let consent = consent_core::Consent {
            id: table.hash(self.consent_id)?,
            subject: table.address(self.subject)?,
            grantee: table.address(self.grantee)?,
            scope_id: table.hash(self.scope_id)?,
            status: table.status(self.status)?,
            valid_from: table.number(self.valid_from)?,
            valid_to: table.number(self.valid_to)?,
            respond_by: table.number(self.respond_by)?,
            version: table.small(self.version)?,
            epoch: table.small(self.epoch.into())?,
            changed_at: table.number(self.changed_at)?,
        };
        let position =
            table.position(self.tx_hash, self.block_no, self.block_hash, self.log_index)?;
        let projected = Projected {
            consent,
            position,
            subject_epoch: table.small(self.subject_epoch.into())?,
        };
        Ok((projected, table.number(self.rev)?))
    }
}

async fn upsert(
    connection: &mut PgConnection,
    projected: &Projected,
    rev: u64,
) -> Result<(), ProjectionError> {
    let Projected {
        consent, position, ..
    } = projected;
    let result = sqlx::query!(
        "INSERT INTO consents (consent_id, subject, grantee, scope_id, status, valid_from, valid_to, respond_by, version,
                               epoch, changed_at, tx_hash, block_no, block_hash, log_index, rev)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
         ON CONFLICT (consent_id) DO UPDATE SET
            status = excluded.status, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
            respond_by = excluded.respond_by, version = excluded.version, epoch = excluded.epoch,
            changed_at = excluded.changed_at, tx_hash = excluded.tx_hash, block_no = excluded.block_no,
            block_hash = excluded.block_hash, log_index = excluded.log_index, rev = excluded.rev",
        consent.id.as_bytes(),
        consent.subject.as_bytes(),
        consent.grantee.as_bytes(),
        consent.scope_id.as_bytes(),
        i16::from(consent.status as u8),
        bigint(consent.valid_from),
        bigint(consent.valid_to),
        bigint(consent.respond_by),
        i64::from(consent.version),
        integer(consent.epoch),
        bigint(consent.changed_at),
        position.tx_hash.as_slice(),
        bigint(position.block_no),
        position.block_hash.as_slice(),
        integer(position.log_index),
        bigint(rev),
    )
    .execute(connection)
    .await?;
    one_row("consents", result)
}

/// The canonical events of a consent, each with its subject's epoch at that time.
async fn canonical_events(
    connection: &mut PgConnection,
    id: ConsentId,
) -> Result<Vec<(Placed<ConsentEvent>, u32)>, ProjectionError> {
    let rows = sqlx::query!(
        "SELECT block_hash, log_index, block_no, block_time, tx_hash, subject, grantee, scope_id,
                kind, version, valid_from, valid_to, respond_by, actor, epoch
         FROM events WHERE canonical AND consent_id = $1 ORDER BY block_no, log_index",
        id.as_bytes()
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            let columns = KindColumns {
                kind: row.kind,
                version: row.version,
                valid_from: row.valid_from,
                valid_to: row.valid_to,
                respond_by: row.respond_by,
                actor: row.actor,
            };
            let placed = Placed {
                event: ConsentEvent {
                    subject: EVENTS.address(row.subject)?,
                    grantee: EVENTS.address(row.grantee)?,
                    scope_id: EVENTS.hash(row.scope_id)?,
                    kind: columns.into_kind().ok_or_else(|| EVENTS.corrupt())?,
                },
                position: EVENTS.position(
                    row.tx_hash,
                    row.block_no,
                    row.block_hash,
                    row.log_index,
                )?,
                block_time: EVENTS.number(row.block_time)?,
            };
            Ok((placed, EVENTS.small(row.epoch.into())?))
        })
        .collect()
}
