//! Passkeys: those that were made here, by whoever they were made for, unlocked, each answer once.

use crate::support::authenticator::Authenticator;
use crate::support::browser::{Browser, Page};
use crate::support::people::{PASSWORD, patient, sign_in};
use crate::support::{NOW, Service};
use serde_json::{Value, json};

/// A patient who got in with a new passkey.
async fn enrolled<'a>(service: &'a Service, login: &str, key: &mut Authenticator) -> Browser<'a> {
    let mut browser = service.named(&patient(), login).await;
    let asked = browser
        .script("/enrol/passkey/options", &json!({}))
        .await
        .json();
    let credential = key.make(&asked["options"]);
    let made = json!({"id": asked["id"], "credential": credential});
    let page = browser.script("/enrol/passkey", &made).await;
    assert_eq!(page.status, 200, "{}", page.text);
    browser
}

/// A new browser's question.
async fn asked(service: &Service) -> (Browser<'_>, Value) {
    let mut browser = service.browser();
    browser.get("/sign-in").await;
    let asked = browser
        .script("/sign-in/passkey/options", &json!({}))
        .await
        .json();
    (browser, asked)
}

/// Signs in by what an authenticator shows.
async fn show(service: &Service, key: &mut Authenticator) -> (u16, String) {
    let (mut browser, asked) = asked(service).await;
    let credential = key.show(&asked["options"]);
    let page = answer(&mut browser, &asked, &credential).await;
    assert_eq!(browser.is_signed_in().await, page.status == 200);
    page.problem()
}

async fn answer(browser: &mut Browser<'_>, asked: &Value, credential: &Value) -> Page {
    let body = json!({"id": asked["id"], "credential": credential});
    browser.script("/sign-in/passkey", &body).await
}

const REFUSED: &str = "passkey-refused";

#[tokio::test]
async fn a_passkey_made_at_enrolment_signs_in_without_a_name() {
    let service = Service::start().await;
    let mut key = Authenticator::new(1);
    let mut browser = enrolled(&service, "jane", &mut key).await;
    assert!(browser.is_signed_in().await);
    assert_eq!(show(&service, &mut key).await.0, 200);
    let acr: Vec<(String,)> = sqlx::query_as("select distinct acr from sessions")
        .fetch_all(&service.db)
        .await
        .unwrap();
    assert_eq!(acr, [("aal2".to_owned(),)]);
}

#[tokio::test]
async fn a_passkey_of_one_account_does_not_open_another() {
    let service = Service::start().await;
    let (mut janes, mut johns) = (Authenticator::new(1), Authenticator::new(2));
    enrolled(&service, "jane", &mut janes).await;
    enrolled(&service, "john", &mut johns).await;
    johns.user.clone_from(&janes.user);
    assert_eq!(show(&service, &mut johns).await, (422, REFUSED.to_owned()));
    // Nor does John's key under the id of Jane's.
    johns.credential_id.clone_from(&janes.credential_id);
    assert_eq!(show(&service, &mut johns).await, (422, REFUSED.to_owned()));
}

#[tokio::test]
async fn a_passkey_that_nobody_knows_opens_nothing() {
    let service = Service::start().await;
    let mut key = Authenticator::new(1);
    key.user = vec![7; 16];
    assert_eq!(show(&service, &mut key).await, (422, REFUSED.to_owned()));
}

#[tokio::test]
async fn a_passkey_that_its_owner_did_not_unlock_is_refused() {
    let service = Service::start().await;
    let mut key = Authenticator::new(1);
    enrolled(&service, "jane", &mut key).await;
    key.unlocked = false;
    assert_eq!(show(&service, &mut key).await, (422, REFUSED.to_owned()));
    let mut locked = Authenticator::new(2);
    locked.unlocked = false;
    let mut browser = service.named(&patient(), "june").await;
    let asked = browser
        .script("/enrol/passkey/options", &json!({}))
        .await
        .json();
    let made = json!({"id": asked["id"], "credential": locked.make(&asked["options"])});
    let page = browser.script("/enrol/passkey", &made).await;
    assert_eq!(page.problem(), (422, REFUSED.to_owned()));
}

#[tokio::test]
async fn an_answer_given_at_another_site_is_refused() {
    let service = Service::start().await;
    let mut key = Authenticator::new(1);
    enrolled(&service, "jane", &mut key).await;
    key.origin = "https://auth.example.evil.example";
    assert_eq!(show(&service, &mut key).await, (422, REFUSED.to_owned()));
}

