//! Stops that the chain does not have yet: a property of `decide`.

use crate::support::*;
use consent_core::decide::{Fact, Facts, Rule, decide};
use consent_core::{Address, Hash32, Stop, StoredStatus};
use proptest::prelude::*;

const OTHER: Address = Address([4; 20]);

fn stop_of(fact: &Fact, through_version: u32) -> Stop {
    Stop::Consent {
        subject: fact.consent.subject,
        grantee: fact.consent.grantee,
        scope_id: fact.consent.scope_id,
        through_version,
    }
}

fn all(subject: Address, through_epoch: u32) -> Stop {
    Stop::All {
        subject,
        through_epoch,
    }
}

/// The rule of the decision about one active consent and these stops; `None` is a permit.
fn outcome(change: impl Fn(&mut Fact), stops: impl Fn(&Fact) -> Vec<Stop>) -> Option<Rule> {
    let policy = policy(1, terms());
    let mut fact = forever(&policy);
    change(&mut fact);
    let stops = stops(&fact);
    let mut facts: Facts = facts(vec![(fact, policy)]);
    facts.add_stops(stops);
    decide(&request("Observation"), &facts, NOW)
        .err()
        .map(|denial| denial.rule)
}

#[test]
fn a_stop_covers_every_version_up_to_the_one_it_names_and_none_above() {
    for (version, through, stopped) in [
        (1, 0, false),
        (1, 1, true),
        (1, 2, true),
        (2, 1, false),
        (u32::MAX, u32::MAX, true),
    ] {
        let found = outcome(
            |fact| fact.consent.version = version,
            |fact| vec![stop_of(fact, through)],
        );
        assert_eq!(
            found,
            stopped.then_some(Rule::Stopped),
            "{version} {through}"
        );
    }
}

#[test]
fn a_stop_of_everything_covers_every_epoch_up_to_the_one_it_names_and_none_above() {
    for (epoch, through, stopped) in [(2, 1, false), (2, 2, true), (2, 3, true), (0, 0, true)] {
        let found = outcome(
            |fact| (fact.consent.epoch, fact.epoch) = (epoch, epoch),
            |fact| vec![all(fact.consent.subject, through)],
        );
        assert_eq!(found, stopped.then_some(Rule::Stopped), "{epoch} {through}");
    }
}

#[test]
fn a_stop_of_another_consent_or_subject_stops_nothing() {
    let others: [fn(&Fact) -> Stop; 4] = [
        |fact| match stop_of(fact, 9) {
            Stop::Consent {
                grantee, scope_id, ..
            } => Stop::Consent {
                subject: OTHER,
                grantee,
                scope_id,
                through_version: 9,
            },
            stop => stop,
        },
        |fact| match stop_of(fact, 9) {
            Stop::Consent {
                subject, scope_id, ..
            } => Stop::Consent {
                subject,
                grantee: OTHER,
                scope_id,
                through_version: 9,
            },
            stop => stop,
        },
        |fact| match stop_of(fact, 9) {
            Stop::Consent {
                subject, grantee, ..
            } => Stop::Consent {
                subject,
                grantee,
                scope_id: Hash32([8; 32]),
                through_version: 9,
            },
            stop => stop,
        },
        |_| all(OTHER, 9),
    ];
    for other in others {
        assert_eq!(outcome(|_| {}, |fact| vec![other(fact)]), None);
    }
}

#[test]
fn what_the_chain_says_against_a_consent_is_named_rather_than_the_stop() {
    for (status, rule) in [
        (StoredStatus::Revoked, Rule::ConsentRevoked),
        (StoredStatus::Denied, Rule::ConsentDenied),
        (StoredStatus::Expired, Rule::ConsentExpired),
        (StoredStatus::Requested, Rule::Stopped),
        (StoredStatus::Active, Rule::Stopped),
    ] {
        let found = outcome(
            |fact| (fact.consent.status, fact.consent.respond_by) = (status, TO),
            |fact| vec![stop_of(fact, 9)],
        );
        assert_eq!(found, Some(rule));
    }
}

#[test]
fn one_stopped_consent_does_not_stop_another_and_is_no_ground() {
    let (stopped, other) = (policy(1, terms()), policy(2, terms()));
    let (first, second) = (forever(&stopped), forever(&other));
    let stop = stop_of(&first, 5);
    let mut facts = facts(vec![(first, stopped), (second, other.clone())]);
    facts.add_stops([stop]);
    let permit = decide(&request("Observation"), &facts, NOW).unwrap();
    let grounds: Vec<_> = permit.grounds().map(|ground| ground.scope_id).collect();
    assert_eq!(grounds, [other.hash()]);
}

proptest! {
    /// Stops take away and never add: with more of them no denial becomes a permit.
    #[test]
    fn stops_never_permit(
        version in 0_u32..5, epoch in 0_u32..3, subject_epoch in 0_u32..3, status in 0_u8..6,
        stops in prop::collection::vec((any::<bool>(), 0_u32..5), 0..4),
    ) {
        let change = |fact: &mut Fact| {
            fact.consent.status = StoredStatus::from_number(status).unwrap();
            (fact.consent.version, fact.consent.epoch, fact.epoch) = (version, epoch, subject_epoch);
            fact.consent.respond_by = TO;
        };
        let without = outcome(change, |_| vec![]);
        let with = outcome(change, |fact| {
            let stop = |(whole, through): &(bool, u32)| {
                if *whole { all(fact.consent.subject, *through) } else { stop_of(fact, *through) }
            };
            stops.iter().map(stop).collect()
        });
        let covered = stops.iter().any(|(whole, through)| if *whole { epoch <= *through } else { version <= *through });
        match without {
            None => prop_assert_eq!(with, covered.then_some(Rule::Stopped)),
            Some(_) => prop_assert!(with.is_some()),
        }
    }
}
