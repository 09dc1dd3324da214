//! The rows of verified organisations and practitioners, and the events about them.

use std::collections::BTreeSet;

use consent_core::{Address, Grantee, GranteeEvent, GranteeStatus};
use contract_bindings::Contract;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::emit::Writer;
use super::fold::{self, Placed};
use super::stored::{Table, bigint, integer};
use super::{ProjectedGrantee, ProjectionError, one_row};
use crate::chain::BlockRef;

const EVENTS: Table = Table("grantee_events");
const GRANTEES: Table = Table("grantees");

/// Which registry a grantee is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Registry {
    /// That of organisations.
    Hospitals,
    /// That of practitioners.
    Providers,
}

impl Registry {
    fn name(self) -> &'static str {
        match self {
            Self::Hospitals => "hospitals",
            Self::Providers => "providers",
        }
    }

    fn parse(name: &str) -> Result<Self, ProjectionError> {
        match name {
            "hospitals" => Ok(Self::Hospitals),
            "providers" => Ok(Self::Providers),
            _ => Err(EVENTS.corrupt()),
        }
    }
}

/// Folds an event about an organisation or practitioner.
pub async fn apply(
    writer: &mut Writer,
    registry: Registry,
    placed: &Placed<GranteeEvent>,
) -> Result<(), ProjectionError> {
    let event = &placed.event;
    let body = serde_json::to_value(event).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let (kind, grantee) = (event.kind.name(), Some(event.grantee));
    insert_event(&mut writer.tx, registry, grantee, kind, body, placed).await?;
    let before = read(&mut writer.tx, registry, event.grantee).await?;
    let after = fold::grantee(before, placed)?;
    upsert(&mut writer.tx, registry, &after).await
}

/// Keeps the event that another authority keeps a registry from now on. It changes no grantee.
pub async fn record_authority(
    writer: &mut Writer,
    contract: Contract,
    placed: &Placed<Address>,
) -> Result<(), ProjectionError> {
    let registry = match contract {
        Contract::Hospitals => Registry::Hospitals,
        Contract::Providers => Registry::Providers,
        Contract::Registry => return Err(EVENTS.corrupt()),
    };
    let body = json!({"authority": placed.event});
    insert_event(
        &mut writer.tx,
        registry,
        None,
        "authority_updated",
        body,
        placed,
    )
    .await
}

/// Takes events above `ancestor` off the canonical chain and recomputes whom they were about from those that remain.
pub async fn revert(
    connection: &mut PgConnection,
    ancestor: BlockRef,
) -> Result<(), ProjectionError> {
    let orphaned = sqlx::query!(
        "UPDATE grantee_events SET canonical = false WHERE canonical AND block_no > $1 RETURNING registry, grantee",
        bigint(ancestor.no)
    )
    .fetch_all(&mut *connection)
    .await?;
    let mut affected = BTreeSet::new();
    for row in orphaned {
        if let Some(grantee) = row.grantee {
            affected.insert((Registry::parse(&row.registry)?, EVENTS.address(grantee)?));
        }
    }
    for (registry, grantee) in affected {
        let left = canonical_events(connection, registry, grantee)
            .await?
            .iter()
            .try_fold(None, |state, placed| fold::grantee(state, placed).map(Some))?;
        match left {
            Some(left) => upsert(connection, registry, &left).await?,
            None => {
                let deleted = sqlx::query!(
                    "DELETE FROM grantees WHERE registry = $1 AND grantee = $2",
                    registry.name(),
                    grantee.as_bytes()
                )
                .execute(&mut *connection)
                .await?;
                one_row("grantees", deleted)?;
            }
        }
    }
    Ok(())
}

async fn insert_event<E>(
    connection: &mut PgConnection,
    registry: Registry,
    grantee: Option<Address>,
    kind: &str,
    body: Value,
    placed: &Placed<E>,
) -> Result<(), ProjectionError> {
    let position = &placed.position;
    let result = sqlx::query!(
        "INSERT INTO grantee_events (block_hash, log_index, block_no, block_time, tx_hash, registry, grantee, kind, body,
                                     canonical)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, true)
         ON CONFLICT (block_hash, log_index) DO UPDATE SET canonical = true WHERE NOT grantee_events.canonical",
        position.block_hash.as_slice(),
        integer(position.log_index),
        bigint(position.block_no),
        bigint(placed.block_time),
        position.tx_hash.as_slice(),
        registry.name(),
        grantee.as_ref().map(|grantee| grantee.as_bytes().as_slice()),
        kind,
        body,
    )
    .execute(connection)
    .await?;
    one_row("grantee_events", result)
}

