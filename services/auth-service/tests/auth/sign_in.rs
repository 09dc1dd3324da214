//! Signing in: what lets somebody in, what does not, and what nobody can tell apart.

use crate::support::people::{OTHER_PASSWORD, PASSWORD, sign_in, sign_in_at};
use crate::support::{NOW, Service, TENANT};

#[tokio::test]
async fn a_name_and_its_password_let_a_patient_in() {
    let service = Service::start().await;
    service.patient("jane").await;
    let mut browser = service.browser();
    let page = sign_in(&mut browser, " Jane ", PASSWORD).await;
    assert_eq!((page.status.as_u16(), page.location()), (303, "/account"));
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_the_same() {
    let service = Service::start().await;
    service.patient("jane").await;
    let mut pages = Vec::new();
    for (login, password) in [("jane", OTHER_PASSWORD), ("june", PASSWORD), ("jane", "")] {
        let mut browser = service.browser();
        let page = sign_in(&mut browser, login, password).await;
        assert_eq!(page.status, 422);
        assert!(!browser.is_signed_in().await);
        pages.push(page.text.replace(&browser.csrf, "").replace(login, ""));
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(pages[0], pages[2]);
    let failed: Vec<_> = service
        .events()
        .await
        .into_iter()
        .filter(|(kind, _)| kind == "consentry.sign-in.failed.v1")
        .map(|(_, key)| key)
        .collect();
    let jane = service.account("jane").await;
    assert_eq!(failed, [jane.as_str(), "unknown", jane.as_str()]);
}

#[tokio::test]
async fn a_closed_account_looks_like_a_wrong_password() {
    let service = Service::start().await;
    let mut jane = service.patient("jane").await;
    let id = service.account("jane").await;
    let token = service.admin().await;
    let closed = service
        .act(&format!("/v1/accounts/{id}/disable"), &token)
        .await;
    assert_eq!(
        (closed.status.as_u16(), closed.body["status"].as_str()),
        (200, Some("disabled"))
    );
    assert!(!jane.is_signed_in().await, "its sessions end");
    let page = sign_in(&mut service.browser(), "jane", PASSWORD).await;
    assert_eq!(page.status, 422);
    let revoked: Vec<(String, String)> = sqlx::query_as("select kind, id from revocations")
        .fetch_all(&service.db)
        .await
        .unwrap();
    assert_eq!(revoked, [("account".to_owned(), id.clone())]);
    service
        .act(&format!("/v1/accounts/{id}/enable"), &token)
        .await;
    let page = sign_in(&mut service.browser(), "jane", PASSWORD).await;
    assert_eq!(page.status, 303);
}

#[tokio::test]
async fn a_provider_is_asked_for_a_code_after_the_password() {
    let service = Service::start().await;
    let (_, app) = service.provider("dora").await;
    service.set_time(NOW + 60);
    let mut browser = service.browser();
    let page = sign_in(&mut browser, "dora", PASSWORD).await;
    assert_eq!(page.location(), "/sign-in/code");
    assert!(!browser.is_signed_in().await);
    browser.get("/sign-in/code").await;
    let code = app.code(service.time());
    let page = browser.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(page.location(), "/account", "{}", page.text);
    assert!(browser.is_signed_in().await);
}

#[tokio::test]
async fn a_code_counts_once() {
    let service = Service::start().await;
    let (_, app) = service.provider("dora").await;
    service.set_time(NOW + 60);
    let code = app.code(service.time());
    let mut statuses = Vec::new();
    for _ in 0..2 {
        let mut browser = service.browser();
        sign_in(&mut browser, "dora", PASSWORD).await;
        browser.get("/sign-in/code").await;
        statuses.push(
            browser
                .post("/sign-in/code", &[("code", &code)])
                .await
                .status
                .as_u16(),
        );
    }
    assert_eq!(statuses, [303, 422]);
}

#[tokio::test]
async fn the_code_that_proved_an_app_does_not_let_in_as_well() {
    let service = Service::start().await;
    let (_, app) = service.provider("dora").await;
    let mut browser = service.browser();
    sign_in(&mut browser, "dora", PASSWORD).await;
    browser.get("/sign-in/code").await;
    let page = browser
        .post("/sign-in/code", &[("code", &app.code(NOW))])
        .await;
    assert_eq!(page.status, 422);
}

#[tokio::test]
async fn of_the_same_code_sent_twice_at_once_one_counts() {
    let service = Service::start().await;
    let (_, app) = service.provider("dora").await;
    service.set_time(NOW + 60);
    let code = app.code(service.time());
    let mut browsers = Vec::new();
    for _ in 0..2 {
        let mut browser = service.browser();
        sign_in(&mut browser, "dora", PASSWORD).await;
        browser.get("/sign-in/code").await;
        browsers.push(browser);
    }
    let [first, second] = &mut browsers[..] else {
        unreachable!()
    };
    let fields = [("code", code.as_str())];
    let (first, second) = tokio::join!(
        first.post("/sign-in/code", &fields),
        second.post("/sign-in/code", &fields)
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 422]);
}

#[tokio::test]
async fn after_five_wrong_codes_the_password_is_asked_for_again() {
    let service = Service::start().await;
    let (_, app) = service.provider("dora").await;
    service.set_time(NOW + 60);
    let mut browser = service.browser();
    sign_in(&mut browser, "dora", PASSWORD).await;
    browser.get("/sign-in/code").await;
    for _ in 0..5 {
        assert_eq!(
            browser
                .post("/sign-in/code", &[("code", "000000")])
                .await
                .status,
            422
        );
    }
    let code = app.code(service.time());
    let page = browser.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(page.status, 400);
    assert!(!browser.is_signed_in().await);
}

#[tokio::test]
async fn the_code_page_is_for_whoever_proved_the_password_just_now() {
    let service = Service::start().await;
    service.provider("dora").await;
    assert_eq!(service.browser().get("/sign-in/code").await.status, 400);
    let mut browser = service.browser();
    sign_in(&mut browser, "dora", PASSWORD).await;
    service.set_time(NOW + 15 * 60);
    assert_eq!(browser.get("/sign-in/code").await.status, 400);
}

/// Attack 23.
#[tokio::test]
async fn nobody_continues_with_what_a_browser_held_before_it_signed_in() {
    let service = Service::start().await;
    service.patient("jane").await;
    let (_, app) = service.provider("dora").await;
    service.set_time(NOW + 60);
    // What an attacker planted in the browser, or learnt from it, before.
    let mut victim = service.browser();
    victim.get("/sign-in").await;
    let planted = victim.cookies.clone();
    sign_in(&mut victim, "jane", PASSWORD).await;
    let mut attacker = service.browser();
    attacker.cookies.clone_from(&planted);
    assert!(!attacker.is_signed_in().await);
    assert!(!victim.cookies.contains_key("__Host-visit"));
    // As a session cookie it is nothing either.
    let value = planted["__Host-visit"].clone();
    attacker.cookies.insert("__Host-session".to_owned(), value);
    assert!(!attacker.is_signed_in().await);

    // Nor can it go on from somebody's first step.
    let mut victim = service.browser();
    victim.get("/sign-in").await;
    let mut attacker = service.browser();
    attacker.cookies.clone_from(&victim.cookies);
    attacker.csrf.clone_from(&victim.csrf);
    sign_in(&mut victim, "dora", PASSWORD).await;
    let code = app.code(service.time());
    let page = attacker.post("/sign-in/code", &[("code", &code)]).await;
    assert_eq!(page.status, 400);

    // A session's secret is replaced whenever something is proven.
    let mut jane = service.patient("june").await;
    let before = jane.cookies.clone();
    service.set_time(service.time() + 400);
    sign_in_at(&mut jane, "/sign-in?max_age=300", "june", PASSWORD).await;
    assert!(jane.is_signed_in().await);
    let mut attacker = service.browser();
    attacker.cookies = before;
    assert!(!attacker.is_signed_in().await);
}

#[tokio::test]
async fn a_form_without_what_its_page_carries_is_refused() {
    let service = Service::start().await;
    service.patient("jane").await;
    let fields = [("login", "jane"), ("password", PASSWORD)];
    let mut browser = service.browser();
    browser.get("/sign-in").await;
    assert_eq!(browser.post_bare("/sign-in", &fields).await.status, 403);
    // Another browser's form does not count either.
    let mut other = service.browser();
    other.get("/sign-in").await;
    browser.csrf.clone_from(&other.csrf);
    assert_eq!(browser.post("/sign-in", &fields).await.status, 403);
    // Nor one without a cookie.
    other.cookies.clear();
    assert_eq!(other.post("/sign-in", &fields).await.status, 403);
}

#[tokio::test]
async fn a_form_from_another_site_is_refused() {
    let service = Service::start().await;
    let mut jane = service.patient("jane").await;
    jane.get("/account").await;
    for origin in [
        None,
        Some("null"),
        Some("https://evil.example"),
        Some("http://auth.example"),
    ] {
        jane.origin = origin.map(str::to_owned);
        assert_eq!(jane.post("/sign-out", &[]).await.status, 403, "{origin:?}");
        let options = jane
            .script("/account/passkey/options", &serde_json::json!({}))
            .await;
        assert_eq!(
            options.problem(),
            (403, "not-our-form".to_owned()),
            "{origin:?}"
        );
    }
    assert!(jane.is_signed_in().await);
}

#[tokio::test]
async fn people_come_back_to_our_own_pages_only() {
    let service = Service::start().await;
    service.patient("jane").await;
    for foreign in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2Foauth2%2Ftoken",
        "%2Faccount%5C",
    ] {
        let path = format!("/sign-in?return_to={foreign}");
        let mut browser = service.browser();
        let page = browser.get(&path).await;
        assert_eq!(
            (page.status.as_u16(), page.location()),
            (400, ""),
            "{foreign}"
        );
        browser.get("/sign-in").await;
        let fields = [("login", "jane"), ("password", PASSWORD)];
        let page = browser.post(&path, &fields).await;
        assert_eq!(
            (page.status.as_u16(), page.location()),
            (400, ""),
            "{foreign}"
        );
    }
}

