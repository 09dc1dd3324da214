//! What ends what apps got by a mandate, and what a person allowed them by it.

use crate::support::NOW;
use crate::support::apps::{APP, PORTAL, field};
use crate::support::family::{ALL, FOR_CHILD, Family, PARENT, mandate, mandate_with, may_grant};
use access_token::Amr;
use serde_json::json;

#[tokio::test]
async fn ending_a_mandate_ends_all_that_apps_got_by_it() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let (parent, answer) = family.for_child(&[]).await;
    let own = service.let_in(&parent, PORTAL.0, &[]).await;
    let asked = [FOR_CHILD, ALL];
    let code = service.authorize(&parent.cookie, PORTAL.0, &asked).await;
    let (access, token) = (answer.token("access_token"), answer.token("refresh_token"));
    assert!(service.is_active(PORTAL.0, &access).await);
    assert!(service.is_active(PORTAL.0, &token).await);

    assert_eq!(family.end_mandate().await.status, 204);
    assert!(!service.is_active(PORTAL.0, &access).await);
    assert!(!service.is_active(PORTAL.0, &token).await);
    assert_eq!(family.refresh(&token).await.error(), (400, "invalid_grant"));
    let late = service.redeem(PORTAL.0, &code.code(), &[]).await;
    assert_eq!(late.error(), (400, "invalid_grant"));
    // A new mandate does not bring them back, and what the parent has for themselves is as it was.
    family.mandated(&mandate()).await;
    assert_eq!(family.refresh(&token).await.error(), (400, "invalid_grant"));
    assert!(!service.is_active(PORTAL.0, &access).await);
    assert_eq!(
        family.refresh(&own.token("refresh_token")).await.status,
        200
    );
}

#[tokio::test]
async fn when_a_mandate_runs_out_its_family_dies() {
    let family = Family::start(may_grant()).await;
    let service = &family.service;
    family
        .mandated(&mandate_with("validTo", json!("2030-03-17T17:48:40Z")))
        .await;
    let (_, answer) = family.for_child(&[]).await;
    let (access, token) = (answer.token("access_token"), answer.token("refresh_token"));
    // Whoever receives it needs no more than its own time.
    assert_eq!(service.read(&access).await.exp, NOW + 120);
    service.set_time(NOW + 119);
    assert!(service.is_active(PORTAL.0, &access).await);
    let answer = family.refresh(&token).await;
    let (access, token) = (answer.token("access_token"), answer.token("refresh_token"));

    service.set_time(NOW + 120);
    for token in [&access, &token] {
        assert!(!service.is_active(PORTAL.0, token).await);
    }
    assert_eq!(service.get("/oauth2/userinfo", &access).await.status, 401);
    assert_eq!(family.refresh(&token).await.error(), (400, "invalid_grant"));
    // It has ended, and does not only wait.
    service.set_time(NOW + 119);
    assert_eq!(family.refresh(&token).await.error(), (400, "invalid_grant"));
    assert!(!service.is_active(PORTAL.0, &access).await);
}

#[tokio::test]
async fn the_account_that_acts_ends_what_it_has_for_others_too() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let (_, answer) = family.for_child(&[]).await;
    let admin = service.admin().await;
    let path = format!("/v1/accounts/{PARENT}/disable");
    assert_eq!(service.act(&path, &admin).await.status, 200);
    assert!(
        !service
            .is_active(PORTAL.0, &answer.token("access_token"))
            .await
    );
    let refused = family.refresh(&answer.token("refresh_token")).await;
    assert_eq!(refused.error(), (400, "invalid_grant"));
}

#[tokio::test]
async fn the_page_says_for_whom_and_one_answer_is_not_another() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let parent = family.parent(&[Amr::Pop]).await;
    let scope = (
        "scope",
        "openid launch/patient online_access patient/Observation.rs",
    );
    let allow = async |changes: &[(&str, &str)]| {
        let page = service.authorize(&parent.cookie, APP, changes).await;
        assert_eq!(page.status, 200, "{}", page.text);
        let (csrf, waiting) = (field(&page.text, "csrf"), field(&page.text, "continue"));
        let form = [
            ("csrf", &*csrf),
            ("continue", &*waiting),
            ("decision", "allow"),
            ("scope", scope.1),
        ];
        let path = "/oauth2/authorize/decision";
        let code = service.submit(path, &parent.cookie, &form).await.code();
        (page.text, service.redeem(APP, &code, &[]).await)
    };
    let (page, own) = allow(&[scope]).await;
    assert!(!page.contains("another patient") && page.contains("know which record is yours"));
    let silent = [scope, FOR_CHILD, ("prompt", "none")];
    let told = service.authorize(&parent.cookie, APP, &silent).await.told();
    assert_eq!(told, "consent_required", "what one allows for oneself");
    let (page, childs) = allow(&[scope, FOR_CHILD]).await;
    for text in [
        "for patient child-1?",
        "as a parent of the patient with the record number child-1",
        "not for you",
        "know which record is the patient",
    ] {
        assert!(page.contains(text), "{text}: {page}");
    }
    assert_eq!(childs.body["patient"], "child-1");
    // Now both are known, and each is taken back by itself.
    assert!(
        !service
            .authorize(&parent.cookie, APP, &silent)
            .await
            .code()
            .is_empty()
    );
    let list = service.browse("/account/apps", &parent.cookie).await.text;
    assert!(list.contains("For the patient with the record number child-1, as a parent"));
    let (csrf, proxy) = (field(&list, "csrf"), field(&list, "proxy"));
    let form = [("csrf", &*csrf), ("client_id", APP), ("proxy", &*proxy)];
    service
        .submit("/account/apps/end", &parent.cookie, &form)
        .await;
    let ended = service
        .refresh(APP, &childs.token("refresh_token"), &[])
        .await;
    assert_eq!(ended.error(), (400, "invalid_grant"));
    let stays = service.refresh(APP, &own.token("refresh_token"), &[]).await;
    assert_eq!(stays.status, 200, "{}", stays.body);
    // With the mandate ends what was allowed by it.
    allow(&[scope, FOR_CHILD]).await;
    assert_eq!(
        service.count("app_consents where ended_at is null").await,
        2
    );
    family.end_mandate().await;
    assert_eq!(
        service.count("app_consents where ended_at is null").await,
        1
    );
}
