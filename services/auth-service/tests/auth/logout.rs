//! Signing out, as an app asks.

use crate::support::apps::{PORTAL, Person, encode, field, start};
use crate::support::{Answer, Service};

const BYE: &str = "https://portal.example/bye";

async fn logout(service: &Service, cookie: &str, form: &[(&str, &str)]) -> Answer {
    service
        .browse(&format!("/oauth2/logout?{}", encode(form)), cookie)
        .await
}

async fn signed_in(service: &Service, person: &Person) -> bool {
    let answer = service
        .authorize(&person.cookie, PORTAL.0, &[("prompt", "none")])
        .await;
    answer.told() != "login_required"
}

#[tokio::test]
async fn an_app_that_shows_its_id_token_ends_that_session_and_gets_the_person_back() {
    let service = start().await;
    let person = service.a_patient().await;
    let answer = service.let_in(&person, PORTAL.0, &[]).await;
    let id_token = answer.token("id_token");
    // However old it is.
    service.set_time(service.time() + 600);
    let form = [
        ("id_token_hint", id_token.as_str()),
        ("post_logout_redirect_uri", BYE),
        ("state", "s 1"),
    ];
    let out = logout(&service, &person.cookie, &form).await;
    assert_eq!(out.location().as_str(), format!("{BYE}?state=s+1"));
    assert!(out.header("set-cookie").starts_with("__Host-session=;"));
    assert!(!signed_in(&service, &person).await);
    assert_eq!(service.count("revocations where kind = 'session'").await, 1);
    let refreshed = service
        .refresh(PORTAL.0, &answer.token("refresh_token"), &[])
        .await;
    assert_eq!(refreshed.error(), (400, "invalid_grant"));
    // Again is no harm.
    assert_eq!(logout(&service, &person.cookie, &form).await.status, 303);
}

#[tokio::test]
async fn without_an_id_token_the_person_is_asked() {
    let service = start().await;
    let person = service.a_patient().await;
    let form = [("client_id", PORTAL.0), ("post_logout_redirect_uri", BYE)];
    let page = logout(&service, &person.cookie, &form).await;
    assert_eq!(page.status, 200);
    assert!(signed_in(&service, &person).await);
    let csrf = field(&page.text, "csrf");
    for wrong in ["", "x"] {
        let sent = [form[0], form[1], ("csrf", wrong)];
        assert_eq!(
            service
                .submit("/oauth2/logout", &person.cookie, &sent)
                .await
                .status,
            200
        );
        assert!(signed_in(&service, &person).await);
    }
    let sent = [form[0], form[1], ("csrf", csrf.as_str())];
    let out = service
        .submit("/oauth2/logout", &person.cookie, &sent)
        .await;
    assert_eq!(out.location().as_str(), BYE);
    assert!(!signed_in(&service, &person).await);
    let page = logout(&service, "", &[]).await;
    assert_eq!(
        page.status, 200,
        "who is not signed in is told that it is so"
    );
}

#[tokio::test]
async fn nobody_is_sent_to_an_address_that_is_not_registered() {
    let service = start().await;
    let person = service.a_patient().await;
    let id_token = service
        .let_in(&person, PORTAL.0, &[])
        .await
        .token("id_token");
    for near in [
        "https://portal.example/bye/",
        "https://portal.example/bye?x=1",
        "https://evil.example/",
        "https://portal.example/callback",
    ] {
        let form = [
            ("id_token_hint", id_token.as_str()),
            ("post_logout_redirect_uri", near),
        ];
        let answer = logout(&service, &person.cookie, &form).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("location")),
            (400, ""),
            "{near}"
        );
    }
    let nameless = logout(
        &service,
        &person.cookie,
        &[("post_logout_redirect_uri", BYE)],
    )
    .await;
    assert_eq!(nameless.status, 400);
    let form = [
        ("id_token_hint", id_token.as_str()),
        ("client_id", "clinician-portal"),
    ];
    assert_eq!(logout(&service, &person.cookie, &form).await.status, 400);
    assert!(signed_in(&service, &person).await);
}

#[tokio::test]
async fn a_hint_that_is_not_ours_ends_nothing() {
    let service = start().await;
    let person = service.a_patient().await;
    let answer = service.let_in(&person, PORTAL.0, &[]).await;
    let id_token = answer.token("id_token");
    let forged = format!("{}AAAA", &id_token[..id_token.len() - 4]);
    for hint in [forged, answer.token("access_token"), "x".to_owned()] {
        let page = logout(&service, &person.cookie, &[("id_token_hint", &hint)]).await;
        assert_eq!(page.status, 200);
        assert!(signed_in(&service, &person).await);
    }
}
