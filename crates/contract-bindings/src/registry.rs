//! Call and event types of `ConsentRegistry`, generated from `contracts/deployments`.
#![allow(missing_docs)] // Generated; documented by the contract's NatSpec.

alloy::sol!(
    #[sol(rpc)]
    #[derive(Debug)]
    ConsentRegistry,
    "../../contracts/deployments/local/ConsentRegistry.json"
);
