//! Refresh tokens, as a state machine. Pure; [`super::families`] does the same in one SQL statement.
//!
//! A family begins with one token, and each use replaces it. Of all tokens that a family ever had only two count: the
//! current one, and the one before it as long as the current one has not been used – whoever lost the answer asks
//! again with what they have, gets another successor, and the lost one is superseded. Any older token has been copied
//! by somebody: the family ends.

use access_token::Persona;
use time::{Duration, OffsetDateTime};

use crate::session::lifetime;

/// How long refresh is possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Without being used.
    pub idle: Duration,
    /// When it ends whatever happens; `None` for an app that may stay.
    pub ends_at: Option<OffsetDateTime>,
}

/// Of an app that its patient allowed to stay.
const OFFLINE_IDLE: Duration = Duration::days(90);

/// The terms of a persona; `None` where nothing may be refreshed. They end with the sign-in, at `sign_in_ends_at`, and an
/// app is given as little time to be idle as its person: only one that may stay outlives both.
pub fn terms(persona: Persona, offline: bool, sign_in_ends_at: OffsetDateTime) -> Option<Terms> {
    match persona {
        Persona::Patient if offline => Some(Terms {
            idle: OFFLINE_IDLE,
            ends_at: None,
        }),
        Persona::Patient | Persona::Provider | Persona::Admin => Some(Terms {
            idle: lifetime::of(persona).idle,
            ends_at: Some(sign_in_ends_at),
        }),
        Persona::System => None,
    }
}

/// The hash of a token.
pub type Hash = [u8; 32];

/// A family of refresh tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The token that counts, and until when.
    pub current: (Hash, OffsetDateTime),
    /// The one before, and until when it could be used.
    pub previous: Option<(Hash, OffsetDateTime)>,
    /// When the family ends whatever happens.
    pub ends_at: Option<OffsetDateTime>,
    /// How long a token waits to be used.
    pub idle: Duration,
    /// Whether it has been ended.
    pub ended: bool,
}

/// What came of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The new token is the current one.
    Renewed,
    /// The token, or the family, is past its time.
    Expired,
    /// The family was ended before.
    Ended,
    /// A token that had been replaced, and whose successor was used or superseded: the family is ended now.
    Reused,
}

impl Family {
    /// A new family.
    pub fn new(first: Hash, terms: Terms, now: OffsetDateTime) -> Self {
        Self {
            current: (first, until(now, terms.idle, terms.ends_at)),
            previous: None,
            ends_at: terms.ends_at,
            idle: terms.idle,
            ended: false,
        }
    }

    /// What presenting a token would come to.
    pub fn judge(&self, presented: &Hash, now: OffsetDateTime) -> Verdict {
        if self.ended {
            return Verdict::Ended;
        }
        let until = if *presented == self.current.0 {
            Some(self.current.1)
        } else {
            self.previous
                .filter(|previous| previous.0 == *presented)
                .map(|previous| previous.1)
        };
        match until {
            Some(until) if now < until => Verdict::Renewed,
            Some(_) => Verdict::Expired,
            // Past the family's own end it does no harm any more, and ending it would tell nobody anything.
            None if self.ends_at.is_some_and(|end| now >= end) => Verdict::Expired,
            None => Verdict::Reused,
        }
    }

    /// Presents a token; `next` is the one handed out if it is good.
    pub fn present(&mut self, presented: &Hash, next: Hash, now: OffsetDateTime) -> Verdict {
        let verdict = self.judge(presented, now);
        match verdict {
            Verdict::Renewed => {
                if *presented == self.current.0 {
                    self.previous = Some(self.current);
                }
                self.current = (next, until(now, self.idle, self.ends_at));
            }
            Verdict::Reused => self.ended = true,
            Verdict::Expired | Verdict::Ended => {}
        }
        verdict
    }
}

