//! Sessions: how long they last, who sees and ends them, and what ends with them.

use crate::support::people::{OTHER_PASSWORD, PASSWORD, sign_in};
use crate::support::{NOW, Service, TENANT, at, token_by_hand};
use access_token::{Acr, Amr};
use auth_service::session::sweep;
use axum::http::Method;
use serde_json::{Value, json};

const MINUTE: i64 = 60;

#[tokio::test]
async fn a_session_ends_when_it_is_idle_or_old() {
    let service = Service::start().await;
    let mut idle = service.patient("jane").await;
    service.set_time(NOW + 30 * MINUTE - 1);
    assert!(idle.is_signed_in().await);
    service.set_time(service.time() + 30 * MINUTE);
    assert!(!idle.is_signed_in().await);
    let mut busy = service.browser();
    sign_in(&mut busy, "jane", PASSWORD).await;
    let start = service.time();
    for step in 1..=48 {
        service.set_time(start + step * 15 * MINUTE - 1);
        assert!(busy.is_signed_in().await, "{step}");
    }
    service.set_time(start + 12 * 60 * MINUTE);
    assert!(!busy.is_signed_in().await);
}

async fn revocations(service: &Service) -> Vec<(String, String)> {
    sqlx::query_as("select kind, id from revocations order by seq")
        .fetch_all(&service.db)
        .await
        .unwrap()
}

async fn session_ids(service: &Service) -> Vec<String> {
    let ids: Vec<(uuid::Uuid,)> = sqlx::query_as("select id from sessions order by created_at")
        .fetch_all(&service.db)
        .await
        .unwrap();
    ids.into_iter().map(|(id,)| id.to_string()).collect()
}

#[tokio::test]
async fn signing_out_ends_the_session_and_its_tokens() {
    let service = Service::start().await;
    let mut jane = service.patient("jane").await;
    let cookies = jane.cookies.clone();
    jane.get("/sign-out").await;
    let page = jane.post("/sign-out", &[]).await;
    assert_eq!(page.status, 200);
    assert!(!jane.cookies.contains_key("__Host-session"));
    jane.cookies = cookies;
    assert!(
        !jane.is_signed_in().await,
        "the cookie opens nothing any more"
    );
    let id = session_ids(&service).await.remove(0);
    assert_eq!(revocations(&service).await, [("session".to_owned(), id)]);
    let account = service.account("jane").await;
    let ended = ("consentry.session.ended.v1".to_owned(), account);
    assert!(service.events().await.contains(&ended));
}

#[tokio::test]
async fn a_person_sees_and_ends_their_own_sessions_in_the_browser() {
    let service = Service::start().await;
    let mut here = service.patient("jane").await;
    service.set_time(NOW + 1);
    let mut there = service.browser();
    sign_in(&mut there, "jane", PASSWORD).await;
    let mut stranger = service.patient("john").await;
    let page = here.get("/account").await;
    let id = page.between("name=\"id\" value=\"", "\"").to_owned();
    // Somebody else cannot.
    stranger.get("/account").await;
    stranger.post("/account/sessions/end", &[("id", &id)]).await;
    assert!(there.is_signed_in().await);
    let page = here.post("/account/sessions/end", &[("id", &id)]).await;
    assert_eq!(page.location(), "/account?done=session");
    assert!(!there.is_signed_in().await);
    assert!(here.is_signed_in().await);
}

#[tokio::test]
async fn signing_out_everywhere_ends_all_sessions_and_every_token() {
    let service = Service::start().await;
    let mut here = service.patient("jane").await;
    let mut there = service.browser();
    sign_in(&mut there, "jane", PASSWORD).await;
    here.get("/account").await;
    let page = here.post("/account/sessions/end-all", &[]).await;
    assert_eq!(page.status, 200);
    assert!(!here.is_signed_in().await);
    assert!(!there.is_signed_in().await);
    let account = service.account("jane").await;
    assert_eq!(
        revocations(&service).await,
        [("account".to_owned(), account)]
    );
    let (version,): (i64,) = sqlx::query_as("select version from accounts")
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert_eq!(version, 1);
}

#[tokio::test]
async fn a_new_password_ends_what_the_old_one_let_in() {
    let service = Service::start().await;
    let mut here = service.patient("jane").await;
    let mut there = service.browser();
    sign_in(&mut there, "jane", PASSWORD).await;
    here.get("/account/password").await;
    let fields = [("password", OTHER_PASSWORD), ("repeat", OTHER_PASSWORD)];
    let page = here.post("/account/password", &fields).await;
    assert_eq!(page.location(), "/account?done=password", "{}", page.text);
    assert!(here.is_signed_in().await);
    assert!(!there.is_signed_in().await);
    assert_eq!(
        sign_in(&mut service.browser(), "jane", PASSWORD)
            .await
            .status,
        422
    );
    assert_eq!(
        sign_in(&mut service.browser(), "jane", OTHER_PASSWORD)
            .await
            .status,
        303
    );
    let account = service.account("jane").await;
    assert_eq!(
        revocations(&service).await,
        [("account".to_owned(), account)]
    );
}

#[tokio::test]
async fn a_provider_cannot_take_the_app_away_without_having_a_passkey() {
    let service = Service::start().await;
    let (mut dora, _) = service.provider("dora").await;
    dora.get("/account").await;
    let page = dora.post("/account/app/remove", &[]).await;
    assert_eq!(page.location(), "/account?done=kept");
    let (apps,): (i64,) = sqlx::query_as("select count(*) from authenticator_apps")
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert_eq!(apps, 1);
}