#[tokio::test]
async fn a_question_is_answered_once_and_by_the_browser_that_was_asked() {
    let service = Service::start().await;
    let mut key = Authenticator::new(1);
    enrolled(&service, "jane", &mut key).await;
    let (mut browser, question) = asked(&service).await;
    let credential = key.show(&question["options"]);
    let (mut other, _) = asked(&service).await;
    assert_eq!(
        answer(&mut other, &question, &credential).await.problem(),
        (400, "over".to_owned())
    );
    let visit = browser.cookies.clone();
    assert_eq!(
        answer(&mut browser, &question, &credential).await.status,
        200
    );
    browser.cookies = visit;
    assert_eq!(
        answer(&mut browser, &question, &credential).await.problem(),
        (400, "over".to_owned())
    );
    // An answer to an earlier question is none to a later one.
    let (mut browser, question) = asked(&service).await;
    assert_eq!(
        answer(&mut browser, &question, &credential).await.problem(),
        (422, REFUSED.to_owned())
    );
}

#[tokio::test]
async fn a_question_is_over_after_a_while() {
    let service = Service::start().await;
    let mut key = Authenticator::new(1);
    enrolled(&service, "jane", &mut key).await;
    let (mut browser, question) = asked(&service).await;
    let credential = key.show(&question["options"]);
    service.set_time(NOW + 15 * 60);
    assert_eq!(
        answer(&mut browser, &question, &credential).await.problem(),
        (400, "over".to_owned())
    );
}

#[tokio::test]
async fn a_copied_passkey_whose_counter_falls_behind_is_refused() {
    let service = Service::start().await;
    let mut key = Authenticator::new(1);
    key.counter = 1;
    enrolled(&service, "jane", &mut key).await;
    for _ in 0..3 {
        assert_eq!(show(&service, &mut key).await.0, 200);
    }
    key.counter = 1;
    assert_eq!(show(&service, &mut key).await, (422, REFUSED.to_owned()));
    key.counter = 9;
    assert_eq!(show(&service, &mut key).await.0, 200);
}

#[tokio::test]
async fn an_account_has_several_passkeys_and_keeps_the_last() {
    let service = Service::start().await;
    let (mut first, mut second) = (Authenticator::new(1), Authenticator::new(2));
    let mut jane = enrolled(&service, "jane", &mut first).await;
    service.set_time(NOW + 1);
    let page = jane.get("/account/passkey").await;
    assert_eq!(page.status, 200);
    let asked = jane
        .script("/account/passkey/options", &json!({}))
        .await
        .json();
    let known = &asked["options"]["publicKey"]["excludeCredentials"];
    assert_eq!(known.as_array().unwrap().len(), 1);
    let made = json!({"id": asked["id"], "credential": second.make(&asked["options"]), "name": "My laptop"});
    let page = jane.script("/account/passkey/made", &made).await;
    assert_eq!(
        page.json(),
        json!({"next": "/account?done=passkey"}),
        "{}",
        page.text
    );
    assert_eq!(show(&service, &mut second).await.0, 200);

    let page = jane.get("/account").await;
    assert!(page.text.contains("My laptop"));
    let ids: Vec<String> = page
        .text
        .split("/account/passkey/remove")
        .skip(1)
        .map(|form| form.split_once("name=\"id\" value=\"").unwrap().1[..36].to_owned())
        .collect();
    assert_eq!(ids.len(), 2);
    let page = jane
        .post("/account/passkey/remove", &[("id", &ids[0])])
        .await;
    assert_eq!(page.location(), "/account?done=passkey-removed");
    assert_eq!(show(&service, &mut first).await, (422, REFUSED.to_owned()));
    let page = jane
        .post("/account/passkey/remove", &[("id", &ids[1])])
        .await;
    assert_eq!(page.location(), "/account?done=kept");
    assert_eq!(show(&service, &mut second).await.0, 200);
}

#[tokio::test]
async fn what_an_account_proves_itself_with_is_changed_by_whoever_proved_it_just_now() {
    let service = Service::start().await;
    let mut key = Authenticator::new(1);
    let mut jane = enrolled(&service, "jane", &mut key).await;
    // A password beside the passkey: whoever knows only that must not get at the rest.
    jane.get("/account/password").await;
    let fields = [("password", PASSWORD), ("repeat", PASSWORD)];
    assert_eq!(
        jane.post("/account/password", &fields).await.location(),
        "/account?done=password"
    );
    let mut weaker = service.browser();
    let page = sign_in(&mut weaker, "jane", PASSWORD).await;
    assert_eq!(page.status, 303);
    for path in ["/account/password", "/account/app", "/account/passkey"] {
        let page = weaker.get(path).await;
        assert!(page.location().starts_with("/sign-in?"), "{path}");
        assert!(page.location().contains("acr=aal2"), "{path}");
    }
    let page = weaker.get("/account").await;
    let id = page.between("name=\"id\" value=\"", "\"").to_owned();
    let page = weaker.post("/account/passkey/remove", &[("id", &id)]).await;
    assert!(page.location().starts_with("/sign-in?"), "{}", page.text);
    // And the proof has to be of just now.
    service.set_time(NOW + 301);
    jane.get("/account").await;
    let page = jane.post("/account/passkey/remove", &[("id", &id)]).await;
    assert!(page.location().starts_with("/sign-in?"), "{}", page.text);
}
