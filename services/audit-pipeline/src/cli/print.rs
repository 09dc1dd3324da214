//! What the command prints: tables for people, JSON for programs, faults on standard error.

use audit_core::counts::Count;
use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::archive::StoredObject;
use crate::archive::store::Lock;
use crate::query::Index;

/// The totals.
pub(super) fn counts(rows: &[Count], json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::json!({ "counts": rows }));
        return Ok(());
    }
    let mut table = table(["date", "action", "result", "count"]);
    for row in rows {
        table.add_row([
            row.date.to_string(),
            row.action.to_string(),
            row.result.to_string(),
            row.count.to_string(),
        ]);
    }
    if let Some(column) = table.column_mut(3) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
    let total: u64 = rows.iter().map(|row| row.count).sum();
    println!("{total} decisions");
    Ok(())
}

/// Names what is not as it should be; true when nothing is.
pub(super) fn unsound(index: &Index, tenant: Option<&str>) -> bool {
    let mut sound = true;
    for finding in index.findings() {
        sound = false;
        eprintln!("audit: {}: {}", finding.key, finding.what);
    }
    for gateway in index.continuity().gateways(tenant) {
        for found in &gateway.breaks {
            sound = false;
            eprintln!(
                "audit: the chain of {} is broken at epoch {}, seq {}: {:?}",
                gateway.gateway, found.epoch, found.seq, found.kind
            );
        }
    }
    sound
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    key: &'a str,
    version: &'a str,
    bytes: u64,
    #[serde(with = "time::serde::rfc3339")]
    stored_at: OffsetDateTime,
    mode: &'static str,
    retain_until: Option<String>,
    fault: Option<&'static str>,
}

impl<'a> Row<'a> {
    fn new(object: &'a StoredObject, lock: Option<Lock>) -> Self {
        Self {
            key: &object.key,
            version: &object.version,
            bytes: object.size,
            stored_at: object.stored_at,
            mode: match lock {
                Some(Lock {
                    compliance: true, ..
                }) => "COMPLIANCE",
                Some(_) => "GOVERNANCE",
                None => "none",
            },
            retain_until: lock.and_then(|lock| lock.until.format(&Rfc3339).ok()),
            fault: match lock {
                Some(Lock {
                    compliance: true, ..
                }) if object.hidden => Some("hidden"),
                Some(Lock {
                    compliance: true, ..
                }) if object.replaced > 0 => Some("replaced"),
                Some(Lock {
                    compliance: true, ..
                }) => None,
                _ => Some("unlocked"),
            },
        }
    }
}

/// The objects; true when all are locked, visible and the only ones of their keys.
pub(super) fn objects(
    objects: &[(StoredObject, Option<Lock>)],
    json: bool,
) -> anyhow::Result<bool> {
    let rows: Vec<Row> = objects
        .iter()
        .map(|(object, lock)| Row::new(object, *lock))
        .collect();
    let mut table = table(["object", "bytes", "mode", "retain until", "fault"]);
    for row in &rows {
        if json {
            println!("{}", serde_json::to_string(row)?);
            continue;
        }
        table.add_row([
            row.key,
            &row.bytes.to_string(),
            row.mode,
            row.retain_until.as_deref().unwrap_or("-"),
            row.fault.unwrap_or("-"),
        ]);
    }
    if !json {
        println!("{table}");
        println!("{} objects", rows.len());
    }
    let faults = rows.iter().filter_map(|row| Some((row.key, row.fault?)));
    Ok(faults
        .inspect(|(key, fault)| eprintln!("audit: {key}: {fault}"))
        .count()
        == 0)
}

#[derive(Serialize)]
struct Shown<'a> {
    object: &'a Row<'a>,
    /// As archived, byte for byte.
    record: &'a serde_json::value::RawValue,
}

/// A record with its object; true when that is as it should be.
pub(super) fn record(
    object: &StoredObject,
    lock: Option<Lock>,
    line: &[u8],
) -> anyhow::Result<bool> {
    let row = Row::new(object, lock);
    let shown = Shown {
        object: &row,
        record: serde_json::from_slice(line)?,
    };
    println!("{}", serde_json::to_string_pretty(&shown)?);
    if let Some(fault) = row.fault {
        eprintln!("audit: {}: {fault}", row.key);
    }
    Ok(row.fault.is_none())
}

fn table<const N: usize>(header: [&str; N]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::UTF8_FULL_CONDENSED)
        .set_header(header);
    table
}
