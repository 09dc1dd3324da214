//! A patient whose subject is a contract wallet: its code says what it signed, and the indexer asks it.

use std::sync::atomic::Ordering;

use alloy::primitives::Address as ChainAddress;

use contract_bindings::intent::{Action, SignedIntent};

use crate::support::neighbours::signer;
use crate::support::stops::revoke;
use crate::support::*;

const SEARCH: &str = "/fhir/R4/Observation?patient=p1";

/// The patient's binding, of the address that the consents name, carries a signature that proves nothing by itself.
async fn world() -> World {
    let world = World::sharing(shared(&["Observation"]), vec![observation("o1", PATIENT)]).await;
    let wallet = neighbours::subject(PATIENT);
    world.neighbours.bind(PATIENT, &signer("an owner"), wallet);
    world
}

fn says_yes(world: &World, wallet: ChainAddress) {
    world
        .neighbours
        .signing_wallets
        .lock()
        .unwrap()
        .push(wallet);
}

#[tokio::test]
async fn what_a_wallet_signed_counts_while_its_code_says_so() {
    let world = world().await;
    let wallet = ChainAddress::from(neighbours::subject(PATIENT).0);
    says_yes(&world, wallet);
    assert_eq!(world.get(SEARCH).await.status, 200);
    // Its owners changed: it is asked anew.
    world.neighbours.signing_wallets.lock().unwrap().clear();
    world.get(SEARCH).await.assert_denied(403, "no-consent");
}

#[tokio::test]
async fn what_a_wallet_did_not_sign_opens_nothing() {
    let world = world().await;
    says_yes(&world, ChainAddress::repeat_byte(0x77));
    world.get(SEARCH).await.assert_denied(403, "no-consent");
}

#[tokio::test]
async fn while_nobody_can_ask_the_wallet_nothing_is_released() {
    let world = world().await;
    let wallet = ChainAddress::from(neighbours::subject(PATIENT).0);
    says_yes(&world, wallet);
    world
        .neighbours
        .signatures_down
        .store(true, Ordering::SeqCst);
    let answer = world.get(SEARCH).await;
    answer.assert_denied(503, "directory-unavailable");
}

/// A stop in the wallet's name whose signature proves nothing by itself.
fn wallets_stop(wallet: ChainAddress) -> SignedIntent {
    let policy = policy(shared(&["Observation"]));
    let mut stop = revoke(&policy, 4, &signer("an owner"));
    let Action::Revoke(revoke) = &mut stop.action else {
        unreachable!("it is a revocation");
    };
    revoke.actor = wallet;
    stop
}

#[tokio::test]
async fn a_stop_that_a_wallet_signed_denies_before_its_block() {
    let world = world().await;
    let wallet = ChainAddress::from(neighbours::subject(PATIENT).0);
    says_yes(&world, wallet);
    assert_eq!(world.get(SEARCH).await.status, 200);
    world.hear(&wallets_stop(wallet)).await;
    world.get(SEARCH).await.assert_denied(403, "stopped");
}

#[tokio::test]
async fn a_stop_that_the_wallet_did_not_sign_stops_nothing() {
    let world = world().await;
    let wallet = ChainAddress::from(neighbours::subject(PATIENT).0);
    world.hear(&wallets_stop(wallet)).await;
    // Nobody's signature opens anything yet; asking decides the stop all the same.
    world.get(SEARCH).await.assert_denied(403, "no-consent");
    world
        .gateway
        .authorizer
        .stops
        .between(
            &[neighbours::subject(PATIENT)],
            &[GRANTEE],
            world.gateway.clock.now(),
        )
        .await
        .unwrap();
    says_yes(&world, wallet);
    assert_eq!(world.get(SEARCH).await.status, 200);
}

#[tokio::test]
async fn while_nobody_can_ask_the_wallet_about_its_stop_there_is_no_decision() {
    let terms = shared(&["Observation"]);
    let world = World::sharing(terms, vec![observation("o1", PATIENT)]).await;
    let wallet = ChainAddress::from(neighbours::subject(PATIENT).0);
    says_yes(&world, wallet);
    world
        .neighbours
        .signatures_down
        .store(true, Ordering::SeqCst);
    world.hear(&wallets_stop(wallet)).await;
    world
        .get(SEARCH)
        .await
        .assert_denied(503, "facts-unavailable");
    world
        .neighbours
        .signatures_down
        .store(false, Ordering::SeqCst);
    world.get(SEARCH).await.assert_denied(403, "stopped");
}
