//! The decision: who may see what, as a pure function of a request, the facts and the time.
//!
//! [`decide`] looks at consents and policies and returns a [`Permit`] or a [`Denial`]. A permit is a value that only
//! this module can make; only a permit can [inspect](Permit::inspect) a resource and say that it may be released. So
//! "default deny" is a type: code that wants to release has nothing to ask but a permit.

use std::collections::HashMap;
use std::sync::Arc;

use crate::consent::{Consent, EffectiveStatus};
use crate::id::{Address, ConsentId, Hash32, ScopeId};
use crate::policy::{Action, Policy, Purpose};
use crate::resource::{Category, TypeRow, type_row};
use crate::stop::Stop;

mod inspect;
mod redact;

pub use inspect::{Fault, Known, Verdict, Withheld};
pub use redact::Redaction;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    /// FHIR id of the patient.
    pub patient: String,
    /// Address of the FHIR server, without a slash at its end: absolute references below it are its own.
    pub base: String,
    /// The subject addresses that verifiably stand for the patient.
    pub subjects: Vec<Address>,
    /// The grantee addresses that the requester's token proves.
    pub grantees: Vec<Address>,
    /// Purpose of use, from the token; `None` when it is not one we know.
    pub purpose: Option<Purpose>,
    /// Read or search.
    pub action: Action,
    /// FHIR resource type.
    pub resource_type: String,
    /// Category codes that were asked for; `None` = all.
    pub categories: Option<Vec<String>>,
    /// Categories that the token's scopes are narrowed to; `None` = not narrowed.
    pub scope_categories: Option<Vec<CategoryFilter>>,
}

/// A category that a scope is narrowed to: a code, of one system or of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryFilter {
    /// The code system; `None` = any.
    pub system: Option<String>,
    /// The code.
    pub code: String,
}

impl CategoryFilter {
    fn matches(&self, category: &Category<'_>) -> bool {
        self.code == category.code
            && (self.system.is_none() || self.system.as_deref() == category.system)
    }
}

/// A consent and what is known about how it came to us.
#[derive(Debug, Clone)]
pub struct Fact {
    /// The consent.
    pub consent: Consent,
    /// Its subject's epoch: a consent of an earlier one counts as revoked.
    pub epoch: u32,
    /// Whether the block it stands in is final enough for this deployment.
    pub is_final: bool,
    /// The block up to which the registry was known, its hash and the projection's revision.
    pub seen: Seen,
}

impl Fact {
    fn effective(&self, now: u64) -> Option<EffectiveStatus> {
        self.consent.effective(self.epoch, now, self.is_final)
    }
}

/// The state of the projection that a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Block number.
    pub block_no: u64,
    /// Block hash.
    pub block_hash: Hash32,
    /// Revision of the projection.
    pub rev: i64,
}

/// All that is known: consents that may concern the request, the policy documents they name, and the stops on their way to
/// the chain.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    consents: Vec<Fact>,
    policies: HashMap<ScopeId, Arc<Policy>>,
    stops: Vec<Stop>,
}

impl Facts {
    /// Facts without any consent.
    pub fn new(consents: Vec<Fact>) -> Self {
        Self {
            consents,
            ..Self::default()
        }
    }

    /// Adds a policy document. It is filed under its own hash, so it cannot stand for another.
    pub fn add_policy(&mut self, policy: Arc<Policy>) {
        self.policies.insert(policy.hash(), policy);
    }

    /// Adds stops that the chain may not have yet.
    pub fn add_stops(&mut self, stops: impl IntoIterator<Item = Stop>) {
        self.stops.extend(stops);
    }

    fn is_stopped(&self, consent: &Consent) -> bool {
        self.stops.iter().any(|stop| stop.covers(consent))
    }

    /// The consents.
    pub fn consents(&self) -> &[Fact] {
        &self.consents
    }

    /// The hashes of the policies that the consents name and that are not here yet. Only those of consents that could
    /// permit at `now`: the others need none.
    pub fn missing_policies(&self, now: u64) -> Vec<ScopeId> {
        let mut missing: Vec<ScopeId> = self
            .consents
            .iter()
            .filter(|fact| fact.effective(now) == Some(EffectiveStatus::Active))
            .map(|fact| fact.consent.scope_id)
            .filter(|scope| !self.policies.contains_key(scope))
            .collect();
        missing.sort_unstable();
        missing.dedup();
        missing
    }
}

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $code:literal),+ $(,)?) => {
        /// The rule that a denial rests on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule { $($(#[$doc])* $variant,)+ }

        impl Rule {
            /// All rules, the farthest from a permit first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its code in answers and records.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
    };
}

// The order tells which rule is named when several consents fail for different reasons: the one nearest to a permit.
rules! {
    /// No consent between this subject and this grantee.
    NoConsent = "no-consent",
    /// A request was refused.
    ConsentDenied = "consent-denied",
    /// The consent was ended.
    ConsentRevoked = "consent-revoked",
    /// The consent is past its time.
    ConsentExpired = "consent-expired",
    /// The patient's side ended it; the chain does not have that yet.
    Stopped = "stopped",
    /// Asked for, not answered.
    ConsentRequested = "consent-requested",
    /// Granted, its window has not begun.
    ConsentScheduled = "consent-scheduled",
    /// Granted, not final.
    ConsentConfirming = "consent-confirming",
    /// The policy document is not known.
    PolicyUnknown = "policy-unknown",
    /// The policy does not share for this purpose.
    PolicyPurpose = "policy-purpose",
    /// The policy does not share for this action.
    PolicyAction = "policy-action",
    /// The policy does not share this resource type, or we do not know it.
    PolicyType = "policy-type",
    /// The policy shares none of these categories.
    PolicyCategory = "policy-category",
}

