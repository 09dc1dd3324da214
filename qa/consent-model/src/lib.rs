//! An independent model of the consent registry, and a search for what could break its promises.
//!
//! The model was written from the specification and the contract's interface, not from its code, so that a difference
//! between the two is a finding.
//!
//! - [`Registry`] is the state machine: [`Registry::apply`] takes a [`Command`] and answers with [`Event`]s or a
//!   [`Refusal`] named like the contract's error; [`Registry::fold`] rebuilds the state from events alone. It also serves
//!   as the oracle of tests against a real chain.
//! - [`explore`] is an exhaustive search through small worlds: honest wallets that sign, a relayer that holds, reorders
//!   and replays what they signed, a grantee that asks and gives up at will, a clock, and a chain that reorganises. It
//!   either visits every state within its bounds or tells the shortest story of a broken promise.
//!
//! Time and senders are parameters; nothing here is random.

mod command;
mod event;
pub mod explore;
mod refusal;
mod registry;
mod rules;
pub mod words;

pub use command::{
    Acceptance, Batch, BatchMode, Call, Command, Grant, Intent, Op, ProposeRecovery, Request,
    SetDelegate, SetRecovery,
};
pub use event::{Counters, Event};
pub use refusal::Refusal;
pub use registry::Registry;
pub use rules::{Limits, Rules};
pub use words::{Address, ConsentKey, FOR_EVER, ScopeId, Status, Window};
