//! Failures slow down, whoever is not at fault does not wait, and nothing is locked for good.

use std::sync::Arc;

use crate::support::people::{OTHER_PASSWORD, PASSWORD, patient, sign_in};
use crate::support::{ADMIN, Database, NOW, Service, Setup, clients};

async fn fail(service: &Service, login: &str, address: &'static str) -> u16 {
    let mut browser = service.browser();
    browser.address = address;
    sign_in(&mut browser, login, OTHER_PASSWORD)
        .await
        .status
        .as_u16()
}

const HERE: &str = "192.0.2.1:1";
const THERE: &str = "198.51.100.1:1";

#[tokio::test]
async fn failures_in_a_row_double_the_wait_up_to_a_minute() {
    let service = Service::start().await;
    service.patient("jane").await;
    for _ in 0..3 {
        assert_eq!(fail(&service, "jane", HERE).await, 422);
    }
    let mut time = NOW;
    for wait in [1, 2, 4, 8, 16, 32, 60, 60] {
        assert_eq!(fail(&service, "jane", HERE).await, 422);
        service.set_time(time + wait - 1);
        assert_eq!(fail(&service, "jane", HERE).await, 429, "after {wait} s");
        time += wait;
        service.set_time(time);
    }
    // The right password waits as well, and then ends it.
    fail(&service, "jane", HERE).await;
    let mut jane = service.browser();
    let page = sign_in(&mut jane, "jane", PASSWORD).await;
    assert_eq!(page.status, 429);
    let wait = page.headers["retry-after"]
        .to_str()
        .unwrap()
        .parse::<i64>()
        .unwrap();
    service.set_time(time + wait);
    assert_eq!(sign_in(&mut jane, "jane", PASSWORD).await.status, 303);
    for _ in 0..3 {
        assert_eq!(fail(&service, "jane", HERE).await, 422);
    }
}

#[tokio::test]
async fn names_that_nobody_has_slow_down_alike() {
    let service = Service::start().await;
    service.patient("jane").await;
    for login in ["jane", "nobody"] {
        let mut statuses = Vec::new();
        for _ in 0..6 {
            statuses.push(fail(&service, login, HERE).await);
        }
        assert_eq!(statuses, [422, 422, 422, 422, 429, 429], "{login}");
    }
}

#[tokio::test]
async fn an_attacker_elsewhere_does_not_hold_up_the_person() {
    let service = Service::start().await;
    let mut jane = service.patient("jane").await;
    for _ in 0..12 {
        fail(&service, "jane", THERE).await;
    }
    assert_eq!(fail(&service, "jane", THERE).await, 429);
    let mut elsewhere = service.browser();
    elsewhere.address = HERE;
    assert_eq!(sign_in(&mut elsewhere, "jane", PASSWORD).await.status, 303);
    // A browser that she signed in with before is let try from the attacker's network even.
    jane.get("/sign-out").await;
    jane.post("/sign-out", &[]).await;
    jane.address = THERE;
    assert_eq!(sign_in(&mut jane, "jane", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn many_networks_together_are_slowed_down_and_a_known_browser_is_not() {
    let service = Service::start().await;
    let mut jane = service.patient("jane").await;
    jane.get("/sign-out").await;
    jane.post("/sign-out", &[]).await;
    let networks: Vec<&'static str> = (1..=22)
        .map(|n| &*format!("203.0.113.{n}:1").leak())
        .collect();
    let mut statuses = Vec::new();
    for address in networks {
        statuses.push(fail(&service, "jane", address).await);
    }
    assert_eq!(statuses[..21], [422; 21]);
    assert_eq!(statuses[21], 429);
    let mut unknown = service.browser();
    assert_eq!(sign_in(&mut unknown, "jane", PASSWORD).await.status, 429);
    assert_eq!(sign_in(&mut jane, "jane", PASSWORD).await.status, 303);
    // Nothing is locked: a little later the unknown browser is looked at, too.
    service.set_time(NOW + 2);
    assert_eq!(sign_in(&mut unknown, "jane", PASSWORD).await.status, 303);
}

#[tokio::test]
async fn tries_sent_at_once_do_not_slip_past_the_count() {
    let service = Service::start().await;
    service.patient("jane").await;
    let tries = (0..12).map(|_| fail(&service, "jane", HERE));
    let statuses = futures::future::join_all(tries).await;
    let looked_at = statuses.iter().filter(|status| **status == 422).count();
    assert_eq!(looked_at, 4, "{statuses:?}");
}

#[tokio::test]
async fn guessed_enrolment_codes_slow_down() {
    let service = Service::start().await;
    let code = service.code(&patient()).await;
    let mut guesser = service.browser();
    guesser.get("/enrol").await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let page = guesser
            .post("/enrol", &[("code", "0000-0000-0000-0000")])
            .await;
        statuses.push(page.status.as_u16());
    }
    assert_eq!(statuses, [422, 422, 422, 422, 422, 422, 429, 429]);
    let mut elsewhere = service.browser();
    elsewhere.address = THERE;
    elsewhere.get("/enrol").await;
    assert_eq!(
        elsewhere.post("/enrol", &[("code", &code)]).await.status,
        303
    );
}

async fn with(variable: &str, value: &str) -> Service {
    let database = Arc::new(Database::create().await);
    let mut setup = Setup::new(&database.url, &clients());
    setup
        .variables
        .push((variable.to_owned(), value.to_owned()));
    Service::on(&setup, database).await
}

#[tokio::test]
async fn a_network_gets_so_many_pages_a_minute() {
    let service = with("PAGE_REQUESTS_PER_MINUTE", "3").await;
    let mut browser = service.browser();
    for _ in 0..3 {
        assert_eq!(browser.get("/sign-in").await.status, 200);
    }
    let page = browser.get("/sign-in").await;
    assert_eq!(page.status, 429);
    assert!(page.headers.contains_key("retry-after"));
    assert!(page.text.contains("Please wait"), "{}", page.text);
    assert_eq!(
        browser
            .script("/sign-in/passkey/options", &serde_json::json!({}))
            .await
            .status,
        429
    );
    browser.address = THERE;
    assert_eq!(browser.get("/sign-in").await.status, 200);
}

#[tokio::test]
async fn a_client_gets_so_many_tokens_a_second_and_nobody_else_uses_that_up() {
    let service = with("CLIENT_REQUESTS_PER_SECOND", "2").await;
    let scope = [("scope", "admin:audit.read")];
    // Assertions that do not hold are not counted.
    for _ in 0..4 {
        let wrong = access_token::AssertionClaims::new(
            ADMIN.0,
            "https://auth.example/oauth2/token",
            uuid::Uuid::now_v7().to_string(),
            crate::support::at(NOW),
            60,
        );
        let wrong = wrong.sign(&crate::support::key(99)).unwrap();
        assert_eq!(service.ask_with(&wrong, &scope).await.status, 401);
    }
    let asked = futures::future::join_all((0..6).map(|_| service.ask(ADMIN, &scope))).await;
    let statuses: Vec<u16> = asked.iter().map(|answer| answer.status.as_u16()).collect();
    assert!(
        statuses.iter().filter(|status| **status == 200).count() >= 2,
        "{statuses:?}"
    );
    assert!(statuses.contains(&429), "{statuses:?}");
    let other = service
        .ask(crate::support::SYSTEM, &[("scope", "system:consent.read")])
        .await;
    assert_eq!(other.status, 200);
}
