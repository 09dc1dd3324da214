//! Small worlds, visited whole: what holds, and what breaks without a rule.

use consent_model::explore::{Expectation, Report, catalogue, explore};

const MOST_STATES: usize = 3_000_000;

fn visit(name: &str) -> Report {
    let scenario = catalogue(false)
        .into_iter()
        .find(|scenario| scenario.name == name)
        .expect("a world of the catalogue");
    explore(&scenario, None, MOST_STATES)
}

#[track_caller]
fn holds(name: &str, at_least: usize) {
    let report = visit(name);
    assert_eq!(report.violation, None, "{:#?}", report.story);
    assert!(report.complete, "the world must be visited whole");
    // A world that has shrunk proves less than its name says.
    assert!(report.states >= at_least, "only {} states", report.states);
}

#[track_caller]
fn breaks(name: &str, law: &str, steps: usize) -> Vec<String> {
    let report = visit(name);
    let violation = report.violation.expect("a broken promise");
    assert!(violation.law.contains(law), "{violation:?}");
    assert_eq!(report.story.len(), steps, "{:#?}", report.story);
    report.story
}

#[test]
fn stops_win_over_held_back_grants_in_any_order_and_across_reorgs() {
    holds("stops", 500_000);
}

#[test]
fn direct_stops_win_too() {
    holds("direct stops", 300_000);
}

#[test]
fn batches_of_stops_win_over_batches_of_grants() {
    holds("batches", 60_000);
}

#[test]
fn batches_of_two_consents_open_once_and_lose_against_stops() {
    holds("batches of two consents", 40_000);
}

#[test]
fn batches_that_name_a_consent_twice_do_no_harm() {
    holds("batches out of order", 100_000);
}

#[test]
fn a_batch_signed_for_a_later_seq_applies_once() {
    holds("batches for a later seq", 60_000);
}

#[test]
fn revoke_all_wins_over_signed_and_direct_grants() {
    holds("revoke all", 100_000);
}

#[test]
fn a_rotation_voids_what_was_signed_before_it() {
    holds("rotation", 80_000);
}

#[test]
fn a_freeze_and_a_recovery_void_what_was_signed_before_them() {
    holds("recovery", 200_000);
}

#[test]
fn a_batch_delivered_during_a_freeze_is_used_up() {
    holds("frozen batches", 2_000);
}

#[test]
fn a_removed_delegate_stays_removed() {
    holds("delegates", 20_000);
}

#[test]
fn lapses_change_nothing_about_stops() {
    holds("lapses", 500_000);
}

#[test]
fn with_counters_used_up_the_subject_can_still_revoke() {
    holds("exhaustion", 100_000);
}

#[test]
fn a_wallet_that_remembers_what_it_signed_may_sign_on_the_latest_state() {
    holds("remembering wallet", 500_000);
    holds("remembering wallet, delegates", 100_000);
}

#[test]
fn a_stop_of_one_version_is_outrun_by_a_held_back_grant() {
    let story = breaks("stops of one version", "a stop wins", 4);
    assert!(story[3].contains("StaleStop"), "{story:#?}");
}

#[test]
fn a_stop_through_the_version_seen_is_outrun_too() {
    breaks("stops through the version seen", "a stop wins", 4);
}

#[test]
fn a_direct_grant_without_seq_outlives_revoke_all() {
    let story = breaks("direct grants without seq", "opens nothing after it", 4);
    assert!(story[3].contains("ConsentCreated"), "{story:#?}");
}

#[test]
fn a_grant_signed_on_a_state_that_a_reorg_takes_back_outlives_a_stop() {
    breaks("openings on the latest state", "a stop wins", 7);
}

#[test]
fn a_margin_does_not_save_a_wallet_that_signs_on_the_latest_state() {
    let story = breaks("stops with a margin", "a stop wins", 7);
    assert!(story[2].contains("Grant to version 65538"), "{story:#?}");
}

#[test]
fn a_setting_signed_on_a_state_that_a_reorg_takes_back_outlives_a_removal() {
    breaks("delegates on the latest state", "a removal wins", 7);
}

#[test]
fn a_batch_for_a_later_seq_outlives_a_revoke_all_that_forgets_it() {
    breaks("revoke all through the seq seen", "a stop wins", 4);
}

#[test]
fn a_try_batch_that_applied_before_its_seq_would_apply_twice() {
    let story = breaks("batches before their seq", "at most once", 5);
    assert!(story[4].contains("ConsentCreated"), "{story:#?}");
}

#[test]
fn without_an_order_a_consent_named_twice_in_a_batch_outruns_a_stop() {
    breaks("one consent twice in a batch", "a stop wins", 4);
    breaks("revoke and grant in a batch", "a stop wins", 4);
}

#[test]
fn every_world_has_a_test() {
    let tested = include_str!("exploration.rs");
    for scenario in catalogue(false) {
        let name = format!("\"{}\"", scenario.name);
        assert!(tested.contains(&name), "{name} is not explored");
    }
}

#[test]
fn the_table_in_the_documentation_says_what_is_expected_of_each_world() {
    let documented: Vec<_> = include_str!("../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//! | "))
        .skip(1)
        .filter_map(|row| {
            let mut cells = row.split(" | ");
            let name = cells.next()?.to_owned();
            let expected = cells.nth(1)?.trim_end_matches(" |").to_owned();
            Some((name, expected))
        })
        .collect();
    let explored: Vec<_> = catalogue(false)
        .iter()
        .map(|scenario| {
            let expected = match scenario.expectation {
                Expectation::Holds => "holds",
                Expectation::Breaks => "must break",
            };
            (scenario.name.to_owned(), expected.to_owned())
        })
        .collect();
    assert_eq!(documented, explored);
}

#[test]
fn a_search_that_was_cut_short_says_so() {
    let scenario = &catalogue(false)[0];
    assert!(!explore(scenario, Some(3), MOST_STATES).complete);
    assert!(!explore(scenario, None, 100).complete);
}
