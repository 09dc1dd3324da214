//! From a one-time code to an account: for whom it was made, once, in time, with what the persona needs.

use crate::support::authenticator::Authenticator;
use crate::support::people::{
    OTHER_PASSWORD, PASSWORD, admin, choose_password, patient, provider, sign_in,
};
use crate::support::{NOW, Service, TENANT, at};
use auth_service::account::code::Code;
use auth_service::account::enrolment;
use serde_json::json;

const DAY: i64 = 24 * 3600;

#[tokio::test]
async fn a_patient_chooses_a_name_and_a_password_and_is_in() {
    let service = Service::start().await;
    let mut jane = service.patient("Jane@Example.org").await;
    let page = jane.get("/account").await;
    assert!(page.text.contains("jane@example.org"), "{}", page.text);
    let token = service.admin().await;
    let accounts = service.get("/v1/accounts", &token).await;
    let id = service.account("jane@example.org").await;
    assert_eq!(
        accounts.body["accounts"],
        json!([{
            "id": id, "login": "jane@example.org", "persona": "patient", "fhirId": "p1", "status": "active",
        }])
    );
    let detail = service.get(&format!("/v1/accounts/{id}"), &token).await;
    let factors = ["password", "app", "passkeys"].map(|name| detail.body[name].clone());
    assert_eq!(factors, [json!(true), json!(false), json!(0)]);
    let events = service.events().await;
    let told = |kind: &str| events.contains(&(format!("consentry.{kind}.v1"), id.clone()));
    assert!(
        told("enrolment.used") && told("sign-in.succeeded"),
        "{events:?}"
    );
}

#[tokio::test]
async fn a_provider_needs_a_password_and_an_app() {
    let service = Service::start().await;
    let mut dora = service.named(&provider(), "dora").await;
    let page = choose_password(&mut dora, PASSWORD).await;
    assert_eq!(page.location(), "/enrol/app");
    assert!(!dora.is_signed_in().await, "one factor is not enough");
    let page = dora.get("/enrol/app").await;
    let app = crate::support::people::App::scan(&page);
    // What is on the page stays the same while it is reloaded.
    let again = crate::support::people::App::scan(&dora.get("/enrol/app").await);
    assert_eq!(app.code(NOW), again.code(NOW));
    let wrong = dora.post("/enrol/app", &[("code", "000000")]).await;
    assert_eq!(wrong.status, 422);
    let code = app.code(NOW);
    let page = dora.post("/enrol/app", &[("code", &code)]).await;
    assert_eq!(page.location(), "/account?done=enrolled", "{}", page.text);
    assert!(dora.is_signed_in().await);
}

#[tokio::test]
async fn an_administrator_gets_in_with_a_passkey_only() {
    let service = Service::start().await;
    let mut ada = service.named(&admin(), "ada").await;
    assert_eq!(ada.get("/enrol/password").await.status, 403);
    let fields = [("password", PASSWORD), ("repeat", PASSWORD)];
    assert_eq!(ada.post("/enrol/password", &fields).await.status, 403);
    let asked = ada
        .script("/enrol/passkey/options", &json!({}))
        .await
        .json();
    let credential = Authenticator::new(1).make(&asked["options"]);
    let made = json!({"id": asked["id"], "credential": credential});
    let page = ada.script("/enrol/passkey", &made).await;
    assert_eq!(page.json(), json!({"next": "/account?done=enrolled"}));
    assert!(ada.is_signed_in().await);
    assert_eq!(ada.get("/account/password").await.status, 403);
}

/// What a browser sees that enters a code.
async fn entered(service: &Service, code: &str) -> (u16, String) {
    let mut browser = service.browser();
    browser.get("/enrol").await;
    let page = browser.post("/enrol", &[("code", code)]).await;
    let text = page.text.replace(&browser.csrf, "");
    (page.status.as_u16(), text)
}

#[tokio::test]
async fn a_wrong_a_used_and_an_expired_code_look_the_same() {
    let service = Service::start().await;
    let wrong = entered(&service, "0000-0000-0000-0000").await;
    assert_eq!(wrong.0, 422);
    assert_eq!(entered(&service, "no code").await, wrong);

    let code = service.code(&patient()).await;
    let mut jane = service.browser();
    jane.get("/enrol").await;
    jane.post("/enrol", &[("code", &code)]).await;
    jane.get("/enrol/name").await;
    jane.post("/enrol/name", &[("login", "jane")]).await;
    let page = choose_password(&mut jane, PASSWORD).await;
    assert_eq!(page.location(), "/account?done=enrolled");
    assert_eq!(entered(&service, &code).await, wrong);

    let code = service.code(&patient()).await;
    service.set_time(NOW + 7 * DAY);
    assert_eq!(entered(&service, &code).await, wrong);
}

