//! The contract on the chain, and coins for those who send transactions.

use std::time::Duration;

use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, U256, keccak256};
use alloy::providers::ext::AnvilApi;
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use anyhow::{Context, Result, ensure};
use contract_bindings::Deployment;

const TIMEOUT: Duration = Duration::from_secs(20);
/// A thousand ether.
const COINS: u128 = 1_000 * 10u128.pow(18);

/// The exported registry, checked to be the one for this chain.
///
/// # Errors
/// When the export is broken or for another chain.
pub fn registry(chain_id: u64) -> Result<Deployment> {
    let deployment =
        Deployment::local_registry().context("contracts/deployments/local/ConsentRegistry.json")?;
    ensure!(
        deployment.chain_id == chain_id,
        "the exported registry is for chain {}",
        deployment.chain_id
    );
    Ok(deployment)
}

/// A provider for the development node.
///
/// # Errors
/// When the URL is none.
pub fn provider(rpc: &str) -> Result<DynProvider> {
    let provider = ProviderBuilder::new().connect_http(rpc.parse()?).erased();
    // Blocks come with transactions: no need to wait for the network's pace.
    provider
        .client()
        .set_poll_interval(Duration::from_millis(20));
    Ok(provider)
}

/// Puts the contract at its address. Does nothing when it is there.
///
/// # Errors
/// When the chain refuses, or other code ends up there.
pub async fn deploy(provider: &DynProvider, deployment: &Deployment) -> Result<()> {
    let work = async {
        if provider.get_code_at(deployment.address).await?.is_empty() {
            // The node holds keys of its own accounts and signs for them.
            let from = *provider
                .get_accounts()
                .await?
                .first()
                .context("the node has no account")?;
            let create = TransactionRequest::default()
                .with_from(from)
                .with_to(deployment.deployer)
                .with_input(deployment.factory_input());
            let receipt = provider
                .send_transaction(create)
                .await?
                .get_receipt()
                .await?;
            ensure!(
                receipt.status(),
                "the transaction that creates the registry failed"
            );
        }
        let code = provider.get_code_at(deployment.address).await?;
        ensure!(
            keccak256(&code) == deployment.runtime_code_hash,
            "other code than exported is at {}",
            deployment.address
        );
        Ok(())
    };
    tokio::time::timeout(TIMEOUT, work)
        .await
        .context("deploying the registry took too long")?
}

/// Gives coins to every address.
///
/// # Errors
/// When the node refuses.
pub async fn fund(provider: &DynProvider, addresses: &[Address]) -> Result<()> {
    let gifts = addresses
        .iter()
        .map(|address| provider.anvil_set_balance(*address, U256::from(COINS)));
    let all = futures::future::try_join_all(gifts);
    tokio::time::timeout(TIMEOUT, all)
        .await
        .context("funding accounts took too long")??;
    Ok(())
}
