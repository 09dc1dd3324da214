//! Call and event types of `ConsentRegistry`, generated from `contracts/deployments`.
// Generated: documented by the contract's NatSpec, and shaped by its signatures.
#![allow(missing_docs, clippy::too_many_arguments)]

alloy::sol!(
    #[sol(rpc)]
    #[derive(Debug)]
    ConsentRegistry,
    "../../contracts/deployments/local/ConsentRegistry.json"
);
