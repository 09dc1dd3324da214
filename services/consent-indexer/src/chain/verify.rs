//! What a node claims, checked: a header against its hash, receipts against the header.

use alloy::consensus::proofs::calculate_receipt_root;
use alloy::primitives::{Address, B256, BloomInput};
use alloy::rpc::types::{Header as ClaimedHeader, TransactionReceipt};
use contract_bindings::LogError;
use thiserror::Error;

use super::{BlockRef, RegistryEvent};

/// The node's answer does not prove what it claims. It says nothing about the chain: ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Unproven {
    /// The header does not have the hash it was sent with.
    #[error("a header does not have the hash it claims")]
    HeaderHash,
    /// Another block than the one asked for.
    #[error("the node answered with another block than asked for")]
    OtherBlock,
    /// Receipts are missing, foreign, reordered or altered.
    #[error("the receipts do not match the block's receipts root")]
    Receipts,
}

/// A header whose hash was computed here.
#[derive(Debug, Clone)]
pub struct Header {
    at: BlockRef,
    inner: alloy::consensus::Header,
}

impl Header {
    /// Recomputes the hash.
    pub fn verify(claimed: ClaimedHeader) -> Result<Self, Unproven> {
        let hash = claimed.inner.hash_slow();
        if hash != claimed.hash {
            return Err(Unproven::HeaderHash);
        }
        let at = BlockRef { no: claimed.inner.number, hash };
        Ok(Self { at, inner: claimed.inner })
    }

    /// Height and hash.
    pub fn at(&self) -> BlockRef {
        self.at
    }

    /// Hash of the block before.
    pub fn parent(&self) -> B256 {
        self.inner.parent_hash
    }

    /// Unix seconds.
    pub fn time(&self) -> u64 {
        self.inner.timestamp
    }

    /// False only if the block certainly holds no log of `address`.
    pub fn may_hold_logs_of(&self, address: Address) -> bool {
        self.inner.logs_bloom.contains_input(BloomInput::Raw(address.as_slice()))
    }
}

/// The registry's events of a block, from receipts proven against the header's receipts root. Log indexes are
/// counted here, because nodes have been seen to get them wrong.
///
/// The outer error is the node's, the inner one the registry's: an event that this code does not know.
pub fn registry_events(
    header: &Header,
    receipts: Vec<TransactionReceipt>,
    registry: Address,
) -> Result<Result<Vec<RegistryEvent>, LogError>, Unproven> {
    let hashes: Vec<B256> = receipts.iter().map(|receipt| receipt.transaction_hash).collect();
    let receipts: Vec<_> = receipts.into_iter().map(|receipt| receipt.into_primitives_receipt().inner).collect();
    if calculate_receipt_root(&receipts) != header.inner.receipts_root {
        return Err(Unproven::Receipts);
    }
    let logs = receipts.iter().zip(hashes).flat_map(|(receipt, tx)| receipt.logs().iter().map(move |log| (tx, log)));
    let of_registry = (0u32..).zip(logs).filter(|(_, (_, log))| log.address == registry);
    let events = of_registry.map(|(log_index, (tx_hash, log))| {
        contract_bindings::decode(&log.data).map(|event| RegistryEvent { log_index, tx_hash, event })
    });
    Ok(events.collect())
}
