//! Call and event types of the contracts, generated from `contracts/deployments`.
// Generated: documented by the contracts' NatSpec, and shaped by their signatures.
#![allow(missing_docs, clippy::too_many_arguments)]

alloy::sol!(
    #[sol(rpc)]
    #[derive(Debug, PartialEq, Eq)]
    ConsentRegistry,
    "../../contracts/deployments/local/ConsentRegistry.json"
);

alloy::sol!(
    #[sol(rpc)]
    #[derive(Debug, PartialEq, Eq)]
    IntentLens,
    "../../contracts/deployments/local/IntentLens.json"
);

alloy::sol!(
    #[sol(rpc)]
    #[derive(Debug, PartialEq, Eq)]
    AuditAnchor,
    "../../contracts/deployments/local/AuditAnchor.json"
);

pub use hospitals::HospitalRegistry;
pub use providers::ProviderRegistry;

// Modules of their own, because both bring the types of their common interface.
pub mod hospitals {
    alloy::sol!(
        #[sol(rpc)]
        #[derive(Debug, PartialEq, Eq)]
        HospitalRegistry,
        "../../contracts/deployments/local/HospitalRegistry.json"
    );
}

pub mod providers {
    alloy::sol!(
        #[sol(rpc)]
        #[derive(Debug, PartialEq, Eq)]
        ProviderRegistry,
        "../../contracts/deployments/local/ProviderRegistry.json"
    );
}
