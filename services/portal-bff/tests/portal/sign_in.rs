//! Signing in: from the application to the issuer, and back.

use axum::http::Method;

use crate::support::{APPLICATION, World};

#[tokio::test]
async fn a_patient_signs_in_and_no_token_ever_reaches_the_browser() {
    let world = World::start().await;
    let mut browser = world.browser();
    assert_eq!(
        browser.get("/session").await.problem(),
        (401, "session-ended".into())
    );
    browser.is_known_at_the_issuer().await;
    let answer = browser
        .signs_in("/session/start?return=/consents/0x12?tab=history")
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.location()),
        (303, "/consents/0x12?tab=history")
    );
    let view = browser.reads_session().await;
    assert_eq!(view["persona"], "patient");
    assert_eq!(view["tenant"], "general-hospital");
    assert_eq!(view["patient"], "p-1");
    assert_eq!(view["acr"], "aal2");
    assert!(view.get("subject").is_none(), "{view}");
    let times = ["authTime", "idleEndsAt", "endsAt"].map(|name| view[name].as_i64().unwrap());
    assert!(times.is_sorted(), "{times:?}");
    for target in ["indexer/v1/chain", "auth/v1/sessions", "audit/v1/accesses"] {
        let answer = browser.calls(Method::GET, &format!("/api/{target}")).await;
        assert!(answer.status.is_success(), "{}", answer.text);
    }
    let answer = browser.calls(Method::POST, "/session/end").await;
    assert_eq!(answer.status, 200, "{}", answer.text);

    let tokens: Vec<String> = world
        .services
        .seen()
        .iter()
        .map(|seen| seen.token().unwrap().to_owned())
        .collect();
    assert_eq!(tokens.len(), 2);
    for token in &tokens {
        assert!(!browser.told.contains(token.as_str()), "{}", browser.told);
    }
    // No JWT at all, and no refresh token: what a sealed sign-in says is no JWT.
    assert!(!browser.told.contains("eyJhbGci"), "{}", browser.told);
    assert!(!browser.told.contains("eyJ0eXAi"), "{}", browser.told);
    assert!(!browser.told.contains("refresh"), "{}", browser.told);
}

#[tokio::test]
async fn an_application_with_a_key_proves_who_it_is_each_time() {
    let file = test_support::client_key_file();
    let world = World::with_key(file.path()).await;
    let mut browser = world.signed_in().await;
    let answer = browser.calls(Method::GET, "/api/indexer/v1/chain").await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let session = browser.issuer_session.clone().unwrap();
    assert_eq!(
        browser.calls(Method::POST, "/session/end").await.status,
        200
    );
    test_support::until("the grant to end", || async {
        world.issuer.standing(&session).await == (0, 0)
    })
    .await;
}

#[tokio::test]
async fn cookies_are_for_this_application_alone_and_out_of_reach_for_scripts() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.is_known_at_the_issuer().await;
    let start = browser.get("/session/start").await;
    let during = start
        .cookie(&format!("__Host-{APPLICATION}-sign-in"))
        .unwrap();
    assert!(
        during.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600"),
        "{during}"
    );
    let answer = browser.signs_in("/session/start").await;
    let session = answer.cookie(&format!("__Host-{APPLICATION}")).unwrap();
    assert!(
        session.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{session}"
    );
    let value = session.split(['=', ';']).nth(1).unwrap();
    assert_eq!(value.len(), 43, "256 bits in base64url");
    let names: Vec<&String> = browser.cookies.keys().collect();
    assert_eq!(names, ["__Host-patient-portal"]);
}

#[tokio::test]
async fn the_sign_in_pages_speak_the_language_that_the_application_asks_for() {
    let world = World::start().await;
    let mut browser = world.browser();
    let start = browser.get("/session/start?ui_locales=de+ps").await;
    assert_eq!(start.status, 303, "{}", start.text);
    let page = browser.at_the_issuer(start.location()).await;
    let kept = page.cookie("__Host-language").unwrap();
    assert!(kept.starts_with("__Host-language=ps;"), "{kept}");
    // One that the issuer does not have is no fault, and changes nothing.
    let start = browser.get("/session/start?ui_locales=de").await;
    let page = browser.at_the_issuer(start.location()).await;
    assert_eq!(page.status, 303, "{}", page.text);
    assert!(page.cookie("__Host-language").is_none());
}

#[tokio::test]
async fn what_is_no_language_tag_is_refused() {
    let world = World::start().await;
    let mut browser = world.browser();
    let long = "a".repeat(129);
    for tags in ["", "fa_AF", "en%26acr_values%3Daal1", "%0d%0a", &long] {
        let answer = browser
            .get(&format!("/session/start?ui_locales={tags}"))
            .await;
        assert_eq!(answer.status, 400, "{tags}");
        assert!(!answer.headers.contains_key("set-cookie"), "{tags}");
    }
}

