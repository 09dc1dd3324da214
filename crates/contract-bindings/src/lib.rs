//! What the contracts look like from Rust, in one place.
//!
//! * [`registry`]: call and event types generated from the exported ABI.
//! * [`deployment`]: the address and code the export promises.
//! * [`event`]: a chain log turned into a domain event, or refused.
//! * [`execution`]: a contract's error told from a node's.
//! * [`intent`]: EIP-712 messages people sign off-chain, and their verification.

pub mod deployment;
pub mod event;
pub mod execution;
pub mod intent;
pub mod registry;

pub use deployment::Deployment;
pub use event::{Contract, Event, Followed, LogError, decode};
pub use intent::{Bind, Intent, SignatureError, SignedIntent};
