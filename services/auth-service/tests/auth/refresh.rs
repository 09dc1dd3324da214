//! Refresh tokens: each is used once, and what was copied is worth nothing.

use std::collections::HashSet;
use std::time::Instant;

use crate::support::apps::{
    APP, CLINICIANS, CONSOLE, PORTAL, Person, clinician, encode, field, request_of, start,
    with_apps,
};
use crate::support::{
    Answer, CLINIC_A_KEY, GATEWAY, INDEXER, NOW, Service, at, organization, subject,
};
use access_token::Amr;
use auth_service::account::Role;
use auth_service::grant::authorizations::{self, Presented};
use auth_service::grant::refresh::{Family, Terms, Verdict};
use auth_service::grant::secret::RefreshToken;
use auth_service::token::issue::token_id;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use time::Duration;
use uuid::Uuid;

async fn portal(service: &Service) -> (Person, Answer) {
    let person = service.a_patient().await;
    let answer = service.let_in(&person, PORTAL.0, &[]).await;
    (person, answer)
}

#[tokio::test]
async fn a_refresh_token_gives_new_tokens_of_the_same_grant() {
    let service = start().await;
    let (person, first) = portal(&service).await;
    service.set_time(NOW + 600);
    let second = service
        .refresh(PORTAL.0, &first.token("refresh_token"), &[])
        .await;
    assert_eq!(second.status, 200, "{}", second.body);
    assert_eq!(second.body["scope"], first.body["scope"]);
    assert_ne!(second.token("refresh_token"), first.token("refresh_token"));
    let claims = service.read(&second.token("access_token")).await;
    assert_eq!((claims.iat, claims.exp), (NOW + 600, NOW + 900));
    let sign_in = claims.sign_in.unwrap();
    assert_eq!(sign_in.auth_time, NOW, "refreshing proves nothing anew");
    assert_eq!(sign_in.sid, person.session.id.to_string());
    assert!(second.body["id_token"].is_string());
}

/// Attack 7.
#[tokio::test]
async fn a_refresh_may_ask_for_less_and_never_for_more() {
    let service = start().await;
    let (_, first) = portal(&service).await;
    let token = first.token("refresh_token");
    for more in [
        "patient:consent.write",
        "patient/*.cruds",
        "openid patient:consent.read patient:audit.read",
        "admin:*",
        "invented",
    ] {
        let answer = service.refresh(PORTAL.0, &token, &[("scope", more)]).await;
        assert_eq!(answer.error(), (400, "invalid_scope"), "{more}");
    }
    let less = service
        .refresh(PORTAL.0, &token, &[("scope", "patient/Observation.r")])
        .await;
    assert_eq!(less.body["scope"], "patient/Observation.r");
    // The grant is as wide as before.
    let again = service
        .refresh(PORTAL.0, &less.token("refresh_token"), &[])
        .await;
    assert_eq!(again.body["scope"], first.body["scope"]);
}

#[tokio::test]
async fn an_app_of_the_custodians_own_gets_tokens_for_each_of_its_services() {
    let service = start().await;
    let (_, first) = portal(&service).await;
    let audience = async |answer: &Answer| service.read(&answer.token("access_token")).await.aud;
    assert_eq!(audience(&first).await, INDEXER);
    let mut token = first.token("refresh_token");
    for (resource, expected) in [(GATEWAY, GATEWAY), (INDEXER, INDEXER), ("", INDEXER)] {
        let asked = [("resource", resource)];
        let asked = if resource.is_empty() {
            &asked[..0]
        } else {
            &asked
        };
        let answer = service.refresh(PORTAL.0, &token, asked).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(audience(&answer).await, expected);
        assert_eq!(answer.body["scope"], first.body["scope"]);
        token = answer.token("refresh_token");
    }
    let foreign = [("resource", "https://elsewhere.example")];
    let answer = service.refresh(PORTAL.0, &token, &foreign).await;
    assert_eq!(answer.error(), (400, "invalid_target"));
    // Nothing was used up by asking.
    assert_eq!(service.refresh(PORTAL.0, &token, &[]).await.status, 200);
}

