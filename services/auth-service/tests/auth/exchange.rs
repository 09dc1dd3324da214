//! Token exchange: a service that acts for whoever called it gets no more than the caller had.

use crate::support::apps::{
    BACKEND, BACKEND_AUDIENCE, CLINICIANS, PORTAL, Person, clinician, start,
};
use crate::support::{ADMIN, Answer, GATEWAY, INDEXER, NOW, Service};
use access_token::Amr;
use serde_json::json;

const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

async fn clinicians_token(service: &Service) -> (Person, Answer) {
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    let answer = service.let_in(&person, CLINICIANS.0, &[]).await;
    (person, answer)
}

async fn exchange(service: &Service, token: &str, changes: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", EXCHANGE),
        ("subject_token", token),
        ("subject_token_type", ACCESS_TOKEN),
        ("resource", GATEWAY),
    ];
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        if !value.is_empty() {
            form.push((name, value));
        }
    }
    service.post_as("/oauth2/token", BACKEND.0, &form).await
}

#[tokio::test]
async fn a_backend_acts_for_its_clinician_and_says_so() {
    let service = start().await;
    let (person, token) = clinicians_token(&service).await;
    service.set_time(NOW + 100);
    let answer = exchange(&service, &token.token("access_token"), &[]).await;
    assert_eq!(
        answer.body["issued_token_type"], ACCESS_TOKEN,
        "{}",
        answer.body
    );
    assert!(answer.body["refresh_token"].is_null() && answer.body["id_token"].is_null());
    let claims = service.claims(&answer, GATEWAY).await;
    assert_eq!(claims.sub, person.account.id.to_string());
    assert_eq!(claims.client_id, BACKEND.0);
    assert_eq!(claims.act.unwrap().sub, BACKEND.0);
    assert_eq!(claims.org.as_deref(), Some("clinic-a"));
    assert_eq!(
        claims.exp,
        NOW + 300,
        "it lives no longer than the caller's"
    );
    assert_eq!(
        claims.scope.to_string(),
        "provider:records.read user/Observation.rs"
    );
}

/// Attack 8.
#[tokio::test]
async fn without_a_subject_token_nothing_is_exchanged() {
    let service = start().await;
    let (_, token) = clinicians_token(&service).await;
    let token = token.token("access_token");
    for change in [
        ("subject_token", ""),
        ("subject_token_type", ""),
        (
            "subject_token_type",
            "urn:ietf:params:oauth:token-type:id_token",
        ),
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:refresh_token",
        ),
        ("actor_token", "x"),
        ("subject_token", "a.b.c"),
    ] {
        let answer = exchange(&service, &token, &[change]).await;
        assert_eq!(answer.error(), (400, "invalid_request"), "{change:?}");
    }
    let form = [
        ("grant_type", EXCHANGE),
        ("subject_token", token.as_str()),
        ("subject_token_type", ACCESS_TOKEN),
        ("resource", GATEWAY),
    ];
    let other = service.post_as("/oauth2/token", ADMIN.0, &form).await;
    assert_eq!(other.error(), (400, "unauthorized_client"));
    let public = service.post_form("/oauth2/token", &form, &[]).await;
    assert_eq!(public.error(), (401, "invalid_client"));
}

/// Attack 9.
#[tokio::test]
async fn an_exchange_never_widens_and_stays_with_the_clients_own_audiences() {
    let service = start().await;
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    let narrow = [("scope", "openid user/Observation.r?category=laboratory")];
    let token = service
        .let_in(&person, CLINICIANS.0, &narrow)
        .await
        .token("access_token");
    for asked in [
        "user/*.cruds",
        "user/Observation.rs provider:records.read",
        "",
    ] {
        let answer = exchange(&service, &token, &[("scope", asked)]).await;
        let claims = service.claims(&answer, GATEWAY).await;
        assert_eq!(
            claims.scope.to_string(),
            "user/Observation.r?category=laboratory",
            "{asked}"
        );
    }
    for nothing in [
        "provider:records.read",
        "user/Condition.rs",
        "openid",
        "admin:*",
    ] {
        let answer = exchange(&service, &token, &[("scope", nothing)]).await;
        assert_eq!(answer.error(), (400, "invalid_scope"), "{nothing}");
    }
    for (name, foreign) in [
        ("resource", INDEXER),
        ("resource", "https://evil.example"),
        ("resource", ""),
        ("audience", INDEXER),
    ] {
        let answer = exchange(&service, &token, &[(name, foreign)]).await;
        assert_eq!(answer.error(), (400, "invalid_target"), "{name} {foreign}");
    }
}

