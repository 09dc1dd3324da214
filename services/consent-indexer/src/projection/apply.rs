//! One step of the chain → one transaction.

use contract_bindings::Event;
use sqlx::{PgConnection, PgPool};

use super::cursor::{self, Cursor};
use super::emit::Writer;
use super::fold::Placed;
use super::stored::bigint;
use super::{Position, ProjectionError, consents, grantees, one_row, revert, subjects};
use crate::chain::{Advance, BlockRef, ChainBlock, ChainEvent};
use crate::row::View;

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
    found: &ChainEvent,
) -> Result<(), ProjectionError> {
    let position = Position {
        tx_hash: found.tx_hash,
        block_no: block.at.no,
        block_hash: block.at.hash,
        log_index: found.log_index,
    };
    let block_time = block.time;
    macro_rules! placed {
        ($event:expr) => {
            &Placed {
                event: $event,
                position,
                block_time,
            }
        };
    }
    match found.event {
        Event::Consent(event) => consents::apply(writer, placed!(event)).await,
        Event::Subject(event) => subjects::apply(writer, placed!(event)).await,
        Event::Organization(event) => {
            grantees::apply(writer, grantees::Registry::Hospitals, placed!(event)).await
        }
        Event::Practitioner(event) => {
            grantees::apply(writer, grantees::Registry::Providers, placed!(event)).await
        }
        Event::Authority {
            contract,
            authority,
        } => grantees::record_authority(writer, contract, placed!(authority)).await,
    }
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
