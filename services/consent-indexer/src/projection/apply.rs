//! One step of the chain → one transaction.

use consent_core::{ConsentId, consent_id};
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

use super::cursor::{self, Cursor};
use super::emit::Writer;
use super::fold::fold;
use super::stored::{KindColumns, Table, bigint};
use super::{Position, Projected, ProjectionError, one_row, revert};
use crate::chain::{Advance, BlockRef, ChainBlock, RegistryEvent};
use crate::row::{Cause, ChangeKind, View};

/// Writes a step: roll back, apply, emit, advance the cursor; all or nothing.
pub async fn commit(
    pool: &PgPool,
    advance: &Advance,
    view: View,
    ring_size: u64,
) -> Result<Cursor, ProjectionError> {
    let mut tx = pool.begin().await?;
    let cursor = cursor::lock(&mut tx).await?;
    if cursor.tip != advance.from {
        return Err(ProjectionError::CursorMoved);
    }
    let mut writer = Writer { tx, cursor, view };
    if let Some(ancestor) = advance.revert_to {
        revert::revert(&mut writer, ancestor).await?;
    }
    for block in &advance.blocks {
        apply_block(&mut writer, block).await?;
    }
    forget_old_blocks(&mut writer.tx, writer.cursor.tip, ring_size).await?;
    if advance.reaches_head {
        writer.cursor.settled = true;
        writer.cursor.halted = None;
    } else if advance.revert_to.is_some() {
        writer.cursor.settled = false;
    }
    cursor::store(&mut writer.tx, &writer.cursor).await?;
    writer.tx.commit().await?;
    Ok(writer.cursor)
}

async fn apply_block(writer: &mut Writer, block: &ChainBlock) -> Result<(), ProjectionError> {
    if block.parent != writer.cursor.tip.hash || block.at.no != writer.cursor.tip.no + 1 {
        return Err(ProjectionError::CursorMoved);
    }
    insert_block(&mut writer.tx, block).await?;
    for event in &block.events {
        apply_event(writer, block, event).await?;
    }
    writer.cursor.tip = block.at;
    Ok(())
}

async fn apply_event(
    writer: &mut Writer,
    block: &ChainBlock,
    placed: &RegistryEvent,
) -> Result<(), ProjectionError> {
    let event = &placed.event;
    let identity = &writer.cursor.identity;
    let registry = contract_bindings::event::core_address(identity.registry);
    let id = consent_id(
        identity.chain_id,
        registry,
        event.subject,
        event.grantee,
        event.scope_id,
    );
    let position = Position {
        tx_hash: placed.tx_hash,
        block_no: block.at.no,
        block_hash: block.at.hash,
        log_index: placed.log_index,
    };
    insert_event(&mut writer.tx, id, block, placed).await?;
    let before = read(&mut writer.tx, id).await?;
    let after = fold(
        id,
        before.as_ref().map(|(before, _)| before),
        event,
        position,
        block.time,
    )
    .map_err(|error| ProjectionError::Unfoldable {
        block_no: position.block_no,
        log_index: position.log_index,
        error,
    })?;
    let rev = writer.next_rev();
    upsert(&mut writer.tx, &after, rev).await?;
    let happened_at =
        OffsetDateTime::from_unix_timestamp(bigint(block.time)).unwrap_or(writer.view.now);
    writer
        .emit(
            &after,
            rev,
            ChangeKind::of(&event.kind),
            Cause::Log,
            happened_at,
        )
        .await
}

async fn insert_block(
    connection: &mut PgConnection,
    block: &ChainBlock,
) -> Result<(), ProjectionError> {
    // A block may come back after a rollback; it must not be canonical already.
    let result = sqlx::query!(
        "INSERT INTO blocks (hash, no, parent, time, canonical) VALUES ($1, $2, $3, $4, true)
         ON CONFLICT (hash) DO UPDATE SET canonical = true WHERE NOT blocks.canonical",
        block.at.hash.as_slice(),
        bigint(block.at.no),
        block.parent.as_slice(),
        bigint(block.time),
    )
    .execute(connection)
    .await?;
    one_row("blocks", result)
}

