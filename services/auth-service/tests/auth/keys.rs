//! The life of signing keys: made once whoever starts first, replaced in time, taken back at once, never out in the open.

use std::sync::Arc;

use crate::support::{ADMIN, Answer, NOW, SIGNER, Service, Setup, TENANT, at, clients, key};
use access_token::revocation::Kind;
use auth_service::revocation::store;
use auth_service::token::keys::state::State;
use auth_service::token::keys::{KeysError, seal::SealError};
use axum::body::Body;
use axum::http::Request;
use serde_json::{Value, json};
use sqlx::Row;

const SCOPE: [(&str, &str); 1] = [("scope", "admin:audit.read")];

async fn look_after(service: &Service, seconds: i64) {
    service.set_time(seconds);
    service.app.keys.look_after(at(seconds)).await.unwrap();
}

async fn shown(service: &Service) -> Vec<String> {
    let request = Request::get("/oauth2/jwks").body(Body::empty()).unwrap();
    let jwks = service.send(request).await;
    assert_eq!(jwks.status, 200);
    let mut kids: Vec<_> = jwks.body["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| key["kid"].as_str().unwrap().to_owned())
        .collect();
    kids.sort();
    kids
}

/// The key that signed a token.
fn kid(answer: &Answer) -> String {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let token = answer.body["access_token"].as_str().unwrap();
    let header = URL_SAFE_NO_PAD
        .decode(token.split('.').next().unwrap())
        .unwrap();
    let header: Value = serde_json::from_slice(&header).unwrap();
    header["kid"].as_str().unwrap().to_owned()
}

async fn signs(service: &Service) -> String {
    kid(&service.ask(ADMIN, &SCOPE).await)
}

async fn states(service: &Service) -> Vec<(String, State)> {
    let keys = service.app.keys.list().await.unwrap();
    keys.into_iter().map(|key| (key.kid, key.state)).collect()
}

async fn keys_admin(service: &Service) -> String {
    service.token(ADMIN, "admin:keys.write").await
}

/// Another process of the same tenant.
async fn replica(service: &Service) -> Service {
    let database = service.database().clone();
    let replica = Service::on(&Setup::new(&database.url, &clients()), database).await;
    // The key that is known to the tests is made by now; the next has to be another.
    (replica.app.random)(&mut [0; 32]);
    replica
}

fn sorted(kids: [&String; 2]) -> Vec<String> {
    let mut kids: Vec<_> = kids.into_iter().cloned().collect();
    kids.sort();
    kids
}

#[tokio::test]
async fn processes_that_start_together_make_one_key() {
    let service = Service::start().await;
    sqlx::query("delete from signing_keys")
        .execute(&service.db)
        .await
        .unwrap();
    let mut replicas = Vec::new();
    for _ in 0..4 {
        replicas.push(service.app.clone());
    }
    let starts: Vec<_> = replicas
        .into_iter()
        .map(|app| {
            // Each with a view of its own, as a process has.
            let config = Setup::new(&service.database().url, &clients()).config();
            let random = auth_service::system_random();
            let app = Arc::new(auth_service::App::new(
                &config,
                app.db.clone(),
                app.clock.clone(),
                random,
            ));
            tokio::spawn(async move { app.keys.look_after(at(NOW)).await })
        })
        .collect();
    for start in starts {
        start.await.unwrap().unwrap();
    }
    let states = states(&service).await;
    assert_eq!(states.len(), 1, "{states:?}");
    assert_eq!(states[0].1, State::Active);
}

#[tokio::test]
async fn a_successor_is_shown_before_it_signs_and_the_old_key_for_as_long_as_its_tokens_live() {
    let service = Service::start().await;
    let first = key(SIGNER).kid().to_owned();
    assert_eq!(signs(&service).await, first);

    // Thirty days, less the time for which a successor is shown.
    let due = NOW + 30 * 86_400 - 120;
    look_after(&service, due - 1).await;
    assert_eq!(shown(&service).await, std::slice::from_ref(&first));
    look_after(&service, due).await;
    let kids = shown(&service).await;
    let second = kids.iter().find(|kid| **kid != first).unwrap().clone();
    look_after(&service, due + 119).await;
    assert_eq!(signs(&service).await, first);
    look_after(&service, due + 120).await;
    assert_eq!(signs(&service).await, second);
    assert_eq!(shown(&service).await, sorted([&first, &second]));

    look_after(&service, due + 120 + 904).await;
    assert_eq!(shown(&service).await, sorted([&first, &second]));
    look_after(&service, due + 120 + 905).await;
    assert_eq!(shown(&service).await, [second]);
    let kept = sqlx::query("select sealed is not null as kept from signing_keys where kid = $1")
        .bind(&first)
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert!(!kept.get::<bool, _>("kept"), "the private half is gone");
}

#[tokio::test]
async fn a_rotation_by_command_is_announced_like_any_other_and_asked_for_once() {
    let service = Service::start().await;
    let token = keys_admin(&service).await;
    let first = key(SIGNER).kid().to_owned();
    let asked = service.act("/v1/keys/rotate", &token).await;
    assert_eq!(asked.status, 200, "{}", asked.body);
    assert_eq!(asked.body["state"], "published");
    let again = service.act("/v1/keys/rotate", &token).await;
    assert_eq!(again.body["kid"], asked.body["kid"]);
    let second = asked.body["kid"].as_str().unwrap().to_owned();
    assert_eq!(shown(&service).await, sorted([&first, &second]));
    assert_eq!(signs(&service).await, first);
    look_after(&service, NOW + 120).await;
    assert_eq!(signs(&service).await, second);
    let told = sqlx::query(
        "select key, body from outbox where kind = 'consentry.key.rotated.v1' order by id desc limit 1",
    )
    .fetch_one(&service.db)
    .await
    .unwrap();
    let body: Value = serde_json::from_slice(told.get("body")).unwrap();
    assert_eq!(
        (told.get("key"), &body["replaces"]),
        (second, &json!(first))
    );
}

#[tokio::test]
async fn every_process_follows_the_keys() {
    let service = Service::start().await;
    let replica = replica(&service).await;
    assert_eq!(signs(&replica).await, signs(&service).await);
    let token = keys_admin(&service).await;
    service.act("/v1/keys/rotate", &token).await;
    look_after(&service, NOW + 120).await;
    // Its view is too old by now: it looks before it signs.
    replica.set_time(NOW + 120);
    assert_eq!(signs(&replica).await, signs(&service).await);
}

/// Attack 25, where a key is stolen: what it signed is dead within seconds, everywhere.
#[tokio::test]
async fn a_compromised_key_is_out_of_use_at_once_with_all_that_it_signed() {
    let service = Service::start().await;
    let replica = replica(&service).await;
    let stolen = key(SIGNER).kid().to_owned();
    let forged = crate::support::token_by_hand(|claims| claims["jti"] = json!("forged"));
    assert_eq!(service.get("/v1/patients", &forged).await.status, 200);
    let token = keys_admin(&service).await;
    assert_eq!(signs(&replica).await, stolen);

    let done = service
        .act(&format!("/v1/keys/{stolen}/compromise"), &token)
        .await;
    assert_eq!(done.status, 200, "{}", done.body);
    let states = states(&service).await;
    assert_eq!(states.len(), 2, "{states:?}");
    assert!(states.contains(&(stolen.clone(), State::Compromised)));
    let (successor, state) = states
        .iter()
        .find(|(kid, _)| *kid != stolen)
        .cloned()
        .unwrap();
    assert_eq!(state, State::Active);

    assert_eq!(shown(&service).await, std::slice::from_ref(&successor));
    assert_eq!(signs(&service).await, successor);
    let dead = service.get("/v1/patients", &forged).await;
    assert_eq!(dead.problem(), (401, "unauthenticated"));
    // The other process has not looked since; after a few seconds it may no longer sign without.
    replica.set_time(NOW + 4);
    service.set_time(NOW + 4);
    assert_eq!(signs(&replica).await, successor);
    assert_eq!(shown(&replica).await, std::slice::from_ref(&successor));
    assert_eq!(replica.get("/v1/patients", &forged).await.status, 401);

    let feed = store::page(&service.db, TENANT, 0, at(NOW + 4))
        .await
        .unwrap();
    let entry = feed
        .revocations
        .iter()
        .find(|entry| entry.kind == Kind::Key)
        .unwrap();
    assert_eq!(entry.id, stolen);
    let told = sqlx::query_scalar::<_, i64>(
        "select count(*) from outbox where kind = 'consentry.key.compromised.v1' and key = $1",
    )
    .bind(&stolen)
    .fetch_one(&service.db)
    .await
    .unwrap();
    assert_eq!(told, 1);
    let kept = "select count(*) from signing_keys where kid = $1 and sealed is not null";
    let kept: i64 = sqlx::query_scalar(kept)
        .bind(&stolen)
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert_eq!(kept, 0);

    // Said twice it is done once, and an unknown key is named as such.
    let token = keys_admin(&service).await;
    let again = service
        .act(&format!("/v1/keys/{stolen}/compromise"), &token)
        .await;
    assert_eq!(again.status, 200);
    let unknown = service.act("/v1/keys/nonsense/compromise", &token).await;
    assert_eq!(unknown.problem(), (404, "not-found"));
}

#[tokio::test]
async fn an_announced_successor_takes_the_place_of_a_compromised_key() {
    let service = Service::start().await;
    let token = keys_admin(&service).await;
    let next = service.act("/v1/keys/rotate", &token).await.body;
    let stolen = key(SIGNER).kid().to_owned();
    service.app.keys.compromise(&stolen, at(NOW)).await.unwrap();
    assert_eq!(signs(&service).await, next["kid"]);
    assert_eq!(states(&service).await.len(), 2, "no third was made");
}

#[tokio::test]
async fn two_processes_that_rotate_and_compromise_together_leave_one_key_that_signs() {
    let service = Service::start().await;
    let replica = replica(&service).await;
    let stolen = key(SIGNER).kid().to_owned();
    let (one, two, three) = tokio::join!(
        service.app.keys.compromise(&stolen, at(NOW)),
        replica.app.keys.compromise(&stolen, at(NOW)),
        replica.app.keys.rotate(at(NOW)),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
    three.unwrap();
    let active = states(&service)
        .await
        .into_iter()
        .filter(|(_, state)| *state == State::Active)
        .count();
    assert_eq!(active, 1);
    service.set_time(NOW + 4);
    replica.set_time(NOW + 4);
    assert_eq!(signs(&service).await, signs(&replica).await);
}

#[tokio::test]
async fn a_database_alone_does_not_sign() {
    let service = Service::start().await;
    let rows = sqlx::query_scalar::<_, String>("select signing_keys::text from signing_keys")
        .fetch_all(&service.db)
        .await
        .unwrap();
    let jwk: Value = serde_json::from_str(&crate::support::secret(SIGNER).to_jwk_string()).unwrap();
    assert!(!rows.concat().contains(jwk["d"].as_str().unwrap()));

    // With another key-encryption key nothing is signed, and nothing is thrown away.
    let setup = Setup::new(&service.database().url, &clients());
    std::fs::write(setup.dir.path().join("sealing-key.hex"), "7".repeat(64)).unwrap();
    let app = auth_service::App::new(
        &setup.config(),
        service.db.clone(),
        service.app.clock.clone(),
        auth_service::system_random(),
    );
    let error = app.keys.look_after(at(NOW)).await.unwrap_err();
    assert!(
        matches!(error, KeysError::Seal(SealError::OtherKey)),
        "{error}"
    );
    assert_eq!(states(&service).await.len(), 1);
}

#[tokio::test]
async fn a_lost_key_encryption_key_is_replaced_by_giving_up_what_was_sealed_under_it() {
    let service = Service::start().await;
    let setup = Setup::new(&service.database().url, &clients());
    std::fs::write(setup.dir.path().join("sealing-key.hex"), "7".repeat(64)).unwrap();
    let clock = service.app.clock.clone();
    let random = auth_service::system_random();
    let app = auth_service::App::new(&setup.config(), service.db.clone(), clock, random);
    let lost = key(SIGNER).kid().to_owned();
    app.keys.compromise(&lost, at(NOW)).await.unwrap();
    let unsigned = app.keys.sign("at+jwt", &json!({}), at(NOW)).await;
    assert!(matches!(unsigned, Err(KeysError::None)), "{unsigned:?}");
    app.keys.look_after(at(NOW)).await.unwrap();
    app.keys.sign("at+jwt", &json!({}), at(NOW)).await.unwrap();
}

#[tokio::test]
async fn keys_are_for_administrators_who_may_change_them() {
    let service = Service::start().await;
    let list = service.get("/v1/keys", &keys_admin(&service).await).await;
    assert_eq!(list.body["keys"][0]["kid"], json!(key(SIGNER).kid()));
    assert_eq!(list.body["keys"][0]["state"], "active");
    let other = service.token(ADMIN, "admin:clients.write").await;
    for (token, status) in [
        (other, 403),
        (service.system().await, 403),
        ("x".into(), 401),
    ] {
        assert_eq!(service.get("/v1/keys", &token).await.status, status);
        assert_eq!(service.act("/v1/keys/rotate", &token).await.status, status);
        let compromise = format!("/v1/keys/{}/compromise", key(SIGNER).kid());
        assert_eq!(service.act(&compromise, &token).await.status, status);
    }
    assert_eq!(states(&service).await.len(), 1);
}
