//! The policy document, version 1: what a patient shares, and the hash that stands for it on the chain.
//!
//! A document is JSON of a strict profile, so that every language reads the same document from the same bytes:
//!
//! - at most 16 KiB, UTF-8, one object; no duplicate, case-variant or unknown key; every key but `category` present;
//! - numbers are integers (the only one is `v`); strings are in Unicode normal form C;
//! - arrays of strings are sorted by UTF-16 code units (the order of RFC 8785 for keys) and hold no item twice;
//!   `resources` is sorted by `type`, each type once;
//! - `salt` is `0x` and 64 lowercase hexadecimal digits; the hash of an unsalted document could be searched for.
//!
//! The canonical bytes are those of RFC 8785, the hash is their keccak-256. Reading then writing a document that
//! follows the profile never changes its meaning, so `hash(parse(bytes))` is the identity of the document.
//!
//! `period` bounds the clinical date of a record by calendar days, **both ends included**: `start` is the first day
//! shared and `end` the last. A record's day is the one written in it, with the offset written in it; no time zone is
//! applied. A date that is less precise than a day counts as all the days it may be, and an interval as all its days:
//! all of them must lie inside.

use serde::Serialize;
use serde_json::{Map, Value};
use time::{Date, Month};
use unicode_normalization::is_nfc;

use crate::id::{Hash32, ScopeId, keccak256};
use crate::json::{JsonError, parse_strict};

/// The longest document, in bytes.
pub const MAX_BYTES: usize = 16 * 1024;

/// Why bytes are not a policy document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// Longer than [`MAX_BYTES`].
    #[error("longer than {MAX_BYTES} bytes")]
    TooLong,
    /// Not strict JSON.
    #[error(transparent)]
    Json(#[from] JsonError),
    /// A member has a wrong type or value.
    #[error("{member}: {reason}")]
    Member {
        /// Path of the member.
        member: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// A key that version 1 does not have.
    #[error("{member}: unknown or missing key")]
    Keys {
        /// Path of the object.
        member: &'static str,
    },
}

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
        let value = parse_strict(bytes)?;
        let root = object(&value, "document")?;
        if root.len() != 7 {
            return Err(PolicyError::Keys { member: "document" });
        }
        let member = |key| {
            root.get(key)
                .ok_or(PolicyError::Keys { member: "document" })
        };
        if member("v")?.as_u64() != Some(1) {
            return Err(fault("v", "must be the integer 1"));
        }
        let salt = salt(member("salt")?)?;
        let terms = Terms {
            purpose: coded(member("purpose")?, "purpose", Purpose::from_code, 1)?,
            actions: coded(member("actions")?, "actions", Action::from_code, 1)?,
            resources: resources(member("resources")?)?,
            exclude: coded(member("exclude")?, "exclude", Sensitivity::from_code, 0)?,
            period: period(member("period")?)?,
        };
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
                category.sort_by_cached_key(|item| utf16(item));
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
        .map_err(|_| fault("document", "has no canonical form"))
}

fn fault(member: &'static str, reason: &'static str) -> PolicyError {
    PolicyError::Member { member, reason }
}

fn object<'a>(
    value: &'a Value,
    member: &'static str,
) -> Result<&'a Map<String, Value>, PolicyError> {
    value.as_object().ok_or(fault(member, "must be an object"))
}

fn salt(value: &Value) -> Result<Hash32, PolicyError> {
    let wrong = fault("salt", "must be 0x and 64 lowercase hexadecimal digits");
    let text = value.as_str().ok_or(wrong.clone())?;
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(wrong);
    }
    text.parse().map_err(|_| wrong)
}

fn utf16(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// An array of strings, sorted and unique, in normal form C.
fn strings<'a>(
    value: &'a Value,
    member: &'static str,
    at_least: usize,
) -> Result<Vec<&'a str>, PolicyError> {
    let items = value.as_array().ok_or(fault(member, "must be an array"))?;
    let items: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
    let items = items.ok_or(fault(member, "must hold strings only"))?;
    if items.len() < at_least {
        return Err(fault(member, "must not be empty"));
    }
    if !items.is_sorted_by(|a, b| utf16(a) < utf16(b)) {
        return Err(fault(member, "must be sorted and hold nothing twice"));
    }
    if !items.iter().all(|item| is_nfc(item)) {
        return Err(fault(member, "must be in Unicode normal form C"));
    }
    Ok(items)
}

