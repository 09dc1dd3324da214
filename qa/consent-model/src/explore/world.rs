//! Worlds, kept small: everything that repeats is stored once and referred to by number.

use std::collections::HashMap;
use std::hash::Hash;

use crate::registry::Registry;

/// A set of decisions on their way, by number.
pub(super) type Set = u128;

/// Most decisions signed in all worlds of a scenario together. A search that meets more is not complete.
pub(super) const MOST_HELD: usize = 128;

/// Most links of a chain, the last final one included.
pub(super) const MOST_LINKS: usize = 6;

/// A state of the chain, and what an observer knows about how it came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Link {
    pub(super) registry: u32,
    pub(super) now: u64,
    /// The decision that last made the consent active on this chain.
    pub(super) active_by: Option<u8>,
    /// The decision that last gave the delegate its rights on this chain.
    pub(super) rights_by: Option<u8>,
    /// Decisions that a stop delivered on this chain must beat.
    pub(super) stopped: Set,
    /// Decisions that must open nothing from here on.
    pub(super) voided: Set,
    /// Decisions that changed state on this chain.
    pub(super) used: Set,
}

/// What people have signed.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Book {
    pub(super) signed: Set,
    /// For each stop the openings that were signed before it.
    pub(super) beats: Vec<(u8, Set)>,
}

impl Book {
    pub(super) fn has(&self, number: u8) -> bool {
        self.signed & bit(number) != 0
    }

    /// What a stop must beat.
    pub(super) fn beaten_by(&self, number: u8) -> Set {
        let found = self.beats.iter().find(|(stop, _)| *stop == number);
        found.map_or(0, |(_, set)| *set)
    }

    /// The book with a stop signed now.
    pub(super) fn with_stop(&self, number: u8, beats: Set) -> Self {
        let mut next = self.clone();
        next.signed |= bit(number);
        next.beats.retain(|(stop, _)| *stop != number);
        next.beats.push((number, beats));
        next.beats.sort_unstable();
        next
    }
}

/// The chain from its last final link on, and what was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct World {
    links: [u32; MOST_LINKS],
    length: u8,
    /// Reorganisations so far.
    pub(super) reorgs: u8,
    pub(super) book: u32,
}

impl World {
    pub(super) fn new(link: u32, book: u32) -> Self {
        let mut links = [0; MOST_LINKS];
        links[0] = link;
        Self {
            links,
            length: 1,
            reorgs: 0,
            book,
        }
    }

    pub(super) fn last_final(&self) -> u32 {
        self.links[0]
    }

    pub(super) fn latest(&self) -> u32 {
        self.links[usize::from(self.length) - 1]
    }

    pub(super) fn unfinal(&self) -> usize {
        usize::from(self.length) - 1
    }

    /// The world with a link more; `None` if more than `most` would not be final.
    pub(super) fn with_link(&self, link: u32, most: usize) -> Option<Self> {
        if most == 0 {
            return Some(Self {
                links: Self::new(link, 0).links,
                ..*self
            });
        }
        if self.unfinal() >= most {
            return None;
        }
        let mut next = *self;
        next.links[usize::from(self.length)] = link;
        next.length += 1;
        Some(next)
    }

    /// The world after somebody signed.
    pub(super) fn with_book(&self, book: u32) -> Self {
        Self { book, ..*self }
    }

    /// The world with its next link final.
    pub(super) fn finalised(&self) -> Self {
        let mut next = *self;
        next.links.copy_within(1.., 0);
        next.links[MOST_LINKS - 1] = 0;
        next.length -= 1;
        next
    }

    /// The world without its last links.
    pub(super) fn reorganised(&self, dropped: usize) -> Self {
        let mut next = *self;
        next.length -= u8::try_from(dropped).expect("a chain is short");
        next.links[usize::from(next.length)..].fill(0);
        next.reorgs += 1;
        next
    }
}

/// Values by number, each once.
#[derive(Debug)]
pub(super) struct Numbered<T> {
    values: Vec<T>,
    numbers: HashMap<T, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            numbers: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    pub(super) fn number(&mut self, value: T) -> u32 {
        if let Some(number) = self.numbers.get(&value) {
            return *number;
        }
        let number = u32::try_from(self.values.len()).expect("fewer than 2^32 values");
        self.values.push(value.clone());
        self.numbers.insert(value, number);
        number
    }

    pub(super) fn get(&self, number: u32) -> &T {
        &self.values[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

/// All registries met.
pub(super) type Registries = Numbered<Registry>;

pub(super) fn bit(number: u8) -> Set {
    1 << number
}