#[tokio::test]
async fn only_who_obtained_a_token_or_receives_it_exchanges_it() {
    let service = start().await;
    let (person, _) = clinicians_token(&service).await;
    let elsewhere = service
        .let_in(&person, CLINICIANS.0, &[("resource", GATEWAY)])
        .await;
    let answer = exchange(&service, &elsewhere.token("access_token"), &[]).await;
    assert_eq!(
        answer.error(),
        (400, "invalid_request"),
        "a token for another service"
    );

    let other = auth_service::account::Role::Provider {
        organization: "clinic-b".into(),
        practitioner: None,
    };
    let other = service.sign_in(other, &[Amr::Pop]).await;
    let token = service
        .let_in(&other, CLINICIANS.0, &[])
        .await
        .token("access_token");
    assert_eq!(service.read(&token).await.aud, BACKEND_AUDIENCE);
    let answer = exchange(&service, &token, &[]).await;
    assert_eq!(
        answer.error(),
        (400, "invalid_request"),
        "another organisation's people"
    );

    let patient = service.a_patient().await;
    let token = service
        .let_in(&patient, PORTAL.0, &[])
        .await
        .token("access_token");
    assert_eq!(
        exchange(&service, &token, &[]).await.error(),
        (400, "invalid_request")
    );
}

#[tokio::test]
async fn what_was_exchanged_is_not_exchanged_again() {
    let service = start().await;
    service
        .sql(&format!("update clients set audiences = array['{GATEWAY}', '{BACKEND_AUDIENCE}'] where client_id = '{}'", BACKEND.0))
        .await;
    let (_, token) = clinicians_token(&service).await;
    let to_itself = [("resource", BACKEND_AUDIENCE)];
    let first = exchange(&service, &token.token("access_token"), &to_itself).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let second = exchange(&service, &first.token("access_token"), &[]).await;
    assert_eq!(second.error(), (400, "invalid_request"));
}

/// Attack 10.
#[tokio::test]
async fn a_revoked_token_is_not_exchanged_and_takes_with_it_what_was() {
    let service = start().await;
    let (_, token) = clinicians_token(&service).await;
    let subject = token.token("access_token");
    let exchanged = exchange(&service, &subject, &[])
        .await
        .token("access_token");
    assert!(service.is_active(BACKEND.0, &exchanged).await);
    // The code's grant ends: so does what descends from it.
    let form = [("token", token.token("refresh_token"))];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    assert_eq!(
        service
            .post_as("/oauth2/revoke", CLINICIANS.0, &form)
            .await
            .status,
        200
    );
    assert_eq!(
        exchange(&service, &subject, &[]).await.error(),
        (400, "invalid_request")
    );
    assert!(!service.is_active(BACKEND.0, &exchanged).await);
}

#[tokio::test]
async fn the_token_of_a_closed_account_a_disabled_client_or_a_past_minute_is_not_exchanged() {
    for statement in [
        "update accounts set status = 'disabled'",
        "update accounts set version = version + 1",
        "update clients set disabled_at = now() where client_id = 'clinician-portal'",
    ] {
        let service = start().await;
        let (_, token) = clinicians_token(&service).await;
        service.sql(statement).await;
        let answer = exchange(&service, &token.token("access_token"), &[]).await;
        assert_eq!(answer.error(), (400, "invalid_request"), "{statement}");
    }
    let service = start().await;
    let (_, token) = clinicians_token(&service).await;
    service.set_time(NOW + 300);
    let answer = exchange(&service, &token.token("access_token"), &[]).await;
    assert_eq!(answer.error(), (400, "invalid_request"));
    assert_eq!(json!(null), answer.body["access_token"]);
}
