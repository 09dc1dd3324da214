//! Revocations: what the issuer says is dead before its time, and what a verifier knows of it.
//!
//! The issuer serves `GET /internal/revocations?after=<seq>&wait=<seconds>` with a [`Page`]; [`feed`] follows it. This
//! module is the shape of the answer and the pure part: [`Known`] takes pages in and says whether a token stands. Time
//! is a parameter.
//!
//! Doubt is a refusal: who has not heard from the issuer recently refuses every token, and so does who knows more
//! entries than fit. What was once heard stays until its time is over, whatever happens to the feed.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};

use crate::claims::Claims;
use crate::error::TokenError;
use crate::jwks::STALE_AFTER;
use crate::{MAX_LEEWAY, MAX_TOKEN_LIFETIME};

pub mod feed;

pub use feed::RevocationFeed;

/// The scope that the feed is read with.
pub const SCOPE: &str = "system:revocation.read";

/// The path of the feed at the issuer.
pub const PATH: &str = "/internal/revocations";

/// The longest that a reader may let the issuer wait for news, in seconds.
pub const MAX_WAIT: u64 = 10;

/// The most entries that a verifier keeps unless told otherwise. All tokens of five minutes, revoked one by one at
/// hundreds a second.
pub const MAX_KNOWN: usize = 100_000;

/// What is revoked; the entry's id names one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = RevocationKind))]
pub enum Kind {
    /// Every token of a session: claim `sid`.
    Session,
    /// One token: claim `jti`.
    Token,
    /// Every token obtained by a client, or in whose use it acts: claims `client_id` and `act`.
    Client,
    /// Every token that speaks for an account, or in whose use it acts: claims `sub` and `act`.
    Account,
    /// Every token of an organisation: claim `org`.
    Organization,
    /// Every token signed by a key, whenever it says it was issued: `kid` of the header.
    Key,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Session,
        Self::Token,
        Self::Client,
        Self::Account,
        Self::Organization,
        Self::Key,
    ];
}

/// One entry of the feed. A kind that a reader does not know makes the page unreadable to it, on purpose: an entry that
/// cannot be understood might be about any token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Revocation {
    /// Its place in the feed; later entries have larger ones.
    pub seq: u64,
    /// What `id` names.
    pub kind: Kind,
    /// Which session, token, client, account, organisation or key.
    pub id: String,
    /// Unix seconds: tokens issued earlier are dead. Has no meaning for a key.
    pub before: i64,
    /// Unix seconds: from then on no token that this is about can be alive, and the entry may be forgotten.
    pub until: i64,
    /// The custodian that it is about; absent: all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
}

impl Revocation {
    /// An entry about everything that was issued up to and including the second of `now`.
    pub fn new(
        seq: u64,
        kind: Kind,
        id: impl Into<String>,
        tenant: Option<String>,
        now: OffsetDateTime,
    ) -> Self {
        let before = now.unix_timestamp() + 1;
        // Whoever has a stolen key makes tokens until the last verifier has forgotten the key.
        let last_issued = match kind {
            Kind::Key => before + STALE_AFTER,
            _ => before,
        };
        Self {
            seq,
            kind,
            id: id.into(),
            before,
            until: last_issued + MAX_TOKEN_LIFETIME + MAX_LEEWAY,
            tenant,
        }
    }
}

/// An answer of the feed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Page {
    /// When the issuer looked, by its clock.
    #[serde(with = "time::serde::rfc3339")]
    pub as_of: OffsetDateTime,
    /// What to ask for next.
    pub next: u64,
    /// The entries after the one asked for, in order.
    pub revocations: Vec<Revocation>,
    /// Whether the feed began anew: what was asked for is not a place in it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reset: bool,
    /// Whether there are more entries already. An issuer that does not say so is asked until it has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<bool>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// What a page brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Learned {
    /// All there was when it was asked for.
    Everything,
    /// There is more to be asked for at once.
    Part,
    /// The feed began anew and is to be read from its beginning.
    Restarted,
}

/// Why a page does not count. Entries in it count nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PageFault {
    /// More entries than fit: until they do, no token is believed.
    #[error("there are more revocations than fit")]
    Full,
    /// Not an answer to the question just asked.
    #[error("the answer is an old one")]
    Old,
    /// Its places contradict each other or lead nowhere.
    #[error("the answer's order makes no sense")]
    Disordered,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    tenant: Option<String>,
    before: i64,
    until: i64,
}

/// What a verifier knows of the feed.
#[derive(Debug)]
pub struct Known {
    entries: HashMap<Kind, HashMap<String, Vec<Entry>>>,
    len: usize,
    limit: usize,
    /// No entry's time is over earlier.
    earliest_end: i64,
    max_age: Duration,
    cursor: u64,
    /// When the last poll began after which nothing was left.
    complete_at: Option<OffsetDateTime>,
}

impl Known {
    /// Nothing yet. At most `limit` entries will be kept, and believed for `max_age`.
    pub fn new(limit: usize, max_age: Duration) -> Self {
        Self {
            entries: HashMap::new(),
            len: 0,
            limit,
            earliest_end: i64::MAX,
            max_age,
            cursor: 0,
            complete_at: None,
        }
    }

