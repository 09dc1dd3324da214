//! The exported deployment: the one place that says where the registry is and what its code is.

use alloy::primitives::{Address, B256, Bytes};
use serde::Deserialize;

const LOCAL: &str = include_str!("../../../contracts/deployments/local/ConsentRegistry.json");

/// A contract's deployment by CREATE2: deterministic, so that it can be committed before it exists.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Deployment {
    /// Contract name.
    pub contract: String,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Where the contract is, or will be.
    pub address: Address,
    /// The CREATE2 factory that takes `salt ++ init_code`.
    pub deployer: Address,
    /// CREATE2 salt.
    pub salt: B256,
    /// Creation code.
    pub init_code: Bytes,
    /// keccak256 of the code at `address`.
    pub runtime_code_hash: B256,
}

impl Deployment {
    /// The registry on the local development chain.
    ///
    /// # Errors
    /// When the committed export is not of this form; `contracts/tools/export` rewrites it.
    pub fn local_registry() -> Result<Self, serde_json::Error> {
        serde_json::from_str(LOCAL)
    }

    /// Call data for the factory.
    pub fn factory_input(&self) -> Bytes {
        [self.salt.as_slice(), &self.init_code].concat().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exported_address_follows_from_salt_and_code() {
        let deployment = Deployment::local_registry().unwrap();
        let derived = deployment
            .deployer
            .create2_from_code(deployment.salt, &deployment.init_code);
        assert_eq!(derived, deployment.address);
    }
}
