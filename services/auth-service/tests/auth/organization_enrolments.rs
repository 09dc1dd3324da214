//! Codes that an organisation's backend makes: for patients and its own practitioners, and nobody else.

use crate::support::people::{PASSWORD, choose_passkey, choose_password};
use crate::support::{CLINIC_A, CLINIC_B, GATEWAY, ISSUER, NOW, Service, clients};
use serde_json::{Value, json};

const SCOPE: &str = "provider:enrolments.write";

/// Both clinics' backends may make codes, three an hour each.
async fn start() -> Service {
    let mut registered = clients();
    for client in registered.as_array_mut().unwrap() {
        if client["persona"] == "provider" {
            client["scopes"].as_array_mut().unwrap().push(json!(SCOPE));
            client["audiences"] = json!([GATEWAY, ISSUER]);
        }
    }
    let limit = (
        "ORGANIZATION_ENROLMENTS_PER_HOUR".to_owned(),
        "3".to_owned(),
    );
    Service::start_with_clients(&registered, |setup| setup.variables.push(limit)).await
}

fn patient(id: &str) -> Value {
    json!({"persona": "patient", "fhirId": id})
}

fn practitioner(organization: &str, id: &str) -> Value {
    json!({"persona": "provider", "organization": organization, "practitioner": id})
}

async fn made(service: &Service) -> Vec<Value> {
    sqlx::query_scalar(
        "select convert_from(body, 'utf8')::json from outbox
         where kind = 'consentry.enrolment.made.v1' order by id",
    )
    .fetch_all(&service.db)
    .await
    .unwrap()
}

