//! The chain as the indexer sees it: block headers that link up, logs that are proven, forks as data.
//!
//! `node` asks, `verify` believes nothing, `headers` remembers the last blocks, `stream` turns all three into
//! [`Advance`]s.

pub mod headers;
pub mod node;
pub mod stream;
pub mod verify;

use alloy::primitives::{Address, B256};
use contract_bindings::Event;

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
    /// The registry of consents.
    pub registry: Code,
    /// The registry of organisations, if it is followed.
    pub hospitals: Option<Code>,
    /// The registry of practitioners, if it is followed.
    pub providers: Option<Code>,
}

/// A contract's address and what is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// Its address.
    pub address: Address,
    /// keccak256 of its code.
    pub hash: B256,
}

/// An event of a followed contract, proven to be in its block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainEvent {
    /// Position among all logs of the block, counted by us.
    pub log_index: u32,
    /// The transaction that caused it, as the node names it.
    pub tx_hash: B256,
    /// What happened.
    pub event: Event,
}

/// A verified block with the followed contracts' events in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainBlock {
    /// Height and hash.
    pub at: BlockRef,
    /// Hash of the block before.
    pub parent: B256,
    /// Unix seconds.
    pub time: u64,
    /// The followed contracts' events.
    pub events: Vec<ChainEvent>,
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
