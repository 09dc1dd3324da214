//! The life of a signing key. Pure.
//!
//! ```text
//! pending ──► published ──► active ──► retired ──► destroyed
//!    └────────────┴───────────┴───────────┴───────────┴────► compromised
//! ```
//!
//! Verifiers keep the published set for a while. So a key is shown long enough before it signs that all know it, and for
//! as long as a token that it signed can be alive. A compromised key is shown no more and never comes back.

use std::fmt;
use std::str::FromStr;

use access_token::jwks::{REFRESH_AFTER, STALE_AFTER};
use access_token::{MAX_LEEWAY, MAX_TOKEN_LIFETIME};
use serde::Serialize;
use time::{Duration, OffsetDateTime};
use utoipa::ToSchema;

/// Where in its life a key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Made, and not shown to anybody.
    Pending,
    /// Shown to verifiers; it does not sign yet.
    Published,
    /// It signs.
    Active,
    /// It signs no more, and what it signed is still good.
    Retired,
    /// Its private half is gone, and nothing that it signed is alive.
    Destroyed,
    /// Somebody else may have it: nothing that it ever signed is good.
    Compromised,
}

impl State {
    const ALL: [Self; 6] = [
        Self::Pending,
        Self::Published,
        Self::Active,
        Self::Retired,
        Self::Destroyed,
        Self::Compromised,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Published => "published",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Destroyed => "destroyed",
            Self::Compromised => "compromised",
        }
    }

    /// Whether verifiers are shown the key.
    pub fn is_shown(self) -> bool {
        matches!(self, Self::Published | Self::Active | Self::Retired)
    }

    /// Whether the private half is kept.
    pub fn is_kept(self) -> bool {
        !matches!(self, Self::Destroyed | Self::Compromised)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a state of a key")]
pub struct UnknownState;

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        let known = Self::ALL.into_iter().find(|state| state.as_str() == text);
        known.ok_or(UnknownState)
    }
}

/// How long keys stay where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Shown at least so long before it signs.
    pub show_before: Duration,
    /// Signs so long.
    pub sign_for: Duration,
    /// Shown at least so long after it signed last.
    pub show_after: Duration,
}

/// Twice the time for which a verifier keeps the published keys without asking again.
const SHOW_BEFORE: Duration = Duration::seconds(2 * REFRESH_AFTER);
/// A token's life, and as much again as any process may have gone on signing or verifying with an old view.
const SHOW_AFTER: Duration = Duration::seconds(MAX_TOKEN_LIFETIME + MAX_LEEWAY + STALE_AFTER);

impl Rules {
    /// The rules for keys that sign so long; never shorter than it takes to show a successor.
    pub fn signing_for(time: Duration) -> Self {
        Self {
            show_before: SHOW_BEFORE,
            sign_for: time.max(2 * SHOW_BEFORE),
            show_after: SHOW_AFTER,
        }
    }
}

/// A key at a moment of its life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its name: the RFC 7638 thumbprint of the public half.
    pub kid: String,
    /// Where in its life it is.
    pub state: State,
    /// Since when.
    pub since: OffsetDateTime,
    /// When it was made.
    pub created_at: OffsetDateTime,
}

/// Whether a key may sign before every verifier knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// It may not.
    Ordinary,
    /// There is no other: verifiers that do not know it yet will ask.
    NoOther,
}

/// Why a key does not change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such way.
    #[error("a key that is {from} cannot become {to}")]
    NoWay {
        /// What it is.
        from: State,
        /// What it should become.
        to: State,
    },
    /// Not yet.
    #[error("the key has to stay {state} for longer")]
    TooEarly {
        /// What it is.
        state: State,
    },
}

impl Key {
    /// A new key.
    pub fn pending(kid: String, now: OffsetDateTime) -> Self {
        Self {
            kid,
            state: State::Pending,
            since: now,
            created_at: now,
        }
    }

    fn step(&self, from: State, to: State, now: OffsetDateTime) -> Result<Self, Refusal> {
        if self.state != from {
            return Err(Refusal::NoWay {
                from: self.state,
                to,
            });
        }
        Ok(Self {
            state: to,
            since: now,
            ..self.clone()
        })
    }

