//! Rolling back to a common ancestor, inside the transaction that applies the new branch.

use super::emit::Writer;
use super::stored::bigint;
use super::{ProjectionError, consents, grantees, subjects};
use crate::chain::BlockRef;

/// Takes everything above `ancestor` off the canonical chain, recomputes whatever it touched from the events that
/// remain, and emits one compensating change for each consent that reads otherwise now.
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
    writer.cursor.tip = ancestor;
    writer.cursor.reorg_epoch += 1;

    grantees::revert(&mut writer.tx, ancestor).await?;
    // The subjects first: how a consent reads depends on its subject's epoch.
    let affected = consents::orphan(&mut writer.tx, ancestor).await?;
    let changes = subjects::revert(&mut writer.tx, ancestor).await?;
    for id in &affected {
        consents::recompute(writer, *id).await?;
    }
    for change in changes {
        consents::epoch_changed(writer, change.subject, [change.from, change.to], &affected)
            .await?;
    }
    Ok(())
}
