//! Events → state, without a database.

use consent_core::consent::TransitionError;
use consent_core::{Consent, ConsentEvent, ConsentId};

use super::{Position, Projected};

/// The consent after one more event. `before` is what the canonical chain said until then.
pub fn fold(
    id: ConsentId,
    before: Option<&Projected>,
    event: &ConsentEvent,
    position: Position,
    block_time: u64,
) -> Result<Projected, TransitionError> {
    let consent = match before {
        Some(before) => before.consent.apply(event, block_time)?,
        None => Consent::untouched(id, event.subject, event.grantee, event.scope_id)
            .apply(event, block_time)?,
    };
    Ok(Projected { consent, position })
}

/// An event with its place and time, as kept in `events`.
#[derive(Debug, Clone)]
pub struct PlacedEvent {
    /// What happened.
    pub event: ConsentEvent,
    /// Where.
    pub position: Position,
    /// When, Unix seconds.
    pub block_time: u64,
}

/// The state that all canonical events of one consent lead to; `None` without any.
pub fn replay<'a>(
    id: ConsentId,
    events: impl IntoIterator<Item = &'a PlacedEvent>,
) -> Result<Option<Projected>, (Position, TransitionError)> {
    events
        .into_iter()
        .try_fold(None, |state: Option<Projected>, placed| {
            fold(
                id,
                state.as_ref(),
                &placed.event,
                placed.position,
                placed.block_time,
            )
            .map(Some)
            .map_err(|error| (placed.position, error))
        })
}