#[tokio::test]
async fn nobody_is_sent_to_another_place() {
    let world = World::start().await;
    let mut browser = world.browser();
    for place in [
        "https://evil.example/",
        "//evil.example",
        "/%5cevil.example",
        "/%09/evil.example",
        "javascript:alert(1)",
        "/session/start",
        "",
    ] {
        let answer = browser.get(&format!("/session/start?return={place}")).await;
        assert_eq!(
            answer.problem(),
            (400, "invalid-parameter".into()),
            "{place}"
        );
        let is_remembered = answer.headers.contains_key("set-cookie");
        assert!(!is_remembered, "{place}");
    }
    let twice = "/session/start?return=/&return=//evil.example";
    assert_eq!(browser.get(twice).await.status, 400);
}

#[tokio::test]
async fn an_answer_to_another_question_by_another_issuer_or_too_late_is_not_redeemed() {
    let world = World::start().await;
    let mut browser = world.browser();
    browser.is_known_at_the_issuer().await;
    let failed = async |browser: &mut crate::support::Browser<'_>, path: &str, code: &str| {
        let answer = browser.get(path).await;
        assert_eq!(answer.location(), format!("/?sign-in={code}"), "{path}");
        assert_eq!(browser.get("/session").await.status, 401, "{path}");
    };
    let back = browser.comes_back_with("/session/start").await;
    let other = browser.comes_back_with("/session/start").await;
    failed(&mut browser, &back, "state_mismatch").await;
    // The cookie is gone: what was begun is over.
    failed(&mut browser, &other, "expired").await;

    let issuer = world.issuer.url.replace(':', "%3A").replace('/', "%2F");
    for (iss, instead) in [
        ("iss=", "iss=https%3A%2F%2Fevil.example&was="),
        ("&iss=", "&was="),
    ] {
        let back = browser.comes_back_with("/session/start").await;
        assert!(back.contains(&issuer), "{back}");
        failed(&mut browser, &back.replace(iss, instead), "issuer_mismatch").await;
    }
    let back = browser.comes_back_with("/session/start").await;
    failed(
        &mut browser,
        &back.replace("code=", "error=access_denied&was="),
        "access_denied",
    )
    .await;
    let back = browser.comes_back_with("/session/start").await;
    let odd = back.replace("code=", "error=%3Cscript%3E&was=");
    failed(&mut browser, &odd, "unreadable").await;
    let back = browser.comes_back_with("/session/start").await;
    failed(&mut browser, &back.replace("code=", "was="), "no_code").await;
    // A code that is somebody else's was asked for with another verifier.
    let stolen = {
        let mut victim = world.browser();
        victim.is_known_at_the_issuer().await;
        let back = victim.comes_back_with("/session/start").await;
        url(&back, "code")
    };
    let back = browser.comes_back_with("/session/start").await;
    let injected = back.replace(&url(&back, "code"), &stolen);
    failed(&mut browser, &injected, "expired").await;
    assert_eq!(
        world.issuer.token_requests(),
        1,
        "one code was shown at all"
    );
}

fn url(path: &str, name: &str) -> String {
    let url = url::Url::parse("http://localhost").unwrap();
    let url = url.join(path).unwrap();
    let found = url.query_pairs().find(|(known, _)| known == name);
    found.unwrap().1.into_owned()
}

#[tokio::test]
async fn a_surer_sign_in_is_asked_for_and_takes_the_place_of_the_old_session() {
    let world = World::start().await;
    let mut browser = world.signed_in().await;
    let old = browser.cookies.clone();
    let start = browser.get("/session/start?acr=aal2&max_age=0").await;
    let asked = browser.at_the_issuer(start.location()).await;
    assert!(
        asked.location().starts_with("/sign-in?") && asked.location().contains("acr=aal2"),
        "{}",
        asked.location()
    );
    let back = browser
        .signs_in("/session/start?acr=aal2&max_age=300")
        .await;
    assert_eq!(back.location(), "/");
    assert_ne!(browser.cookies, old);
    browser.reads_session().await;
    let session = browser.issuer_session.clone().unwrap();
    // What the old one had is given back.
    test_support::until("the old grant to end", || async {
        world.issuer.standing(&session).await == (1, 1)
    })
    .await;
    let mut stale = world.browser();
    stale.cookies = old;
    assert_eq!(stale.get("/session").await.status, 401);
    for wrong in ["acr=aal9", "max_age=-1", "prompt=none"] {
        let path = format!("/session/start?{wrong}");
        assert_eq!(browser.get(&path).await.status, 400, "{wrong}");
    }
}
