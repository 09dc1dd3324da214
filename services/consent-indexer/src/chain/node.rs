//! One JSON-RPC node, asked with a time limit. What it answers is verified before it leaves this module.

use std::time::Duration;

use alloy::eips::{BlockId, BlockNumberOrTag};
use alloy::primitives::{Address, B256, Bytes, keccak256};
use alloy::providers::{Provider as _, RootProvider};
use alloy::rpc::client::ClientBuilder;
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::transports::TransportError;
use contract_bindings::execution::is_of_execution;
use contract_bindings::{Contract, Followed};
use thiserror::Error;
use url::Url;

use super::verify::{Header, Unproven};
use super::{Code, Identity};

/// The most gas that a call may use: enough for a wallet with many owners.
const CALL_GAS: u64 = 2_000_000;

/// Why the node gave no usable answer. Always worth another try.
#[derive(Debug, Error)]
pub enum NodeError {
    /// No answer, or an error. The transport's message may hold the node's URL and stays out of ours.
    #[error("the node is unreachable or refused: {0}")]
    Unreachable(&'static str),
    /// The node lacks what it should have.
    #[error("the node has no {0}")]
    Missing(&'static str),
    /// See [`Unproven`].
    #[error(transparent)]
    Unproven(#[from] Unproven),
}

impl From<TransportError> for NodeError {
    fn from(error: TransportError) -> Self {
        Self::Unreachable(match error {
            TransportError::ErrorResp(_) => "it answered with an error",
            TransportError::DeserError { .. } => "its answer cannot be read",
            _ => "no answer",
        })
    }
}

/// The heights that a chain calls more or less final. Absent where the chain has no such notion.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct FinalHeights {
    /// Unlikely to be reverted.
    pub safe: Option<u64>,
    /// Final.
    pub finalized: Option<u64>,
}

/// A node and the contracts we read there.
pub struct Node {
    provider: RootProvider,
    followed: Followed,
}

impl Node {
    /// A client with this limit on each call.
    ///
    /// # Errors
    /// When the TLS backend cannot be set up.
    pub fn new(url: Url, followed: Followed, timeout: Duration) -> Result<Self, reqwest::Error> {
        let http = service_kit::http_client::build(timeout)?;
        let client = ClientBuilder::default().http_with_client(http, url);
        Ok(Self {
            provider: RootProvider::new(client),
            followed,
        })
    }

    /// Where the followed contracts are.
    pub fn followed(&self) -> &Followed {
        &self.followed
    }

    /// Chain id, genesis and the followed contracts' code as they are now.
    pub async fn identity(&self) -> Result<Identity, NodeError> {
        let chain_id = self.provider.get_chain_id().await?;
        let genesis = self.by_number(0).await?.at().hash;
        let grantees = async |contract, address: Option<Address>| match address {
            Some(address) => self.code(contract, address).await.map(Some),
            None => Ok(None),
        };
        Ok(Identity {
            chain_id,
            genesis,
            registry: self
                .code(Contract::Registry, self.followed.registry)
                .await?,
            hospitals: grantees(Contract::Hospitals, self.followed.hospitals).await?,
            providers: grantees(Contract::Providers, self.followed.providers).await?,
        })
    }

    async fn code(&self, contract: Contract, address: Address) -> Result<Code, NodeError> {
        let code = self.provider.get_code_at(address).await?;
        if code.is_empty() {
            return Err(NodeError::Missing(match contract {
                Contract::Registry => "contract at the registry's address",
                Contract::Hospitals => "contract at the address of the registry of organisations",
                Contract::Providers => "contract at the address of the registry of practitioners",
            }));
        }
        Ok(Code {
            address,
            hash: keccak256(&code),
        })
    }

    /// The head.
    pub async fn latest(&self) -> Result<Header, NodeError> {
        self.tagged(BlockNumberOrTag::Latest)
            .await?
            .ok_or(NodeError::Missing("latest block"))
    }

    /// The safe and the finalized height. A node that knows no such tags is not an error.
    pub async fn final_heights(&self) -> Result<FinalHeights, NodeError> {
        let height = async |tag| match self.tagged(tag).await {
            Ok(header) => Ok(header.map(|header| header.at().no)),
            Err(NodeError::Unreachable("it answered with an error")) => Ok(None),
            Err(error) => Err(error),
        };
        Ok(FinalHeights {
            safe: height(BlockNumberOrTag::Safe).await?,
            finalized: height(BlockNumberOrTag::Finalized).await?,
        })
    }

    /// The canonical block at a height, as the node sees it.
    pub async fn by_number(&self, no: u64) -> Result<Header, NodeError> {
        let header = self
            .tagged(BlockNumberOrTag::Number(no))
            .await?
            .ok_or(NodeError::Missing("block below its head"))?;
        if header.at().no != no {
            return Err(Unproven::OtherBlock.into());
        }
        Ok(header)
    }

    /// The block with this hash, canonical or not.
    pub async fn by_hash(&self, hash: B256) -> Result<Header, NodeError> {
        let block = self
            .provider
            .get_block_by_hash(hash)
            .await?
            .ok_or(NodeError::Missing("parent of a block it has"))?;
        let header = Header::verify(block.header)?;
        if header.at().hash != hash {
            return Err(Unproven::OtherBlock.into());
        }
        Ok(header)
    }

    /// All receipts of a block, unverified: only [`super::verify::followed_events`] may look at them.
    pub async fn receipts(&self, hash: B256) -> Result<Vec<TransactionReceipt>, NodeError> {
        let receipts = self
            .provider
            .get_block_receipts(BlockId::hash(hash))
            .await?;
        receipts.ok_or(NodeError::Missing("receipts of a block it has"))
    }

    /// What a contract returns to a call that changes nothing, at a block; `None` when it reverts.
    pub async fn call(
        &self,
        to: Address,
        data: Bytes,
        block: B256,
    ) -> Result<Option<Bytes>, NodeError> {
        let request = TransactionRequest::default()
            .to(to)
            .input(data.into())
            .gas_limit(CALL_GAS);
        match self
            .provider
            .call(request)
            .block(BlockId::hash(block))
            .await
        {
            Ok(returned) => Ok(Some(returned)),
            Err(TransportError::ErrorResp(error))
                if is_of_execution(error.code, &error.message) =>
            {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn tagged(&self, tag: BlockNumberOrTag) -> Result<Option<Header>, NodeError> {
        let block = self.provider.get_block_by_number(tag).await?;
        Ok(block
            .map(|block| Header::verify(block.header))
            .transpose()?)
    }
}
