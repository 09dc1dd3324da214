//! The search itself: breadth first over worlds.

use std::collections::{HashMap, HashSet};

use super::laws::Violation;
use super::scenario::{Expectation, Scenario};
use super::signing::Sight;
use super::steps::{Move, Outcome, Step};
use super::tell;
use super::wallet::Held;
use super::world::{Book, Link, MOST_LINKS, Numbered, Registries, Set, World};
use crate::registry::Registry;

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

/// Explores a scenario, at most to a depth, and at most so many states.
pub fn explore(scenario: &Scenario, depth: Option<usize>, most_states: usize) -> Report {
    Search::new(scenario).run(depth, most_states)
}

struct Node {
    world: World,
    parent: u32,
    step: Step,
}

/// All that is known while searching. What happens next is told in `steps`.
pub(super) struct Search<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) registries: Registries,
    pub(super) links: Numbered<Link>,
    pub(super) books: Numbered<Book>,
    /// What people would sign in the worlds met, and which of it somebody did: its number in `held`.
    pub(super) letters: Numbered<Held>,
    pub(super) posted: HashMap<u32, u8>,
    /// Whether there was more to sign than there are numbers.
    pub(super) out_of_numbers: bool,
    /// What was signed in some world.
    pub(super) held: Numbered<Held>,
    /// Which of them can make the consent active.
    pub(super) openings: Set,
    /// Which of them give rights.
    pub(super) empowerments: Set,
    /// What commands do, by registry and time.
    pub(super) outcomes: HashMap<(u32, u64, Move), Outcome>,
    /// What is signed for a decision: the letter.
    pub(super) sights: HashMap<Sight, Option<u32>>,
    /// Registries and times whose laws were checked.
    pub(super) lawful: HashSet<(u32, u64)>,
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
            letters: Numbered::default(),
            posted: HashMap::new(),
            out_of_numbers: false,
            held: Numbered::default(),
            openings: 0,
            empowerments: 0,
            outcomes: HashMap::new(),
            sights: HashMap::new(),
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
        report.complete &= !self.out_of_numbers;
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
