//! From a body to a promise: the order in which an intent is checked before it is taken in.
//!
//! What only protects a patient needs a valid signature and nothing else. It is never counted, and is taken in without
//! the chain's node if the signature can be told to be right without it.

use std::net::IpAddr;
use std::time::Duration;

use access_token::{Call, Claims, TokenError};
use alloy::primitives::Address;
use contract_bindings::SignedIntent;
use contract_bindings::intent::{Verification, WireError};
use time::OffsetDateTime;

use super::judge::{Judgement, judge};
use super::limits::TooOften;
use super::{Bearer, Intent, Rank};
use crate::queue::{self, IntentView, Outset, QueueError, State};
use crate::relay::Relay;
use crate::submit::node::NodeError;

/// What a token must allow to bring a grantee's intents.
pub const SCOPE: &str = "provider:consent.request";
/// How long what protects waits for the chain's word, if its signature is known to be right.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why an intent is not taken in.
#[derive(Debug)]
pub enum Refusal {
    /// It cannot be read.
    Malformed(WireError),
    /// The signature is not the actor's.
    Signature,
    /// Its deadline is over.
    Deadline,
    /// The registry would refuse it, by the name of its error.
    Registry(&'static str),
    /// The subject is no enrolled patient's.
    NotEnrolled,
    /// No token, or a bad one.
    Token(TokenError),
    /// The token lacks the scope.
    Scope,
    /// The token's organisation is not the grantee.
    NotGrantee,
    /// Too often.
    TooOften(TooOften),
    /// Something we need is missing; it is named.
    Unavailable(&'static str),
    /// The queue.
    Queue(QueueError),
}

impl Refusal {
    /// Whether the sender is to blame, and so has to wait if it goes on.
    fn is_invalid(&self) -> bool {
        matches!(
            self,
            Self::Malformed(_) | Self::Signature | Self::Deadline | Self::Registry(_)
        )
    }
}

impl From<QueueError> for Refusal {
    fn from(error: QueueError) -> Self {
        Self::Queue(error)
    }
}

/// Who sends.
pub struct Sender<'a> {
    /// From where.
    pub client: IpAddr,
    /// With which request.
    pub call: Call<'a>,
}

/// Takes an intent in, or says why not. True if it is new.
///
/// # Errors
/// [`Refusal`].
pub async fn take(
    relay: &Relay,
    sender: &Sender<'_>,
    body: &[u8],
) -> Result<(IntentView, bool), Refusal> {
    match checked(relay, sender, body).await {
        Err(refusal) if refusal.is_invalid() => {
            relay
                .limits
                .invalid(sender.client)
                .map_err(Refusal::TooOften)?;
            Err(refusal)
        }
        outcome => outcome,
    }
}

async fn checked(
    relay: &Relay,
    sender: &Sender<'_>,
    body: &[u8],
) -> Result<(IntentView, bool), Refusal> {
    let now = relay.now();
    let signed = SignedIntent::parse(body).map_err(Refusal::Malformed)?;
    let intent = Intent::new(signed, &relay.domain);
    if let Some(known) = queue::find(&relay.pool, intent.digest).await?
        && known.state != State::Failed
    {
        return Ok((known, false));
    }
    let verification = intent.signed.verify_offline(&relay.domain);
    if verification == Verification::Invalid {
        return Err(Refusal::Signature);
    }
    if verification == Verification::NeedsChain {
        let waits = relay.limits.waits(sender.client);
        waits.map_err(Refusal::TooOften)?;
    }
    let protects = intent.rank() != Rank::Other;
    // The chain's clock decides about what protects.
    let deadline = intent.signed.action.deadline();
    if !protects && u64::try_from(now.unix_timestamp()).is_ok_and(|now| now > deadline) {
        return Err(Refusal::Deadline);
    }
    let organization = match intent.bearer() {
        Bearer::Anyone => None,
        Bearer::Enrolled => {
            enrolled(relay, intent.signed.subject(), now).await?;
            None
        }
        Bearer::Grantee => Some(grantee(relay, sender, intent.signed.actor(), now).await?),
    };
    if !protects && relay.status.is_reserved() {
        return Err(Refusal::Unavailable(
            "The relay's account is short of coins and takes stops only",
        ));
    }
    let outset = outset(relay, &intent, verification).await?;
    // Counted last: a signature that is none must not use up what is another's.
    match (&organization, intent.bearer()) {
        (Some(claims), _) => {
            let name = claims.org.as_deref().unwrap_or_default();
            relay.limits.organization(&claims.tenant, name)
        }
        (None, Bearer::Enrolled) => relay.limits.subject(intent.signed.subject()),
        (None, _) => Ok(()),
    }
    .map_err(Refusal::TooOften)?;
    let view = queue::accept(&relay.pool, &intent, outset, now).await?;
    relay.wake.notify_one();
    Ok((view, true))
}

/// What the chain makes of it.
async fn outset(
    relay: &Relay,
    intent: &Intent,
    verification: Verification,
) -> Result<Outset, Refusal> {
    let accepted = |reason| Outset {
        state: State::Accepted,
        reason,
    };
    let can_do_without = intent.rank() != Rank::Other && verification == Verification::Verified;
    let judging = judge(&relay.node, intent, intent.gas_cap(relay.max_gas));
    let judged = if can_do_without {
        // Gateways hear of a stop when it is taken in: a slow node must not be what they wait for.
        let judged = tokio::time::timeout(PATIENCE, judging).await;
        judged.unwrap_or(Err(NodeError::Unreachable))
    } else {
        judging.await
    };
    match judged {
        Ok(Judgement::Send(_)) => Ok(accepted(None)),
        Ok(Judgement::Wait(reason)) => Ok(accepted(Some(reason))),
        Ok(Judgement::Done(reason)) => Ok(Outset {
            state: State::Final,
            reason: Some(reason),
        }),
        Ok(Judgement::Refused(reason)) => Err(Refusal::Registry(reason)),
        Err(_) if can_do_without => Ok(accepted(None)),
        Err(error) => {
            tracing::warn!(%error, "an intent cannot be judged");
            Err(Refusal::Unavailable("The chain's node is not available"))
        }
    }
}

async fn enrolled(relay: &Relay, subject: Address, now: OffsetDateTime) -> Result<(), Refusal> {
    match relay.directory.is_enrolled(subject, now).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Refusal::NotEnrolled),
        Err(error) => {
            tracing::warn!(%error, "enrolment cannot be checked");
            Err(Refusal::Unavailable("The directory is not available"))
        }
    }
}

async fn grantee(
    relay: &Relay,
    sender: &Sender<'_>,
    actor: Address,
    now: OffsetDateTime,
) -> Result<Claims, Refusal> {
    let claims = relay
        .tokens
        .verifier
        .verify_call(sender.call, now)
        .await
        .map_err(Refusal::Token)?
        .claims;
    if !claims.scope.allows_persona(SCOPE) {
        return Err(Refusal::Scope);
    }
    let is_theirs = claims
        .grantees
        .iter()
        .any(|grantee| grantee.parse() == Ok(actor));
    if is_theirs {
        Ok(claims)
    } else {
        Err(Refusal::NotGrantee)
    }
}
