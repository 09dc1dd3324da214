//! The chain's node: asked with a time limit, and only believed while it is the right chain with the registry on it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alloy::consensus::BlockHeader as _;
use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::network::TransactionBuilder as _;
use alloy::primitives::{Address, B256};
use alloy::providers::{Provider as _, RootProvider};
use alloy::rpc::client::ClientBuilder;
use alloy::rpc::types::TransactionRequest;
use alloy::transports::TransportError;
use contract_bindings::execution::is_of_execution;
use contract_bindings::registry::ConsentRegistry::ConsentRegistryErrors;
use thiserror::Error;
use url::Url;

use crate::config::Finality;

/// Where nodes have no opinion on the tip: one gwei.
const DEFAULT_TIP: u128 = 1_000_000_000;

/// Why the node gave no usable answer. Worth another try. The transport's message may hold the node's URL and stays out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum NodeError {
    /// No answer in time, or an error.
    #[error("the node is unreachable or refused")]
    Unreachable,
    /// It lacks a block that every chain has.
    #[error("the node has no such block")]
    NoBlock,
    /// It is the node of another chain.
    #[error("the node is of another chain than CHAIN_ID says")]
    WrongChain,
    /// There is no code at the registry's address.
    #[error("the node has no contract at REGISTRY_ADDRESS")]
    NoRegistry,
}

impl From<TransportError> for NodeError {
    fn from(_: TransportError) -> Self {
        Self::Unreachable
    }
}

/// What became of a call that changed nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Attempt {
    /// It would work, with so much gas.
    Works(u64),
    /// The registry refuses, by the name of its error.
    Reverts(&'static str),
}

/// The chain as the submitter sees it at one moment.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// Height of the head.
    pub head: u64,
    /// Its hash.
    pub head_hash: B256,
    /// Height up to which blocks are final for us.
    pub final_height: u64,
    /// The head's base fee, in wei.
    pub base_fee: u128,
    /// The tip that the node suggests, in wei.
    pub tip: u128,
    /// Transactions of the account that the head contains.
    pub confirmed: u64,
    /// The same in the final block.
    pub confirmed_finally: u64,
    /// The account's coins, in wei.
    pub balance: u128,
}

/// A mined transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mined {
    /// In which block.
    pub block_no: u64,
    /// Whether it did what it was sent for.
    pub worked: bool,
}

/// The node, the registry there and the account that we send from.
pub struct Node {
    provider: RootProvider,
    chain_id: u64,
    registry: Address,
    account: Address,
    finality: Finality,
    trusted: AtomicBool,
}

