//! Persona scopes: `persona:object.action`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Whom a token speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Persona {
    /// A patient or someone who acts for one.
    Patient,
    /// A provider organisation, by a person or by its backend.
    Provider,
    /// An administrator of the tenant.
    Admin,
    /// One of our own services.
    System,
}

/// The text is no persona.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not one of patient, provider, admin, system")]
pub struct UnknownPersona;

impl Persona {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Patient, Self::Provider, Self::Admin, Self::System];

    /// The name used in scopes and claims.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::Provider => "provider",
            Self::Admin => "admin",
            Self::System => "system",
        }
    }

    /// The list that holds this persona alone.
    pub(super) fn alone(self) -> &'static [Self] {
        match self {
            Self::Patient => &[Self::Patient],
            Self::Provider => &[Self::Provider],
            Self::Admin => &[Self::Admin],
            Self::System => &[Self::System],
        }
    }
}

impl fmt::Display for Persona {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Persona {
    type Err = UnknownPersona;
    fn from_str(text: &str) -> Result<Self, UnknownPersona> {
        Self::ALL
            .into_iter()
            .find(|persona| persona.as_str() == text)
            .ok_or(UnknownPersona)
    }
}

/// Every right there is. A scope that is not listed here is unknown and never granted.
const RIGHTS: [(Persona, &str); 20] = [
    (Persona::Patient, "audit.read"),
    (Persona::Patient, "consent.read"),
    (Persona::Patient, "consent.write"),
    (Persona::Provider, "consent.request"),
    (Persona::Provider, "enrolments.write"),
    (Persona::Provider, "records.read"),
    (Persona::Admin, "accounts.write"),
    (Persona::Admin, "audit.read"),
    (Persona::Admin, "clients.write"),
    (Persona::Admin, "consent.read"),
    (Persona::Admin, "decision.evaluate"),
    (Persona::Admin, "directory.read"),
    (Persona::Admin, "directory.write"),
    (Persona::Admin, "keys.write"),
    (Persona::System, "audit.read"),
    (Persona::System, "consent.read"),
    (Persona::System, "decision.evaluate"),
    (Persona::System, "directory.read"),
    (Persona::System, "policy.write"),
    (Persona::System, "revocation.read"),
];

/// Every scope of [`RIGHTS`].
pub(super) fn every() -> impl Iterator<Item = PersonaScope> {
    RIGHTS.into_iter().map(|(persona, right)| PersonaScope {
        persona,
        right: Some(right),
    })
}

/// A right of a persona, or all of them (`admin:*`, `system:*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonaScope {
    persona: Persona,
    /// `None` is `*`.
    right: Option<&'static str>,
}

impl PersonaScope {
    /// Reads `persona:right`; `None` when it is not a known one.
    pub fn parse(text: &str) -> Option<Self> {
        let (persona, right) = text.split_once(':')?;
        let persona: Persona = persona.parse().ok()?;
        if right == "*" {
            return matches!(persona, Persona::Admin | Persona::System).then_some(Self {
                persona,
                right: None,
            });
        }
        let (_, right) = RIGHTS
            .into_iter()
            .find(|(p, name)| *p == persona && *name == right)?;
        Some(Self {
            persona,
            right: Some(right),
        })
    }

    /// Whose right it is.
    pub fn persona(&self) -> Persona {
        self.persona
    }

    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        if self.persona != other.persona {
            return None;
        }
        match (self.right, other.right) {
            (None, _) => Some(*other),
            (_, None) => Some(*self),
            (a, b) => (a == b).then_some(*self),
        }
    }
}

impl fmt::Display for PersonaScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.persona, self.right.unwrap_or("*"))
    }
}
