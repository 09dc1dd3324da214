//! What the chain says about an intent before it is sent.

use super::{Intent, Rank};
use crate::submit::node::{Attempt, Node, NodeError};

/// What to do with an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// Send it; it takes about so much gas.
    Send(u64),
    /// It has had its effect, and that is final: there is nothing to send.
    Done(&'static str),
    /// It cannot be sent now, and a reorganisation or a moment may change that.
    Wait(&'static str),
    /// The registry refuses it.
    Refused(&'static str),
}

/// Asks the registry, at the head and, for what protects, in the final block too: only what is final lets go of a stop.
///
/// # Errors
/// When the node gives no usable answer.
pub async fn judge(node: &Node, intent: &Intent, gas_cap: u64) -> Result<Judgement, NodeError> {
    let calldata = intent.signed.calldata();
    let reason = match node.attempt(&calldata, gas_cap).await? {
        Attempt::Works(gas) => return Ok(Judgement::Send(gas)),
        Attempt::Reverts(reason) => reason,
    };
    if intent.rank() == Rank::Other {
        return Ok(Judgement::Refused(reason));
    }
    let Some(finally) = node.refused_finally(&calldata, gas_cap).await? else {
        return Ok(Judgement::Wait(reason));
    };
    Ok(match (is_spent(reason), is_spent(finally)) {
        (true, true) => Judgement::Done(reason),
        (false, false) => Judgement::Refused(reason),
        _ => Judgement::Wait(reason),
    })
}

/// The registry's words for a stop that has had its effect.
fn is_spent(reason: &str) -> bool {
    matches!(reason, "StaleStop" | "StaleThrough")
}
