//! SMART on FHIR scopes, v1 (`.read`, `.write`, `.*`) and v2 (`.cruds`, `?category=`).

use std::collections::BTreeSet;
use std::fmt;

use super::Persona;

/// The most categories one scope may name.
const MAX_CATEGORIES: usize = 16;

/// In whose compartment a SMART scope works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// `patient/…`: the one patient in context.
    Patient,
    /// `user/…`: what the user or organisation may see.
    User,
    /// `system/…`: a backend.
    System,
}

impl Context {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "patient" => Some(Self::Patient),
            "user" => Some(Self::User),
            "system" => Some(Self::System),
            _ => None,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Patient => "patient",
            Self::User => "user",
            Self::System => "system",
        }
    }

    /// The personas that may hold a scope of this context. Administrators read no records.
    pub(super) fn holders(self) -> &'static [Persona] {
        match self {
            Self::Patient => &[Persona::Patient],
            Self::User => &[Persona::Provider],
            Self::System => &[Persona::Provider, Persona::System],
        }
    }
}

/// One of the five SMART v2 interactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interaction {
    /// `c`
    Create,
    /// `r`
    Read,
    /// `u`
    Update,
    /// `d`
    Delete,
    /// `s`
    Search,
}

impl Interaction {
    /// In the order in which a v2 scope writes them.
    pub const ALL: [Self; 5] = [
        Self::Create,
        Self::Read,
        Self::Update,
        Self::Delete,
        Self::Search,
    ];

    fn letter(self) -> char {
        match self {
            Self::Create => 'c',
            Self::Read => 'r',
            Self::Update => 'u',
            Self::Delete => 'd',
            Self::Search => 's',
        }
    }
}

/// A category filter: a code, of one system or of any.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category {
    system: Option<String>,
    code: String,
}

impl Category {
    /// Reads `code` or `system|code`; `None` when either is empty or holds a character that would need escaping.
    pub fn parse(text: &str) -> Option<Self> {
        let (system, code) = match text.split_once('|') {
            Some((system, code)) => (Some(system), code),
            None => (None, text),
        };
        let plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| {
                    b.is_ascii_graphic()
                        && !matches!(
                            b,
                            b'|' | b',' | b'&' | b'?' | b'%' | b'\\' | b'"' | b'$' | b'='
                        )
                })
        };
        (plain(code) && system.is_none_or(plain)).then(|| Self {
            system: system.map(str::to_owned),
            code: code.to_owned(),
        })
    }

    /// The code system, if the category names one.
    pub fn system(&self) -> Option<&str> {
        self.system.as_deref()
    }

    /// The code.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// Whether every coding that `other` matches is matched by `self`.
    pub fn covers(&self, other: &Self) -> bool {
        self.code == other.code && (self.system.is_none() || self.system == other.system)
    }

    fn meet(&self, other: &Self) -> Option<Self> {
        if self.covers(other) {
            Some(other.clone())
        } else {
            other.covers(self).then(|| self.clone())
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.system {
            Some(system) => write!(f, "{system}|{}", self.code),
            None => f.write_str(&self.code),
        }
    }
}

/// One interaction on one resource type (or all), under at most one category.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SmartScope {
    target: Target,
    interaction: Interaction,
    category: Option<Category>,
}

/// The part before the dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Target {
    context: Context,
    /// `None` is `*`.
    resource: Option<String>,
}

impl SmartScope {
    /// In whose compartment it works.
    pub fn context(&self) -> Context {
        self.target.context
    }

    /// The interaction.
    pub fn interaction(&self) -> Interaction {
        self.interaction
    }

    /// The category it is limited to.
    pub fn category(&self) -> Option<&Category> {
        self.category.as_ref()
    }

    pub(super) fn target(&self) -> Target {
        self.target.clone()
    }