    /// What to ask for: everything after this.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// How many entries are kept.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no entry is kept.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes in the answer to a poll that began at `began` and asked for everything after [`Known::cursor`].
    ///
    /// # Errors
    /// When the page does not tell that nothing is missing.
    pub fn learn(
        &mut self,
        page: Page,
        began: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Learned, PageFault> {
        let seconds = now.unix_timestamp();
        self.forget(seconds);
        let first = page.revocations.first().map(|entry| entry.seq);
        let last = page.revocations.last().map(|entry| entry.seq);
        let in_order = page
            .revocations
            .windows(2)
            .all(|pair| pair[0].seq < pair[1].seq);
        let is_empty = page.revocations.is_empty();
        for revocation in page.revocations {
            if !self.insert(revocation, seconds) {
                (self.cursor, self.complete_at) = (0, None);
                return Err(PageFault::Full);
            }
        }
        let began_anew =
            page.reset || page.next < self.cursor || first.is_some_and(|seq| seq <= self.cursor);
        if began_anew && self.cursor != 0 {
            return self.restart();
        }
        let whole = match page.more {
            Some(more) => !more,
            None => is_empty,
        };
        let leads_on = whole || page.next > self.cursor;
        if !in_order || last.is_some_and(|seq| seq > page.next) || !leads_on {
            return Err(PageFault::Disordered);
        }
        // Kept on its way by somebody, or by a replica that lost touch: what happened since would be missing.
        if began - page.as_of > self.max_age {
            return Err(PageFault::Old);
        }
        self.cursor = page.next;
        if whole {
            self.complete_at = Some(self.complete_at.map_or(began, |at| at.max(began)));
            Ok(Learned::Everything)
        } else {
            Ok(Learned::Part)
        }
    }

    /// The feed has no such place as the one asked for. What is known stays known.
    ///
    /// # Errors
    /// When it was asked for its beginning.
    pub fn restart(&mut self) -> Result<Learned, PageFault> {
        if self.cursor == 0 {
            return Err(PageFault::Disordered);
        }
        self.cursor = 0;
        Ok(Learned::Restarted)
    }

    /// Whether all that was revoked until recently is known.
    ///
    /// # Errors
    /// [`TokenError::RevocationsStale`].
    pub fn is_recent(&self, now: OffsetDateTime) -> Result<(), TokenError> {
        // A clock that jumped back is as doubtful as one that ran on.
        let recent = self
            .complete_at
            .is_some_and(|at| (now - at).abs() <= self.max_age);
        if recent {
            Ok(())
        } else {
            Err(TokenError::RevocationsStale)
        }
    }

    /// Whether a token stands that is good otherwise: its claims, and the `kid` of its header.
    ///
    /// # Errors
    /// [`TokenError::Revoked`], or [`TokenError::RevocationsStale`] when that cannot be ruled out.
    pub fn check(&self, claims: &Claims, kid: &str, now: OffsetDateTime) -> Result<(), TokenError> {
        if self.revokes(claims, kid) {
            Err(TokenError::Revoked)
        } else {
            self.is_recent(now)
        }
    }

    fn revokes(&self, claims: &Claims, kid: &str) -> bool {
        if self.is_empty() {
            return false;
        }
        Kind::ALL.into_iter().any(|kind| {
            names(kind, claims, kid).into_iter().flatten().any(|id| {
                let entries = self.entries.get(&kind).and_then(|ids| ids.get(id));
                entries.into_iter().flatten().any(|entry| {
                    let is_about_tenant = entry
                        .tenant
                        .as_ref()
                        .is_none_or(|tenant| *tenant == claims.tenant);
                    // A key serves all tenants, and whoever stole it writes any time into a token.
                    kind == Kind::Key || (is_about_tenant && claims.iat < entry.before)
                })
            })
        })
    }

    /// Keeps an entry; false if there is no room for it.
    fn insert(&mut self, revocation: Revocation, now: i64) -> bool {
        let Revocation {
            kind,
            id,
            before,
            until,
            tenant,
            ..
        } = revocation;
        if until <= now {
            return true;
        }
        let same_id = self.entries.entry(kind).or_default().entry(id).or_default();
        if let Some(entry) = same_id.iter_mut().find(|entry| entry.tenant == tenant) {
            (entry.before, entry.until) = (entry.before.max(before), entry.until.max(until));
            return true;
        }
        if self.len >= self.limit {
            return false;
        }
        same_id.push(Entry {
            tenant,
            before,
            until,
        });
        self.len += 1;
        self.earliest_end = self.earliest_end.min(until);
        true
    }

    /// Drops the entries whose time is over.
    fn forget(&mut self, now: i64) {
        if now < self.earliest_end {
            return;
        }
        for ids in self.entries.values_mut() {
            ids.retain(|_, entries| {
                entries.retain(|entry| entry.until > now);
                !entries.is_empty()
            });
        }
        let left = || self.entries.values().flat_map(HashMap::values).flatten();
        self.len = left().count();
        self.earliest_end = left().map(|entry| entry.until).min().unwrap_or(i64::MAX);
    }
}

/// What a token says that an entry of this kind could name.
fn names<'a>(kind: Kind, claims: &'a Claims, kid: &'a str) -> [Option<&'a str>; 2] {
    let actor = claims.act.as_ref().map(|actor| actor.sub.as_str());
    match kind {
        Kind::Session => [claims.sign_in.as_ref().map(|it| it.sid.as_str()), None],
        Kind::Token => [Some(&claims.jti), None],
        Kind::Client => [Some(&claims.client_id), actor],
        Kind::Account => [Some(&claims.sub), actor],
        Kind::Organization => [claims.org.as_deref(), None],
        Kind::Key => [Some(kid), None],
    }
}
