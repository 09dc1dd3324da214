//! Who is let in at all: properties of `decide`.

use crate::support::*;
use consent_core::decide::{Fact, Facts, Rule, Verdict, decide};
use consent_core::policy::{Action, Purpose, Terms};
use consent_core::{Address, StoredStatus};
use proptest::prelude::*;

fn rule(request: &consent_core::decide::Request, facts: &Facts, now: u64) -> Rule {
    decide(request, facts, now)
        .expect_err("a permit where none may be")
        .rule
}

#[test]
fn nothing_known_is_a_denial() {
    assert_eq!(
        rule(&request("Observation"), &Facts::default(), NOW),
        Rule::NoConsent
    );
}

#[test]
fn an_active_consent_with_a_fitting_policy_permits_and_says_on_what_ground() {
    let policy = policy(1, terms());
    let fact = consent(&policy);
    let permit = decide(
        &request("Observation"),
        &facts(vec![(fact.clone(), policy.clone())]),
        NOW,
    )
    .unwrap();
    let ground = permit.grounds().next().unwrap();
    assert_eq!(
        (ground.consent_id, ground.version, ground.scope_id),
        (fact.consent.id, 1, policy.hash())
    );
}

#[test]
fn the_window_is_half_open() {
    let policy = policy(1, terms());
    let facts = facts(vec![(consent(&policy), policy)]);
    let request = request("Observation");
    assert_eq!(rule(&request, &facts, FROM - 1), Rule::ConsentScheduled);
    assert!(decide(&request, &facts, FROM).is_ok());
    assert!(decide(&request, &facts, TO - 1).is_ok());
    assert_eq!(rule(&request, &facts, TO), Rule::ConsentExpired);
}

#[test]
fn until_revoked_does_not_end_by_itself() {
    let policy = policy(1, terms());
    let facts = facts(vec![(forever(&policy), policy)]);
    assert!(decide(&request("Observation"), &facts, u64::MAX).is_ok());
}

#[test]
fn every_status_but_active_is_refused_by_its_name() {
    let policy = policy(1, terms());
    let cases = [
        (StoredStatus::None, Rule::NoConsent),
        (StoredStatus::Requested, Rule::ConsentRequested),
        (StoredStatus::Denied, Rule::ConsentDenied),
        (StoredStatus::Revoked, Rule::ConsentRevoked),
        (StoredStatus::Expired, Rule::ConsentExpired),
    ];
    for (status, expected) in cases {
        let mut fact = consent(&policy);
        (fact.consent.status, fact.consent.respond_by) = (status, TO);
        assert_eq!(
            rule(
                &request("Observation"),
                &facts(vec![(fact, policy.clone())]),
                NOW
            ),
            expected
        );
    }
}

#[test]
fn a_consent_of_an_earlier_epoch_counts_as_revoked() {
    let policy = policy(1, terms());
    let mut fact = forever(&policy);
    (fact.consent.epoch, fact.epoch) = (3, 3);
    let current = facts(vec![(fact.clone(), policy.clone())]);
    assert!(decide(&request("Observation"), &current, 0).is_ok());
    for epoch in [0, 2, 4] {
        let stale = Fact {
            epoch,
            ..fact.clone()
        };
        let known = facts(vec![(stale, policy.clone())]);
        assert_eq!(
            rule(&request("Observation"), &known, 0),
            Rule::ConsentRevoked
        );
    }
}

#[test]
fn a_grant_that_is_not_final_does_not_count() {
    let policy = policy(1, terms());
    let mut fact = consent(&policy);
    fact.is_final = false;
    assert_eq!(
        rule(&request("Observation"), &facts(vec![(fact, policy)]), NOW),
        Rule::ConsentConfirming
    );
}

#[test]
fn a_policy_that_is_not_here_or_is_another_one_denies() {
    let (asked, other) = (policy(1, terms()), policy(2, terms()));
    let lone = Facts::new(vec![consent(&asked)]);
    assert_eq!(
        rule(&request("Observation"), &lone, NOW),
        Rule::PolicyUnknown
    );
    assert_eq!(lone.missing_policies(NOW), [asked.hash()]);
    let mut swapped = Facts::new(vec![consent(&asked)]);
    swapped.add_policy(other);
    assert_eq!(
        rule(&request("Observation"), &swapped, NOW),
        Rule::PolicyUnknown
    );
}