/// The rule of every permit.
pub const CONSENT_ACTIVE: &str = "consent-active";

/// A consent that a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ground {
    /// The consent.
    pub consent_id: ConsentId,
    /// Its version.
    pub version: u32,
    /// Its policy document.
    pub scope_id: ScopeId,
    /// The state of the projection.
    pub seen: Seen,
}

impl From<&Fact> for Ground {
    fn from(fact: &Fact) -> Self {
        let Consent {
            id,
            version,
            scope_id,
            ..
        } = fact.consent;
        Self {
            consent_id: id,
            version,
            scope_id,
            seen: fact.seen,
        }
    }
}

/// Access is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Why.
    pub rule: Rule,
    /// The consent that came nearest, if there is one.
    pub ground: Option<Ground>,
}

/// One active consent with its policy: a way to be released.
#[derive(Debug, Clone)]
struct Way {
    ground: Ground,
    policy: Arc<Policy>,
}

/// Access is allowed, to what [`Permit::inspect`] lets through.
#[derive(Debug, Clone)]
pub struct Permit {
    patient: String,
    base: String,
    row: &'static TypeRow,
    scope_categories: Option<Vec<CategoryFilter>>,
    /// Never empty.
    ways: Vec<Way>,
}

impl Permit {
    /// The consents it rests on; at least one.
    pub fn grounds(&self) -> impl Iterator<Item = &Ground> {
        self.ways.iter().map(|way| &way.ground)
    }

    /// Whether the other permit rests on the very same consents, versions and policies.
    pub fn rests_on_the_same(&self, other: &Self) -> bool {
        let key = |permit: &Self| -> Vec<_> {
            let mut key: Vec<_> = permit
                .grounds()
                .map(|ground| (ground.consent_id, ground.version))
                .collect();
            key.sort_unstable();
            key
        };
        key(self) == key(other)
    }
}

/// Decides. Everything that is not an active, final consent of this very subject for this very grantee, in its window, not
/// stopped, with a known policy that shares this type, for this action and purpose, is a denial.
#[allow(
    clippy::result_large_err,
    reason = "a denial is as ordinary as a permit"
)]
pub fn decide(request: &Request, facts: &Facts, now: u64) -> Result<Permit, Denial> {
    let mut nearest = Denial {
        rule: Rule::NoConsent,
        ground: None,
    };
    let mut ways = Vec::new();
    for fact in &facts.consents {
        match judge(request, fact, facts, now) {
            Ok(policy) => ways.push(Way {
                ground: fact.into(),
                policy,
            }),
            Err(rule) if rule > nearest.rule => {
                nearest = Denial {
                    rule,
                    ground: Some(fact.into()),
                }
            }
            Err(_) => {}
        }
    }
    match type_row(&request.resource_type) {
        Some(row) if !ways.is_empty() => Ok(Permit {
            patient: request.patient.clone(),
            base: request.base.clone(),
            row,
            scope_categories: request.scope_categories.clone(),
            ways,
        }),
        Some(_) => Err(nearest),
        None => Err(Denial {
            rule: Rule::PolicyType,
            ground: nearest.ground,
        }),
    }
}

/// Whether one consent permits, and by which policy.
fn judge(request: &Request, fact: &Fact, facts: &Facts, now: u64) -> Result<Arc<Policy>, Rule> {
    let Consent {
        subject,
        grantee,
        scope_id,
        ..
    } = fact.consent;
    let concerns = request.subjects.contains(&subject) && request.grantees.contains(&grantee);
    if !concerns || subject.is_zero() || grantee.is_zero() {
        return Err(Rule::NoConsent);
    }
    let effective = fact.effective(now);
    let is_open = matches!(
        effective,
        Some(
            EffectiveStatus::Active
                | EffectiveStatus::Requested
                | EffectiveStatus::Confirming
                | EffectiveStatus::Scheduled
        )
    );
    if is_open && facts.is_stopped(&fact.consent) {
        return Err(Rule::Stopped);
    }
    match effective {
        Some(EffectiveStatus::Active) => {}
        Some(EffectiveStatus::Requested) => return Err(Rule::ConsentRequested),
        Some(EffectiveStatus::Confirming) => return Err(Rule::ConsentConfirming),
        Some(EffectiveStatus::Scheduled) => return Err(Rule::ConsentScheduled),
        Some(EffectiveStatus::Denied) => return Err(Rule::ConsentDenied),
        Some(EffectiveStatus::Revoked) => return Err(Rule::ConsentRevoked),
        Some(EffectiveStatus::Expired) => return Err(Rule::ConsentExpired),
        None => return Err(Rule::NoConsent),
    }
    let policy = facts.policies.get(&scope_id).ok_or(Rule::PolicyUnknown)?;
    let terms = policy.terms();
    if !request
        .purpose
        .is_some_and(|purpose| terms.purpose.contains(&purpose))
    {
        return Err(Rule::PolicyPurpose);
    }
    if !terms.actions.contains(&request.action) {
        return Err(Rule::PolicyAction);
    }
    let shared = terms
        .resources
        .iter()
        .find(|scope| scope.resource_type == request.resource_type);
    let shared = shared.ok_or(Rule::PolicyType)?;
    // Asking for nothing but categories that are not shared is refused by name; a mixture is filtered.
    let asked = request.categories.as_deref();
    if let (Some(asked), Some(categories)) = (asked, &shared.category)
        && !asked.iter().any(|code| categories.contains(code))
    {
        return Err(Rule::PolicyCategory);
    }
    Ok(policy.clone())
}
