use proptest::prelude::*;

use super::*;

fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(1_900_000_000 + seconds).unwrap()
}

fn rules() -> Rules {
    Rules::signing_for(Duration::hours(24))
}

fn key(state: State) -> Key {
    Key {
        kid: "k".to_owned(),
        state,
        since: at(0),
        created_at: at(0),
    }
}

/// Every step that a key can take, tried long after whatever it has to wait for.
fn steps(key: &Key) -> [(State, Result<Key, Refusal>); 5] {
    let (rules, now) = (rules(), at(10_000_000));
    [
        (State::Published, key.publish(now)),
        (State::Active, key.activate(&rules, Urgency::Ordinary, now)),
        (State::Retired, key.retire(now)),
        (State::Destroyed, key.destroy(&rules, now)),
        (State::Compromised, key.compromise(now)),
    ]
}

#[test]
fn a_key_goes_one_way_and_is_compromised_from_anywhere() {
    let ways = |from| match from {
        State::Pending => vec![State::Published, State::Compromised],
        State::Published => vec![State::Active, State::Compromised],
        State::Active => vec![State::Retired, State::Compromised],
        State::Retired => vec![State::Destroyed, State::Compromised],
        State::Destroyed => vec![State::Compromised],
        State::Compromised => vec![],
    };
    for from in State::ALL {
        for (to, outcome) in steps(&key(from)) {
            match outcome {
                Ok(next) => {
                    assert!(ways(from).contains(&to), "{from} became {to}");
                    assert_eq!((next.state, next.since), (to, at(10_000_000)));
                }
                Err(refusal) => {
                    assert!(!ways(from).contains(&to), "{from} did not become {to}");
                    assert_eq!(refusal, Refusal::NoWay { from, to });
                }
            }
        }
    }
}

#[test]
fn a_key_waits_until_all_verifiers_know_it_and_until_no_token_of_it_is_alive() {
    let rules = rules();
    let early = |state| Err(Refusal::TooEarly { state });
    let published = key(State::Published);
    assert_eq!(
        published.activate(&rules, Urgency::Ordinary, at(119)),
        early(State::Published)
    );
    assert!(
        published
            .activate(&rules, Urgency::Ordinary, at(120))
            .is_ok()
    );
    assert!(published.activate(&rules, Urgency::NoOther, at(0)).is_ok());
    let retired = key(State::Retired);
    assert_eq!(retired.destroy(&rules, at(904)), early(State::Retired));
    assert!(retired.destroy(&rules, at(905)).is_ok());
    // A clock that jumped back does not hurry anything.
    assert_eq!(
        published.activate(&rules, Urgency::Ordinary, at(-100_000)),
        early(State::Published)
    );
}

/// The keys of a model, with when each was first shown and last signed.
#[derive(Default)]
struct World {
    keys: Vec<Key>,
    made: usize,
}

impl World {
    fn put(&mut self, next: Key) {
        let place = self.keys.iter().position(|key| key.kid == next.kid);
        match place {
            Some(place) => self.keys[place] = next,
            None => self.keys.push(next),
        }
    }

    fn make(&mut self, now: OffsetDateTime) {
        self.made += 1;
        self.put(Key::pending(format!("k{}", self.made), now));
    }

    /// Takes steps until none is left, and checks each.
    fn settle(&mut self, rules: &Rules, now: OffsetDateTime) {
        for _ in 0..20 {
            match next_step(&self.keys, rules, now) {
                None => return,
                Some(Step::Make) => self.make(now),
                Some(Step::Publish(key)) => self.put(key.publish(now).unwrap()),
                Some(Step::Replace {
                    active,
                    successor,
                    urgency,
                }) => {
                    assert_eq!(
                        urgency == Urgency::NoOther,
                        active.is_none() && now - successor.since < rules.show_before
                    );
                    if let Some(active) = active {
                        self.put(active.retire(now).unwrap());
                    }
                    self.put(successor.activate(rules, urgency, now).unwrap());
                }
                Some(Step::Destroy(key)) => self.put(key.destroy(rules, now).unwrap()),
            }
        }
        panic!("the steps do not end: {:?}", self.keys);
    }

    fn count(&self, state: State) -> usize {
        self.keys.iter().filter(|key| key.state == state).count()
    }
}

proptest! {
    /// Whatever happens and however much time passes in between.
    #[test]
    fn one_key_signs_at_any_time_and_no_key_outstays_its_time(
        events in prop::collection::vec((0_i64..200_000, 0_usize..4, any::<prop::sample::Index>()), 1..60)
    ) {
        let rules = rules();
        let mut world = World::default();
        let mut now = at(0);
        let mut compromised = Vec::new();
        for (seconds, what, which) in events {
            now += Duration::seconds(seconds);
            match what {
                0 if !world.keys.is_empty() => {
                    let key = which.get(&world.keys).clone();
                    if let Ok(dead) = key.compromise(now) {
                        compromised.push(dead.kid.clone());
                        world.put(dead);
                    }
                }
                1 if world.count(State::Pending) + world.count(State::Published) == 0 => {
                    world.make(now);
                }
                _ => {}
            }
            world.settle(&rules, now);
            prop_assert_eq!(world.count(State::Active), 1);
            prop_assert_eq!(world.count(State::Pending), 0);
            prop_assert!(world.count(State::Published) <= 1);
            for key in &world.keys {
                let age = now - key.since;
                match key.state {
                    State::Active => prop_assert!(
                        age < rules.sign_for || world.count(State::Published) == 1
                    ),
                    State::Retired => prop_assert!(age < rules.show_after),
                    State::Published => prop_assert!(age < rules.show_before),
                    _ => {}
                }
            }
            for kid in &compromised {
                let key = world.keys.iter().find(|key| key.kid == *kid).unwrap();
                prop_assert_eq!(key.state, State::Compromised);
            }
        }
    }
}
