//! Stops that the gateway heard of and the chain does not have yet: which count, whose, and until when.

use std::sync::atomic::Ordering;

use crate::support::neighbours::subject;
use crate::support::stops::*;
use crate::support::*;
use alloy::signers::local::PrivateKeySigner;
use audit_core::Outcome;
use consent_core::Policy;
use contract_bindings::intent::{Intent as _, SignedIntent, domain};
use contract_bindings::registry::ConsentRegistry::Revoke;
use ehr_gateway::stops::signed::{self, NoStop};
use futures::FutureExt as _;
use serde_json::json;

const SEARCH: &str = "/fhir/R4/Observation?patient=p1";

/// The consent in it has version 3 and epoch 2.
async fn world() -> (World, Policy) {
    let terms = shared(&["Observation"]);
    let world = World::sharing(terms.clone(), vec![observation("o1", PATIENT)]).await;
    (world, policy(terms))
}

/// Whether the search is denied as stopped, after hearing of these.
async fn is_stopped(world: &World, stops: &[SignedIntent]) -> bool {
    for stop in stops {
        world.hear(stop).await;
    }
    let answer = world.get(SEARCH).await;
    if answer.status == 200 {
        return false;
    }
    answer.assert_denied(403, "stopped");
    let record = world.records().pop().unwrap();
    assert_eq!(
        (record.result, record.rule.as_str()),
        (Outcome::Deny, "stopped")
    );
    assert_eq!(record.chain_ref.unwrap().version, 3);
    true
}

#[tokio::test]
async fn every_kind_of_stop_by_the_patients_own_key_counts_at_once() {
    let key = patient_key();
    let stops: [fn(&Policy, &PrivateKeySigner) -> SignedIntent; 4] = [
        |policy, key| revoke(policy, 4, key),
        |policy, key| deny(policy, 3, key),
        |_, key| revoke_all(2, key),
        |policy, key| batch(policy, 4, &[2, 1], key),
    ];
    for stop in stops {
        let (world, policy) = world().await;
        assert!(!is_stopped(&world, &[]).await);
        assert!(is_stopped(&world, &[stop(&policy, &key)]).await);
        let read = world.get("/fhir/R4/Observation/o1").await;
        read.assert_denied(403, "no-consent");
    }
}

#[tokio::test]
async fn a_stop_of_what_was_before_does_not_touch_what_was_granted_since() {
    let (world, policy) = world().await;
    let key = patient_key();
    let earlier = [revoke(&policy, 2, &key), revoke_all(1, &key)];
    assert!(!is_stopped(&world, &earlier).await);
    // A stop reaches farther; the chain then shows a grant above it.
    assert!(is_stopped(&world, &[revoke(&policy, 4, &key)]).await);
    world.neighbours.change("version", json!(5));
    assert_eq!(world.get(SEARCH).await.status, 200);
    world.neighbours.change("version", json!(4));
    world.get(SEARCH).await.assert_denied(403, "stopped");
    world.neighbours.change("status", json!("REVOKED"));
    world
        .get(SEARCH)
        .await
        .assert_denied(403, "consent-revoked");
}

#[tokio::test]
async fn only_who_has_the_right_stops() {
    let delegate = PrivateKeySigner::random();
    let grants: [(&str, &[&str]); 5] = [
        ("ACTIVE", &["REVOKE"]),
        ("ACTIVE", &["DENY", "GRANT"]),
        ("ACTIVE", &["REVOKE", "DENY"]),
        ("EXPIRED", &["REVOKE", "DENY", "GRANT"]),
        ("VOID", &["REVOKE", "DENY", "GRANT"]),
    ];
    for (index, (status, rights)) in grants.into_iter().enumerate() {
        let counts =
            |needs: &[&str]| status == "ACTIVE" && needs.iter().all(|right| rights.contains(right));
        let policy = policy(shared(&["Observation"]));
        for (stop, expected) in [
            (revoke(&policy, 4, &delegate), counts(&["REVOKE"])),
            (deny(&policy, 4, &delegate), counts(&["DENY"])),
            (
                batch(&policy, 4, &[1, 2], &delegate),
                counts(&["REVOKE", "DENY"]),
            ),
            (revoke_all(2, &delegate), false),
        ] {
            let (world, _) = world().await;
            world
                .neighbours
                .delegate(subject(PATIENT), address(&delegate), status, rights);
            let stopped = is_stopped(&world, std::slice::from_ref(&stop)).await;
            assert_eq!(stopped, expected, "{index} {}", stop.action.name());
        }
    }
}

#[tokio::test]
async fn a_stranger_stops_nothing_whatever_the_bus_says() {
    let (world, policy) = world().await;
    let stranger = PrivateKeySigner::random();
    let stops = [
        revoke(&policy, 9, &stranger),
        deny(&policy, 9, &stranger),
        revoke_all(9, &stranger),
        batch(&policy, 9, &[2], &stranger),
    ];
    assert!(!is_stopped(&world, &stops).await);
}

#[tokio::test]
async fn after_a_change_of_control_the_new_key_stops_and_the_old_one_does_not() {
    let (world, policy) = world().await;
    let new = PrivateKeySigner::random();
    world.neighbours.hand_over(subject(PATIENT), address(&new));
    assert!(!is_stopped(&world, &[revoke(&policy, 4, &patient_key())]).await);
    assert!(is_stopped(&world, &[revoke(&policy, 4, &new)]).await);
}