#[tokio::test]
async fn a_page_comes_between_our_form_and_a_clients_site() {
    let service = Service::start().await;
    service.patient("jane").await;
    let mut browser = service.browser();
    let path = "/sign-in?return_to=%2Foauth2%2Fauthorize%3Fclient_id%3Dapp%26x%3D1";
    let page = sign_in_at(&mut browser, path, "jane", PASSWORD).await;
    let page = browser.follow(page).await;
    assert_eq!(page.status, 200);
    let refresh = "content=\"0; url=/oauth2/authorize?client_id=app&#38;x=1\"";
    assert!(page.text.contains(refresh), "{}", page.text);
}

/// Attack 22, the pages' part: whoever is not sure or fresh enough proves anew who they are.
#[tokio::test]
async fn whoever_is_not_sure_or_fresh_enough_signs_in_again() {
    let service = Service::start().await;
    let (mut dora, app) = service.provider("dora").await;
    let back = "return_to=%2Faccount%3Fdone%3Dapp";
    // Sure and fresh: on at once.
    let page = dora
        .get(&format!("/sign-in?{back}&acr=aal2&max_age=300"))
        .await;
    assert_eq!(page.location(), "/account?done=app");
    service.set_time(NOW + 301);
    let again = format!("/sign-in?{back}&acr=aal2&max_age=300");
    let page = sign_in_at(&mut dora, &again, "dora", PASSWORD).await;
    assert!(
        page.location().starts_with("/sign-in/code?"),
        "{}",
        page.location()
    );
    let path = page.location().to_owned();
    dora.get(&path).await;
    let code = app.code(service.time());
    let page = dora.post(&path, &[("code", &code)]).await;
    assert_eq!(page.location(), "/account?done=app", "{}", page.text);
    // It is the same session, proven anew.
    let (count,): (i64,) = sqlx::query_as("select count(*) from sessions")
        .fetch_one(&service.db)
        .await
        .unwrap();
    assert_eq!(count, 1);
    assert_eq!(dora.get(&again).await.location(), "/account?done=app");
}

