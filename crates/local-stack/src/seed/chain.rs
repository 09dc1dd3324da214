//! The contracts on the chain, and coins for those who send transactions.

use std::time::Duration;

use alloy::network::TransactionBuilder;
use alloy::primitives::{Address, Bytes, U256, keccak256};
use alloy::providers::ext::AnvilApi;
use alloy::providers::{DynProvider, Provider, ProviderBuilder};
use alloy::rpc::types::TransactionRequest;
use anyhow::{Context, Result, ensure};
use contract_bindings::deployment::{Deployment, Deployments};

const TIMEOUT: Duration = Duration::from_secs(20);
/// A thousand ether.
const COINS: u128 = 1_000 * 10u128.pow(18);

/// Where the contracts are that services and seeds are told of.
#[derive(Debug, Clone, Copy)]
pub struct Contracts {
    /// The consent registry.
    pub registry: Address,
    /// The registry of organisations.
    pub hospitals: Address,
    /// The registry of practitioners.
    pub providers: Address,
    /// What verifies passkeys.
    pub webauthn_verifier: Address,
}

impl Contracts {
    /// The addresses that the export promises.
    ///
    /// # Errors
    /// When a contract is not in the export.
    pub fn of(deployments: &Deployments) -> Result<Self> {
        let address = |contract: &str| {
            let found = deployments.find(contract);
            found
                .map(|deployment| deployment.address)
                .with_context(|| format!("{contract} is not in contracts/deployments/local"))
        };
        Ok(Self {
            registry: address("ConsentRegistry")?,
            hospitals: address("HospitalRegistry")?,
            providers: address("ProviderRegistry")?,
            webauthn_verifier: address("ERC7913WebAuthnVerifier")?,
        })
    }

    /// As the layout's placeholders name them.
    pub fn values(&self) -> [(&'static str, String); 4] {
        [
            ("registry", self.registry.to_checksum(None)),
            ("hospitals", self.hospitals.to_checksum(None)),
            ("providers", self.providers.to_checksum(None)),
            (
                "webauthn-verifier",
                self.webauthn_verifier.to_checksum(None),
            ),
        ]
    }
}

/// The exported contracts, checked to be those for this chain.
///
/// # Errors
/// When the export is broken or for another chain.
pub fn exported(chain_id: u64) -> Result<Deployments> {
    let deployments = Deployments::local().context("contracts/deployments/local")?;
    for deployment in &deployments.contracts {
        ensure!(
            deployment.chain_id == chain_id,
            "the exported {} is for chain {}",
            deployment.contract,
            deployment.chain_id
        );
    }
    Ok(deployments)
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

/// Puts every contract at its address and hands out the roles. Does nothing about what is there.
///
/// # Errors
/// When the chain refuses, or other code ends up there.
pub async fn deploy(provider: &DynProvider, deployments: &Deployments) -> Result<()> {
    let work = async {
        // The node holds keys of its own accounts and signs for them.
        let from = *provider
            .get_accounts()
            .await?
            .first()
            .context("the node has no account")?;
        let mut created = false;
        for deployment in &deployments.contracts {
            created |= create(provider, from, deployment)
                .await
                .with_context(|| deployment.contract.clone())?;
        }
        let roles = &deployments.roles;
        for call in roles.calls.iter().filter(|_| created) {
            send(provider, roles.from, roles.to, call.data.clone())
                .await
                .with_context(|| call.function.clone())?;
        }
        Ok(())
    };
    tokio::time::timeout(TIMEOUT, work)
        .await
        .context("deploying the contracts took too long")?
}

/// Whether the contract had to be created.
async fn create(provider: &DynProvider, from: Address, deployment: &Deployment) -> Result<bool> {
    let missing = provider.get_code_at(deployment.address).await?.is_empty();
    if missing {
        let input = deployment.factory_input();
        send(provider, from, deployment.deployer, input).await?;
    }
    let code = provider.get_code_at(deployment.address).await?;
    ensure!(
        keccak256(&code) == deployment.runtime_code_hash,
        "other code than exported is at {}",
        deployment.address
    );
    Ok(missing)
}

/// Sends a call from an account of the node.
pub(super) async fn send(
    provider: &DynProvider,
    from: Address,
    to: Address,
    input: Bytes,
) -> Result<()> {
    let call = TransactionRequest::default()
        .with_from(from)
        .with_to(to)
        .with_input(input);
    let receipt = provider.send_transaction(call).await?.get_receipt().await?;
    ensure!(
        receipt.status(),
        "the transaction {} failed",
        receipt.transaction_hash
    );
    Ok(())
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