async fn canonical_events(
    connection: &mut PgConnection,
    registry: Registry,
    grantee: Address,
) -> Result<Vec<Placed<GranteeEvent>>, ProjectionError> {
    let rows = sqlx::query!(
        "SELECT block_hash, log_index, block_no, block_time, tx_hash, body
         FROM grantee_events WHERE canonical AND registry = $1 AND grantee = $2 ORDER BY block_no, log_index",
        registry.name(),
        grantee.as_bytes()
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

/// An organisation or practitioner as projected so far.
pub async fn read(
    connection: &mut PgConnection,
    registry: Registry,
    grantee: Address,
) -> Result<Option<ProjectedGrantee>, ProjectionError> {
    let row = sqlx::query_as!(
        GranteeColumns,
        "SELECT grantee, status, valid_to, changed_at, organization, credential, tx_hash, block_no, block_hash, log_index
         FROM grantees WHERE registry = $1 AND grantee = $2",
        registry.name(),
        grantee.as_bytes()
    )
    .fetch_optional(connection)
    .await?;
    row.map(GranteeColumns::into_grantee).transpose()
}

/// Those of a registry after an address, in order: all, or only those that at `now` (Unix seconds) may ask patients
/// for consent, or may not.
pub async fn list(
    connection: &mut PgConnection,
    registry: Registry,
    verified: Option<bool>,
    now: u64,
    after: Option<Address>,
    limit: u16,
) -> Result<Vec<ProjectedGrantee>, ProjectionError> {
    let rows = sqlx::query_as!(
        GranteeColumns,
        "SELECT grantee, status, valid_to, changed_at, organization, credential, tx_hash, block_no, block_hash, log_index
         FROM grantees
         WHERE registry = $1 AND ($2::bytea IS NULL OR grantee > $2)
           AND ($3::boolean IS NULL OR $3 = (
                status = $4 AND valid_to > $5
                AND (registry = 'hospitals' OR EXISTS (
                    SELECT FROM grantees o WHERE o.registry = 'hospitals' AND o.grantee = grantees.organization
                                             AND o.status = $4 AND o.valid_to > $5))))
         ORDER BY grantee LIMIT $6",
        registry.name(),
        after.as_ref().map(|after| after.as_bytes().as_slice()),
        verified,
        i16::from(GranteeStatus::Verified as u8),
        bigint(now),
        i64::from(limit),
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(GranteeColumns::into_grantee).collect()
}

struct GranteeColumns {
    grantee: Vec<u8>,
    status: i16,
    valid_to: i64,
    changed_at: i64,
    organization: Vec<u8>,
    credential: Vec<u8>,
    tx_hash: Vec<u8>,
    block_no: i64,
    block_hash: Vec<u8>,
    log_index: i32,
}

impl GranteeColumns {
    fn into_grantee(self) -> Result<ProjectedGrantee, ProjectionError> {
        let table = GRANTEES;
        let status = u8::try_from(self.status)
            .ok()
            .and_then(GranteeStatus::from_number);
        let grantee = Grantee {
            address: table.address(self.grantee)?,
            status: status.ok_or_else(|| table.corrupt())?,
            valid_to: table.number(self.valid_to)?,
            changed_at: table.number(self.changed_at)?,
            organization: table.address(self.organization)?,
            credential: table.hash(self.credential)?,
        };
        let position =
            table.position(self.tx_hash, self.block_no, self.block_hash, self.log_index)?;
        Ok(ProjectedGrantee { grantee, position })
    }
}

async fn upsert(
    connection: &mut PgConnection,
    registry: Registry,
    projected: &ProjectedGrantee,
) -> Result<(), ProjectionError> {
    let ProjectedGrantee { grantee, position } = projected;
    let result = sqlx::query!(
        "INSERT INTO grantees (registry, grantee, status, valid_to, changed_at, organization, credential, tx_hash,
                               block_no, block_hash, log_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (registry, grantee) DO UPDATE SET
            status = excluded.status, valid_to = excluded.valid_to, changed_at = excluded.changed_at,
            organization = excluded.organization, credential = excluded.credential, tx_hash = excluded.tx_hash,
            block_no = excluded.block_no, block_hash = excluded.block_hash, log_index = excluded.log_index",
        registry.name(),
        grantee.address.as_bytes(),
        i16::from(grantee.status as u8),
        bigint(grantee.valid_to),
        bigint(grantee.changed_at),
        grantee.organization.as_bytes(),
        grantee.credential.as_bytes(),
        position.tx_hash.as_slice(),
        bigint(position.block_no),
        position.block_hash.as_slice(),
        integer(position.log_index),
    )
    .execute(connection)
    .await?;
    one_row("grantees", result)
}
