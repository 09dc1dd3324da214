//! What is kept of stops, within bounds. Pure.
//!
//! Of the stops of one consent only the one that reaches farthest matters, so that memory grows with the number of
//! stopped consents, not of stops. When there is no room for one more, its subject is remembered in a table of fixed
//! size that never forgets and may confuse: nothing is decided about a subject that it may hold. So a flood of stops,
//! each genuine for an address made for it, stops those addresses and, by confusion, few others; it does not stop care,
//! and no stop is dropped.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher as _;
use std::ops::Bound;

use consent_core::{Address, ScopeId, Stop};

use super::signed::Candidate;
use crate::decision::facts::authority::Authority;
use crate::decision::facts::signature::Claimed;

/// How many undecided items there may be. More are left in the topic until these are decided.
const MAX_UNDECIDED: usize = 16 * 1024;

/// Every stop, by subject.
pub struct Kept {
    subjects: HashMap<Address, OfSubject>,
    /// Subjects with something undecided.
    waiting: BTreeSet<Address>,
    undecided: usize,
    len: usize,
    limit: usize,
    spilled: Option<Spilled>,
}

#[derive(Default)]
struct OfSubject {
    undecided: Vec<Candidate>,
    /// Farthest stop of everything.
    through_epoch: Option<u32>,
    /// Farthest stop of single consents.
    consents: HashMap<(Address, ScopeId), u32>,
}

/// What came of deciding, in numbers of stops.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Their signers had the right to.
    pub kept: u64,
    /// Their signers had not.
    pub refused: u64,
    /// The chain says that their signers did not sign them.
    pub unsigned: u64,
    /// There was no room.
    pub spilled: u64,
}

impl Kept {
    /// Nothing; room for `limit`.
    pub fn new(limit: usize) -> Self {
        Self {
            subjects: HashMap::new(),
            waiting: BTreeSet::new(),
            undecided: 0,
            len: 0,
            limit,
            spilled: None,
        }
    }

    /// How many are kept, undecided ones aside.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes in an undecided stop.
    ///
    /// # Errors
    /// Gives it back when there are too many undecided ones.
    pub fn hold(&mut self, candidate: Candidate) -> Result<(), Candidate> {
        let known = self.subjects.get(&candidate.subject).is_some_and(|of| {
            of.undecided.contains(&candidate) || candidate.stops.iter().all(|stop| of.reaches(stop))
        });
        if known {
            return Ok(());
        }
        // One that is larger than all the room there is gets in when it is alone.
        if self.undecided > 0 && self.undecided + candidate.stops.len() > MAX_UNDECIDED {
            return Err(candidate);
        }
        self.undecided += candidate.stops.len();
        self.waiting.insert(candidate.subject);
        let of = self.subjects.entry(candidate.subject).or_default();
        of.undecided.push(candidate);
        Ok(())
    }

    /// Up to `count` subjects with something undecided, those above `last` first.
    pub fn undecided_after(&self, last: Address, count: usize) -> Vec<Address> {
        let above = self
            .waiting
            .range((Bound::Excluded(last), Bound::Unbounded));
        let below = self.waiting.range(..=last);
        above.chain(below).take(count).copied().collect()
    }

    /// The signers of what is undecided about a subject.
    pub fn undecided_actors(&self, subject: Address) -> Vec<Address> {
        let mut actors: Vec<_> = self
            .undecided(subject)
            .map(|candidate| candidate.actor)
            .collect();
        actors.sort_unstable();
        actors.dedup();
        actors
    }

    /// What only the chain can tell of what is undecided about a subject, by signers with the right to stop.
    pub fn unproven(&self, subject: Address, authority: &Authority) -> Vec<(Address, Claimed)> {
        self.undecided(subject)
            .filter(|candidate| authority.allows(candidate.actor, candidate.needs))
            .filter_map(|candidate| Some((candidate.actor, candidate.unproven.as_deref()?.clone())))
            .collect()
    }

    fn undecided(&self, subject: Address) -> impl Iterator<Item = &Candidate> {
        let of = self.subjects.get(&subject);
        of.into_iter().flat_map(|of| &of.undecided)
    }

