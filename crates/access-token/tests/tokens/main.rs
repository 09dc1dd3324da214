//! What a token, a proof, a key set and a revocation feed must be for a service to believe them.

mod support;

mod client_assertion;
mod dpop;
mod jwks;
mod person_claims;
mod revocation;
mod revocation_feed;
mod scope_algebra;
mod token_source;
mod verify;