#[tokio::test]
async fn while_nobody_can_tell_who_may_stop_there_is_no_decision() {
    for key in [patient_key(), PrivateKeySigner::random()] {
        let (world, policy) = world().await;
        world.neighbours.subjects_down.store(true, Ordering::SeqCst);
        world.hear(&revoke(&policy, 4, &key)).await;
        world
            .get(SEARCH)
            .await
            .assert_denied(503, "facts-unavailable");
        world
            .neighbours
            .subjects_down
            .store(false, Ordering::SeqCst);
        let expected = key == patient_key();
        assert_eq!(is_stopped(&world, &[]).await, expected);
        let calls = world.neighbours.subject_calls.load(Ordering::SeqCst);
        assert_eq!(is_stopped(&world, &[]).await, expected);
        let after = world.neighbours.subject_calls.load(Ordering::SeqCst);
        assert_eq!(after, calls, "once decided nobody is asked again");
    }
}

#[tokio::test]
async fn what_is_undecided_is_decided_without_waiting_for_a_request() {
    let (world, policy) = world().await;
    let gateway = world.gateway.clone();
    let task = tokio::spawn(async move {
        gateway
            .authorizer
            .stops
            .decide(|| gateway.clock.now())
            .await;
    });
    world.neighbours.subjects_down.store(true, Ordering::SeqCst);
    world.hear(&revoke(&policy, 4, &patient_key())).await;
    let calls = || world.neighbours.subject_calls.load(Ordering::SeqCst);
    until(|| calls() > 0).await;
    world
        .neighbours
        .subjects_down
        .store(false, Ordering::SeqCst);
    let before = calls();
    until(|| calls() > before).await;
    assert!(is_stopped(&world, &[]).await);
    task.abort();
}

#[tokio::test]
async fn a_stop_that_arrives_while_the_server_answers_releases_nothing() {
    let (world, policy) = world().await;
    let (gateway, stop) = (world.gateway.clone(), revoke(&policy, 4, &patient_key()));
    world.fhir.script(move |_| {
        let candidate = signed::read(&bytes(&body(&stop)), &here()).unwrap();
        let held = gateway.authorizer.stops.hold(candidate).now_or_never();
        held.expect("there is room");
        None
    });
    world.get(SEARCH).await.assert_denied(403, "stopped");
    assert_eq!(world.only_record().rule, "stopped");
}

#[tokio::test]
async fn before_the_stops_on_the_bus_are_read_there_is_no_decision() {
    let world = World::before_stops().await;
    world.fill(shared(&["Observation"]), vec![observation("o1", PATIENT)]);
    world.get(SEARCH).await.assert_denied(503, "stops-unknown");
    assert_eq!(world.only_record().result, Outcome::Indeterminate);
    world.gateway.authorizer.stops.set_replayed();
    assert_eq!(world.get(SEARCH).await.status, 200);
}

#[test]
fn what_is_not_exactly_what_the_actor_signed_for_this_registry_is_no_stop() {
    let policy = policy(shared(&["Observation"]));
    let key = patient_key();
    let read = |body: &serde_json::Value| signed::read(&bytes(body), &here());
    let good = body(&revoke(&policy, 4, &key));
    let candidate = read(&good).unwrap();
    assert_eq!(
        (candidate.actor, candidate.subject),
        (address(&key), subject(PATIENT))
    );
    let with = |pointer: &str, value: serde_json::Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    // Reaches farther than what was signed, by whoever writes to the bus.
    let farther = with("/stop/intent/throughVersion", json!(9));
    assert_eq!(read(&farther), Err(NoStop::Digest));
    let mut fitted = farther;
    let stop: SignedIntent = serde_json::from_value(fitted["stop"].clone()).unwrap();
    fitted["digest"] = json!(stop.digest(&here()));
    // Only a contract wallet could have signed like this; there may be one.
    let claimed = read(&fitted).unwrap().unproven.unwrap();
    assert_eq!(claimed.digest, stop.digest(&here()));
    assert_eq!(candidate.unproven, None);
    let named_another = with("/digest", json!(alloy::primitives::B256::ZERO));
    assert_eq!(read(&named_another), Err(NoStop::Digest));
    let elsewhere = domain(CHAIN_ID + 1, alloy::primitives::Address::from(REGISTRY.0));
    let foreign = json!({"digest": stop.digest(&elsewhere), "stop": stop});
    assert_eq!(read(&foreign), Err(NoStop::Digest));
    for (pointer, value) in [
        ("/stop/action", json!("Stop")),
        ("/stop/proof/signature", json!("0x")),
        ("/stop/intent/throughVersion", json!("4")),
        ("/stop", json!(null)),
        ("/digest", json!(7)),
    ] {
        assert_eq!(
            read(&with(pointer, value)),
            Err(NoStop::Unreadable),
            "{pointer}"
        );
    }
    let mixed = body(&batch(&policy, 4, &[2, 0], &key));
    assert_eq!(read(&mixed), Err(NoStop::OtherAction));
    assert_eq!(signed::read(b"", &here()), Err(NoStop::Unreadable));
    let padded = [bytes(&good), vec![b' '; signed::MAX_BODY]].concat();
    assert_eq!(signed::read(&padded, &here()), Err(NoStop::Unreadable));
    // One whose signer is a key that did not sign: nothing else could be behind that id.
    let intent = Revoke {
        actor: alloy::primitives::Address::ZERO,
        ..match revoke(&policy, 4, &key).action {
            contract_bindings::intent::Action::Revoke(intent) => intent,
            _ => unreachable!(),
        }
    };
    let nobody = SignedIntent {
        proof: intent.prove(&here(), &key).unwrap(),
        action: intent.into(),
    };
    assert_eq!(read(&body(&nobody)), Err(NoStop::Signature));
}
