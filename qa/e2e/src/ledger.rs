//! The parties' own transactions on the registry.

use std::time::Duration;

use alloy::network::{EthereumWallet, TransactionBuilder};
use alloy::primitives::{Address, B256, U256, aliases::U40};
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::{TransactionReceipt, TransactionRequest};
use alloy::signers::local::PrivateKeySigner;
use anyhow::{Context, Result, ensure};
use contract_bindings::registry::ConsentRegistry::{self, ConsentRegistryInstance, Grant, Revoke};
use local_stack::endpoints::Chain;

use crate::signed::Signed;

/// What an account is given: one ether.
const COINS: u128 = 10u128.pow(18);

/// "Until revoked" in the contract's terms.
pub const UNTIL_REVOKED: u64 = consent_core::UNTIL_REVOKED;

/// One party with its own key.
#[derive(Clone)]
pub struct Party {
    address: Address,
    registry: ConsentRegistryInstance<DynProvider>,
}

/// Which consent: subject, grantee, scope.
#[derive(Debug, Clone, Copy)]
pub struct Which {
    /// The patient's address.
    pub subject: Address,
    /// The organisation's address.
    pub grantee: Address,
    /// Hash of the policy document.
    pub scope: B256,
}

impl Party {
    /// A party that signs with `private_key` (0x-hex).
    ///
    /// # Errors
    /// When the key or the stack's addresses are malformed.
    pub fn new(chain: &Chain, private_key: &str) -> Result<Self> {
        let signer: PrivateKeySigner = private_key.parse().context("a development key")?;
        let address = signer.address();
        let provider = ProviderBuilder::new()
            .with_simple_nonce_management()
            .wallet(EthereumWallet::from(signer))
            .connect_http(chain.rpc.parse().context("the chain's RPC address")?);
        // Automatic mining answers at once; the default of seven seconds is for public networks.
        provider
            .client()
            .set_poll_interval(Duration::from_millis(20));
        let registry = chain.registry.parse().context("the registry's address")?;
        Ok(Self {
            address,
            registry: ConsentRegistry::new(registry, provider.erased()),
        })
    }

    /// The party's address.
    pub fn address(&self) -> Address {
        self.address
    }

    /// The registry as this party sees it.
    pub fn registry(&self) -> &ConsentRegistryInstance<DynProvider> {
        &self.registry
    }

    /// The stored version of a consent.
    ///
    /// # Errors
    /// When the chain does not answer.
    pub async fn version(&self, which: Which) -> Result<u32> {
        let id = self
            .registry
            .consentId(which.subject, which.grantee, which.scope)
            .call()
            .await?;
        Ok(self.registry.consents(id).call().await?.version)
    }

    /// The grantee asks for a consent over `[from, to)`, Unix seconds; answerable for a day.
    ///
    /// # Errors
    /// When the transaction is refused or not mined.
    pub async fn request(&self, which: Which, from: u64, to: u64) -> Result<TransactionReceipt> {
        let version = self.version(which).await? + 1;
        let respond_by = now() + 86_400;
        let call = self.registry.request(
            which.subject,
            which.grantee,
            which.scope,
            U40::from(from),
            U40::from(to),
            U40::from(respond_by),
            version,
        );
        mined(call.send().await?).await
    }

    /// The subject grants over `[from, to)`: approves a pending request (`version` unchanged) or
    /// opens a new consent (version + 1).
    ///
    /// # Errors
    /// When the transaction is refused or not mined.
    pub async fn grant(
        &self,
        which: Which,
        from: u64,
        to: u64,
        approving: bool,
    ) -> Result<TransactionReceipt> {
        let version = self.version(which).await? + u32::from(!approving);
        let seq = self.registry.subjects(which.subject).call().await?.seq;
        let call = self.registry.grant(
            which.subject,
            which.grantee,
            which.scope,
            seq,
            U40::from(from),
            U40::from(to),
            version,
        );
        mined(call.send().await?).await
    }

    /// The subject ends a consent.
    ///
    /// # Errors
    /// When the transaction is refused or not mined.
    pub async fn revoke(&self, which: Which) -> Result<TransactionReceipt> {
        let call = self
            .registry
            .revoke(which.subject, which.grantee, which.scope);
        mined(call.send().await?).await
    }

    /// Sends a grant that somebody else signed.
    ///
    /// # Errors
    /// When the transaction is refused or not mined.
    pub async fn relay_grant(&self, grant: Signed<Grant>) -> Result<TransactionReceipt> {
        let call = self.registry.grantBySig(grant.intent, grant.proof);
        mined(call.send().await?).await
    }

    /// Sends a revocation that somebody else signed.
    ///
    /// # Errors
    /// When the transaction is refused or not mined.
    pub async fn relay_revoke(&self, revoke: Signed<Revoke>) -> Result<TransactionReceipt> {
        let call = self.registry.revokeBySig(revoke.intent, revoke.proof);
        mined(call.send().await?).await
    }

    /// An account's coins, and how many transactions it has sent.
    ///
    /// # Errors
    /// When the chain does not answer.
    pub async fn account(&self, address: Address) -> Result<(U256, u64)> {
        let provider = self.registry.provider();
        let coins = provider.get_balance(address).await?;
        Ok((coins, provider.get_transaction_count(address).await?))
    }

    /// Gives an account coins to send transactions with.
    ///
    /// # Errors
    /// When the transaction is refused or not mined.
    pub async fn give_coins(&self, to: Address) -> Result<TransactionReceipt> {
        let gift = TransactionRequest::default()
            .with_to(to)
            .with_value(U256::from(COINS));
        mined(self.registry.provider().send_transaction(gift).await?).await
    }

    /// The subject refuses a request.
    ///
    /// # Errors
    /// When the transaction is refused or not mined.
    pub async fn deny(&self, which: Which) -> Result<TransactionReceipt> {
        let call = self
            .registry
            .deny(which.subject, which.grantee, which.scope);
        mined(call.send().await?).await
    }
}

/// Unix seconds now.
pub fn now() -> u64 {
    time::OffsetDateTime::now_utc()
        .unix_timestamp()
        .unsigned_abs()
}

/// Waits until a transaction is mined.
///
/// # Errors
/// When it is not, or reverted.
pub async fn mined(
    pending: alloy::providers::PendingTransactionBuilder<alloy::network::Ethereum>,
) -> Result<TransactionReceipt> {
    let receipt = pending
        .with_timeout(Some(Duration::from_secs(20)))
        .get_receipt()
        .await
        .context("the transaction was not mined")?;
    ensure!(
        receipt.status(),
        "the transaction {} reverted",
        receipt.transaction_hash
    );
    Ok(receipt)
}
