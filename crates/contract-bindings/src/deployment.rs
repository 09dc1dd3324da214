//! The exported deployments: the one place that says where the contracts are and what their code is.

use alloy::primitives::{Address, B256, Bytes};
use serde::Deserialize;

/// A file of the export for the local chain.
macro_rules! exported {
    ($file:literal) => {
        include_str!(concat!("../../../contracts/deployments/local/", $file))
    };
}

/// Every contract of the local chain, each after those its constructor names.
const LOCAL: &[&str] = &[
    exported!("AccessManager.json"),
    exported!("HospitalRegistry.json"),
    exported!("ProviderRegistry.json"),
    exported!("ConsentRegistry.json"),
    exported!("AuditAnchor.json"),
    exported!("ERC7913WebAuthnVerifier.json"),
    exported!("IntentLens.json"),
];
const LOCAL_ROLES: &str = exported!("roles.json");

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
    /// Creation code with the constructor's arguments.
    pub init_code: Bytes,
    /// keccak256 of the code at `address`.
    pub runtime_code_hash: B256,
}

impl Deployment {
    /// The consent registry on the local development chain.
    ///
    /// # Errors
    /// When the committed export is not of this form; `contracts/tools/export` rewrites it.
    pub fn local_registry() -> Result<Self, serde_json::Error> {
        serde_json::from_str(exported!("ConsentRegistry.json"))
    }

    /// Call data for the factory.
    pub fn factory_input(&self) -> Bytes {
        [self.salt.as_slice(), &self.init_code].concat().into()
    }
}

/// A call that hands out a role.
#[derive(Debug, Clone, Deserialize)]
pub struct RoleCall {
    /// The function's signature, to tell which call failed.
    pub function: String,
    /// Call data.
    pub data: Bytes,
}

/// How the first admin of the access manager hands out the roles, right after the deployment.
#[derive(Debug, Clone, Deserialize)]
pub struct RoleCalls {
    /// The first admin.
    pub from: Address,
    /// The access manager.
    pub to: Address,
    /// In this order.
    pub calls: Vec<RoleCall>,
}

/// All contracts of a chain.
#[derive(Debug, Clone)]
pub struct Deployments {
    /// Each after those its constructor names.
    pub contracts: Vec<Deployment>,
    /// Who may do what in the registries of grantees.
    pub roles: RoleCalls,
}

impl Deployments {
    /// The contracts of the local development chain.
    ///
    /// # Errors
    /// When the committed export is not of this form; `contracts/tools/export` rewrites it.
    pub fn local() -> Result<Self, serde_json::Error> {
        Ok(Self {
            contracts: LOCAL
                .iter()
                .map(|text| serde_json::from_str(text))
                .collect::<Result<_, _>>()?,
            roles: serde_json::from_str(LOCAL_ROLES)?,
        })
    }

    /// A contract by its name.
    pub fn find(&self, contract: &str) -> Option<&Deployment> {
        self.contracts
            .iter()
            .find(|deployment| deployment.contract == contract)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_exported_address_follows_from_salt_and_code() {
        for deployment in Deployments::local().unwrap().contracts {
            let derived = deployment
                .deployer
                .create2_from_code(deployment.salt, &deployment.init_code);
            assert_eq!(derived, deployment.address, "{}", deployment.contract);
        }
    }

    #[test]
    fn every_exported_contract_of_the_local_chain_is_known() {
        let folder = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../contracts/deployments/local"
        );
        let files: BTreeSet<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "roles.json" && name != "typehashes.json")
            .collect();
        let known: BTreeSet<String> = Deployments::local()
            .unwrap()
            .contracts
            .iter()
            .map(|deployment| format!("{}.json", deployment.contract))
            .collect();
        assert_eq!(known, files);
    }

    #[test]
    fn what_a_constructor_names_comes_before_it() {
        let all = Deployments::local().unwrap().contracts;
        for (index, deployment) in all.iter().enumerate() {
            for later in &all[index..] {
                let arguments = &deployment.init_code[deployment.init_code.len() - 64..];
                let named = arguments
                    .windows(20)
                    .any(|bytes| bytes == later.address.as_slice());
                assert!(!named, "{} names {}", deployment.contract, later.contract);
            }
        }
    }

    #[test]
    fn the_roles_are_handed_out_by_calls_to_the_access_manager() {
        let deployments = Deployments::local().unwrap();
        let manager = deployments.find("AccessManager").unwrap();
        assert_eq!(deployments.roles.to, manager.address);
        assert!(!deployments.roles.calls.is_empty());
    }
}
