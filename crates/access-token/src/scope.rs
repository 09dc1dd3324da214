//! Scopes and their algebra.
//!
//! A [`Scope`] is one right that cannot be split further: a persona's right, or one SMART interaction on one
//! resource type under at most one category. A [`ScopeSet`] is what a set of such rights allows, in normal form:
//! no member is covered by another. `covers` is a partial order, [`ScopeSet::intersect`] its meet; it is
//! commutative, idempotent and monotone (property-tested in `tests/tokens/scope_algebra.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

mod identity;
mod persona;
mod smart;

pub use identity::IdentityScope;
pub use persona::{Persona, PersonaScope, UnknownPersona};
pub use smart::{Category, Context, Interaction, SmartScope};

/// Every scope that can be listed, for the issuer's metadata.
pub fn supported() -> impl Iterator<Item = String> {
    let identity = IdentityScope::ALL
        .into_iter()
        .map(|scope| scope.to_string());
    persona::every()
        .map(|scope| scope.to_string())
        .chain(identity)
}

/// The longest scope text that is read.
const MAX_TEXT: usize = 4096;
/// The most rights a scope text may expand to.
const MAX_RIGHTS: usize = 256;

/// Why a scope text was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScopeError {
    /// A character outside RFC 6749's `scope-token`.
    #[error("the scope contains a character that is not allowed")]
    Character,
    /// More text or more rights than any client of ours needs.
    #[error("the scope is too long")]
    TooLong,
    /// A scope that is not known, where every scope must be. Only for texts written by the operator.
    #[error("unknown scope `{0}`")]
    Unknown(String),
    /// Scopes that no single persona may hold together.
    #[error("the scope mixes personas")]
    MixedPersonas,
}

/// One right that cannot be split further.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// A right of a persona, such as `provider:records.read`.
    Persona(PersonaScope),
    /// One SMART on FHIR interaction, such as the `r` of `system/Observation.rs`.
    Smart(SmartScope),
    /// Something about the sign-in, such as `openid`.
    Identity(IdentityScope),
}

impl Scope {
    /// Reads one scope token; a SMART scope yields a right for each interaction and category.
    /// `None` for everything that is not known, an unknown filter included: the filter is never dropped alone.
    pub fn parse_token(token: &str) -> Option<Vec<Self>> {
        if let Some(scope) = IdentityScope::parse(token) {
            Some(vec![Self::Identity(scope)])
        } else if token.contains('/') {
            Some(smart::parse(token)?.into_iter().map(Self::Smart).collect())
        } else {
            Some(vec![Self::Persona(PersonaScope::parse(token)?)])
        }
    }

    /// The right that both allow, if there is one.
    pub fn meet(&self, other: &Self) -> Option<Self> {
        match (self, other) {
            (Self::Persona(a), Self::Persona(b)) => a.meet(b).map(Self::Persona),
            (Self::Smart(a), Self::Smart(b)) => a.meet(b).map(Self::Smart),
            (Self::Identity(a), Self::Identity(b)) => (a == b).then_some(Self::Identity(*a)),
            _ => None,
        }
    }

    /// Whether `self` allows all that `other` allows.
    pub fn covers(&self, other: &Self) -> bool {
        self.meet(other).as_ref() == Some(other)
    }

    /// The personas that may hold this right.
    fn holders(&self) -> &'static [Persona] {
        match self {
            Self::Persona(scope) => scope.persona().alone(),
            Self::Smart(scope) => scope.context().holders(),
            // They are about whoever signed in; where nobody did, nobody may ask for them.
            Self::Identity(_) => &Persona::ALL,
        }
    }
}

/// What SMART scopes allow for one interaction on one resource type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SmartAccess {
    /// Nothing.
    None,
    /// Only resources that carry one of these categories.
    Categories(BTreeSet<Category>),
    /// Every resource of the type.
    All,
}

