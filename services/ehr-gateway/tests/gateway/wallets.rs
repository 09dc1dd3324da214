//! A patient whose subject is a contract wallet: its code says what it signed, and the indexer asks it.

use std::sync::atomic::Ordering;

use alloy::primitives::Address as ChainAddress;

use crate::support::neighbours::signer;
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
