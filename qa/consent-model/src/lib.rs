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
//!
//! # What wallets must do
//!
//! That a stop wins over every opening signed before it takes the registry's rules and one of two habits of wallets:
//!
//! - Openings are signed on final state alone, for the counters seen there. Then stops are signed on the latest state:
//!   `Deny` and `Revoke` through its version plus 1, `RemoveDelegate` through its nonce plus 1, `RevokeAll` and
//!   `Invalidate` through the epoch and the seq seen.
//! - Or the wallet remembers. Whoever signs openings on a state that is not final, or for a later seq, signs stops
//!   through at least the highest version, nonce and seq that it ever signed, and `RevokeAll` through the highest epoch
//!   that it ever signed or led to.
//!
//! A fixed margin replaces neither: the stop that lands first lifts the version over it, and a reorg takes that back.
//!
//! # The worlds
//!
//! A world that holds was visited whole within its bounds. One that must break lacks a rule, of the registry (see
//! [`Rules`]) or of wallets, and its story shows what the rule is good for.
//!
//! | World | What happens in it | Expected |
//! |---|---|---|
//! | stops | grants and renewals held back, signed stops, a grantee that churns, reorgs | holds |
//! | direct stops | direct stops against signed and direct grants, reorgs | holds |
//! | batches | batches of stops and batches of one grant in both modes, by controller and delegate, reorgs | holds |
//! | batches of two consents | batches that grant both or grant one and revoke the other, batches of stops, stops of one, reorgs | holds |
//! | batches out of order | batches that name one consent twice, with grants of it that stand alone, reorgs | holds |
//! | batches for a later seq | batches signed for the next seq, which others raise, with a wallet that remembers, reorgs | holds |
//! | revoke all | revokeAll signed and direct, dropping delegates or not, against grants of both and reorgs | holds |
//! | rotation | rotation away and back, old and new key and a delegate signing, reorgs | holds |
//! | recovery | a recoverer freezes, proposes and is vetoed or recovers while time passes | holds |
//! | frozen batches | batches in mode Try delivered before, during and after a freeze, and once more | holds |
//! | delegates | settings and removals of a delegate held back and reordered, with its grants, reorgs | holds |
//! | lapses | windows and requests that run out while grants and stops are held back | holds |
//! | exhaustion | every counter used up, and the subject still able to revoke | holds |
//! | remembering wallet | openings signed on the latest state, stops through the highest version ever signed, reorgs | holds |
//! | remembering wallet, delegates | a delegate set on the latest state, removals through the highest nonce ever signed, reorgs | holds |
//! | stops of one version | a Revoke that applies to exactly the version it signs: a held-back renewal outruns it | must break |
//! | stops through the version seen | the registry's rule, but a wallet that signs its stops through the version it sees, not one more | must break |
//! | direct grants without seq | a delegate's direct grant, held back, outlives revokeAll | must break |
//! | openings on the latest state | openings signed on a state that a reorg takes back, stops one ahead | must break |
//! | stops with a margin | the same with stops signed 65,536 versions ahead: a landed stop itself lifts the version over the margin | must break |
//! | revoke all through the seq seen | a batch signed for the next seq, and a wallet that does not remember it when it signs revokeAll | must break |
//! | delegates on the latest state | a delegate set on a state that a reorg takes back, removals through the nonce seen plus 1 | must break |
//! | one consent twice in a batch | batches in any order: the second grant of one builds on its first | must break |
//! | revoke and grant in a batch | batches in any order: one revokes a consent and grants it anew | must break |
//! | batches before their seq | a batch in mode Try delivered before its seq: its stop applies then, its grant later | must break |

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
