//! In which language people are spoken to.

use crate::support::apps::{self, APP, PORTAL, field, request_of, start};
use crate::support::browser::{Browser, Page};
use crate::support::people::sign_in;
use crate::support::{Answer, Service};

/// Language and direction that a page says it is in.
fn tongue(html: &str) -> (&str, &str) {
    let after = |start: &str| html.split_once(start).unwrap().1.split('"').next().unwrap();
    (after("<html lang=\""), after("dir=\""))
}

const ENGLISH: (&str, &str) = ("en", "ltr");
const DARI: (&str, &str) = ("fa-AF", "rtl");
const PASHTO: (&str, &str) = ("ps", "rtl");

fn asking<'a>(client: &'a str, changes: &[(&'a str, &'a str)]) -> String {
    let query = apps::encode(&request_of(client, changes));
    format!("/oauth2/authorize?{query}")
}

/// Uses the switch at the foot of the page.
async fn pick(browser: &mut Browser<'_>, page: &Page, language: &str) -> Page {
    let place = page
        .between("name=\"place\" value=\"", "\"")
        .replace("&#38;", "&");
    let fields = [("language", language), ("place", place.as_str())];
    let answer = browser.post_bare("/language", &fields).await;
    assert_eq!(answer.location(), place, "{}", answer.text);
    browser.get(&place).await
}

#[tokio::test]
async fn a_page_speaks_the_browsers_language_until_the_person_picks_another() {
    let service = Service::start().await;
    let mut browser = service.browser();
    assert_eq!(tongue(&browser.get("/sign-in").await.text), ENGLISH);
    browser.reads = "de, fa-AF;q=0.9, en;q=0.8";
    let page = browser.get("/sign-in?acr=aal2").await;
    assert_eq!(tongue(&page.text), DARI);
    assert!(page.text.contains("<h1>داخل شدن</h1>"), "{}", page.text);
    for (language, name) in [("en", "English"), ("fa-AF", "دری"), ("ps", "پښتو")] {
        let button = format!("<button name=\"language\" value=\"{language}\" lang=\"{language}\"");
        let (_, rest) = page.text.split_once(&button).unwrap();
        let current = rest.starts_with(" aria-current=\"true\"");
        assert_eq!(current, language == "fa-AF");
        assert!(rest.split_once('>').unwrap().1.starts_with(name));
    }
    let page = pick(&mut browser, &page, "ps").await;
    assert_eq!(tongue(&page.text), PASHTO);
    assert!(page.text.contains("/sign-in?acr=aal2"), "{}", page.text);
    let wrong = sign_in(&mut browser, "nobody", "not the password").await;
    assert_eq!(tongue(&wrong.text), PASHTO);
    let page = pick(&mut browser, &wrong, "en").await;
    assert_eq!(tongue(&page.text), ENGLISH);
}

#[tokio::test]
async fn the_choice_is_kept_in_a_cookie_that_holds_nothing_else() {
    let service = Service::start().await;
    let mut browser = service.browser();
    let fields = [("language", "fa-AF"), ("place", "/enrol")];
    let answer = browser.post_bare("/language", &fields).await;
    let cookies: Vec<_> = answer.headers.get_all("set-cookie").iter().collect();
    let kept = "__Host-language=fa-AF; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=15552000";
    assert_eq!(cookies, [kept]);
}

#[tokio::test]
async fn nobody_else_switches_the_language_and_the_switch_leads_nowhere_else() {
    let service = Service::start().await;
    let mut browser = service.browser();
    for fields in [
        [
            ("language", "ps"),
            ("place", "https://evil.example/sign-in"),
        ],
        [("language", "ps"), ("place", "//evil.example")],
        [("language", "ps"), ("place", "/oauth2/token")],
        [("language", "de"), ("place", "/sign-in")],
        [("language", "ps\r\nset-cookie: a=b"), ("place", "/sign-in")],
    ] {
        let answer = browser.post_bare("/language", &fields).await;
        assert_eq!(
            (answer.status.as_u16(), answer.location()),
            (400, ""),
            "{fields:?}"
        );
    }
    browser.origin = Some("https://evil.example".to_owned());
    let fields = [("language", "ps"), ("place", "/sign-in")];
    assert_eq!(browser.post_bare("/language", &fields).await.status, 403);
    browser.origin = None;
    assert_eq!(browser.post_bare("/language", &fields).await.status, 403);
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
}

#[tokio::test]
async fn an_app_says_in_which_languages_and_the_ways_that_follow_keep_to_it() {
    let service = start().await;
    let mut browser = service.browser();
    browser.reads = "en";
    let request = asking(APP, &[("ui_locales", "de prs-AF ps")]);
    let answer = browser.get(&request).await;
    assert!(
        answer.location().starts_with("/sign-in?"),
        "{}",
        answer.text
    );
    let sign_in = browser.get(answer.location()).await;
    assert_eq!(tongue(&sign_in.text), DARI);
    assert_eq!(tongue(&browser.get("/enrol").await.text), DARI);
    // It was the app's wish; the person's comes after.
    let sign_in = pick(&mut browser, &sign_in, "ps").await;
    assert_eq!(tongue(&sign_in.text), PASHTO);
    assert!(sign_in.text.contains("continue"), "{}", sign_in.text);
}

