//! Events → state, without a database.

use consent_core::{
    Consent, ConsentEvent, ConsentId, Grantee, GranteeEvent, Subject, SubjectEvent,
};

use super::{Position, Projected, ProjectedGrantee, ProjectedSubject, ProjectionError};

/// An event with its place and time, as kept in the tables of events.
#[derive(Debug, Clone, Copy)]
pub struct Placed<E> {
    /// What happened.
    pub event: E,
    /// Where.
    pub position: Position,
    /// When, Unix seconds.
    pub block_time: u64,
}

/// The consent after one more event. `before` is what the canonical chain said until then, `epoch` the subject's.
pub fn consent(
    id: ConsentId,
    before: Option<&Projected>,
    placed: &Placed<ConsentEvent>,
    epoch: u32,
) -> Result<Projected, ProjectionError> {
    let event = &placed.event;
    let untouched = || Consent::untouched(id, event.subject, event.grantee, event.scope_id);
    let before = before.map_or_else(untouched, |before| before.consent.clone());
    let consent = before
        .apply(event, epoch, placed.block_time)
        .map_err(|error| ProjectionError::unfoldable(placed.position, error))?;
    Ok(Projected {
        consent,
        position: placed.position,
        subject_epoch: epoch,
    })
}

/// The state that all canonical events of one consent lead to, each with the subject's epoch at its time; `None`
/// without any. The subject's epoch now is `epoch`.
pub fn replay_consent(
    id: ConsentId,
    events: &[(Placed<ConsentEvent>, u32)],
    epoch: u32,
) -> Result<Option<Projected>, ProjectionError> {
    let step = |state: Option<Projected>, (placed, epoch): &(_, u32)| {
        consent(id, state.as_ref(), placed, *epoch).map(Some)
    };
    let state = events.iter().try_fold(None, step)?;
    Ok(state.map(|state| Projected {
        subject_epoch: epoch,
        ..state
    }))
}

/// The subject after one more event.
pub fn subject(
    before: Option<ProjectedSubject>,
    placed: &Placed<SubjectEvent>,
) -> Result<ProjectedSubject, ProjectionError> {
    let before = before.map_or_else(
        || Subject::untouched(placed.event.subject),
        |before| before.subject,
    );
    let subject = before
        .apply(&placed.event, placed.block_time)
        .map_err(|error| ProjectionError::unfoldable(placed.position, error))?;
    Ok(ProjectedSubject {
        subject,
        position: placed.position,
    })
}

/// The organisation or practitioner after one more event.
pub fn grantee(
    before: Option<ProjectedGrantee>,
    placed: &Placed<GranteeEvent>,
) -> Result<ProjectedGrantee, ProjectionError> {
    let before = before.map_or_else(
        || Grantee::untouched(placed.event.grantee),
        |before| before.grantee,
    );
    let grantee = before
        .apply(&placed.event, placed.block_time)
        .map_err(|error| ProjectionError::unfoldable(placed.position, error))?;
    Ok(ProjectedGrantee {
        grantee,
        position: placed.position,
    })
}
