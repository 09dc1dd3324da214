//! How long a session lasts, by persona.

use access_token::Persona;
use time::{Duration, OffsetDateTime};

/// How long a session lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Without being used.
    pub idle: Duration,
    /// At most.
    pub absolute: Duration,
}

/// The limits of a persona. A machine has no session; asked for one, it gets none at all.
pub fn of(persona: Persona) -> Lifetime {
    let (idle, absolute) = match persona {
        Persona::Patient => (Duration::minutes(30), Duration::hours(12)),
        Persona::Provider => (Duration::minutes(15), Duration::hours(10)),
        Persona::Admin => (Duration::minutes(10), Duration::hours(4)),
        Persona::System => (Duration::ZERO, Duration::ZERO),
    };
    Lifetime { idle, absolute }
}

/// Whether a session that was last used at `seen_at` and ends at `ends_at` still counts.
pub fn counts(
    persona: Persona,
    seen_at: OffsetDateTime,
    ends_at: OffsetDateTime,
    now: OffsetDateTime,
) -> bool {
    now < ends_at && now - seen_at < of(persona).idle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_it_is_idle_or_old() {
        let start = OffsetDateTime::UNIX_EPOCH;
        for persona in [Persona::Patient, Persona::Provider, Persona::Admin] {
            let Lifetime { idle, absolute } = of(persona);
            let end = start + absolute;
            let second = Duration::SECOND;
            assert!(counts(persona, start, end, start + idle - second));
            assert!(!counts(persona, start, end, start + idle));
            assert!(counts(persona, end - second, end, end - second));
            assert!(!counts(persona, end - second, end, end));
        }
        assert!(!counts(Persona::System, start, start, start));
    }
}