#[tokio::test]
async fn a_pushed_request_says_it_as_well() {
    let service = start().await;
    let mut browser = service.browser();
    let form = request_of(PORTAL.0, &[("ui_locales", "ps")]);
    let pushed = service.post_as("/oauth2/par", PORTAL.0, &form[1..]).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let request_uri = pushed.body["request_uri"].as_str().unwrap();
    let query = apps::encode(&[("client_id", PORTAL.0), ("request_uri", request_uri)]);
    let answer = browser.get(&format!("/oauth2/authorize?{query}")).await;
    assert_eq!(tongue(&browser.get(answer.location()).await.text), PASHTO);
}

#[tokio::test]
async fn languages_that_there_are_not_are_ignored() {
    let service = start().await;
    for unknown in ["de fr-CA", "xx", "%%%", "-"] {
        let mut browser = service.browser();
        browser.reads = "ps";
        let answer = browser.get(&asking(APP, &[("ui_locales", unknown)])).await;
        assert!(answer.location().starts_with("/sign-in?"), "{unknown}");
        assert!(browser.cookies.is_empty(), "{unknown}");
        assert_eq!(tongue(&browser.get(answer.location()).await.text), PASHTO);
    }
}

#[tokio::test]
async fn the_question_for_an_app_is_asked_again_in_the_language_that_was_picked() {
    let service = start().await;
    let person = service.a_patient().await;
    let changes = [
        (
            "scope",
            "openid patient/Observation.rs patient/Condition.rs",
        ),
        ("ui_locales", "ps"),
    ];
    let page = service.authorize(&person.cookie, APP, &changes).await;
    assert_eq!(tongue(&page.text), PASHTO);
    assert!(
        page.text.contains("اندازې او د ازموینو پایلې ولولي"),
        "{}",
        page.text
    );
    let waiting = field(&page.text, "continue");
    let place = field(&page.text, "place");
    assert_eq!(place, format!("/oauth2/authorize?continue={waiting}"));
    let cookie = format!("{}; __Host-language=fa-AF", person.cookie);
    let again = service.browse(&place, &cookie).await;
    assert_eq!((again.status.as_u16(), tongue(&again.text)), (200, DARI));
    assert_eq!(field(&again.text, "continue"), waiting);
}

#[tokio::test]
async fn a_request_that_leads_nowhere_is_explained_in_the_language_that_is_picked_then() {
    let service = start().await;
    let mut browser = service.browser();
    let request = asking(
        APP,
        &[("redirect_uri", "https://x.example"), ("ui_locales", "ps")],
    );
    let page = browser.get(&request).await;
    assert_eq!((page.status.as_u16(), tongue(&page.text)), (400, PASHTO));
    let again = pick(&mut browser, &page, "fa-AF").await;
    assert_eq!((again.status.as_u16(), tongue(&again.text)), (400, DARI));
    assert!(!page.text.contains("x.example"), "{}", page.text);
    let page = browser.get("/sign-in?return_to=https://x.example").await;
    assert!(!page.text.contains("x.example"), "{}", page.text);
}

#[tokio::test]
async fn who_has_neither_session_nor_cookie_is_told_in_the_browsers_language() {
    let service = Service::start().await;
    let mut browser = service.browser();
    browser.reads = "ps-AF";
    let account = browser.get("/account").await;
    let page = browser.follow(account).await;
    assert_eq!(tongue(&page.text), PASHTO);
    for (path, status) in [
        ("/sign-in?return_to=https://evil.example", 400),
        ("/enrol/name", 400),
        ("/oauth2/authorize?client_id=nobody", 400),
        ("/oauth2/logout", 200),
    ] {
        let page = browser.get(path).await;
        assert_eq!(
            (page.status.as_u16(), tongue(&page.text)),
            (status, PASHTO),
            "{path}"
        );
    }
}

#[tokio::test]
async fn the_passkey_script_is_told_in_the_readers_language_and_digits() {
    let service = Service::start().await;
    let mut browser = service.browser();
    browser.reads = "fa";
    browser.get("/sign-in").await;
    let answer = browser
        .script("/enrol/passkey/options", &serde_json::json!({}))
        .await;
    let said = answer.json();
    let detail = said["detail"].as_str().unwrap();
    assert!(detail.contains("دوباره شروع کنید"), "{detail}");
    for _ in 0..10 {
        sign_in(&mut browser, "jane", "not the password").await;
    }
    let page = sign_in(&mut browser, "jane", "not the password").await;
    assert_eq!(page.status, 429);
    let seconds = page.headers["retry-after"].to_str().unwrap();
    let digits: String = seconds
        .chars()
        .map(|digit| char::from_u32('۰' as u32 + digit.to_digit(10).unwrap()).unwrap())
        .collect();
    let waits = format!("لطفاً {digits} ثانیه صبر کنید");
    assert!(page.text.contains(&waits), "{}", page.text);
}

#[tokio::test]
async fn both_discovery_documents_name_the_languages() {
    let service = Service::start().await;
    for document in ["oauth-authorization-server", "openid-configuration"] {
        let path = format!("/.well-known/{document}");
        let answer: Answer = service.browse(&path, "").await;
        let languages = serde_json::json!(["en", "fa-AF", "ps"]);
        assert_eq!(answer.body["ui_locales_supported"], languages, "{document}");
    }
}
