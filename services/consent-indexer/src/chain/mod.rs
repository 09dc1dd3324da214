//! The chain as the indexer sees it: block headers that link up, logs that are proven, forks as data.
//!
//! `node` asks, `verify` believes nothing, `headers` remembers the last blocks, `stream` turns all three into
//! [`Advance`]s.

pub mod headers;
pub mod node;
pub mod stream;
pub mod verify;

use alloy::primitives::{Address, B256};
use consent_core::ConsentEvent;

/// A block named by height and hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRef {
    /// Height.
    pub no: u64,
    /// Hash.
    pub hash: B256,
}

/// What must never change under a database that follows a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Hash of block 0.
    pub genesis: B256,
    /// Address of the registry.
    pub registry: Address,
    /// keccak256 of the registry's code.
    pub code_hash: B256,
}

/// An event of the registry, proven to be in its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistryEvent {
    /// Position among all logs of the block, counted by us.
    pub log_index: u32,
    /// The transaction that caused it, as the node names it.
    pub tx_hash: B256,
    /// What happened.
    pub event: ConsentEvent,
}

/// A verified block with the registry's events in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainBlock {
    /// Height and hash.
    pub at: BlockRef,
    /// Hash of the block before.
    pub parent: B256,
    /// Unix seconds.
    pub time: u64,
    /// The registry's events.
    pub events: Vec<RegistryEvent>,
}

/// A step along the canonical chain: first back to a common ancestor if the chain forked, then forward.
/// Applied as a whole, so that no reader sees the gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advance {
    /// The tip that this step starts from.
    pub from: BlockRef,
    /// Roll back to this block, which both branches share.
    pub revert_to: Option<BlockRef>,
    /// Blocks to apply, each the child of the one before.
    pub blocks: Vec<ChainBlock>,
    /// Whether the last block is the chain's head.
    pub reaches_head: bool,
    /// Why nothing after the last block may be read.
    pub then_halt: Option<String>,
}
