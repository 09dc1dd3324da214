//! Acting for a patient: a mandate with a ceiling, and no consent without the chain's word.

use crate::support::family::{ADMIN_ACCOUNT, Family, PARENT, delegate, mandate, mandate_with};
use crate::support::{NOW, TENANT, at};
use access_token::{Claims, ScopeSet};
use alloy::primitives::Address;
use auth_service::directory::proxies;
use serde_json::json;
use uuid::Uuid;

const CHILD_SUBJECT: Address = Address::repeat_byte(0xc1);

/// What a token of the parent for the child allows at most.
async fn allowed(family: &Family) -> Result<ScopeSet, String> {
    let service = &family.service;
    let proxy = proxies::find(&service.db, TENANT, PARENT, "child-1", at(service.time()))
        .await
        .unwrap()
        .ok_or("no mandate")?;
    proxy
        .allowed(&service.app, &[CHILD_SUBJECT])
        .await
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_delegate_who_may_grant_on_chain_may_write_consents() {
    let (family, _) = Family::with_mandate(delegate("ACTIVE", &["REVOKE", "GRANT"])).await;
    assert!(
        allowed(&family)
            .await
            .unwrap()
            .allows_persona("patient:consent.write")
    );
}

/// Attack 12.
#[tokio::test]
async fn without_the_right_to_grant_on_chain_a_proxy_writes_no_consent() {
    for row in [
        delegate("ACTIVE", &["REVOKE", "DENY"]),
        delegate("EXPIRED", &["GRANT"]),
        delegate("VOID", &["GRANT"]),
        Some(json!({"delegate": Address::repeat_byte(1), "status": "ACTIVE", "rights": ["GRANT"]})),
    ] {
        let (family, _) = Family::with_mandate(row.clone()).await;
        let allowed = allowed(&family).await.unwrap();
        assert!(!allowed.allows_persona("patient:consent.write"), "{row:?}");
        assert!(allowed.allows_persona("patient:consent.read"));
    }
}

#[tokio::test]
async fn without_the_chains_word_there_is_no_answer() {
    let (family, _) = Family::with_mandate(None).await;
    assert!(allowed(&family).await.unwrap_err().contains("not ready"));
}

#[tokio::test]
async fn a_mandate_holds_in_its_window_and_until_it_is_ended() {
    let (family, _) = Family::with_mandate(delegate("ACTIVE", &["GRANT"])).await;
    family.service.set_time(time_of("2035-01-01T00:00:00Z"));
    assert!(allowed(&family).await.is_err());
    family.service.set_time(NOW);
    assert!(allowed(&family).await.is_ok());
    for status in [204, 404] {
        assert_eq!(family.end_mandate().await.status, status);
    }
    assert_eq!(allowed(&family).await.unwrap_err(), "no mandate");
}

#[tokio::test]
async fn the_tokens_of_a_mandate_end_with_it() {
    let (family, id) = Family::with_mandate(delegate("ACTIVE", &["GRANT"])).await;
    let service = &family.service;
    let token = crate::support::patient_token_with("child-1", 10, |claims| {
        claims["sub"] = json!(id);
        claims["act"] = json!({"sub": PARENT});
        claims["iat"] = json!(NOW - 1);
        claims["exp"] = json!(NOW + 200);
    });
    let claims: Claims = service.app.verifier.verify(&token, at(NOW)).await.unwrap();
    let stands = async || {
        auth_service::revocation::store::stands(&service.db, &claims, at(NOW))
            .await
            .unwrap()
    };
    assert!(stands().await);
    family.mandated(&mandate()).await;
    assert!(!stands().await, "the earlier mandate has ended");
}

#[tokio::test]
async fn unsuitable_mandates_are_refused() {
    let family = Family::start(None).await;
    let (with, unknown) = (mandate_with, Uuid::from_u128(1));
    for (account, fhir_id, body, expected) in [
        (unknown, "child-1", mandate(), 409),
        (ADMIN_ACCOUNT, "child-1", mandate(), 409),
        (PARENT, "parent-1", mandate(), 409),
        (PARENT, "child-1", with("kind", json!("uncle")), 400),
        (PARENT, "child-1", with("scope", json!("admin:*")), 400),
        (PARENT, "child-1", with("scope", json!("patient:all")), 400),
        (PARENT, "child-1", with("scope", json!("")), 400),
        (PARENT, "child-1", with("delegate", json!("0x12")), 400),
        (
            PARENT,
            "child-1",
            with("validTo", json!("2030-03-17T00:00:00Z")),
            400,
        ),
        (PARENT, "child-1", with("name", json!("Jane")), 400),
    ] {
        let answer = family.put(account, fhir_id, &body).await;
        assert_eq!(answer.status, expected, "{body} {}", answer.body);
    }
}

fn time_of(text: &str) -> i64 {
    use time::format_description::well_known::Rfc3339;
    time::OffsetDateTime::parse(text, &Rfc3339)
        .unwrap()
        .unix_timestamp()
}
