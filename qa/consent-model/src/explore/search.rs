//! The search itself: breadth first over worlds.

use std::collections::{HashMap, HashSet};

use super::laws::{self, ONCE, REMOVAL_WINS, STOP_WINS, VOID_IS_VOID, Violation, broken};
use super::scenario::{
    CONSENT, DELEGATE, Decision, Expectation, GRANTEE, OTHER_KEY, RELAYER, SUBJECT, Scenario, Seen,
};
use super::tell;
use super::wallet::{self, Held, View};
use super::world::{Book, Link, MOST_HELD, MOST_LINKS, Numbered, Registries, Set, World, bit};
use crate::command::{Call, Command, Request};
use crate::event::Event;
use crate::refusal::Refusal;
use crate::registry::Registry;
use crate::words::{Address, FOR_EVER, Status, Window};

/// What a search came to.
#[derive(Debug, Clone)]
pub struct Report {
    /// The world's name.
    pub name: &'static str,
    /// What was to be found.
    pub expectation: Expectation,
    /// Different worlds visited.
    pub states: usize,
    /// Steps tried between them.
    pub steps: usize,
    /// Different states of the registry among them.
    pub registries: usize,
    /// Steps of the longest path looked at.
    pub depth: usize,
    /// Whether everything within the bounds was visited.
    pub complete: bool,
    /// A broken promise, if there is one.
    pub violation: Option<Violation>,
    /// The shortest story that leads to it, one step a line.
    pub story: Vec<String>,
}

impl Report {
    /// Whether the search came to what was expected: a complete visit without, or a story of, a broken promise.
    pub fn is_as_expected(&self) -> bool {
        match self.expectation {
            Expectation::Holds => self.violation.is_none(),
            Expectation::Breaks => self.violation.is_some(),
        }
    }
}

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
struct Effect {
    registry: u32,
    opens: bool,
    empowers: bool,
    voids: bool,
}

type Outcome = Result<Effect, Refusal>;

/// Explores a scenario, at most to a depth, and at most so many states.
pub fn explore(scenario: &Scenario, depth: Option<usize>, most_states: usize) -> Report {
    Search::new(scenario).run(depth, most_states)
}

struct Node {
    world: World,
    parent: u32,
    step: Step,
}

pub(super) struct Search<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) registries: Registries,
    pub(super) links: Numbered<Link>,
    books: Numbered<Book>,
    pub(super) held: Numbered<Held>,
    /// Which of them can make the consent active, and which give rights.
    openings: Set,
    empowerments: Set,
    outcomes: HashMap<(u32, u64, Move), Outcome>,
    lawful: HashSet<(u32, u64)>,
}

/// A command as the key of what it does: by number, or the deed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Move {
    Held(u8),
    Deed(Deed),
}