#[test]
fn another_purpose_action_type_or_category_denies_by_name() {
    let shared = Terms {
        actions: vec![Action::Search],
        resources: vec![scope("Observation", Some(&["laboratory"]))],
        ..terms()
    };
    let policy = policy(1, shared);
    let facts = facts(vec![(consent(&policy), policy)]);
    let base = request("Observation");
    assert!(decide(&base, &facts, NOW).is_ok());

    let mut other = base.clone();
    other.purpose = Some(Purpose::Research);
    assert_eq!(rule(&other, &facts, NOW), Rule::PolicyPurpose);
    other.purpose = None;
    assert_eq!(rule(&other, &facts, NOW), Rule::PolicyPurpose);

    let mut other = base.clone();
    other.action = Action::Read;
    assert_eq!(rule(&other, &facts, NOW), Rule::PolicyAction);

    assert_eq!(
        rule(&request("DiagnosticReport"), &facts, NOW),
        Rule::PolicyType
    );

    let mut other = base.clone();
    other.categories = Some(vec!["vital-signs".to_owned()]);
    assert_eq!(rule(&other, &facts, NOW), Rule::PolicyCategory);
    other.categories = Some(vec!["vital-signs".to_owned(), "laboratory".to_owned()]);
    assert!(decide(&other, &facts, NOW).is_ok());
}

#[test]
fn a_type_without_a_row_is_refused_even_if_a_policy_shares_it() {
    let policy = policy(
        1,
        Terms {
            resources: vec![scope("Binary", None)],
            ..terms()
        },
    );
    assert_eq!(
        rule(
            &request("Binary"),
            &facts(vec![(consent(&policy), policy)]),
            NOW
        ),
        Rule::PolicyType
    );
}

#[test]
fn of_several_failing_consents_the_nearest_to_a_permit_is_named() {
    let (a, b) = (
        policy(1, terms()),
        policy(
            2,
            Terms {
                purpose: vec![Purpose::Research],
                ..terms()
            },
        ),
    );
    let mut revoked = consent(&a);
    revoked.consent.status = StoredStatus::Revoked;
    let facts = facts(vec![(revoked, a), (consent(&b), b.clone())]);
    let denial = decide(&request("Observation"), &facts, NOW).unwrap_err();
    assert_eq!(denial.rule, Rule::PolicyPurpose);
    assert_eq!(denial.ground.unwrap().scope_id, b.hash());
}

#[test]
fn another_subject_or_grantee_never_permits() {
    let policy = policy(1, terms());
    let facts = facts(vec![(consent(&policy), policy)]);
    let stranger = Address([7; 20]);
    for (subjects, grantees) in [
        (vec![stranger], vec![GRANTEE]),
        (vec![SUBJECT], vec![stranger]),
        (vec![GRANTEE], vec![SUBJECT]),
        (vec![], vec![GRANTEE]),
        (vec![SUBJECT], vec![]),
    ] {
        let mut asked = request("Observation");
        (asked.subjects, asked.grantees) = (subjects, grantees);
        assert_eq!(rule(&asked, &facts, NOW), Rule::NoConsent);
    }
    let mut asked = request("Observation");
    (asked.subjects, asked.grantees) = (vec![stranger, SUBJECT], vec![stranger, GRANTEE]);
    assert!(decide(&asked, &facts, NOW).is_ok());
}

#[test]
fn zero_addresses_never_match() {
    let policy = policy(1, terms());
    let mut fact = consent(&policy);
    (fact.consent.subject, fact.consent.grantee) = (Address::ZERO, Address::ZERO);
    let mut asked = request("Observation");
    (asked.subjects, asked.grantees) = (vec![Address::ZERO], vec![Address::ZERO]);
    assert_eq!(
        rule(&asked, &facts(vec![(fact, policy)]), NOW),
        Rule::NoConsent
    );
}

const TYPES: [&str; 3] = ["Condition", "DiagnosticReport", "Observation"];
const PURPOSES: [Purpose; 2] = [Purpose::Research, Purpose::Treatment];
const CATEGORIES: [&str; 3] = ["laboratory", "survey", "vital-signs"];

#[derive(Debug, Clone)]
struct Grant {
    subject: u8,
    grantee: u8,
    status: u8,
    is_final: bool,
    window: (u64, u64),
    types: Vec<(usize, Option<Vec<usize>>)>,
    purposes: Vec<usize>,
    actions: Vec<usize>,
    known: bool,
}

/// Mostly consents that permit something, so that each single reason not to is met often.
fn grant() -> impl Strategy<Value = Grant> {
    let kind = (
        0..TYPES.len(),
        proptest::option::of(proptest::collection::vec(0..CATEGORIES.len(), 1..3)),
    );
    (
        (
            1_u8..3,
            1_u8..3,
            prop_oneof![7 => Just(2_u8), 3 => 0_u8..6],
            proptest::bool::weighted(0.8),
            (0_u64..5, 3_u64..9),
        ),
        proptest::collection::vec(kind, 1..3),
        proptest::collection::vec(0..PURPOSES.len(), 1..3),
        proptest::collection::vec(0..Action::ALL.len(), 1..3),
        proptest::bool::weighted(0.9),
    )
        .prop_map(
            |(
                (subject, grantee, status, is_final, (from, length)),
                types,
                purposes,
                actions,
                known,
            )| Grant {
                subject,
                grantee,
                status,
                is_final,
                window: (from, from + length),
                types,
                purposes,
                actions,
                known,
            },
        )
}

fn unique<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items.dedup();
    items
}