async fn insert_event(
    connection: &mut PgConnection,
    id: ConsentId,
    block: &ChainBlock,
    placed: &RegistryEvent,
) -> Result<(), ProjectionError> {
    let event = &placed.event;
    let columns = KindColumns::of(event);
    let log_index =
        i32::try_from(placed.log_index).map_err(|_| ProjectionError::Corrupt("events"))?;
    let result = sqlx::query!(
        "INSERT INTO events (block_hash, log_index, block_no, block_time, tx_hash, consent_id, subject, grantee, scope_id,
                             kind, version, valid_from, valid_to, respond_by, actor, canonical)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, true)
         ON CONFLICT (block_hash, log_index) DO UPDATE SET canonical = true WHERE NOT events.canonical",
        block.at.hash.as_slice(),
        log_index,
        bigint(block.at.no),
        bigint(block.time),
        placed.tx_hash.as_slice(),
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
        "SELECT consent_id, subject, grantee, scope_id, status, valid_from, valid_to, respond_by, version, changed_at,
                tx_hash, block_no, block_hash, log_index, rev
         FROM consents WHERE consent_id = $1",
        id.as_bytes()
    )
    .fetch_optional(connection)
    .await?;
    row.map(ConsentColumns::into_projected).transpose()
}

/// A row of `consents`.
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
    pub changed_at: i64,
    pub tx_hash: Vec<u8>,
    pub block_no: i64,
    pub block_hash: Vec<u8>,
    pub log_index: i32,
    pub rev: i64,
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
            changed_at: table.number(self.changed_at)?,
        };
        let position = Position {
            tx_hash: table.chain_hash(self.tx_hash)?,
            block_no: table.number(self.block_no)?,
            block_hash: table.chain_hash(self.block_hash)?,
            log_index: table.small(i64::from(self.log_index))?,
        };
        Ok((Projected { consent, position }, table.number(self.rev)?))
    }
}

/// Writes the consent's row.
pub async fn upsert(
    connection: &mut PgConnection,
    projected: &Projected,
    rev: u64,
) -> Result<(), ProjectionError> {
    let Projected { consent, position } = projected;
    let log_index =
        i32::try_from(position.log_index).map_err(|_| ProjectionError::Corrupt("consents"))?;
    let result = sqlx::query!(
        "INSERT INTO consents (consent_id, subject, grantee, scope_id, status, valid_from, valid_to, respond_by, version,
                               changed_at, tx_hash, block_no, block_hash, log_index, rev)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (consent_id) DO UPDATE SET
            status = excluded.status, valid_from = excluded.valid_from, valid_to = excluded.valid_to,
            respond_by = excluded.respond_by, version = excluded.version, changed_at = excluded.changed_at,
            tx_hash = excluded.tx_hash, block_no = excluded.block_no, block_hash = excluded.block_hash,
            log_index = excluded.log_index, rev = excluded.rev",
        consent.id.as_bytes(),
        consent.subject.as_bytes(),
        consent.grantee.as_bytes(),
        consent.scope_id.as_bytes(),
        i16::from(consent.status as u8),
        bigint(consent.valid_from),
        bigint(consent.valid_to),
        bigint(consent.respond_by),
        i64::from(consent.version),
        bigint(consent.changed_at),
        position.tx_hash.as_slice(),
        bigint(position.block_no),
        position.block_hash.as_slice(),
        log_index,
        bigint(rev),
    )
    .execute(connection)
    .await?;
    one_row("consents", result)
}

/// Keeps the tip and `ring_size` blocks below it; events keep their own block number, hash and time.
async fn forget_old_blocks(
    connection: &mut PgConnection,
    tip: BlockRef,
    ring_size: u64,
) -> Result<(), ProjectionError> {
    let oldest = bigint(tip.no.saturating_sub(ring_size));
    sqlx::query!("DELETE FROM blocks WHERE no < $1", oldest)
        .execute(connection)
        .await?;
    Ok(())
}
