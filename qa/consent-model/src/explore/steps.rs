//! What can happen next in a world.

use super::laws::{self, ONCE, REMOVAL_WINS, STOP_WINS, VOID_IS_VOID, Violation, broken};
use super::scenario::{CONSENT, DELEGATE, GRANTEE, OTHER_KEY, RELAYER, SUBJECT, Seen, StopReach};
use super::search::Search;
use super::wallet::{self, Held, View};
use super::world::{Book, Link, MOST_HELD, World, bit};
use crate::command::{Call, Command, Request};
use crate::event::Event;
use crate::refusal::Refusal;
use crate::registry::Registry;
use crate::words::{Address, FOR_EVER, Status, Window};

/// One step of a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Somebody decides, by number of the decision, and it gets on its way, by number.
    Sign(u8, u8),
    /// What is on its way is delivered.
    Deliver(u8),
    /// Something that is done at once.
    Do(Deed),
    Tick,
    Finalise,
    Reorganise(u8),
}

/// What is done at once, by people who need not be waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Deed {
    Request,
    Relinquish,
    Expire,
    Recover,
}

/// What a command does to a registry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effect {
    registry: u32,
    opens: bool,
    empowers: bool,
    voids: bool,
}

pub(super) type Outcome = Result<Effect, Refusal>;

/// All that matters to what is signed for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Sight {
    index: usize,
    latest: (u32, u64),
    last_final: (u32, u64),
    signed: (u32, u32),
    epoch: u32,
}

/// A command as the key of what it does: by number, or the deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Move {
    Held(u8),
    Deed(Deed),
}

