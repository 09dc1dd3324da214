//! Rolling back to a common ancestor, inside the transaction that applies the new branch.

use std::collections::BTreeSet;

use consent_core::{ConsentEvent, ConsentId};
use sqlx::PgConnection;

use super::emit::Writer;
use super::fold::{PlacedEvent, replay};
use super::stored::{KindColumns, Table, bigint};
use super::{Position, ProjectionError, apply, one_row};
use crate::chain::BlockRef;
use crate::row::{Cause, ChangeKind};

const EVENTS: Table = Table("events");

/// Takes everything above `ancestor` off the canonical chain, recomputes each consent that it touched from the events
/// that remain, and emits one compensating change for each.
pub async fn revert(writer: &mut Writer, ancestor: BlockRef) -> Result<(), ProjectionError> {
    let known = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM blocks WHERE canonical AND no = $1 AND hash = $2) AS "known!""#,
        bigint(ancestor.no),
        ancestor.hash.as_slice(),
    )
    .fetch_one(&mut *writer.tx)
    .await?;
    if !known {
        return Err(ProjectionError::CursorMoved);
    }
    sqlx::query!(
        "UPDATE blocks SET canonical = false WHERE canonical AND no > $1",
        bigint(ancestor.no)
    )
    .execute(&mut *writer.tx)
    .await?;
    let orphaned = sqlx::query_scalar!(
        "UPDATE events SET canonical = false WHERE canonical AND block_no > $1 RETURNING consent_id",
        bigint(ancestor.no)
    )
    .fetch_all(&mut *writer.tx)
    .await?;
    writer.cursor.tip = ancestor;
    writer.cursor.reorg_epoch += 1;

    let affected = orphaned
        .into_iter()
        .map(|id| EVENTS.hash(id))
        .collect::<Result<BTreeSet<_>, _>>()?;
    for id in affected {
        recompute(writer, id).await?;
    }
    Ok(())
}

async fn recompute(writer: &mut Writer, id: ConsentId) -> Result<(), ProjectionError> {
    let (gone, _) = apply::read(&mut writer.tx, id)
        .await?
        .ok_or(ProjectionError::Corrupt("consents"))?;
    let events = canonical_events(&mut writer.tx, id).await?;
    let left = replay(id, &events).map_err(|(position, error)| ProjectionError::Unfoldable {
        block_no: position.block_no,
        log_index: position.log_index,
        error,
    })?;
    let rev = writer.next_rev();
    let now = writer.view.now;
    match (left, events.last()) {
        (Some(left), Some(last)) => {
            apply::upsert(&mut writer.tx, &left, rev).await?;
            writer
                .emit(
                    &left,
                    rev,
                    ChangeKind::of(&last.event.kind),
                    Cause::Reorg,
                    now,
                )
                .await
        }
        _ => {
            let deleted = sqlx::query!("DELETE FROM consents WHERE consent_id = $1", id.as_bytes())
                .execute(&mut *writer.tx)
                .await?;
            one_row("consents", deleted)?;
            writer
                .emit(&gone, rev, ChangeKind::Absent, Cause::Reorg, now)
                .await
        }
    }
}

async fn canonical_events(
    connection: &mut PgConnection,
    id: ConsentId,
) -> Result<Vec<PlacedEvent>, ProjectionError> {
    let rows = sqlx::query!(
        "SELECT block_hash, log_index, block_no, block_time, tx_hash, subject, grantee, scope_id,
                kind, version, valid_from, valid_to, respond_by, actor
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
            Ok(PlacedEvent {
                event: ConsentEvent {
                    subject: EVENTS.address(row.subject)?,
                    grantee: EVENTS.address(row.grantee)?,
                    scope_id: EVENTS.hash(row.scope_id)?,
                    kind: columns.into_kind().ok_or_else(|| EVENTS.corrupt())?,
                },
                position: Position {
                    tx_hash: EVENTS.chain_hash(row.tx_hash)?,
                    block_no: EVENTS.number(row.block_no)?,
                    block_hash: EVENTS.chain_hash(row.block_hash)?,
                    log_index: EVENTS.small(i64::from(row.log_index))?,
                },
                block_time: EVENTS.number(row.block_time)?,
            })
        })
        .collect()
}
