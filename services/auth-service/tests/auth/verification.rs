//! An organisation's tokens while the chain says that it is verified, and their end when it says so no more.

use access_token::revocation::{Kind, Page};
use alloy::primitives::Address;
use auth_service::directory::verification::Watch;
use auth_service::revocation::store;

use crate::support::{
    ADMIN, CLINIC_A, CLINIC_A_KEY, CLINIC_B, GATEWAY, NOW, SYSTEM, Service, TENANT, at,
    organization, stands, subject,
};

const SCOPE: &[(&str, &str)] = &[("scope", "provider:records.read")];
const SECOND_KEY: u8 = 0xa2;

fn clinic_a() -> Address {
    subject(CLINIC_A_KEY).address()
}

async fn feed(service: &Service) -> Page {
    let now = at(service.time());
    store::page(&service.db, TENANT, 0, now).await.unwrap()
}

#[tokio::test]
async fn a_suspended_organisation_gets_no_token_and_others_do() {
    let service = Service::start().await;
    service.chain.suspend(clinic_a());
    let answer = service.ask(CLINIC_A, SCOPE).await;
    assert_eq!(answer.error(), (400, "unauthorized_client"));
    let told = answer.body["error_description"].as_str().unwrap();
    assert!(told.contains("not verified"), "{told}");
    assert_eq!(service.ask(CLINIC_B, SCOPE).await.status, 200);
}

#[tokio::test]
async fn a_token_names_only_the_addresses_that_are_verified() {
    let service = Service::start().await;
    let body = organization("clinic-a", "Clinic A", &[CLINIC_A_KEY, SECOND_KEY], 2);
    let admin = service.admin().await;
    let stored = service
        .put("/v1/organizations/clinic-a", &admin, &body)
        .await;
    assert_eq!(stored.status, 200);
    service.chain.suspend(clinic_a());
    let answer = service.ask(CLINIC_A, SCOPE).await;
    let claims = service.claims(&answer, GATEWAY).await;
    assert_eq!(
        claims.grantees,
        [subject(SECOND_KEY).address().to_checksum(None)]
    );
}

#[tokio::test]
async fn without_the_chains_word_no_organisation_gets_a_token_and_everybody_else_does() {
    let service = Service::start().await;
    service.chain.stop();
    let answer = service.ask(CLINIC_A, SCOPE).await;
    assert_eq!(answer.error(), (503, "temporarily_unavailable"));
    for (client, scope) in [
        (ADMIN, "admin:directory.read"),
        (SYSTEM, "system:consent.read"),
    ] {
        assert_eq!(service.ask(client, &[("scope", scope)]).await.status, 200);
    }
}

/// With attack 16: what was issued before a suspension ends with it.
#[tokio::test]
async fn tokens_end_once_their_organisation_is_seen_suspended() {
    let service = Service::start().await;
    let mut watch = Watch::default();
    let first = service.ask(CLINIC_A, SCOPE).await;
    let first = service.claims(&first, GATEWAY).await;
    let other = service.ask(CLINIC_B, SCOPE).await;
    let other = service.claims(&other, GATEWAY).await;
    service.set_time(NOW + 5);
    assert_eq!(watch.look(&service.app).await.unwrap(), 0);
    assert!(stands(&service, &first).await);

    // Somebody whom this tenant does not know is suspended as well, and fills a page of the list.
    service.chain.suspend(Address::repeat_byte(0x01));
    service.chain.suspend(clinic_a());
    assert_eq!(watch.look(&service.app).await.unwrap(), 1);
    assert!(
        !stands(&service, &first).await,
        "it outlived its organisation"
    );
    assert!(
        stands(&service, &other).await,
        "another organisation's ended"
    );
    let entries = feed(&service).await.revocations;
    let named: Vec<_> = entries
        .iter()
        .map(|entry| (entry.kind, entry.id.as_str()))
        .collect();
    assert_eq!(named, [(Kind::Organization, "clinic-a")]);

    // At once, although the answer that it is verified was kept.
    let answer = service.ask(CLINIC_A, SCOPE).await;
    assert_eq!(answer.error(), (400, "unauthorized_client"));
    assert_eq!(watch.look(&service.app).await.unwrap(), 0);
    assert_eq!(feed(&service).await.revocations.len(), 1, "told twice");
}

#[tokio::test]
async fn an_organisation_that_is_reinstated_gets_tokens_and_is_watched_again() {
    let service = Service::start().await;
    let mut watch = Watch::default();
    service.chain.suspend(clinic_a());
    assert_eq!(watch.look(&service.app).await.unwrap(), 1);
    service.chain.reinstate(clinic_a());
    assert_eq!(watch.look(&service.app).await.unwrap(), 0);
    service.set_time(NOW + 5);
    let again = service.ask(CLINIC_A, SCOPE).await;
    let again = service.claims(&again, GATEWAY).await;
    assert!(stands(&service, &again).await);
    service.set_time(NOW + 10);
    service.chain.suspend(clinic_a());
    assert_eq!(watch.look(&service.app).await.unwrap(), 1);
    assert!(!stands(&service, &again).await);
}

#[tokio::test]
async fn while_the_list_is_not_to_be_had_what_was_barred_stays_barred() {
    let service = Service::start().await;
    let mut watch = Watch::default();
    service.chain.suspend(clinic_a());
    watch.look(&service.app).await.unwrap();
    service.chain.stop();
    assert!(watch.look(&service.app).await.is_err());
    let answer = service.ask(CLINIC_A, SCOPE).await;
    assert_ne!(answer.status, 200);
}

#[tokio::test]
async fn an_end_that_could_not_be_told_is_told_at_the_next_look() {
    let service = Service::start().await;
    let mut watch = Watch::default();
    let token = service.ask(CLINIC_A, SCOPE).await;
    let token = service.claims(&token, GATEWAY).await;
    service.set_time(NOW + 5);
    service.chain.suspend(clinic_a());
    service.sql("alter table revocations rename to away").await;
    assert!(watch.look(&service.app).await.is_err());
    let answer = service.ask(CLINIC_A, SCOPE).await;
    assert_ne!(answer.status, 200, "barred all the same");
    service.sql("alter table away rename to revocations").await;
    assert_eq!(watch.look(&service.app).await.unwrap(), 1);
    assert!(!stands(&service, &token).await);
}