#[tokio::test]
async fn codes_of_staff_are_good_for_a_day_and_those_of_patients_for_a_week() {
    let service = Service::start().await;
    for (who, last) in [(provider(), DAY), (admin(), DAY), (patient(), 7 * DAY)] {
        let start = service.time();
        let (in_time, late) = (service.code(&who).await, service.code(&who).await);
        service.set_time(start + last - 1);
        assert_eq!(entered(&service, &in_time).await.0, 303, "{who}");
        service.set_time(start + last);
        assert_eq!(entered(&service, &late).await.0, 422, "{who}");
    }
}

#[tokio::test]
async fn a_code_can_be_entered_ten_times() {
    let service = Service::start().await;
    let code = service.code(&patient()).await;
    for _ in 0..10 {
        assert_eq!(entered(&service, &code).await.0, 303);
    }
    assert_eq!(entered(&service, &code).await.0, 422);
}

#[tokio::test]
async fn of_two_who_enter_the_same_code_one_gets_an_account() {
    let service = Service::start().await;
    let code = service.code(&patient()).await;
    let mut both = [service.browser(), service.browser()];
    for (browser, login) in both.iter_mut().zip(["jane", "mallory"]) {
        browser.get("/enrol").await;
        browser.post("/enrol", &[("code", &code)]).await;
        browser.get("/enrol/name").await;
        browser.post("/enrol/name", &[("login", login)]).await;
        browser.get("/enrol/password").await;
    }
    let fields = [("password", PASSWORD), ("repeat", PASSWORD)];
    let [first, second] = &mut both;
    let (first, second) = tokio::join!(
        first.post("/enrol/password", &fields),
        second.post("/enrol/password", &fields)
    );
    let mut outcomes = [first.status.as_u16(), second.status.as_u16()];
    outcomes.sort_unstable();
    assert_eq!(outcomes, [303, 400]);
    let token = service.admin().await;
    let accounts = service.get("/v1/accounts", &token).await;
    assert_eq!(accounts.body["accounts"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_code_is_used_up_in_one_statement() {
    let service = Service::start().await;
    let code = Code::parse(&service.code(&patient()).await).unwrap();
    let opened = enrolment::open(&service.db, TENANT, &code, at(NOW))
        .await
        .unwrap()
        .unwrap();
    service.patient("jane").await;
    let account = service.account("jane").await.parse().unwrap();
    let mut connection = service.db.acquire().await.unwrap();
    let mut used = Vec::new();
    for _ in 0..2 {
        let done = enrolment::use_up(&mut connection, TENANT, opened.id, account, at(NOW));
        used.push(done.await.unwrap());
    }
    assert_eq!(used, [true, false]);
}

#[tokio::test]
async fn a_taken_or_malformed_name_is_refused() {
    let service = Service::start().await;
    service.patient("jane").await;
    let mut other = service.named(&patient(), "jane2").await;
    for name in ["jane", " JANE ", "jo", "jane doe", "ja:ne", "jäne"] {
        other.get("/enrol/name").await;
        let page = other.post("/enrol/name", &[("login", name)]).await;
        assert_eq!(page.status, 422, "{name}");
    }
}

#[tokio::test]
async fn a_name_that_is_taken_meanwhile_is_chosen_anew() {
    let service = Service::start().await;
    let mut slow = service.named(&patient(), "jane").await;
    service.patient("jane").await;
    let page = choose_password(&mut slow, PASSWORD).await;
    assert_eq!(page.location(), "/enrol/name?taken");
    assert!(!slow.is_signed_in().await);
    // The code is not used up by that.
    slow.get("/enrol/name?taken").await;
    slow.post("/enrol/name", &[("login", "jane2")]).await;
    let page = choose_password(&mut slow, PASSWORD).await;
    assert_eq!(page.location(), "/account?done=enrolled", "{}", page.text);
}

#[tokio::test]
async fn weak_passwords_are_refused_with_a_reason() {
    let service = Service::start().await;
    let mut jane = service.named(&patient(), "jane.doe").await;
    jane.get("/enrol/password").await;
    for (password, repeat, reason) in [
        ("too short", "too short", "too short"),
        (
            "password2024",
            "password2024",
            "first that somebody would try",
        ),
        (
            "jane.doe12345",
            "jane.doe12345",
            "first that somebody would try",
        ),
        (PASSWORD, OTHER_PASSWORD, "not the same"),
    ] {
        let fields = [("password", password), ("repeat", repeat)];
        let page = jane.post("/enrol/password", &fields).await;
        assert_eq!(page.status, 422, "{password}");
        assert!(page.text.contains(reason), "{password}: {}", page.text);
    }
}

#[tokio::test]
async fn a_code_for_an_account_replaces_all_that_it_proved_itself_with() {
    let service = Service::start().await;
    let (mut lost, _) = service.provider("dora").await;
    let id = service.account("dora").await;
    let code = service.code(&json!({"account": id})).await;
    let mut found = service.browser();
    found.get("/enrol").await;
    let page = found.post("/enrol", &[("code", &code)]).await;
    assert_eq!(page.location(), "/enrol/proof");
    found.get("/enrol/proof").await;
    let asked = found
        .script("/enrol/passkey/options", &json!({}))
        .await
        .json();
    let credential = Authenticator::new(1).make(&asked["options"]);
    let made = json!({"id": asked["id"], "credential": credential});
    assert_eq!(found.script("/enrol/passkey", &made).await.status, 200);
    assert!(found.is_signed_in().await);
    assert!(!lost.is_signed_in().await);
    let page = sign_in(&mut service.browser(), "dora", PASSWORD).await;
    assert_eq!(page.status, 422, "the old password opens nothing");
    let revoked: Vec<(String, String)> =
        sqlx::query_as("select kind, id from revocations order by seq")
            .fetch_all(&service.db)
            .await
            .unwrap();
    assert_eq!(revoked, [("account".to_owned(), id)]);
}

#[tokio::test]
async fn a_code_is_for_somebody_whom_the_request_names_whole() {
    let service = Service::start().await;
    for wrong in [
        json!({}),
        json!({"persona": "system"}),
        json!({"persona": "patient"}),
        json!({"persona": "patient", "fhirId": "no id"}),
        json!({"persona": "patient", "fhirId": "p1", "organization": "clinic-a"}),
        json!({"persona": "provider"}),
        json!({"persona": "provider", "organization": "unknown"}),
        json!({"persona": "admin", "fhirId": "p1"}),
        json!({"persona": "admin", "unknown": 1}),
        json!({"persona": "admin", "account": uuid::Uuid::nil()}),
    ] {
        let answer = service.ask_enrolment(&wrong).await;
        assert_eq!(answer.problem(), (400, "invalid-body"), "{wrong}");
    }
    let answer = service
        .ask_enrolment(&json!({"account": uuid::Uuid::nil()}))
        .await;
    assert_eq!(answer.problem(), (404, "not-found"));
}

/// Attack 24.
#[tokio::test]
async fn accounts_are_managed_with_the_scope_and_in_the_tenant_only() {
    let service = Service::start().await;
    service.patient("jane").await;
    let id = service.account("jane").await;
    let other = service.beside().await;
    let (system, theirs) = (service.system().await, other.admin().await);
    for (method, path) in [
        ("GET", "/v1/accounts".to_owned()),
        ("GET", format!("/v1/accounts/{id}")),
        ("POST", format!("/v1/accounts/{id}/disable")),
        ("POST", format!("/v1/accounts/{id}/enable")),
    ] {
        let method = axum::http::Method::from_bytes(method.as_bytes()).unwrap();
        for (token, status) in [(&system, 403), (&theirs, 401)] {
            let answer = service.request(method.clone(), &path, token, None).await;
            assert_eq!(answer.status, status, "{method} {path}");
        }
    }
    // Their own service does not know our accounts.
    let path = format!("/v1/accounts/{id}/disable");
    assert_eq!(other.act(&path, &theirs).await.status, 404);
    let empty = other.get("/v1/accounts", &theirs).await;
    assert_eq!(empty.body["accounts"], json!([]));
}

#[tokio::test]
async fn accounts_come_in_pages_and_by_persona() {
    let service = Service::start().await;
    for login in ["jane", "john", "june"] {
        service.patient(login).await;
    }
    service.provider("dora").await;
    let token = service.admin().await;
    let mut seen = Vec::new();
    let mut next = String::new();
    loop {
        let path = format!("/v1/accounts?persona=patient&limit=2{next}");
        let page = service.get(&path, &token).await;
        let accounts = page.body["accounts"].as_array().unwrap();
        seen.extend(
            accounts
                .iter()
                .map(|account| account["login"].as_str().unwrap().to_owned()),
        );
        match page.body["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, ["jane", "john", "june"]);
    for wrong in ["persona=system", "limit=0", "cursor=x", "unknown=1"] {
        let page = service.get(&format!("/v1/accounts?{wrong}"), &token).await;
        assert_eq!(page.problem(), (400, "invalid-parameter"), "{wrong}");
    }
}