#[tokio::test]
async fn a_backend_lets_patients_and_its_own_practitioners_in() {
    let service = start().await;
    let token = service.token(CLINIC_A, SCOPE).await;
    let answer = service.post("/v1/enrolments", &token, &patient("p1")).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let code = answer.body["code"].as_str().unwrap();
    let mut jane = service.named_by(code, "jane").await;
    let page = choose_password(&mut jane, PASSWORD).await;
    assert_eq!(page.location(), "/account?done=enrolled", "{}", page.text);

    let body = practitioner("clinic-a", "dr-1");
    let answer = service.post("/v1/enrolments", &token, &body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let code = answer.body["code"].as_str().unwrap();
    let mut dora = service.named_by(code, "dora").await;
    assert_eq!(choose_passkey(&mut dora, 1).await.status, 200);

    // Administrators' and organisations' codes are told to the audit alike.
    service.code(&patient("p2")).await;
    let told: Vec<_> = made(&service)
        .await
        .iter()
        .map(|event| [&event["by"], &event["organization"], &event["persona"]].map(Value::clone))
        .collect();
    let clinic = [json!("clinic-a-backend"), json!("clinic-a")];
    assert_eq!(
        told,
        [
            [clinic[0].clone(), clinic[1].clone(), json!("patient")],
            [clinic[0].clone(), clinic[1].clone(), json!("provider")],
            [json!("admin-tool"), Value::Null, json!("patient")],
        ]
    );
    let events: String = made(&service).await.iter().map(Value::to_string).collect();
    assert!(!events.contains("p1") && !events.contains(code), "{events}");
}

#[tokio::test]
async fn a_backend_lets_in_nobody_else() {
    let service = start().await;
    service.patient("jane").await;
    let account = service.account("jane").await;
    let before = made(&service).await.len();
    let token = service.token(CLINIC_A, SCOPE).await;
    for (body, words) in [
        (json!({"persona": "admin"}), "administrators"),
        (practitioner("clinic-b", "dr-1"), "own practitioners"),
        // Whether there is such an organisation is not told.
        (practitioner("nowhere", "dr-1"), "own practitioners"),
        (
            json!({"persona": "provider", "organization": "clinic-a"}),
            "names the practitioner",
        ),
        (json!({"account": account}), "accounts that are there"),
        (
            json!({"account": uuid::Uuid::nil()}),
            "accounts that are there",
        ),
    ] {
        let answer = service.post("/v1/enrolments", &token, &body).await;
        assert_eq!(answer.problem(), (403, "forbidden"), "{body}");
        let detail = answer.body["detail"].as_str().unwrap();
        assert!(detail.contains(words), "{body}: {detail}");
    }
    let answer = service.post("/v1/enrolments", &token, &json!({})).await;
    assert_eq!(answer.problem(), (400, "invalid-body"));
    assert_eq!(made(&service).await.len(), before);
    // And the scope opens nothing else about accounts.
    let list = service.get("/v1/accounts", &token).await;
    assert_eq!(list.problem(), (403, "insufficient-scope"));
    let path = format!("/v1/accounts/{account}/disable");
    assert_eq!(service.act(&path, &token).await.status, 403);
}

#[tokio::test]
async fn the_scope_is_needed_and_is_a_backends_only() {
    let service = Service::start().await;
    // Not registered for it.
    let asked = [("scope", SCOPE), ("resource", GATEWAY)];
    let answer = service.ask(CLINIC_A, &asked).await;
    assert_eq!(answer.error(), (400, "invalid_scope"));
    let answer = service.ask(crate::support::SYSTEM, &asked).await;
    assert_eq!(answer.error(), (400, "invalid_scope"));

    let service = start().await;
    let other = service.token(CLINIC_A, "provider:records.read").await;
    let answer = service.post("/v1/enrolments", &other, &patient("p1")).await;
    assert_eq!(answer.problem(), (403, "insufficient-scope"));
    // A person of the organisation is not the organisation, whatever an app is registered for.
    let by_person = crate::support::token_by_hand(|claims| {
        claims["scope"] = json!(SCOPE);
        claims["persona"] = json!("provider");
        claims["org"] = json!("clinic-a");
        claims["aud"] = json!(ISSUER);
        claims["sid"] = json!("session");
        claims["auth_time"] = json!(NOW);
        claims["acr"] = json!("aal2");
        claims["amr"] = json!(["pop"]);
        claims["sv"] = json!(0);
    });
    let answer = service
        .post("/v1/enrolments", &by_person, &patient("p1"))
        .await;
    assert_eq!(
        answer.problem(),
        (403, "insufficient-scope"),
        "{}",
        answer.body
    );
}

#[tokio::test]
async fn whom_an_administrator_closed_or_enrolled_is_not_let_in_anew() {
    let service = start().await;
    let token = service.token(CLINIC_A, SCOPE).await;
    let early = service.post("/v1/enrolments", &token, &patient("p1")).await;
    service.patient("jane").await;
    let (_, _) = service.provider("dora").await;
    for login in ["jane", "dora"] {
        let admin = service.admin().await;
        let path = format!("/v1/accounts/{}/disable", service.account(login).await);
        assert_eq!(service.act(&path, &admin).await.status, 200);
    }
    let token = service.token(CLINIC_A, SCOPE).await;
    for body in [patient("p1"), practitioner("clinic-a", "dr-1")] {
        let answer = service.post("/v1/enrolments", &token, &body).await;
        assert_eq!(answer.problem(), (409, "already-enrolled"), "{body}");
    }
    // Nor with a code that was made before.
    let code = early.body["code"].as_str().unwrap();
    let mut second = service.named_by(code, "jane2").await;
    let page = choose_password(&mut second, PASSWORD).await;
    assert_eq!(page.status, 400, "{}", page.text);
    assert!(!second.is_signed_in().await);
    // An administrator may, as before.
    service.code(&patient("p1")).await;
}

#[tokio::test]
async fn an_organisation_makes_so_many_in_an_hour() {
    let service = start().await;
    let token = service.token(CLINIC_A, SCOPE).await;
    let ask = async |token: &str, n: u8| {
        let body = patient(&format!("p{n}"));
        service.post("/v1/enrolments", token, &body).await
    };
    for n in 0..3 {
        service.set_time(NOW + i64::from(n) * 60);
        assert_eq!(ask(&token, n).await.status, 201);
    }
    let refused = ask(&token, 3).await;
    assert_eq!(refused.problem(), (429, "too-many-requests"));
    let wait: i64 = refused.header("retry-after").parse().unwrap();
    // Others are not held up by that.
    let other = service.token(CLINIC_B, SCOPE).await;
    assert_eq!(ask(&other, 3).await.status, 201);
    service.code(&patient("p9")).await;
    service.set_time(service.time() + wait);
    let token = service.token(CLINIC_A, SCOPE).await;
    assert_eq!(ask(&token, 4).await.status, 201);
    assert_eq!(ask(&token, 5).await.status, 429, "one hour from each");
}

#[tokio::test]
async fn many_at_once_stay_within_the_limit() {
    let service = start().await;
    let token = service.token(CLINIC_A, SCOPE).await;
    let asked = (0..8).map(|n| {
        let (service, token) = (&service, &token);
        async move {
            let body = patient(&format!("p{n}"));
            service.post("/v1/enrolments", token, &body).await.status
        }
    });
    let answers = futures::future::join_all(asked).await;
    let made = answers.iter().filter(|status| **status == 201).count();
    assert_eq!(made, 3, "{answers:?}");
}