    /// Whether it is about this interaction on this resource type, category aside.
    pub fn is_for(&self, interaction: Interaction, resource_type: &str) -> bool {
        self.interaction == interaction
            && self
                .target
                .resource
                .as_deref()
                .is_none_or(|mine| mine == resource_type)
    }

    pub(super) fn meet(&self, other: &Self) -> Option<Self> {
        if self.target.context != other.target.context || self.interaction != other.interaction {
            return None;
        }
        let resource = match (&self.target.resource, &other.target.resource) {
            (None, resource) | (resource, None) => resource.clone(),
            (Some(a), Some(b)) => Some((a == b).then(|| a.clone())?),
        };
        let category = match (&self.category, &other.category) {
            (None, category) | (category, None) => category.clone(),
            (Some(a), Some(b)) => Some(a.meet(b)?),
        };
        let target = Target {
            context: self.target.context,
            resource,
        };
        Some(Self {
            target,
            interaction: self.interaction,
            category,
        })
    }
}

/// Reads one SMART scope into its rights; `None` when any part of it is not known.
pub(super) fn parse(text: &str) -> Option<Vec<SmartScope>> {
    let (scope, query) = match text.split_once('?') {
        Some((scope, query)) => (scope, Some(query)),
        None => (text, None),
    };
    let (context, rest) = scope.split_once('/')?;
    let (resource, actions) = rest.split_once('.')?;
    let target = Target {
        context: Context::parse(context)?,
        resource: parse_resource(resource)?,
    };
    let interactions = parse_interactions(actions)?;
    let categories = match query {
        None => vec![None],
        Some(query) => parse_categories(query)?.into_iter().map(Some).collect(),
    };
    let right = |interaction: &Interaction, category: &Option<Category>| SmartScope {
        target: target.clone(),
        interaction: *interaction,
        category: category.clone(),
    };
    Some(
        categories
            .iter()
            .flat_map(|category| interactions.iter().map(move |i| right(i, category)))
            .collect(),
    )
}

fn parse_resource(text: &str) -> Option<Option<String>> {
    if text == "*" {
        return Some(None);
    }
    let named = text.starts_with(|c: char| c.is_ascii_uppercase())
        && text.len() <= 64
        && text.bytes().all(|b| b.is_ascii_alphabetic());
    named.then(|| Some(text.to_owned()))
}

fn parse_interactions(text: &str) -> Option<Vec<Interaction>> {
    use Interaction::{Create, Delete, Read, Search, Update};
    match text {
        "read" => return Some(vec![Read, Search]),
        "write" => return Some(vec![Create, Update, Delete]),
        "*" => return Some(Interaction::ALL.to_vec()),
        _ => {}
    }
    // v2: a non-empty subsequence of "cruds", in this order.
    let mut rest = Interaction::ALL.into_iter();
    let found: Option<Vec<_>> = text
        .chars()
        .map(|c| rest.find(|i| i.letter() == c))
        .collect();
    found.filter(|interactions| !interactions.is_empty())
}

/// Only `category=a,b` is known. A second parameter, a modifier or any other name makes the filter unknown.
fn parse_categories(query: &str) -> Option<BTreeSet<Category>> {
    let (name, values) = query.split_once('=')?;
    if name != "category" {
        return None;
    }
    let categories: BTreeSet<_> = values
        .split(',')
        .map(Category::parse)
        .collect::<Option<_>>()?;
    (categories.len() <= MAX_CATEGORIES).then_some(categories)
}

/// Writes a SMART v2 scope.
pub(super) fn write(
    target: &Target,
    interactions: &[Interaction],
    category: Option<&Category>,
) -> String {
    let letters: String = Interaction::ALL
        .into_iter()
        .filter(|i| interactions.contains(i))
        .map(Interaction::letter)
        .collect();
    let resource = target.resource.as_deref().unwrap_or("*");
    let filter = category
        .map(|c| format!("?category={c}"))
        .unwrap_or_default();
    format!("{}/{resource}.{letters}{filter}", target.context.as_str())
}
