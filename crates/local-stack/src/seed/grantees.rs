//! Organisations, and where a test wants one a practitioner, verified on chain: the consent registry lets nobody else request consent.

use std::time::Duration;

use alloy::primitives::{Address, B256, Bytes, aliases::U40, keccak256};
use alloy::providers::DynProvider;
use alloy::signers::local::PrivateKeySigner;
use alloy::sol_types::SolCall;
use anyhow::{Context, Result};
use contract_bindings::registry::{HospitalRegistry, ProviderRegistry};
use serde::Deserialize;

use super::chain::send;

const TIMEOUT: Duration = Duration::from_secs(20);
const SETTINGS: &str = include_str!("../../../../contracts/chains/local.json");

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chain {
    grantee_registries: GranteeRegistries,
}

#[derive(Deserialize)]
struct GranteeRegistries {
    registrar: Address,
}

/// Verifies organisations that the chain does not know yet, until suspended or removed.
///
/// # Errors
/// When the chain refuses.
pub async fn verify(
    provider: &DynProvider,
    hospitals: Address,
    organizations: &[PrivateKeySigner],
) -> Result<()> {
    let registrar = registrar()?;
    let work = async {
        for organization in organizations {
            let call = HospitalRegistry::verifyCall {
                organization: organization.address(),
                credential: credential(organization),
                validTo: U40::MAX,
                asOf: U40::ZERO,
            };
            let input = Bytes::from(call.abi_encode());
            send(provider, registrar, hospitals, input)
                .await
                .with_context(|| format!("verifying {}", organization.address()))?;
        }
        Ok(())
    };
    tokio::time::timeout(TIMEOUT, work)
        .await
        .context("verifying organisations took too long")?
}

/// Verifies somebody whom the chain does not know yet as a practitioner of a verified organisation, until suspended or
/// removed.
///
/// # Errors
/// When the chain refuses.
pub async fn verify_practitioner(
    provider: &DynProvider,
    providers: Address,
    practitioner: &PrivateKeySigner,
    organization: Address,
) -> Result<()> {
    let call = ProviderRegistry::verifyCall {
        practitioner: practitioner.address(),
        organization,
        credential: credential(practitioner),
        validTo: U40::MAX,
        asOf: U40::ZERO,
    };
    let input = Bytes::from(call.abi_encode());
    tokio::time::timeout(TIMEOUT, send(provider, registrar()?, providers, input))
        .await
        .context("verifying a practitioner took too long")?
}

fn registrar() -> Result<Address> {
    let chain: Chain = serde_json::from_str(SETTINGS).context("contracts/chains/local.json")?;
    Ok(chain.grantee_registries.registrar)
}

/// Stands for the salted hash of a grantee's papers. Nobody can search for it without the grantee's key.
fn credential(grantee: &PrivateKeySigner) -> B256 {
    keccak256([grantee.to_bytes().as_slice(), b"credential"].concat())
}
