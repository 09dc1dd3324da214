//! What a fresh stack holds: the contracts, verified organisations, chain coins, the audit bucket, OAuth clients, organisations,
//! patients and their bindings.

pub mod bucket;
pub mod chain;
pub mod clients;
pub mod directory;
pub mod grantees;
pub mod patients;