impl Search<'_> {
    /// Everything that can happen next.
    pub(super) fn steps(&mut self, world: &World) -> Vec<(Step, Result<World, Violation>)> {
        let bounds = self.scenario.bounds;
        let mut steps = Vec::new();
        for index in 0..self.scenario.decisions.len() {
            if let Some((number, next)) = self.sign(world, index) {
                let index = u8::try_from(index).expect("fewer than 256 decisions");
                steps.push((Step::Sign(index, number), Ok(next)));
            }
        }
        let head = *self.links.get(world.latest());
        let can_grow = bounds.unfinal == 0 || world.unfinal() < bounds.unfinal;
        if can_grow {
            let book = self.books.get(world.book).clone();
            for number in 0..u8::try_from(self.held.len()).expect("few are held") {
                if book.has(number) {
                    let link = self.deliver(&head, &book, number);
                    self.grow(world, &head, Step::Deliver(number), link, &mut steps);
                }
            }
            for deed in self.deeds() {
                let link = self.act(&head, &book, *deed);
                self.grow(world, &head, Step::Do(*deed), link, &mut steps);
            }
            if head.now < bounds.last_time {
                let now = head.now + 1;
                let link = self.settled(Link { now, ..head });
                self.grow(world, &head, Step::Tick, link.map(Some), &mut steps);
            }
        }
        if world.unfinal() > 0 {
            steps.push((Step::Finalise, Ok(world.finalised())));
            if world.reorgs < bounds.reorgs {
                for dropped in 1..=world.unfinal() {
                    let step = Step::Reorganise(u8::try_from(dropped).expect("a chain is short"));
                    steps.push((step, Ok(world.reorganised(dropped))));
                }
            }
        }
        steps
    }

    fn grow(
        &mut self,
        world: &World,
        head: &Link,
        step: Step,
        link: Result<Option<Link>, Violation>,
        steps: &mut Vec<(Step, Result<World, Violation>)>,
    ) {
        match link {
            Err(violation) => steps.push((step, Err(violation))),
            Ok(Some(link)) if link != *head => {
                let number = self.links.number(link);
                let grown = world.with_link(number, self.scenario.bounds.unfinal);
                steps.extend(grown.map(|next| (step, Ok(next))));
            }
            Ok(_) => {}
        }
    }

    /// Somebody decides. `None` if that changes nothing or is more than the bounds allow.
    fn sign(&mut self, world: &World, index: usize) -> Option<(u8, World)> {
        let number = self.written(world, index)?;
        let held = self.held.get(u32::from(number));
        let (consents, delegates) = (held.stops_consents, held.stops_delegates);
        let book = self.books.get(world.book);
        let all_openings = self.openings | self.empowerments;
        if !book.has(number) {
            let signed = match held.opens {
                Some(_) => book.signed & all_openings,
                None => book.signed & !all_openings,
            };
            let most = match held.opens {
                Some(_) => self.scenario.bounds.openings,
                None => self.scenario.bounds.others,
            };
            if signed.count_ones() >= most {
                return None;
            }
        }
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

    /// What is signed for a decision, by number; the same for whoever sees the same.
    fn written(&mut self, world: &World, index: usize) -> Option<u8> {
        let latest = *self.links.get(world.latest());
        let last_final = *self.links.get(world.last_final());
        let (signed, epoch) = match self.scenario.stop_reach {
            StopReach::Ahead(_) => ((0, 0), 0),
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
        if let Some(number) = self.sights.get(&key) {
            return *number;
        }
        let view = View {
            latest: (self.registries.get(latest.registry), latest.now),
            last_final: (self.registries.get(last_final.registry), last_final.now),
            signed,
            epoch,
        };
        let held = wallet::write(self.scenario, self.scenario.decisions[index], &view);
        let number = held.map(|held| {
            let (opens, empowers) = (held.opens.is_some(), held.empowers);
            let number = self.held.number(held);
            assert!(
                (number as usize) < MOST_HELD,
                "too many decisions for one scenario"
            );
            let number = u8::try_from(number).expect("checked above");
            match (opens, empowers) {
                (_, true) => self.empowerments |= bit(number),
                (true, false) => self.openings |= bit(number),
                (false, false) => {}
            }
            number
        });
        self.sights.insert(key, number);
        number
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

    fn highest_signed(&self, book: &Book) -> (u32, u32) {
        self.signed(book)
            .filter_map(|held| held.opens)
            .fold((0, 0), |(version, seq), (its_version, its_seq)| {
                (version.max(its_version), seq.max(its_seq))
            })
    }

    fn deeds(&self) -> &'static [Deed] {
        match self.scenario.grantee {
            true => &[Deed::Expire, Deed::Recover, Deed::Request, Deed::Relinquish],
            false => &[Deed::Expire, Deed::Recover],
        }
    }

    fn deliver(&mut self, head: &Link, book: &Book, number: u8) -> Result<Option<Link>, Violation> {
        let held = self.held.get(u32::from(number));
        let stops = held.stops_consents || held.stops_delegates;
        let used = head.used & bit(number) != 0;
        if used && held.is_direct {
            return Ok(None);
        }
        let mut link = *head;
        match self.outcome(head, Move::Held(number))? {
            Ok(effect) => {
                if effect.registry != head.registry {
                    if used {
                        return Err(broken(ONCE, format!("{:?}", self.held.get(number.into()))));
                    }
                    link.used |= bit(number);
                }
                link.registry = effect.registry;
                // Only where openings are signed on final state is whoever signs later sure to see the void.
                let voided = head.voided & bit(number) != 0
                    && self.scenario.openings_on == Seen::Final
                    && (effect.opens || effect.empowers);
                if voided {
                    return Err(broken(VOID_IS_VOID, "it did open something"));
                }
                if effect.opens {
                    link.active_by = Some(number);
                }
                if effect.empowers {
                    link.rights_by = Some(number);
                }
                if effect.voids {
                    link.voided |= book.signed & (self.openings | self.empowerments);
                }
            }
            Err(refusal) if stops && refusal.is_stale_stop() => {}
            Err(_) => return Ok(None),
        }
        if stops {
            link.stopped |= book.beaten_by(number);
        }
        self.settled(link).map(Some)
    }

    fn act(&mut self, head: &Link, book: &Book, deed: Deed) -> Result<Option<Link>, Violation> {
        let Ok(effect) = self.outcome(head, Move::Deed(deed))? else {
            return Ok(None);
        };
        let mut link = Link {
            registry: effect.registry,
            ..*head
        };
        if effect.voids {
            link.voided |= book.signed & (self.openings | self.empowerments);
        }
        self.settled(link).map(Some)
    }

    /// What a command does, looked at once for each state of the registry and time.
    fn outcome(&mut self, head: &Link, what: Move) -> Result<Outcome, Violation> {
        let key = (head.registry, head.now, what);
        if let Some(outcome) = self.outcomes.get(&key) {
            return Ok(*outcome);
        }
        let before = self.registries.get(head.registry);
        let (sender, command) = match what {
            Move::Held(number) => {
                let held = self.held.get(u32::from(number));
                (held.sender, held.command.clone())
            }
            Move::Deed(deed) => command_of(deed, before, head.now),
        };
        let mut after = before.clone();
        let outcome = match after.apply(head.now, sender, &command) {
            Err(refusal) => {
                debug_assert_eq!(after, *before, "a refusal changes nothing");
                Err(refusal)
            }
            Ok(events) => {
                let actor = match command {
                    Command::Signed { actor, .. } => actor,
                    Command::Direct(_) => sender,
                };
                laws::of_transition(before, &after, head.now, actor, &events)?;
                Ok(Effect {
                    registry: self.registries.number(after),
                    opens: events
                        .iter()
                        .any(|event| matches!(event, Event::ConsentCreated { .. })),
                    empowers: events
                        .iter()
                        .any(|event| matches!(event, Event::DelegateSet { .. })),
                    voids: events.iter().any(voids),
                })
            }
        };
        self.outcomes.insert(key, outcome);
        Ok(outcome)
    }

    /// A new link, if it keeps the promises.
    fn settled(&mut self, mut link: Link) -> Result<Link, Violation> {
        let registry = self.registries.get(link.registry);
        if self.lawful.insert((link.registry, link.now)) {
            laws::of_state(registry, link.now, self.scenario.stop_reach)?;
        }
        let beaten = |by: Option<u8>| by.is_some_and(|number| link.stopped & bit(number) != 0);
        if registry.status_of(&CONSENT, link.now) != Status::Active {
            link.active_by = None;
        } else if beaten(link.active_by) {
            return Err(broken(STOP_WINS, "the consent is Active by that grant"));
        }
        if registry.rights_of(SUBJECT, DELEGATE, link.now).0 == 0 {
            link.rights_by = None;
        } else if beaten(link.rights_by) {
            return Err(broken(
                REMOVAL_WINS,
                "the delegate has rights by that setting",
            ));
        }
        Ok(link)
    }
}

fn voids(event: &Event) -> bool {
    matches!(
        event,
        Event::AllConsentsRevoked { .. }
            | Event::SignaturesInvalidated { .. }
            | Event::ControllerChanged { .. }
            | Event::SubjectFrozen { .. }
    )
}

/// What is sent for a deed, and by whom.
pub(super) fn command_of(deed: Deed, registry: &Registry, now: u64) -> (Address, Command) {
    let (sender, call) = match deed {
        Deed::Request => (
            GRANTEE,
            Call::Request(Request {
                key: CONSENT,
                window: Window {
                    from: 0,
                    to: FOR_EVER,
                },
                respond_by: now + 1,
                version: registry.consent(&CONSENT).version.saturating_add(1),
            }),
        ),
        Deed::Relinquish => (GRANTEE, Call::Relinquish(CONSENT)),
        Deed::Expire => (RELAYER, Call::Expire(CONSENT)),
        Deed::Recover => (
            OTHER_KEY,
            Call::Recover {
                subject: SUBJECT,
                proposal_id: registry.proposal(SUBJECT).id,
                acceptance: None,
            },
        ),
    };
    (sender, Command::Direct(call))
}
