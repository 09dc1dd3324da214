//! Who takes part, with their keys.

use std::collections::BTreeMap;

use alloy::primitives::{B256, U256};
use alloy::signers::local::PrivateKeySigner;
use consent_model::{Address, ScopeId};
use serde_json::json;

use crate::support::Anvil;
use crate::support::chain::{CLINICS, REGISTRAR, verify_organization};

/// Everybody. Roles overlap in the history: anyone may be made a delegate, a recoverer or a controller.
pub struct Cast {
    keys: BTreeMap<Address, PrivateKeySigner>,
    /// Who stands for a patient.
    pub subjects: Vec<Address>,
    /// Who asks for consent: verified organisations, a person of the family, and one who was never verified.
    pub grantees: Vec<Address>,
    /// Everybody with a key.
    pub people: Vec<Address>,
    /// What consent is about.
    pub scopes: Vec<ScopeId>,
}

impl Cast {
    /// Everybody on this chain, with coins.
    pub async fn on(anvil: &Anvil) -> Self {
        let signers = (1..=10).map(|number| {
            let key = PrivateKeySigner::from_bytes(&B256::repeat_byte(number)).unwrap();
            (model(key.address()), key)
        });
        let signers: Vec<_> = signers.collect();
        for (address, _) in &signers {
            let coins = U256::from(10).pow(U256::from(21));
            anvil
                .rpc("anvil_setBalance", json!([chain(*address), coins]))
                .await;
        }
        let people: Vec<_> = signers.iter().map(|(address, _)| *address).collect();
        for clinic in &people[4..6] {
            let verify = verify_organization(chain(*clinic), crate::support::chain::FOREVER, 0);
            anvil
                .call_to(anvil.hospitals(), anvil.accounts[REGISTRAR], verify)
                .await;
        }
        Self {
            subjects: people[..3].to_vec(),
            grantees: people[4..8].to_vec(),
            scopes: vec![ScopeId([1; 32]), ScopeId([2; 32])],
            people,
            keys: signers.into_iter().collect(),
        }
    }

    /// Sends what others signed.
    pub fn relayer(&self) -> Address {
        self.people[9]
    }

    /// Those whom the registries of grantees may know: also the clinics that were there from the start.
    pub fn candidates(&self, anvil: &Anvil) -> Vec<Address> {
        let first = CLINICS.map(|index| model(anvil.accounts[index]));
        self.grantees.iter().copied().chain(first).collect()
    }

    /// Someone's key.
    pub fn key(&self, address: Address) -> &PrivateKeySigner {
        &self.keys[&address]
    }
}

/// The chain's address as the model's.
pub fn model(address: alloy::primitives::Address) -> Address {
    Address(address.into_array())
}

/// The model's address as the chain's.
pub fn chain(address: Address) -> alloy::primitives::Address {
    alloy::primitives::Address::from(address.0)
}

/// The model's address as ours.
pub fn core(address: Address) -> consent_core::Address {
    consent_core::Address(address.0)
}