/// A token of a person's session.
fn person_token(account: &str, session: &str, change: impl FnOnce(&mut Value)) -> String {
    token_by_hand(|claims| {
        *claims = json!({
            "iss": crate::support::ISSUER, "aud": crate::support::ISSUER, "sub": account, "client_id": "portal",
            "jti": uuid::Uuid::now_v7().to_string(), "iat": NOW, "exp": NOW + 300,
            "scope": "patient:consent.read", "tenant": TENANT, "persona": "patient", "patient": "p1",
            "sid": session, "auth_time": NOW, "acr": Acr::Aal1.as_str(), "amr": [Amr::Pwd.as_str()], "sv": 0,
        });
        change(claims);
    })
}

#[tokio::test]
async fn a_person_lists_and_ends_sessions_with_a_token() {
    let service = Service::start().await;
    service.patient("jane").await;
    service.set_time(NOW + 1);
    let mut there = service.browser();
    sign_in(&mut there, "jane", PASSWORD).await;
    let account = service.account("jane").await;
    let ids = session_ids(&service).await;
    let token = person_token(&account, &ids[0], |_| {});
    let list = service.get("/v1/sessions", &token).await;
    let shown: Vec<(String, bool)> = list.body["sessions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["id"].as_str().unwrap().to_owned(),
                one["current"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(shown, [(ids[1].clone(), false), (ids[0].clone(), true)]);
    let path = format!("/v1/sessions/{}", ids[1]);
    assert_eq!(service.delete(&path, &token).await.status, 204);
    assert!(!there.is_signed_in().await);
    assert_eq!(service.delete(&path, &token).await.status, 404);
    assert_eq!(service.delete("/v1/sessions/x", &token).await.status, 404);
    // With its own session the token ends as well.
    let own = format!("/v1/sessions/{}", ids[0]);
    assert_eq!(service.delete(&own, &token).await.status, 204);
    assert_eq!(service.get("/v1/sessions", &token).await.status, 401);
}

#[tokio::test]
async fn a_token_that_is_nobodys_live_session_sees_no_sessions() {
    let service = Service::start().await;
    service.patient("jane").await;
    service.patient("john").await;
    let (jane, john) = (service.account("jane").await, service.account("john").await);
    let ids = session_ids(&service).await;
    let whose: Vec<(uuid::Uuid,)> =
        sqlx::query_as("select account from sessions where id = $1::uuid")
            .bind(&ids[0])
            .fetch_all(&service.db)
            .await
            .unwrap();
    let (owner, other) = if whose[0].0.to_string() == jane {
        (jane, john)
    } else {
        (john, jane)
    };
    assert_eq!(
        service
            .get("/v1/sessions", &person_token(&owner, &ids[0], |_| {}))
            .await
            .status,
        200
    );
    for wrong in [
        person_token(&other, &ids[0], |_| {}),
        person_token(&owner, &ids[0], |claims| claims["sv"] = json!(1)),
        person_token(&owner, &uuid::Uuid::nil().to_string(), |_| {}),
        person_token("somebody", &ids[0], |_| {}),
        service.admin().await,
    ] {
        let answer = service.get("/v1/sessions", &wrong).await;
        assert_eq!(answer.problem(), (401, "unauthenticated"));
    }
}

#[tokio::test]
async fn a_browsers_cookie_ends_sessions_from_our_own_pages_only() {
    let service = Service::start().await;
    let mut jane = service.patient("jane").await;
    let list = jane.get("/v1/sessions").await.json();
    let id = list["sessions"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/v1/sessions/{id}");
    for origin in [None, Some("https://evil.example")] {
        jane.origin = origin.map(str::to_owned);
        assert_eq!(
            jane.delete(&path).await.problem(),
            (403, "forbidden".to_owned())
        );
    }
    jane.origin = Some(crate::support::ISSUER.to_owned());
    assert_eq!(jane.delete(&path).await.status, 204);
    assert_eq!(jane.get("/v1/sessions").await.status, 401);
    let nobody = service
        .request(Method::GET, "/v1/sessions", "nonsense", None)
        .await;
    assert_eq!(nobody.status, 401);
}

#[tokio::test]
async fn what_is_over_is_swept_away_and_nothing_else() {
    let service = Service::start().await;
    service.patient("jane").await;
    let mut browser = service.browser();
    browser.get("/sign-in").await;
    browser.script("/sign-in/passkey/options", &json!({})).await;
    sign_in(&mut browser, "nobody", PASSWORD).await;
    let rows = async || {
        let counted: (i64, i64, i64, i64) = sqlx::query_as(
            "select (select count(*) from ceremonies), (select count(*) from sessions),
                    (select count(*) from enrolments), (select count(*) from sign_in_failures)",
        )
        .fetch_one(&service.db)
        .await
        .unwrap();
        counted
    };
    let before = rows().await;
    sweep::remove_ended(&service.db, at(NOW)).await.unwrap();
    assert_eq!(rows().await, before);
    assert!(
        before.0 > 0 && before.1 > 0 && before.2 > 0 && before.3 > 0,
        "{before:?}"
    );
    let day = 24 * 3600;
    sweep::remove_ended(&service.db, at(NOW + 2 * day))
        .await
        .unwrap();
    let after = rows().await;
    assert_eq!((after.0, after.1, after.3), (0, 0, 0));
    assert_eq!(
        after.2, before.2,
        "who asks what became of a code is told for longer"
    );
    sweep::remove_ended(&service.db, at(NOW + 120 * day))
        .await
        .unwrap();
    assert_eq!(rows().await.2, 0);
}
