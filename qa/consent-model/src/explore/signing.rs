//! Who signs what in a world, as far as the bounds allow.

use super::scenario::StopReach;
use super::search::Search;
use super::wallet::{self, Held, Names, View};
use super::world::{Book, MOST_HELD, World, bit};

/// All that matters to what is signed for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sight {
    index: usize,
    latest: (u32, u64),
    last_final: (u32, u64),
    signed: Names,
    epoch: u32,
}

impl Search<'_> {
    /// Somebody decides. `None` if that changes nothing or is more than the bounds allow.
    pub(super) fn sign(&mut self, world: &World, index: usize) -> Option<(u8, World)> {
        let letter = self.written(world, index)?;
        let book = self.books.get(world.book);
        let all_openings = self.openings | self.empowerments;
        let is_opening = self.letters.get(letter).opens.is_some();
        let (signed, most) = match is_opening {
            true => (book.signed & all_openings, self.scenario.bounds.openings),
            false => (book.signed & !all_openings, self.scenario.bounds.others),
        };
        let is_full = signed.count_ones() >= most;
        let number = match self.posted.get(&letter) {
            Some(number) => *number,
            None if is_full => return None,
            None => self.post(letter)?,
        };
        let book = self.books.get(world.book);
        if is_full && !book.has(number) {
            return None;
        }
        let held = self.held.get(u32::from(number));
        let (consents, delegates) = (held.stops_consents, held.stops_delegates);
        let next = if consents || delegates {
            let mut beats = 0;
            if consents {
                beats |= book.signed & self.openings;
            }
            if delegates {
                beats |= book.signed & self.empowerments;
            }
            if book.has(number) && book.beaten_by(number) == beats {
                return None;
            }
            book.with_stop(number, beats)
        } else if book.has(number) {
            return None;
        } else {
            Book {
                signed: book.signed | bit(number),
                ..book.clone()
            }
        };
        let book = self.books.number(next);
        Some((number, world.with_book(book)))
    }

    /// What is signed for a decision, by number of the letter; the same for whoever sees the same.
    fn written(&mut self, world: &World, index: usize) -> Option<u32> {
        let latest = *self.links.get(world.latest());
        let last_final = *self.links.get(world.last_final());
        let (signed, epoch) = match self.scenario.stop_reach {
            StopReach::Ahead(_) => (Names::default(), 0),
            StopReach::Remembering => {
                let book = self.books.get(world.book);
                (self.highest_signed(book), self.highest_epoch(book))
            }
        };
        let key = Sight {
            index,
            latest: (latest.registry, latest.now),
            last_final: (last_final.registry, last_final.now),
            signed,
            epoch,
        };
        if let Some(letter) = self.sights.get(&key) {
            return *letter;
        }
        let view = View {
            latest: (self.registries.get(latest.registry), latest.now),
            last_final: (self.registries.get(last_final.registry), last_final.now),
            signed,
            epoch,
        };
        let held = wallet::write(self.scenario, self.scenario.decisions[index], &view);
        let letter = held.map(|held| self.letters.number(held));
        self.sights.insert(key, letter);
        letter
    }

    /// Somebody signs this for the first time in any world. `None` if there are no numbers left.
    fn post(&mut self, letter: u32) -> Option<u8> {
        if self.held.len() >= MOST_HELD {
            self.out_of_numbers = true;
            return None;
        }
        let held = self.letters.get(letter).clone();
        let (opens, empowers) = (held.opens.is_some(), held.empowers);
        let number = u8::try_from(self.held.number(held)).expect("few are held");
        match (opens, empowers) {
            (_, true) => self.empowerments |= bit(number),
            (true, false) => self.openings |= bit(number),
            (false, false) => {}
        }
        self.posted.insert(letter, number);
        Some(number)
    }

    fn signed<'b>(&'b self, book: &'b Book) -> impl Iterator<Item = &'b Held> {
        let numbers = 0..u8::try_from(self.held.len()).expect("few are held");
        numbers
            .filter(|number| book.has(*number))
            .map(|number| self.held.get(u32::from(number)))
    }

    fn highest_epoch(&self, book: &Book) -> u32 {
        self.signed(book)
            .map(Held::leads_to_epoch)
            .max()
            .unwrap_or_default()
    }

    fn highest_signed(&self, book: &Book) -> Names {
        self.signed(book)
            .filter_map(|held| held.opens)
            .fold(Names::default(), Names::or_higher)
    }
}