    /// Whether it has been what it is for so long.
    fn has_stayed(&self, time: Duration, now: OffsetDateTime) -> bool {
        now - self.since >= time
    }

    fn after(&self, time: Duration, now: OffsetDateTime) -> Result<(), Refusal> {
        if self.has_stayed(time, now) {
            Ok(())
        } else {
            Err(Refusal::TooEarly { state: self.state })
        }
    }

    /// Shows it to verifiers.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn publish(&self, now: OffsetDateTime) -> Result<Self, Refusal> {
        self.step(State::Pending, State::Published, now)
    }

    /// Lets it sign.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn activate(
        &self,
        rules: &Rules,
        urgency: Urgency,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let next = self.step(State::Published, State::Active, now)?;
        if urgency == Urgency::Ordinary {
            self.after(rules.show_before, now)?;
        }
        Ok(next)
    }

    /// Lets it sign no more.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn retire(&self, now: OffsetDateTime) -> Result<Self, Refusal> {
        self.step(State::Active, State::Retired, now)
    }

    /// Takes its private half away, and the public one out of sight.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn destroy(&self, rules: &Rules, now: OffsetDateTime) -> Result<Self, Refusal> {
        let next = self.step(State::Retired, State::Destroyed, now)?;
        self.after(rules.show_after, now)?;
        Ok(next)
    }

    /// Somebody else may have it. From wherever it is.
    ///
    /// # Errors
    /// [`Refusal`] when that is known already.
    pub fn compromise(&self, now: OffsetDateTime) -> Result<Self, Refusal> {
        if self.state == State::Compromised {
            return Err(Refusal::NoWay {
                from: self.state,
                to: State::Compromised,
            });
        }
        Ok(Self {
            state: State::Compromised,
            since: now,
            ..self.clone()
        })
    }

    /// When it signs at the earliest, if it is on its way there.
    pub fn signs_from(&self, rules: &Rules) -> Option<OffsetDateTime> {
        match self.state {
            State::Published => Some(self.since + rules.show_before),
            _ => None,
        }
    }
}

/// What has to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Make a key.
    Make,
    /// Show this one to verifiers.
    Publish(Key),
    /// Let one sign in place of another.
    Replace {
        /// The one that signed, if there is one.
        active: Option<Key>,
        /// The one that signs from now on.
        successor: Key,
        /// Whether verifiers may not know it yet.
        urgency: Urgency,
    },
    /// Take this one's private half away.
    Destroy(Key),
}

/// The next step towards what the keys should be at this moment: `None` when they are so.
pub fn next_step(keys: &[Key], rules: &Rules, now: OffsetDateTime) -> Option<Step> {
    let oldest = |state| {
        keys.iter()
            .filter(|key| key.state == state)
            .min_by_key(|key| key.since)
    };
    let (pending, published) = (oldest(State::Pending), oldest(State::Published));
    let ripe = published.filter(|key| key.has_stayed(rules.show_before, now));
    match (oldest(State::Active), ripe, published, pending) {
        (active, Some(successor), ..) => {
            return Some(Step::Replace {
                active: active.cloned(),
                successor: successor.clone(),
                urgency: Urgency::Ordinary,
            });
        }
        (None, None, Some(successor), _) => {
            return Some(Step::Replace {
                active: None,
                successor: successor.clone(),
                urgency: Urgency::NoOther,
            });
        }
        (_, None, _, Some(pending)) => return Some(Step::Publish(pending.clone())),
        (None, None, None, None) => return Some(Step::Make),
        (Some(active), None, None, None)
            if active.has_stayed(rules.sign_for - rules.show_before, now) =>
        {
            return Some(Step::Make);
        }
        (Some(_), None, _, None) => {}
    }
    oldest(State::Retired)
        .filter(|key| key.has_stayed(rules.show_after, now))
        .map(|key| Step::Destroy(key.clone()))
}

#[cfg(test)]
mod tests;
