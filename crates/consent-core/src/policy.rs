//! The policy document, version 1: what a patient shares, and the hash that stands for it on the chain.
//!
//! A document is JSON of a strict profile, so that every language reads the same document from the same bytes:
//!
//! - at most 16 KiB, UTF-8, one object; no duplicate, case-variant or unknown key; every key but `category` present;
//! - numbers are integers from -(2^53-1) to 2^53-1 (the only one is `v`); strings are in Unicode normal form C;
//! - arrays of strings are sorted by UTF-16 code units (the order of RFC 8785 for keys) and hold no item twice;
//!   `resources` is sorted by `type`, each type once;
//! - `salt` is `0x` and 64 lowercase hexadecimal digits; the hash of an unsalted document could be searched for.
//!
//! A document with several faults is refused for the same one in every language: [`PolicyCode`] says for which.
//!
//! The canonical bytes are those of RFC 8785, the hash is their keccak-256. Reading then writing a document that
//! follows the profile never changes its meaning, so `hash(parse(bytes))` is the identity of the document.
//!
//! `period` bounds the clinical date of a record by calendar days, **both ends included**: `start` is the first day
//! shared and `end` the last. A record's day is the one written in it, with the offset written in it; no time zone is
//! applied. A date that is less precise than a day counts as all the days it may be, and an interval as all its days:
//! all of them must lie inside.

use serde::Serialize;
use time::Date;

pub use error::{PolicyCode, PolicyError};
pub(crate) use read::parse_day;

use crate::id::{Hash32, ScopeId, keccak256};

/// The longest document, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$item_doc:meta])* $variant:ident = $code:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub enum $name {
            $($(#[$item_doc])* #[serde(rename = $code)] $variant,)+
        }

        impl $name {
            /// All values, in the order of their codes.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it stands in documents and tokens.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// The value with this code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

mod error; // It uses the macro.
mod json;
mod read;

codes!(
    /// Purpose of use (HL7 v3 ActReason).
    Purpose {
        /// Break the glass.
        BreakTheGlass = "BTG",
        /// Health-care operations.
        Operations = "HOPERAT",
        /// Payment.
        Payment = "HPAYMT",
        /// Research.
        Research = "HRESCH",
        /// The patient's own request.
        PatientRequest = "PATRQT",
        /// Treatment.
        Treatment = "TREAT",
    }
);

codes!(
    /// What may be done with a resource.
    Action {
        /// Read one resource by its id.
        Read = "read",
        /// Search the resources of one type.
        Search = "search",
    }
);

codes!(
    /// A sensitivity that a patient can keep back (HL7 v3 ActCode).
    Sensitivity {
        /// Genetic disease.
        Genetic = "GDIS",
        /// HIV or AIDS.
        Hiv = "HIV",
        /// Psychiatry and mental health.
        Psychiatric = "PSY",
        /// Sexuality and reproductive health.
        Sexual = "SEX",
        /// Substance use.
        SubstanceUse = "SUD",
    }
);

/// A shared resource type, narrowed to categories if any are named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceScope {
    /// Category codes; `None` = all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Vec<String>>,
    /// FHIR resource type.
    #[serde(rename = "type")]
    pub resource_type: String,
}

/// The calendar days shared, both ends included; `None` = unbounded on that side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// First day.
    pub start: Option<Date>,
    /// Last day.
    pub end: Option<Date>,
}

impl Period {
    /// No bound on either side.
    pub const UNBOUNDED: Self = Self {
        start: None,
        end: None,
    };
}

/// What a document says, without its hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Purposes of use.
    pub purpose: Vec<Purpose>,
    /// Actions.
    pub actions: Vec<Action>,
    /// Resource types.
    pub resources: Vec<ResourceScope>,
    /// Sensitivities that must not be released.
    pub exclude: Vec<Sensitivity>,
    /// Clinical dates.
    pub period: Period,
}

/// A valid policy document. Made by [`Policy::parse`] or [`Policy::build`] only, so its hash is always its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    salt: Hash32,
    terms: Terms,
    canonical: Vec<u8>,
    hash: ScopeId,
}

impl Policy {
    /// Reads a document. The bytes need not be canonical, the document must follow the profile.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > MAX_BYTES {
            return Err(PolicyError::TooLong);
        }
        let (salt, terms) = read::document(&json::read(bytes)?)?;
        Self::seal(salt, terms)
    }

    /// Makes a document. Arrays may be in any order and are sorted; an item that stands twice is an error.
    /// `salt` must come from a random source: who can guess the document must not recognise its hash.
    pub fn build(salt: Hash32, mut terms: Terms) -> Result<Self, PolicyError> {
        terms.purpose.sort_by_key(|item| item.code());
        terms.actions.sort_by_key(|item| item.code());
        terms.exclude.sort_by_key(|item| item.code());
        terms
            .resources
            .sort_by(|a, b| a.resource_type.cmp(&b.resource_type));
        for scope in &mut terms.resources {
            if let Some(category) = &mut scope.category {
                category.sort_by_cached_key(|item| read::utf16(item));
            }
        }
        let draft = Self::seal(salt, terms)?;
        Self::parse(&draft.canonical)
    }

    fn seal(salt: Hash32, terms: Terms) -> Result<Self, PolicyError> {
        let canonical = canonical(&document(salt, &terms))?;
        if canonical.len() > MAX_BYTES {
            return Err(PolicyError::TooLong);
        }
        let hash = keccak256(&canonical);
        Ok(Self {
            salt,
            terms,
            canonical,
            hash,
        })
    }

    /// What the document says.
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The salt.
    pub fn salt(&self) -> Hash32 {
        self.salt
    }

    /// The bytes that are hashed: RFC 8785.
    pub fn canonical_bytes(&self) -> &[u8] {
        &self.canonical
    }

    /// The keccak-256 of the canonical bytes, which is the scope id on the chain.
    pub fn hash(&self) -> ScopeId {
        self.hash
    }
}

#[derive(Serialize)]
struct Document<'a> {
    v: u8,
    salt: Hash32,
    purpose: &'a [Purpose],
    actions: &'a [Action],
    resources: &'a [ResourceScope],
    exclude: &'a [Sensitivity],
    period: PeriodDocument,
}

#[derive(Serialize)]
struct PeriodDocument {
    start: Option<String>,
    end: Option<String>,
}

fn document(salt: Hash32, terms: &Terms) -> Document<'_> {
    Document {
        v: 1,
        salt,
        purpose: &terms.purpose,
        actions: &terms.actions,
        resources: &terms.resources,
        exclude: &terms.exclude,
        period: PeriodDocument {
            start: terms.period.start.map(day_text),
            end: terms.period.end.map(day_text),
        },
    }
}

fn canonical(document: &Document<'_>) -> Result<Vec<u8>, PolicyError> {
    serde_json_canonicalizer::to_vec(document)
        .map_err(|_| error::fault(PolicyCode::Json, "document", "has no canonical form"))
}

fn day_text(day: Date) -> String {
    format!(
        "{:04}-{:02}-{:02}",
        day.year(),
        u8::from(day.month()),
        day.day()
    )
}
