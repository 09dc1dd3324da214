//! Whether the gateways' journals arrived whole. Pure.
//!
//! Each gateway numbers and chains its lines ([`audit_core::chain`]). A line that does not continue
//! the chain is archived all the same, since evidence is never refused, and the break is noted.

use std::collections::{BTreeMap, VecDeque};

use audit_core::{Break, Digest, Head, Record};
use serde::Serialize;
use utoipa::ToSchema;

/// Breaks remembered for one gateway; older ones are only counted.
const REMEMBERED: usize = 100;

/// The chains of all gateways.
#[derive(Default)]
pub struct Continuity {
    gateways: BTreeMap<(String, String), Chain>,
}

struct Chain {
    head: Head,
    records: u64,
    refused: u64,
    breaks: u64,
    recent: VecDeque<ChainBreak>,
}

impl Default for Chain {
    fn default() -> Self {
        Self {
            head: Head::GENESIS,
            records: 0,
            refused: 0,
            breaks: 0,
            recent: VecDeque::new(),
        }
    }
}

/// How a chain is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BreakKind {
    /// Records before this one did not arrive.
    Missing,
    /// The record before this one is not the one this was written after.
    Altered,
    /// The record comes after one that should follow it.
    Reordered,
    /// Another record with the same event id was archived before; this one is not counted.
    Conflict,
}

/// A place where a chain is broken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ChainBreak {
    /// How.
    pub kind: BreakKind,
    /// Epoch of the first missing record, else of the record that does not fit.
    pub epoch: u64,
    /// Its sequence number.
    pub seq: u64,
}

/// What is known of one gateway's chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GatewayState {
    /// The gateway instance.
    pub gateway: String,
    /// Epoch of its last archived record.
    pub epoch: u64,
    /// Sequence number of its last archived record.
    pub seq: u64,
    /// How many different records of it are archived.
    pub records: u64,
    /// Requests it refused without a record because its journal failed, as stated by later records.
    pub refused_unrecorded: u64,
    /// How many breaks were found.
    pub break_count: u64,
    /// The latest of them, at most 100.
    pub breaks: Vec<ChainBreak>,
}

impl Continuity {
    /// Follows a record that was not seen before. `line` is its exact bytes.
    pub fn follow(&mut self, record: &Record, line: &[u8]) {
        let at = &record.gateway;
        let chain = self.chain(record);
        chain.records += 1;
        chain.refused += record.gap.unwrap_or(0);
        let found = match chain.head.follow(line) {
            Ok((_, head)) => {
                chain.head = head;
                return;
            }
            Err(found) => found,
        };
        let found = match found {
            Break::Missing { epoch, seq } => ChainBreak::new(BreakKind::Missing, epoch, seq),
            Break::Altered { epoch, seq } => ChainBreak::new(BreakKind::Altered, epoch, seq),
            Break::Reordered { epoch, seq } => ChainBreak::new(BreakKind::Reordered, epoch, seq),
            // The caller has read the line as this record already.
            Break::Unreadable(_) => ChainBreak::new(BreakKind::Altered, at.epoch, at.seq),
        };
        if found.kind != BreakKind::Reordered {
            chain.head = Head {
                epoch: at.epoch,
                next_seq: at.seq.saturating_add(1),
                digest: Digest::of(line),
            };
        }
        chain.note(record, found);
    }

    /// Notes a record that bears the event id of another one.
    pub fn conflict(&mut self, record: &Record) {
        let at = &record.gateway;
        let found = ChainBreak::new(BreakKind::Conflict, at.epoch, at.seq);
        self.chain(record).note(record, found);
    }

    fn chain(&mut self, record: &Record) -> &mut Chain {
        let key = (record.tenant.clone(), record.gateway.id.clone());
        self.gateways.entry(key).or_default()
    }

    /// The gateways of one tenant, or of all.
    pub fn gateways(&self, tenant: Option<&str>) -> Vec<GatewayState> {
        self.gateways
            .iter()
            .filter(|((owner, _), _)| tenant.is_none_or(|tenant| tenant == owner))
            .map(|((_, gateway), chain)| GatewayState {
                gateway: gateway.clone(),
                epoch: chain.head.epoch,
                seq: chain.head.next_seq.saturating_sub(1),
                records: chain.records,
                refused_unrecorded: chain.refused,
                break_count: chain.breaks,
                breaks: chain.recent.iter().cloned().collect(),
            })
            .collect()
    }
}

impl Chain {
    fn note(&mut self, record: &Record, found: ChainBreak) {
        metrics::counter!("audit_chain_breaks_total").increment(1);
        tracing::warn!(
            gateway = record.gateway.id,
            kind = ?found.kind,
            epoch = found.epoch,
            seq = found.seq,
            "a gateway's chain of records is broken"
        );
        self.breaks += 1;
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(found);
    }
}

impl ChainBreak {
    fn new(kind: BreakKind, epoch: u64, seq: u64) -> Self {
        Self { kind, epoch, seq }
    }
}
