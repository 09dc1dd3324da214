//! The cursor: which chain, how far, and whether ingest stopped.

use alloy::primitives::Address;
use sqlx::{PgConnection, PgPool};

use super::stored::{Table, bigint};
use super::{ProjectionError, one_row};
use crate::chain::headers::Ring;
use crate::chain::verify::Header;
use crate::chain::{BlockRef, Code, Identity};

const TABLE: Table = Table("cursor");

/// The one row of `cursor`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// The chain this database belongs to.
    pub identity: Identity,
    /// The last block applied.
    pub tip: BlockRef,
    /// Grows with every change of a consent.
    pub rev: u64,
    /// Grows with every rollback.
    pub reorg_epoch: u64,
    /// False while a rolled-back branch is not wholly replaced.
    pub settled: bool,
    /// Why ingest stopped.
    pub halted: Option<String>,
}

struct Row {
    chain_id: i64,
    genesis_hash: Vec<u8>,
    registry: Vec<u8>,
    code_hash: Vec<u8>,
    hospitals: Option<Vec<u8>>,
    hospitals_code_hash: Option<Vec<u8>>,
    providers: Option<Vec<u8>>,
    providers_code_hash: Option<Vec<u8>>,
    block_no: i64,
    block_hash: Vec<u8>,
    rev: i64,
    reorg_epoch: i64,
    settled: bool,
    halted: Option<String>,
}

impl TryFrom<Row> for Cursor {
    type Error = ProjectionError;

    fn try_from(row: Row) -> Result<Self, ProjectionError> {
        Ok(Self {
            identity: Identity {
                chain_id: TABLE.number(row.chain_id)?,
                genesis: TABLE.chain_hash(row.genesis_hash)?,
                registry: code(row.registry, row.code_hash)?,
                hospitals: optional(row.hospitals, row.hospitals_code_hash)?,
                providers: optional(row.providers, row.providers_code_hash)?,
            },
            tip: BlockRef {
                no: TABLE.number(row.block_no)?,
                hash: TABLE.chain_hash(row.block_hash)?,
            },
            rev: TABLE.number(row.rev)?,
            reorg_epoch: TABLE.number(row.reorg_epoch)?,
            settled: row.settled,
            halted: row.halted,
        })
    }
}

fn code(address: Vec<u8>, hash: Vec<u8>) -> Result<Code, ProjectionError> {
    Ok(Code {
        address: Address::from(TABLE.address(address)?.0),
        hash: TABLE.chain_hash(hash)?,
    })
}

fn optional(
    address: Option<Vec<u8>>,
    hash: Option<Vec<u8>>,
) -> Result<Option<Code>, ProjectionError> {
    match (address, hash) {
        (Some(address), Some(hash)) => code(address, hash).map(Some),
        (None, None) => Ok(None),
        _ => Err(TABLE.corrupt()),
    }
}

/// Reads the cursor; `None` in a database that never followed a chain.
pub async fn read(connection: &mut PgConnection) -> Result<Option<Cursor>, ProjectionError> {
    sqlx::query_as!(
        Row,
        "SELECT chain_id, genesis_hash, registry, code_hash, hospitals, hospitals_code_hash, providers,
                providers_code_hash, block_no, block_hash, rev, reorg_epoch, settled, halted
         FROM cursor"
    )
    .fetch_optional(connection)
    .await?
    .map(Cursor::try_from)
    .transpose()
}

/// Reads the cursor and keeps other writers out until the transaction ends.
pub async fn lock(connection: &mut PgConnection) -> Result<Cursor, ProjectionError> {
    sqlx::query_as!(
        Row,
        "SELECT chain_id, genesis_hash, registry, code_hash, hospitals, hospitals_code_hash, providers,
                providers_code_hash, block_no, block_hash, rev, reorg_epoch, settled, halted
         FROM cursor FOR UPDATE"
    )
    .fetch_optional(connection)
    .await?
    .ok_or(ProjectionError::CursorMoved)?
    .try_into()
}

/// Starts to follow a chain from its genesis block. Does nothing if another writer was faster.
pub async fn start(
    pool: &PgPool,
    identity: &Identity,
    genesis: &Header,
) -> Result<(), ProjectionError> {
    let mut tx = pool.begin().await?;
    let (at, parent) = (genesis.at(), genesis.parent());
    let made = sqlx::query!(
        "INSERT INTO cursor (chain_id, genesis_hash, registry, code_hash, hospitals, hospitals_code_hash, providers,
                             providers_code_hash, block_no, block_hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
        bigint(identity.chain_id),
        identity.genesis.as_slice(),
        identity.registry.address.as_slice(),
        identity.registry.hash.as_slice(),
        identity.hospitals.as_ref().map(|code| code.address.as_slice()),
        identity.hospitals.as_ref().map(|code| code.hash.as_slice()),
        identity.providers.as_ref().map(|code| code.address.as_slice()),
        identity.providers.as_ref().map(|code| code.hash.as_slice()),
        bigint(at.no),
        at.hash.as_slice(),
    )
    .execute(&mut *tx)
    .await?;
    if made.rows_affected() == 1 {
        sqlx::query!(
            "INSERT INTO blocks (hash, no, parent, time, canonical) VALUES ($1, $2, $3, $4, true)",
            at.hash.as_slice(),
            bigint(at.no),
            parent.as_slice(),
            bigint(genesis.time()),
        )
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Writes the moved cursor.
pub async fn store(connection: &mut PgConnection, cursor: &Cursor) -> Result<(), ProjectionError> {
    let result = sqlx::query!(
        "UPDATE cursor SET block_no = $1, block_hash = $2, rev = $3, reorg_epoch = $4, settled = $5, halted = $6",
        bigint(cursor.tip.no),
        cursor.tip.hash.as_slice(),
        bigint(cursor.rev),
        bigint(cursor.reorg_epoch),
        cursor.settled,
        cursor.halted.as_deref(),
    )
    .execute(connection)
    .await?;
    one_row("cursor", result)
}

/// Records why ingest stopped, so that readers and a restart know; `None` clears it.
pub async fn set_halted(pool: &PgPool, reason: Option<&str>) -> Result<(), ProjectionError> {
    sqlx::query!("UPDATE cursor SET halted = $1", reason)
        .execute(pool)
        .await?;
    Ok(())
}

/// The stored canonical blocks up to the tip.
pub async fn ring(
    connection: &mut PgConnection,
    tip: BlockRef,
    size: usize,
) -> Result<Ring, ProjectionError> {
    let table = Table("blocks");
    let rows = sqlx::query!("SELECT no, hash FROM blocks WHERE canonical ORDER BY no")
        .fetch_all(connection)
        .await?;
    let blocks = rows
        .into_iter()
        .map(|row| {
            Ok(BlockRef {
                no: table.number(row.no)?,
                hash: table.chain_hash(row.hash)?,
            })
        })
        .collect::<Result<Vec<_>, ProjectionError>>()?;
    Ring::new(blocks, size)
        .filter(|ring| ring.tip() == tip)
        .ok_or_else(|| table.corrupt())
}

/// The tip is the chain's head: no halt, no gap. Fails if the tip is another by now.
pub async fn set_whole(pool: &PgPool, tip: BlockRef) -> Result<(), ProjectionError> {
    let result = sqlx::query!(
        "UPDATE cursor SET halted = NULL, settled = true WHERE block_hash = $1",
        tip.hash.as_slice()
    )
    .execute(pool)
    .await?;
    if result.rows_affected() == 1 {
        Ok(())
    } else {
        Err(ProjectionError::CursorMoved)
    }
}