#[tokio::test]
async fn an_app_of_others_stays_with_the_service_it_was_let_in_for() {
    let mut clients = with_apps();
    let app = clients.as_array_mut().unwrap();
    let app = app.iter_mut().find(|client| client["clientId"] == APP);
    app.unwrap()["audiences"] = json!([GATEWAY, INDEXER]);
    let service = Service::start_with_clients(&clients, |_| {}).await;
    let person = service.a_patient().await;
    let first = allow(
        &service,
        &person,
        &["patient/Observation.rs", "offline_access"],
    )
    .await;
    let token = first.token("refresh_token");
    let answer = service.refresh(APP, &token, &[("resource", INDEXER)]).await;
    assert_eq!(answer.error(), (400, "invalid_target"));
    let answer = service.refresh(APP, &token, &[("resource", GATEWAY)]).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Attack 13.
#[tokio::test]
async fn a_token_whose_successor_was_used_ends_the_family() {
    let service = start().await;
    let (_, first) = portal(&service).await;
    let second = service
        .refresh(PORTAL.0, &first.token("refresh_token"), &[])
        .await;
    let third = service
        .refresh(PORTAL.0, &second.token("refresh_token"), &[])
        .await;
    let reused = service
        .refresh(PORTAL.0, &first.token("refresh_token"), &[])
        .await;
    assert_eq!(reused.error(), (400, "invalid_grant"));
    let dead = service
        .refresh(PORTAL.0, &third.token("refresh_token"), &[])
        .await;
    assert_eq!(dead.error(), (400, "invalid_grant"));
    for token in [&first, &second, &third] {
        assert!(
            !service
                .is_active(PORTAL.0, &token.token("access_token"))
                .await
        );
    }
    assert_eq!(service.count("revocations where kind = 'token'").await, 3);
    assert_eq!(
        service
            .count("outbox where kind = 'consentry.token.reused.v1'")
            .await,
        1
    );
}

#[tokio::test]
async fn whoever_lost_the_answer_asks_again() {
    let service = start().await;
    let (_, first) = portal(&service).await;
    let lost = service
        .refresh(PORTAL.0, &first.token("refresh_token"), &[])
        .await;
    let again = service
        .refresh(PORTAL.0, &first.token("refresh_token"), &[])
        .await;
    assert_eq!(again.status, 200);
    let on = service
        .refresh(PORTAL.0, &again.token("refresh_token"), &[])
        .await;
    assert_eq!(on.status, 200);
    // It was not lost after all: two parties have tokens of this family.
    let late = service
        .refresh(PORTAL.0, &lost.token("refresh_token"), &[])
        .await;
    assert_eq!(late.error(), (400, "invalid_grant"));
    let dead = service
        .refresh(PORTAL.0, &on.token("refresh_token"), &[])
        .await;
    assert_eq!(dead.error(), (400, "invalid_grant"));
}

/// Attack 14.
#[tokio::test]
async fn of_fifty_parallel_refreshes_one_branch_lives() {
    let service = start().await;
    let (_, first) = portal(&service).await;
    let token = first.token("refresh_token");
    let requests = (0..50).map(|_| service.refresh(PORTAL.0, &token, &[]));
    let answers = futures::future::join_all(requests).await;
    let tokens: HashSet<String> = answers
        .iter()
        .map(|answer| {
            assert_eq!(answer.status, 200, "{}", answer.body);
            answer.token("refresh_token")
        })
        .collect();
    assert_eq!(tokens.len(), 50);
    let mut live = Vec::new();
    for token in &tokens {
        if service.is_active(PORTAL.0, token).await {
            live.push(token);
        }
    }
    assert_eq!(live.len(), 1, "one branch");
    assert_eq!(service.refresh(PORTAL.0, live[0], &[]).await.status, 200);
    let other = tokens.iter().find(|token| *token != live[0]).unwrap();
    assert_eq!(
        service.refresh(PORTAL.0, other, &[]).await.error(),
        (400, "invalid_grant")
    );
}

#[tokio::test]
async fn more_tokens_at_once_than_anybody_needs_are_refused() {
    let service = start().await;
    let (_, first) = portal(&service).await;
    let token = first.token("refresh_token");
    let mut outcomes = Vec::new();
    for _ in 0..130 {
        outcomes.push(service.refresh(PORTAL.0, &token, &[]).await.status.as_u16());
    }
    assert_eq!(
        outcomes.iter().filter(|status| **status == 200).count(),
        127
    );
    assert_eq!(outcomes.last(), Some(&429));
    service.set_time(NOW + 302);
    assert_eq!(service.refresh(PORTAL.0, &token, &[]).await.status, 200);
}

/// Attack 15.
#[tokio::test]
async fn a_disabled_client_refreshes_nothing() {
    let service = start().await;
    let (_, first) = portal(&service).await;
    let random = &service.app.random;
    let tenant = &service.app.tenant;
    auth_service::client::administer::disable(&service.db, tenant, PORTAL.0, random, at(NOW))
        .await
        .unwrap();
    let answer = service
        .refresh(PORTAL.0, &first.token("refresh_token"), &[])
        .await;
    assert_eq!(answer.error(), (401, "invalid_client"));
}

/// Attack 16: an organisation that is suspended on chain, or that the directory no longer has.
#[tokio::test]
async fn a_clinician_whose_organisation_no_longer_stands_refreshes_nothing() {
    let service = start().await;
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    let first = service.let_in(&person, CLINICIANS.0, &[]).await;
    service.chain.suspend(subject(CLINIC_A_KEY).address());
    refused_soon(&service, &person, &first).await;

    let service = start().await;
    for statement in [
        "delete from grantee_bindings where organization = 'clinic-a'",
        "delete from grantee_bindings where organization = 'clinic-a'; delete from organizations where id = 'clinic-a'",
    ] {
        let person = service.sign_in(clinician(), &[Amr::Pop]).await;
        let first = service.let_in(&person, CLINICIANS.0, &[]).await;
        service.sql(statement).await;
        refused_soon(&service, &person, &first).await;
        let body = organization("clinic-a", "clinic-a", &[CLINIC_A_KEY], 1);
        let admin = service.admin().await;
        service
            .put("/v1/organizations/clinic-a", &admin, &body)
            .await;
    }
}

/// What the chain says is believed for a second; then nothing is to be had.
async fn refused_soon(service: &Service, person: &Person, first: &Answer) {
    let mut token = first.token("refresh_token");
    let deadline = Instant::now() + std::time::Duration::from_secs(10);
    let answer = loop {
        let answer = service.refresh(CLINICIANS.0, &token, &[]).await;
        if answer.status != 200 {
            break answer;
        }
        assert!(Instant::now() < deadline, "still refreshing");
        token = answer.token("refresh_token");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert_eq!(answer.error(), (400, "invalid_grant"));
    let anew = service.authorize(&person.cookie, CLINICIANS.0, &[]).await;
    assert_eq!(anew.told(), "access_denied");
}

#[tokio::test]
async fn without_the_chains_word_no_clinician_gets_a_token() {
    let service = start().await;
    service.chain.stop();
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    let answer = service.authorize(&person.cookie, CLINICIANS.0, &[]).await;
    assert_eq!(answer.status, 503);
    // A patient needs nobody's word.
    let patient = service.a_patient().await;
    assert_eq!(service.let_in(&patient, PORTAL.0, &[]).await.status, 200);
}

#[tokio::test]
async fn a_raised_account_version_a_closed_account_and_a_sign_out_end_refreshing() {
    let service = start().await;
    for statement in [
        "update accounts set version = version + 1",
        "update accounts set status = 'disabled'",
        "update sessions set ended_at = now()",
    ] {
        let (_, first) = portal(&service).await;
        service.sql(statement).await;
        let answer = service
            .refresh(PORTAL.0, &first.token("refresh_token"), &[])
            .await;
        assert_eq!(answer.error(), (400, "invalid_grant"), "{statement}");
    }
}

#[tokio::test]
async fn a_scope_that_the_client_lost_is_not_refreshed() {
    let service = start().await;
    let (_, first) = portal(&service).await;
    service.sql("update clients set scope = 'openid patient/Observation.r' where client_id = 'patient-portal'").await;
    let answer = service
        .refresh(PORTAL.0, &first.token("refresh_token"), &[])
        .await;
    assert_eq!(answer.body["scope"], "openid patient/Observation.r");
}

#[tokio::test]
async fn each_persona_has_its_time() {
    for (persona, idle, absolute) in [
        ("patient", 1800, 43_200),
        ("provider", 900, 36_000),
        ("admin", 600, 14_400),
    ] {
        let service = start().await;
        let (client, answer) = let_in(&service, persona).await;
        let token = answer.token("refresh_token");
        service.set_time(NOW + idle);
        let late = service.refresh(client, &token, &[]).await;
        assert_eq!(late.error(), (400, "invalid_grant"), "{persona}");
        service.set_time(NOW + idle - 1);
        let mut answer = service.refresh(client, &token, &[]).await;
        while service.time() + idle - 1 < NOW + absolute {
            service.set_time(service.time() + idle - 1);
            answer = service
                .refresh(client, &answer.token("refresh_token"), &[])
                .await;
            assert_eq!(answer.status, 200, "{persona}: {}", answer.body);
        }
        service.set_time(NOW + absolute);
        let over = service
            .refresh(client, &answer.token("refresh_token"), &[])
            .await;
        assert_eq!(over.error(), (400, "invalid_grant"), "{persona}");
    }
}

async fn let_in(service: &Service, persona: &str) -> (&'static str, Answer) {
    match persona {
        "patient" => (PORTAL.0, portal(service).await.1),
        "provider" => {
            let person = service.sign_in(clinician(), &[Amr::Pop]).await;
            (
                CLINICIANS.0,
                service.let_in(&person, CLINICIANS.0, &[]).await,
            )
        }
        _ => {
            let person = service.sign_in(Role::Admin, &[Amr::Pop]).await;
            let form = request_of(CONSOLE.0, &[]);
            let pushed = service.post_as("/oauth2/par", CONSOLE.0, &form).await;
            let request_uri = pushed.token("request_uri");
            let query = encode(&[("client_id", CONSOLE.0), ("request_uri", &request_uri)]);
            let path = format!("/oauth2/authorize?{query}");
            let code = service.browse(&path, &person.cookie).await.code();
            (CONSOLE.0, service.redeem(CONSOLE.0, &code, &[]).await)
        }
    }
}

#[tokio::test]
async fn an_app_that_may_stay_outlives_the_sign_in_and_one_that_did_not_ask_gets_no_refresh_token()
{
    let service = start().await;
    let person = service.a_patient().await;
    let answer = allow(
        &service,
        &person,
        &["patient/Observation.rs", "offline_access"],
    )
    .await;
    service.sql("update sessions set ended_at = now()").await;
    service.set_time(NOW + 89 * 86_400);
    let second = service
        .refresh(APP, &answer.token("refresh_token"), &[])
        .await;
    assert_eq!(second.status, 200, "{}", second.body);
    service.set_time(NOW + 178 * 86_400);
    let third = service
        .refresh(APP, &second.token("refresh_token"), &[])
        .await;
    assert_eq!(third.status, 200, "{}", third.body);
    service.set_time(NOW + 268 * 86_400);
    let late = service
        .refresh(APP, &third.token("refresh_token"), &[])
        .await;
    assert_eq!(late.error(), (400, "invalid_grant"));

    let service = start().await;
    let person = service.a_patient().await;
    let answer = allow(&service, &person, &["patient/Observation.rs"]).await;
    assert!(answer.body["refresh_token"].is_null());
}

async fn allow(service: &Service, person: &Person, scopes: &[&str]) -> Answer {
    let page = service.authorize(&person.cookie, APP, &[]).await;
    let (waiting, csrf) = (field(&page.text, "continue"), field(&page.text, "csrf"));
    let mut form = vec![
        ("continue", waiting.as_str()),
        ("csrf", &csrf),
        ("decision", "allow"),
    ];
    form.extend(scopes.iter().map(|scope| ("scope", *scope)));
    let answer = service
        .submit("/oauth2/authorize/decision", &person.cookie, &form)
        .await;
    service.redeem(APP, &answer.code(), &[]).await
}

#[tokio::test]
async fn a_refresh_token_is_its_clients_own() {
    let service = start().await;
    let (_, first) = portal(&service).await;
    let token = first.token("refresh_token");
    for other in [APP, CLINICIANS.0] {
        let answer = service.refresh(other, &token, &[]).await;
        assert_eq!(answer.error(), (400, "invalid_grant"), "{other}");
    }
    let unproven = service
        .post_form(
            "/oauth2/token",
            &[
                ("grant_type", "refresh_token"),
                ("refresh_token", &token),
                ("client_id", PORTAL.0),
            ],
            &[],
        )
        .await;
    assert_eq!(unproven.error(), (401, "invalid_client"));
    for garbage in ["x", &"A".repeat(64), &token[..63]] {
        let answer = service.refresh(PORTAL.0, garbage, &[]).await;
        assert_eq!(answer.error(), (400, "invalid_grant"), "{garbage}");
    }
    assert_eq!(service.refresh(PORTAL.0, &token, &[]).await.status, 200);
}

/// The one SQL statement and the state machine say the same, whatever is presented in whatever order.
#[tokio::test]
async fn the_database_follows_the_state_machine() {
    let service = start().await;
    let mut dice = ChaCha8Rng::seed_from_u64(7);
    for round in 0..12 {
        service.set_time(NOW + round * 100_000);
        let (_, first) = portal(&service).await;
        let presented = RefreshToken::parse(&first.token("refresh_token")).unwrap();
        let id = presented.authorization;
        let ends_at = at(service.time()) + Duration::hours(12);
        let terms = Terms {
            idle: Duration::minutes(30),
            ends_at: Some(ends_at),
        };
        let mut family = Family::new(presented.hash(), terms, at(service.time()));
        let mut hashes = vec![presented.hash()];
        for step in 0..40_u8 {
            service.set_time(service.time() + dice.random_range(0..1500));
            let now = at(service.time());
            // Mostly one of the last, sometimes any, sometimes one that nobody was given.
            let presented = match dice.random_range(0..10) {
                0 => [dice.random(); 32],
                1 => hashes[dice.random_range(0..hashes.len())],
                2..5 => hashes[hashes.len().saturating_sub(2)],
                _ => *hashes.last().unwrap(),
            };
            let next = [step; 32].map(|byte| byte ^ dice.random::<u8>());
            let token: Uuid = token_id(now, dice.random());
            let wanted = family.present(&presented, next, now);
            let got = authorizations::present(&service.app, id, &presented, &next, token, now)
                .await
                .unwrap();
            assert_eq!(got, Presented::Judged(wanted), "round {round}, step {step}");
            if wanted == Verdict::Renewed {
                hashes.push(next);
            }
        }
    }
}
