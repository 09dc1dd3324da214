//! What can happen next in a world.

use super::laws::{self, ONCE, REMOVAL_WINS, STOP_WINS, VOID_IS_VOID, Violation, broken};
use super::scenario::{CONSENT, DELEGATE, GRANTEE, OTHER_KEY, RELAYER, SUBJECT, Seen};
use super::search::Search;
use super::world::{Book, Link, Set, World, bit};
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
    /// Whether it opened anything, and whether the consent that is looked at.
    opens: bool,
    activates: bool,
    empowers: bool,
    /// The highest seq that it voided.
    voids: Option<u32>,
}

pub(super) type Outcome = Result<Effect, Refusal>;

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

    /// The openings on their way that a seq being voided voids: not those signed for a later one.
    fn voided(&self, book: &Book, through: u32) -> Set {
        let openings = book.signed & (self.openings | self.empowerments);
        (0..u8::try_from(self.held.len()).expect("few are held"))
            .filter(|number| openings & bit(*number) != 0)
            .filter(|number| {
                let opens = self.held.get(u32::from(*number)).opens;
                opens.is_some_and(|names| names.seq <= through)
            })
            .fold(0, |set, number| set | bit(number))
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
                if effect.activates {
                    link.active_by = Some(number);
                }
                if effect.empowers {
                    link.rights_by = Some(number);
                }
                if let Some(through) = effect.voids {
                    link.voided |= self.voided(book, through);
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
        if let Some(through) = effect.voids {
            link.voided |= self.voided(book, through);
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
                let seq = |registry: &Registry| registry.subject(SUBJECT).seq;
                // A seq that is used up stays, and no opening signed for it applies.
                let through = seq(before).max(seq(&after).saturating_sub(1));
                Ok(Effect {
                    registry: self.registries.number(after),
                    opens: events
                        .iter()
                        .any(|event| matches!(event, Event::ConsentCreated { .. })),
                    activates: events.iter().any(
                        |event| matches!(event, Event::ConsentCreated { key, .. } if *key == CONSENT),
                    ),
                    empowers: events
                        .iter()
                        .any(|event| matches!(event, Event::DelegateSet { .. })),
                    voids: events.iter().any(voids).then_some(through),
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