fn build(grants: &[Grant]) -> Facts {
    let mut all = Facts::default();
    let mut consents = Vec::new();
    let mut policies = Vec::new();
    for (place, grant) in grants.iter().enumerate() {
        let mut resources = Vec::new();
        for (kind, categories) in &grant.types {
            let categories = categories
                .as_ref()
                .map(|list| unique(list.iter().map(|i| CATEGORIES[*i]).collect::<Vec<_>>()));
            if !resources
                .iter()
                .any(|known: &consent_core::policy::ResourceScope| {
                    known.resource_type == TYPES[*kind]
                })
            {
                resources.push(scope(TYPES[*kind], categories.as_deref()));
            }
        }
        let policy = policy(
            place as u8,
            Terms {
                purpose: unique(grant.purposes.iter().map(|i| PURPOSES[*i]).collect()),
                actions: unique(grant.actions.iter().map(|i| Action::ALL[*i]).collect()),
                resources,
                ..terms()
            },
        );
        let mut fact = consent(&policy);
        (fact.consent.subject, fact.consent.grantee) =
            (Address([grant.subject; 20]), Address([grant.grantee; 20]));
        fact.consent.status = StoredStatus::from_number(grant.status).unwrap();
        (fact.consent.valid_from, fact.consent.valid_to) = grant.window;
        fact.is_final = grant.is_final;
        consents.push(fact);
        if grant.known {
            policies.push(policy);
        }
    }
    all = Facts::new([all.consents().to_vec(), consents].concat());
    policies
        .into_iter()
        .for_each(|policy| all.add_policy(policy));
    all
}

fn released(facts: &Facts, request: &consent_core::decide::Request, now: u64) -> Vec<bool> {
    let Ok(permit) = decide(request, facts, now) else {
        return vec![false; CATEGORIES.len()];
    };
    CATEGORIES
        .iter()
        .map(|category| {
            let mut resource = observation();
            resource["resourceType"] = request.resource_type.clone().into();
            resource["category"] = serde_json::json!([{"coding": [{"code": category}]}]);
            matches!(
                permit.inspect(&Default::default(), &resource),
                Verdict::Release(_)
            )
        })
        .collect()
}

fn asked() -> impl Strategy<Value = consent_core::decide::Request> {
    (
        1_u8..3,
        1_u8..3,
        0..PURPOSES.len(),
        0..Action::ALL.len(),
        0..TYPES.len(),
    )
        .prop_map(
            |(subject, grantee, purpose, action, kind)| consent_core::decide::Request {
                subjects: vec![Address([subject; 20])],
                grantees: vec![Address([grantee; 20])],
                purpose: Some(PURPOSES[purpose]),
                action: Action::ALL[action],
                ..request(TYPES[kind])
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_released_is_exactly_what_some_one_consent_covers(
        grants in proptest::collection::vec(grant(), 0..5), request in asked(), now in 0_u64..12,
    ) {
        let expected: Vec<bool> = CATEGORIES.iter().map(|category| grants.iter().any(|grant| {
            let types = &grant.types;
            let kind = TYPES.iter().position(|name| *name == request.resource_type).unwrap();
            // The first entry of a type counts: `build` drops later ones.
            let shared = types.iter().find(|(shared, _)| *shared == kind);
            grant.status == 2 && grant.is_final && grant.known
                && grant.window.0 <= now && now < grant.window.1
                && Address([grant.subject; 20]) == request.subjects[0]
                && Address([grant.grantee; 20]) == request.grantees[0]
                && grant.purposes.iter().any(|i| Some(PURPOSES[*i]) == request.purpose)
                && grant.actions.iter().any(|i| Action::ALL[*i] == request.action)
                && shared.is_some_and(|(_, narrowed)| narrowed.as_ref().is_none_or(|list| {
                    list.iter().any(|i| CATEGORIES[*i] == *category)
                }))
        })).collect();
        prop_assert_eq!(released(&build(&grants), &request, now), expected);
    }

    #[test]
    fn taking_a_consent_away_never_adds_a_release(
        grants in proptest::collection::vec(grant(), 1..5), request in asked(), now in 0_u64..12, which in 0_usize..5,
    ) {
        let before = released(&build(&grants), &request, now);
        let mut fewer = grants;
        let which = which % fewer.len();
        fewer[which].status = 4;
        let after = released(&build(&fewer), &request, now);
        for (before, after) in before.into_iter().zip(after) {
            prop_assert!(before || !after);
        }
    }

    #[test]
    fn two_sets_of_consents_release_the_union(
        a in proptest::collection::vec(grant(), 0..3), b in proptest::collection::vec(grant(), 0..3),
        request in asked(), now in 0_u64..12,
    ) {
        let both: Vec<Grant> = a.iter().chain(&b).cloned().collect();
        let union: Vec<bool> = released(&build(&a), &request, now).into_iter()
            .zip(released(&build(&b), &request, now)).map(|(a, b)| a || b).collect();
        prop_assert_eq!(released(&build(&both), &request, now), union);
    }
}