impl Node {
    /// A client with this limit on each call.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub fn new(
        url: Url,
        timeout: Duration,
        chain_id: u64,
        registry: Address,
        account: Address,
        finality: Finality,
    ) -> Result<Self, reqwest::Error> {
        let http = service_kit::http_client::build(timeout)?;
        let client = ClientBuilder::default().http_with_client(http, url);
        Ok(Self {
            provider: RootProvider::new(client),
            chain_id,
            registry,
            account,
            finality,
            trusted: AtomicBool::new(false),
        })
    }

    /// The chain's id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// The registry.
    pub fn registry(&self) -> Address {
        self.registry
    }

    /// A node on another chain, or without the registry, would say yes to everything. Asked again after every failure,
    /// since another node may have taken its place.
    async fn is_the_right_one(&self) -> Result<(), NodeError> {
        if self.trusted.load(Ordering::Relaxed) {
            return Ok(());
        }
        if self.provider.get_chain_id().await? != self.chain_id {
            return Err(NodeError::WrongChain);
        }
        if self.provider.get_code_at(self.registry).await?.is_empty() {
            return Err(NodeError::NoRegistry);
        }
        self.trusted.store(true, Ordering::Relaxed);
        Ok(())
    }

    fn noted<T>(&self, outcome: Result<T, NodeError>) -> Result<T, NodeError> {
        if outcome.is_err() {
            self.trusted.store(false, Ordering::Relaxed);
        }
        outcome
    }

    /// The chain now.
    pub async fn view(&self) -> Result<View, NodeError> {
        self.noted(self.look().await)
    }

    async fn look(&self) -> Result<View, NodeError> {
        self.is_the_right_one().await?;
        let block = async |tag| {
            let found = self.provider.get_block_by_number(tag).await?;
            found.ok_or(NodeError::NoBlock)
        };
        let head = block(BlockNumberOrTag::Latest).await?;
        let final_height = match self.finality {
            Finality::Latest => head.header.number(),
            level => block(level.tag()).await?.header.number(),
        };
        let count = async |id: BlockId| {
            let asked = self.provider.get_transaction_count(self.account);
            asked.block_id(id).await
        };
        // A node without an opinion on the tip is no reason to stop.
        let tip = self.provider.get_max_priority_fee_per_gas().await;
        Ok(View {
            head: head.header.number(),
            head_hash: head.header.hash,
            final_height,
            base_fee: head.header.base_fee_per_gas().unwrap_or_default().into(),
            tip: tip.unwrap_or(DEFAULT_TIP),
            confirmed: count(BlockId::latest()).await?,
            confirmed_finally: count(final_height.into()).await?,
            balance: self
                .provider
                .get_balance(self.account)
                .await?
                .saturating_to(),
        })
    }

    /// What the registry would make of a call now, with at most so much gas.
    pub async fn attempt(&self, calldata: &[u8], gas: u64) -> Result<Attempt, NodeError> {
        let attempt = async {
            self.is_the_right_one().await?;
            let asked = self.provider.estimate_gas(self.call(calldata, gas));
            match asked.block(BlockId::latest()).await {
                Ok(used) => Ok(Attempt::Works(used.min(gas))),
                Err(error) => refusal(error),
            }
        };
        self.noted(attempt.await)
    }

    /// Why the registry refuses a call in the final block; nothing if it does not.
    pub async fn refused_finally(
        &self,
        calldata: &[u8],
        gas: u64,
    ) -> Result<Option<&'static str>, NodeError> {
        let asked = self.provider.call(self.call(calldata, gas));
        let outcome = match asked.block(self.finality.tag().into()).await {
            Ok(_) => Ok(None),
            Err(error) => match refusal(error) {
                Ok(Attempt::Reverts(reason)) => Ok(Some(reason)),
                Ok(Attempt::Works(_)) => Ok(None),
                Err(error) => Err(error),
            },
        };
        self.noted(outcome)
    }

    fn call(&self, calldata: &[u8], gas: u64) -> TransactionRequest {
        TransactionRequest::default()
            .with_from(self.account)
            .with_to(self.registry)
            .with_input(calldata.to_vec())
            .with_gas_limit(gas)
    }

    /// Hands a signed transaction to the node. What it says against it is logged and shows in what happens next.
    pub async fn send(&self, raw: &[u8]) {
        if let Err(error) = self.provider.send_raw_transaction(raw).await {
            let said = match &error {
                // Nodes say here why, such as "nonce too low" or "already known"; there is nothing of ours in it.
                TransportError::ErrorResp(payload) => payload.message.to_string(),
                _ => "no answer".to_owned(),
            };
            tracing::warn!(said, "a transaction was not taken now");
        }
    }

    /// Whether and how a transaction was mined.
    pub async fn mined(&self, hash: B256) -> Result<Option<Mined>, NodeError> {
        let receipt = self.provider.get_transaction_receipt(hash).await;
        let receipt = self.noted(receipt.map_err(Into::into))?;
        Ok(receipt.and_then(|receipt| {
            Some(Mined {
                block_no: receipt.block_number?,
                worked: receipt.status(),
            })
        }))
    }
}

/// Tells a refusal by the registry from one by the node.
fn refusal(error: TransportError) -> Result<Attempt, NodeError> {
    let TransportError::ErrorResp(payload) = error else {
        return Err(NodeError::Unreachable);
    };
    if is_of_execution(payload.code, &payload.message) {
        let data = payload.as_revert_data().unwrap_or_default();
        Ok(Attempt::Reverts(reason(&data)))
    } else {
        Err(NodeError::Unreachable)
    }
}

/// The name of the registry's error.
fn reason(data: &[u8]) -> &'static str {
    data.get(..4)
        .and_then(|selector| selector.try_into().ok())
        .and_then(ConsentRegistryErrors::name_by_selector)
        .unwrap_or("Reverted")
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloy::sol_types::SolError as _;
    use contract_bindings::registry::ConsentRegistry::StaleStop;

    #[test]
    fn a_refusal_of_the_registry_has_its_name() {
        let stale = StaleStop {
            throughVersion: 1,
            version: 2,
        };
        assert_eq!(reason(&stale.abi_encode()), "StaleStop");
        assert_eq!(reason(&[1, 2, 3, 4]), "Reverted");
        assert_eq!(reason(&[]), "Reverted");
    }
}