impl<'a> Search<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        assert!(
            scenario.bounds.unfinal < MOST_LINKS,
            "a chain is at most {MOST_LINKS} links long"
        );
        Self {
            scenario,
            registries: Numbered::default(),
            links: Numbered::default(),
            books: Numbered::default(),
            held: Numbered::default(),
            openings: 0,
            empowerments: 0,
            outcomes: HashMap::new(),
            lawful: HashSet::new(),
        }
    }

    fn run(mut self, depth: Option<usize>, most_states: usize) -> Report {
        let first = self.first_world();
        let mut seen = HashSet::from([first]);
        let mut nodes = vec![Node {
            world: first,
            parent: 0,
            step: Step::Tick,
        }];
        let mut report = Report {
            name: self.scenario.name,
            expectation: self.scenario.expectation,
            states: 0,
            steps: 0,
            registries: 0,
            depth: 0,
            complete: true,
            violation: None,
            story: Vec::new(),
        };
        let (mut next, mut end_of_level) = (0, 1);
        while next < nodes.len() {
            if next == end_of_level {
                (report.depth, end_of_level) = (report.depth + 1, nodes.len());
            }
            if depth.is_some_and(|depth| report.depth >= depth) || nodes.len() >= most_states {
                report.complete = false;
                break;
            }
            for (step, outcome) in self.steps(&nodes[next].world) {
                report.steps += 1;
                match outcome {
                    Ok(world) => {
                        if seen.insert(world) {
                            let parent = u32::try_from(next).expect("fewer than 2^32 worlds");
                            nodes.push(Node {
                                world,
                                parent,
                                step,
                            });
                        }
                    }
                    Err(violation) => {
                        report.story = self.story(&nodes, next, step);
                        report.violation = Some(violation);
                        report.states = nodes.len();
                        report.registries = self.registries.len();
                        report.depth += 1;
                        return report;
                    }
                }
            }
            next += 1;
        }
        report.states = nodes.len();
        report.registries = self.registries.len();
        report
    }

    fn first_world(&mut self) -> World {
        let mut registry = Registry::new(self.scenario.limits, self.scenario.rules);
        for (sender, command) in &self.scenario.setup {
            let outcome = registry.apply(0, *sender, command);
            assert!(outcome.is_ok(), "the setup is refused: {outcome:?}");
        }
        let link = Link {
            registry: self.registries.number(registry),
            now: 0,
            active_by: None,
            rights_by: None,
            stopped: 0,
            voided: 0,
            used: 0,
        };
        World::new(self.links.number(link), self.books.number(Book::default()))
    }

    /// Everything that can happen next.
    fn steps(&mut self, world: &World) -> Vec<(Step, Result<World, Violation>)> {
        let bounds = self.scenario.bounds;
        let mut steps = Vec::new();
        for index in 0..self.scenario.decisions.len() {
            if let Some((number, next)) = self.sign(world, self.scenario.decisions[index]) {
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
    fn sign(&mut self, world: &World, decision: Decision) -> Option<(u8, World)> {
        let book = self.books.get(world.book).clone();
        let latest = *self.links.get(world.latest());
        let last_final = *self.links.get(world.last_final());
        let view = View {
            latest: (self.registries.get(latest.registry), latest.now),
            last_final: (self.registries.get(last_final.registry), last_final.now),
            signed: self.highest_signed(&book),
            epoch: self.highest_epoch(&book),
        };
        let held = wallet::write(self.scenario, decision, &view)?;
        let (opens, empowers) = (held.opens.is_some() && !held.empowers, held.empowers);
        let (consents, delegates) = (held.stops_consents, held.stops_delegates);
        let number = usize::try_from(self.held.number(held)).expect("few are held");
        assert!(number < MOST_HELD, "too many decisions for one scenario");
        let number = u8::try_from(number).expect("checked above");
        if opens {
            self.openings |= bit(number);
        }
        if empowers {
            self.empowerments |= bit(number);
        }

        if !book.has(number) {
            let all_openings = self.openings | self.empowerments;
            let (openings, others) = (
                (book.signed & all_openings).count_ones(),
                (book.signed & !all_openings).count_ones(),
            );
            let room = match opens || empowers {
                true => openings < self.scenario.bounds.openings,
                false => others < self.scenario.bounds.others,
            };
            if !room {
                return None;
            }
        }
        let mut beats = 0;
        if consents {
            beats |= book.signed & self.openings;
        }
        if delegates {
            beats |= book.signed & self.empowerments;
        }
        let next = match consents || delegates {
            true => book.with_stop(number, beats),
            false => Book {
                signed: book.signed | bit(number),
                ..book.clone()
            },
        };
        (next != book).then(|| {
            let book = self.books.number(next);
            (number, world.with_book(book))
        })
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
        let is_signed = matches!(held.command, Command::Signed { .. });
        let stops = held.stops_consents || held.stops_delegates;
        let used = head.used & bit(number) != 0;
        if used && !is_signed {
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
            laws::of_state(registry, link.now)?;
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

    fn story(&self, nodes: &[Node], last: usize, step: Step) -> Vec<String> {
        let mut steps = vec![(last, step)];
        let mut at = last;
        while at != 0 {
            let node = &nodes[at];
            at = node.parent as usize;
            steps.push((at, node.step));
        }
        steps.reverse();
        steps
            .into_iter()
            .map(|(at, step)| tell::step(self, &nodes[at].world, step))
            .collect()
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