#[tokio::test]
async fn whoever_has_one_factor_is_led_to_a_second() {
    let service = Service::start().await;
    let mut jane = service.patient("jane").await;
    let wanted = "/sign-in?return_to=%2Foauth2%2Fauthorize%3Fa%3D1&acr=aal2";
    let page = jane.get(wanted).await;
    let page = jane.follow(page).await;
    let add = page
        .between("href=\"/account/app", "\"")
        .replace("&#38;", "&");
    let path = format!("/account/app{add}");
    let page = jane.get(&path).await;
    let app = crate::support::people::App::scan(&page);
    let code = app.code(service.time());
    let page = jane.post(&path, &[("code", &code)]).await;
    assert!(
        page.location().starts_with("/sign-in/continue?"),
        "{}",
        page.text
    );
    // Password and code were both proven just now: that is two factors.
    let page = jane.get(wanted).await;
    assert!(
        page.location().starts_with("/sign-in/continue?"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn somebody_else_who_signs_in_ends_the_session_of_before() {
    let service = Service::start().await;
    let mut browser = service.patient("jane").await;
    service.patient("june").await;
    service.set_time(NOW + 10);
    let page = sign_in_at(&mut browser, "/sign-in?max_age=5", "june", PASSWORD).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let page = browser.get("/account").await;
    assert!(page.text.contains("june"));
    let jane = service.account("jane").await;
    let (open,): (i64,) = sqlx::query_as(
        "select count(*) from sessions where tenant = $1 and account = $2::uuid and ended_at is null and created_at > to_timestamp(0)",
    )
    .bind(TENANT)
    .bind(&jane)
    .fetch_one(&service.db)
    .await
    .unwrap();
    assert_eq!(open, 0);
}

#[tokio::test]
async fn every_page_says_what_it_may_do() {
    let service = Service::start().await;
    let mut jane = service.patient("jane").await;
    let mut stranger = service.browser();
    let pages = [
        stranger.get("/sign-in").await,
        stranger.get("/enrol").await,
        stranger.get("/sign-in?acr=unknown").await,
        stranger.get("/account").await,
        jane.get("/account").await,
        jane.get("/account/app").await,
    ];
    for page in pages {
        let header = |name: &str| page.headers.get(name).unwrap().to_str().unwrap();
        let policy = header("content-security-policy");
        for rule in [
            "default-src 'none'",
            "script-src 'self'",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
        ] {
            assert!(policy.contains(rule), "{rule}");
        }
        assert!(!policy.contains("unsafe"));
        assert_eq!(header("cache-control"), "no-store");
        assert_eq!(header("referrer-policy"), "same-origin");
        // Nothing that the policy would block.
        for inline in ["<style", " style=", "<script>", " onclick"] {
            assert!(!page.text.contains(inline), "{inline}");
        }
    }
}