/// A set of rights in normal form.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// Reads a space-separated scope text and drops every scope it does not know.
    pub fn parse(text: &str) -> Result<Self, ScopeError> {
        Self::read(text, false)
    }

    /// Reads a space-separated scope text in which every scope must be known.
    pub fn parse_all(text: &str) -> Result<Self, ScopeError> {
        Self::read(text, true)
    }

    fn read(text: &str, all_known: bool) -> Result<Self, ScopeError> {
        if text.len() > MAX_TEXT {
            return Err(ScopeError::TooLong);
        }
        // RFC 6749 §3.3: %x21 / %x23-5B / %x5D-7E, separated by spaces.
        if !text
            .bytes()
            .all(|b| (b' '..=b'~').contains(&b) && b != b'"' && b != b'\\')
        {
            return Err(ScopeError::Character);
        }
        let mut rights = BTreeSet::new();
        for token in text.split(' ').filter(|token| !token.is_empty()) {
            match Scope::parse_token(token) {
                Some(scopes) => rights.extend(scopes),
                None if all_known => return Err(ScopeError::Unknown(token.to_owned())),
                None => {}
            }
            if rights.len() > MAX_RIGHTS {
                return Err(ScopeError::TooLong);
            }
        }
        Ok(rights.into_iter().collect())
    }

    /// Whether nothing is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rights, none covered by another.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Whether `self` allows all that `other` allows.
    pub fn covers(&self, other: &Self) -> bool {
        other.0.iter().all(|scope| self.allows(scope))
    }

    /// What both allow.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        self.0
            .iter()
            .flat_map(|a| other.0.iter().filter_map(|b| a.meet(b)))
            .collect()
    }

    /// Refuses a set that no single persona may hold; an empty set passes.
    pub fn check_one_persona(&self) -> Result<(), ScopeError> {
        let held_by_one = Persona::ALL.into_iter().any(|persona| self.within(persona));
        if held_by_one {
            Ok(())
        } else {
            Err(ScopeError::MixedPersonas)
        }
    }

    /// Whether every right is one that `persona` may hold (the persona's ceiling).
    pub fn within(&self, persona: Persona) -> bool {
        self.0
            .iter()
            .all(|scope| scope.holders().contains(&persona))
    }

    /// The rights that `persona` may hold.
    #[must_use]
    pub fn ceiling(&self, persona: Persona) -> Self {
        Self(
            self.0
                .iter()
                .filter(|scope| scope.holders().contains(&persona))
                .cloned()
                .collect(),
        )
    }

    /// Whether this scope about the sign-in is there.
    pub fn has(&self, scope: IdentityScope) -> bool {
        self.0.contains(&Scope::Identity(scope))
    }

    /// Without the scopes about the sign-in: what it allows on data.
    #[must_use]
    pub fn rights(&self) -> Self {
        let is_right = |scope: &&Scope| !matches!(scope, Scope::Identity(_));
        Self(self.0.iter().filter(is_right).cloned().collect())
    }

    /// Whether this one right is allowed.
    pub fn allows(&self, scope: &Scope) -> bool {
        self.0.iter().any(|mine| mine.covers(scope))
    }

    /// Whether a persona scope such as `"provider:records.read"` is allowed. An unknown name never is.
    pub fn allows_persona(&self, name: &str) -> bool {
        PersonaScope::parse(name).is_some_and(|scope| self.allows(&Scope::Persona(scope)))
    }

    /// What the SMART scopes of `contexts` allow for one interaction on one resource type.
    pub fn smart_access(
        &self,
        contexts: &[Context],
        interaction: Interaction,
        resource_type: &str,
    ) -> SmartAccess {
        let mut categories = BTreeSet::new();
        for scope in &self.0 {
            let Scope::Smart(scope) = scope else { continue };
            if !contexts.contains(&scope.context()) || !scope.is_for(interaction, resource_type) {
                continue;
            }
            match scope.category() {
                None => return SmartAccess::All,
                Some(category) => _ = categories.insert(category.clone()),
            }
        }
        if categories.is_empty() {
            SmartAccess::None
        } else {
            SmartAccess::Categories(categories)
        }
    }

    /// Whether an organisation's or system's SMART scopes (`user/…`, `system/…`) allow an interaction.
    ///
    /// `categories` is what the request is narrowed to; each of them must be allowed. `None` means that the
    /// request is not narrowed, which only a scope without filter allows.
    pub fn allows_smart(
        &self,
        interaction: Interaction,
        resource_type: &str,
        categories: Option<&[Category]>,
    ) -> bool {
        match self.smart_access(
            &[Context::User, Context::System],
            interaction,
            resource_type,
        ) {
            SmartAccess::None => false,
            SmartAccess::All => true,
            SmartAccess::Categories(allowed) => categories.is_some_and(|wanted| {
                !wanted.is_empty() && wanted.iter().all(|w| allowed.iter().any(|a| a.covers(w)))
            }),
        }
    }
}

impl FromIterator<Scope> for ScopeSet {
    /// Keeps the rights that no other one covers.
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        let all: BTreeSet<Scope> = scopes.into_iter().collect();
        let covered = |scope: &Scope| {
            all.iter()
                .any(|other| other != scope && other.covers(scope))
        };
        Self(
            all.iter()
                .filter(|scope| !covered(scope))
                .cloned()
                .collect(),
        )
    }
}

impl fmt::Display for ScopeSet {
    /// The scope text: persona scopes, scopes about the sign-in, then SMART v2 scopes with their interactions joined.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Vec::new();
        let mut smart: BTreeMap<_, Vec<Interaction>> = BTreeMap::new();
        for scope in &self.0 {
            match scope {
                Scope::Persona(scope) => words.push(scope.to_string()),
                Scope::Identity(scope) => words.push(scope.to_string()),
                Scope::Smart(scope) => {
                    smart
                        .entry((scope.target(), scope.category()))
                        .or_default()
                        .push(scope.interaction());
                }
            }
        }
        for ((target, category), interactions) in smart {
            words.push(smart::write(&target, &interactions, category));
        }
        f.write_str(&words.join(" "))
    }
}

impl FromStr for ScopeSet {
    type Err = ScopeError;
    fn from_str(text: &str) -> Result<Self, ScopeError> {
        Self::parse(text)
    }
}

impl Serialize for ScopeSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ScopeSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