/// Until when a token handed out now counts.
pub fn until(
    now: OffsetDateTime,
    idle: Duration,
    ends_at: Option<OffsetDateTime>,
) -> OffsetDateTime {
    let idle = now + idle;
    ends_at.map_or(idle, |end| end.min(idle))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const T0: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn hash(n: u8) -> Hash {
        [n; 32]
    }

    /// Of somebody who signed in just now.
    fn of(persona: Persona) -> Family {
        let ends_at = T0 + lifetime::of(persona).absolute;
        Family::new(hash(0), terms(persona, false, ends_at).unwrap(), T0)
    }

    fn family() -> Family {
        of(Persona::Patient)
    }

    #[test]
    fn a_token_is_replaced_when_it_is_used() {
        let mut family = family();
        assert_eq!(family.present(&hash(0), hash(1), T0), Verdict::Renewed);
        assert_eq!(family.present(&hash(1), hash(2), T0), Verdict::Renewed);
        assert_eq!(family.current.0, hash(2));
    }

    #[test]
    fn whoever_lost_the_answer_may_ask_again() {
        let mut family = family();
        assert_eq!(family.present(&hash(0), hash(1), T0), Verdict::Renewed);
        assert_eq!(family.present(&hash(0), hash(2), T0), Verdict::Renewed);
        assert_eq!(family.present(&hash(0), hash(3), T0), Verdict::Renewed);
        assert_eq!(family.present(&hash(3), hash(4), T0), Verdict::Renewed);
    }

    #[test]
    fn a_token_whose_successor_was_used_ends_the_family() {
        let mut family = family();
        family.present(&hash(0), hash(1), T0);
        family.present(&hash(1), hash(2), T0);
        assert_eq!(family.present(&hash(0), hash(3), T0), Verdict::Reused);
        assert_eq!(family.present(&hash(2), hash(4), T0), Verdict::Ended);
    }

    #[test]
    fn a_superseded_answer_ends_the_family_when_it_turns_up_after_all() {
        let mut family = family();
        family.present(&hash(0), hash(1), T0);
        family.present(&hash(0), hash(2), T0);
        assert_eq!(family.present(&hash(1), hash(3), T0), Verdict::Reused);
        assert_eq!(family.present(&hash(2), hash(4), T0), Verdict::Ended);
    }

    #[test]
    fn what_is_idle_or_old_is_refused() {
        for (persona, idle, absolute) in [
            (Persona::Patient, Duration::minutes(30), Duration::hours(12)),
            (
                Persona::Provider,
                Duration::minutes(15),
                Duration::hours(10),
            ),
            (Persona::Admin, Duration::minutes(10), Duration::hours(4)),
        ] {
            let fresh = || of(persona);
            let last = T0 + idle - Duration::SECOND;
            assert_eq!(fresh().present(&hash(0), hash(1), last), Verdict::Renewed);
            assert_eq!(
                fresh().present(&hash(0), hash(1), T0 + idle),
                Verdict::Expired
            );
            let mut kept = fresh();
            let (mut now, mut n) = (T0, 0);
            while now + idle / 2 < T0 + absolute {
                now += idle / 2;
                assert_eq!(kept.present(&hash(n), hash(n + 1), now), Verdict::Renewed);
                n += 1;
            }
            assert_eq!(
                kept.present(&hash(n), hash(n + 1), T0 + absolute),
                Verdict::Expired,
                "{persona}"
            );
        }
    }

    #[test]
    fn an_app_that_may_stay_does_so_while_it_comes_back_in_time() {
        let terms = terms(Persona::Patient, true, T0).unwrap();
        assert!(terms.idle >= Duration::days(90));
        let mut family = Family::new(hash(0), terms, T0);
        for n in 0..20 {
            let now = T0 + Duration::days(89) * i32::from(n + 1);
            assert_eq!(family.present(&hash(n), hash(n + 1), now), Verdict::Renewed);
        }
        let late = T0 + Duration::days(89 * 20 + 90);
        assert_eq!(family.present(&hash(20), hash(21), late), Verdict::Expired);
    }

    #[test]
    fn a_machine_refreshes_nothing() {
        assert_eq!(terms(Persona::System, false, T0), None);
        assert_eq!(terms(Persona::System, true, T0), None);
        assert_eq!(
            terms(Persona::Provider, true, T0),
            terms(Persona::Provider, false, T0)
        );
    }

    #[test]
    fn asking_again_does_not_outlive_the_token_that_is_asked_with() {
        let mut family = family();
        family.present(&hash(0), hash(1), T0 + Duration::minutes(29));
        assert_eq!(
            family.present(&hash(0), hash(2), T0 + Duration::minutes(30)),
            Verdict::Expired
        );
    }

    proptest! {
        /// Whatever is presented in whatever order: at most one token is current, what is current was handed out for
        /// the last good one, and an ended family renews nothing.
        #[test]
        fn one_branch_lives(steps in prop::collection::vec((0_usize..40, 0_i64..600), 1..60)) {
            let mut family = family();
            let mut handed_out = vec![hash(0)];
            let mut now = T0;
            let mut used = std::collections::HashSet::new();
            for (pick, seconds) in steps {
                now += Duration::seconds(seconds);
                let presented = handed_out[pick % handed_out.len()];
                let next = [u8::try_from(handed_out.len()).unwrap(); 32];
                let was_ended = family.ended;
                match family.present(&presented, next, now) {
                    Verdict::Renewed => {
                        prop_assert!(!was_ended);
                        handed_out.push(next);
                        used.insert(presented);
                        prop_assert_eq!(family.current.0, next);
                        prop_assert!(!used.contains(&next));
                    }
                    Verdict::Reused => prop_assert!(family.ended),
                    Verdict::Ended => prop_assert!(was_ended),
                    Verdict::Expired => prop_assert!(!family.ended),
                }
            }
        }
    }
}