    /// Decides the stops of these signers about a subject, with what the chain said of their signatures. Those of others,
    /// and those that the chain was not asked about, came meanwhile and wait on.
    pub fn settle(
        &mut self,
        subject: Address,
        actors: &[Address],
        authority: &Authority,
        asked: &HashMap<Claimed, bool>,
    ) -> Settled {
        let mut settled = Settled::default();
        let Some(of) = self.subjects.get_mut(&subject) else {
            return settled;
        };
        let (decided, undecided): (Vec<_>, Vec<_>) = std::mem::take(&mut of.undecided)
            .into_iter()
            .partition(|candidate| {
                let may = authority.allows(candidate.actor, candidate.needs);
                let unproven = candidate.unproven.as_deref().filter(|_| may);
                actors.contains(&candidate.actor)
                    && unproven.is_none_or(|claimed| asked.contains_key(claimed))
            });
        if undecided.is_empty() {
            self.waiting.remove(&subject);
        }
        of.undecided = undecided;
        for candidate in decided {
            self.undecided -= candidate.stops.len();
            if !authority.allows(candidate.actor, candidate.needs) {
                settled.refused += 1;
                continue;
            }
            let unproven = candidate.unproven.as_deref();
            if unproven.is_some_and(|claimed| asked.get(claimed) != Some(&true)) {
                settled.unsigned += 1;
                continue;
            }
            let mut fits = true;
            for stop in &candidate.stops {
                match of.keep(stop, self.len < self.limit) {
                    Some(added) => self.len += usize::from(added),
                    None => fits = false,
                }
            }
            if fits {
                settled.kept += 1;
            } else {
                settled.spilled += 1;
                self.spilled
                    .get_or_insert_with(Spilled::new)
                    .insert(subject);
            }
        }
        if of.is_empty() {
            self.subjects.remove(&subject);
        }
        settled
    }

    /// The stops of a subject towards these grantees; `None` if there may be others.
    pub fn about(&self, subject: Address, grantees: &[Address]) -> Option<Vec<Stop>> {
        if self
            .spilled
            .as_ref()
            .is_some_and(|spilled| spilled.may_hold(subject))
        {
            return None;
        }
        let Some(of) = self.subjects.get(&subject) else {
            return Some(Vec::new());
        };
        let all = of.through_epoch.map(|through_epoch| Stop::All {
            subject,
            through_epoch,
        });
        let single = of.consents.iter().filter_map(|(of_consent, through)| {
            let (grantee, scope_id) = *of_consent;
            grantees.contains(&grantee).then_some(Stop::Consent {
                subject,
                grantee,
                scope_id,
                through_version: *through,
            })
        });
        Some(all.into_iter().chain(single).collect())
    }
}

impl OfSubject {
    fn is_empty(&self) -> bool {
        self.undecided.is_empty() && self.through_epoch.is_none() && self.consents.is_empty()
    }

    /// Whether what is kept reaches as far as this stop.
    fn reaches(&self, stop: &Stop) -> bool {
        match *stop {
            Stop::All { through_epoch, .. } => self.through_epoch >= Some(through_epoch),
            Stop::Consent {
                grantee,
                scope_id,
                through_version,
                ..
            } => self
                .consents
                .get(&(grantee, scope_id))
                .is_some_and(|through| *through >= through_version),
        }
    }

    /// Keeps a stop and says whether that took room; `None` if it would and there is none.
    fn keep(&mut self, stop: &Stop, has_room: bool) -> Option<bool> {
        match *stop {
            Stop::All { through_epoch, .. } => {
                let is_new = self.through_epoch.is_none();
                if is_new && !has_room {
                    return None;
                }
                self.through_epoch = self.through_epoch.max(Some(through_epoch));
                Some(is_new)
            }
            Stop::Consent {
                grantee,
                scope_id,
                through_version,
                ..
            } => match self.consents.get_mut(&(grantee, scope_id)) {
                Some(through) => {
                    *through = (*through).max(through_version);
                    Some(false)
                }
                None if !has_room => None,
                None => {
                    self.consents.insert((grantee, scope_id), through_version);
                    Some(true)
                }
            },
        }
    }
}

/// A Bloom filter of 1 MiB: what was put in is always found, and a million others make one in twenty be found wrongly.
/// Its hashes are keyed, so that nobody can look for an address that is confused with somebody's.
struct Spilled {
    bits: Vec<u64>,
    keys: RandomState,
}

impl Spilled {
    const WORDS: usize = 1 << 17;

    fn new() -> Self {
        Self {
            bits: vec![0; Self::WORDS],
            keys: RandomState::new(),
        }
    }

    fn places(&self, subject: Address) -> [(usize, u64); 2] {
        let hash = self.keys.hash_one(subject.0);
        [hash, hash.rotate_right(32)].map(|half| {
            let bit = (half as usize) % (Self::WORDS * 64);
            (bit / 64, 1 << (bit % 64))
        })
    }

    fn insert(&mut self, subject: Address) {
        for (word, mask) in self.places(subject) {
            self.bits[word] |= mask;
        }
    }

    fn may_hold(&self, subject: Address) -> bool {
        self.places(subject)
            .iter()
            .all(|(word, mask)| self.bits[*word] & mask != 0)
    }
}

#[cfg(test)]
mod tests;