fn coded<T>(
    value: &Value,
    member: &'static str,
    read: impl Fn(&str) -> Option<T>,
    at_least: usize,
) -> Result<Vec<T>, PolicyError> {
    let codes: Option<Vec<T>> = strings(value, member, at_least)?
        .into_iter()
        .map(read)
        .collect();
    codes.ok_or(fault(member, "holds a code that version 1 does not have"))
}

fn resources(value: &Value) -> Result<Vec<ResourceScope>, PolicyError> {
    let items = value
        .as_array()
        .ok_or(fault("resources", "must be an array"))?;
    let scopes: Vec<ResourceScope> = items.iter().map(resource_scope).collect::<Result<_, _>>()?;
    if scopes.is_empty() {
        return Err(fault("resources", "must not be empty"));
    }
    if !scopes.is_sorted_by(|a, b| a.resource_type < b.resource_type) {
        return Err(fault("resources", "must be sorted by type, each type once"));
    }
    Ok(scopes)
}

fn resource_scope(value: &Value) -> Result<ResourceScope, PolicyError> {
    let item = object(value, "resources[]")?;
    let resource_type = item
        .get("type")
        .and_then(Value::as_str)
        .ok_or(fault("resources[].type", "must be a string"))?;
    let plain = resource_type.bytes().all(|byte| byte.is_ascii_alphabetic());
    if !plain
        || !resource_type.starts_with(|first: char| first.is_ascii_uppercase())
        || resource_type.len() > 64
    {
        return Err(fault(
            "resources[].type",
            "must be the name of a FHIR resource type",
        ));
    }
    let category = match item.get("category") {
        None => None,
        Some(value) => {
            let codes = strings(value, "resources[].category", 1)?;
            if !codes.iter().all(|code| is_code(code)) {
                return Err(fault("resources[].category", "must hold FHIR codes"));
            }
            Some(codes.into_iter().map(str::to_owned).collect())
        }
    };
    if item.len() != 1 + usize::from(category.is_some()) {
        return Err(PolicyError::Keys {
            member: "resources[]",
        });
    }
    Ok(ResourceScope {
        category,
        resource_type: resource_type.to_owned(),
    })
}

/// A FHIR code: not empty, no control characters, no space at either end and none twice in a row.
fn is_code(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && !text
            .chars()
            .any(|c| c.is_control() || (c.is_whitespace() && c != ' '))
        && !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
}

fn period(value: &Value) -> Result<Period, PolicyError> {
    let item = object(value, "period")?;
    let (Some(start), Some(end), 2) = (item.get("start"), item.get("end"), item.len()) else {
        return Err(PolicyError::Keys { member: "period" });
    };
    let period = Period {
        start: day_or_null(start, "period.start")?,
        end: day_or_null(end, "period.end")?,
    };
    if let (Some(start), Some(end)) = (period.start, period.end)
        && start > end
    {
        return Err(fault("period", "must not end before it starts"));
    }
    Ok(period)
}

fn day_or_null(value: &Value, member: &'static str) -> Result<Option<Date>, PolicyError> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => parse_day(text)
            .map(Some)
            .ok_or(fault(member, "must be a date YYYY-MM-DD")),
        _ => Err(fault(member, "must be a date or null")),
    }
}

/// A calendar day `YYYY-MM-DD`.
pub(crate) fn parse_day(text: &str) -> Option<Date> {
    let bytes = text.as_bytes();
    if bytes.len() != 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let number = |range: std::ops::Range<usize>| {
        let digits = text.get(range)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) {
            digits.parse::<u16>().ok()
        } else {
            None
        }
    };
    let month = Month::try_from(u8::try_from(number(5..7)?).ok()?).ok()?;
    let year = number(0..4)?;
    if year == 0 {
        return None;
    }
    Date::from_calendar_date(i32::from(year), month, u8::try_from(number(8..10)?).ok()?).ok()
}

fn day_text(day: Date) -> String {
    format!(
        "{:04}-{:02}-{:02}",
        day.year(),
        u8::from(day.month()),
        day.day()
    )
}
