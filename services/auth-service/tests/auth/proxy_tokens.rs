//! A person who acts for a patient by a mandate: what apps get, what they are told, and what ends it.

use crate::support::apps::{
    BACKEND, CLINICIANS, PORTAL, PORTAL_BACK, clinician, encode, request_of,
};
use crate::support::family::{
    ALL, CHILD_KEY, FOR_CHILD, Family, PARENT, PARENT_KEY, delegate, mandate, mandate_with,
    may_grant,
};
use crate::support::{Answer, GATEWAY, INDEXER, ISSUER, NOW, Service, binding, subject};
use access_token::{Acr, Amr};
use serde_json::{Value, json};
use uuid::Uuid;

const WRITE: &str = "patient:consent.write";
const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

fn address(key: u8) -> String {
    subject(key).address().to_checksum(None)
}

async fn may_write(service: &Service, answer: &Answer) -> bool {
    let claims = service.read(&answer.token("access_token")).await;
    claims.scope.allows_persona(WRITE)
}

fn said(token: &str) -> Value {
    use base64::Engine;
    let payload = token.split('.').nth(1).unwrap();
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload);
    serde_json::from_slice(&payload.unwrap()).unwrap()
}

#[tokio::test]
async fn a_proxys_token_names_the_mandate_the_patient_and_who_acts() {
    let (family, mandate) = Family::with_mandate(may_grant()).await;
    let (parent, answer) = family.for_child(&[]).await;
    let claims = family.service.claims(&answer, INDEXER).await;
    assert_eq!(claims.sub, mandate);
    assert_eq!(claims.act.unwrap().sub, PARENT.to_string());
    assert_eq!(claims.patient.as_deref(), Some("child-1"));
    assert_eq!(
        claims.subjects,
        [address(CHILD_KEY)],
        "never the proxy's own"
    );
    assert_eq!(claims.fhir_user, None);
    assert_eq!(
        claims.scope.to_string(),
        "patient:consent.read patient:consent.write openid launch/patient patient/*.rs"
    );
    assert_eq!(claims.sign_in.unwrap().sid, parent.session.id.to_string());
    assert_eq!(answer.body["patient"], "child-1");
    let id_token = said(&answer.token("id_token"));
    assert_eq!(
        (&id_token["sub"], &id_token["fhirUser"]),
        (&json!(mandate), &Value::Null)
    );

    // The same person for themselves is somebody else to the app.
    for own in [[ALL, ("patient", "")], [ALL, ("patient", "parent-1")]] {
        let answer = family.service.let_in(&parent, PORTAL.0, &own).await;
        let claims = family.service.claims(&answer, INDEXER).await;
        assert_eq!((claims.sub, claims.act), (PARENT.to_string(), None));
        assert_eq!(claims.patient.as_deref(), Some("parent-1"));
        assert_eq!(claims.subjects, [address(PARENT_KEY)]);
        assert_eq!(claims.fhir_user.as_deref(), Some("Patient/parent-1"));
    }
}

#[tokio::test]
async fn other_services_do_not_learn_the_patients_addresses() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let (_, answer) = family.for_child(&[("resource", GATEWAY)]).await;
    let claims = family.service.claims(&answer, GATEWAY).await;
    assert_eq!(claims.patient.as_deref(), Some("child-1"));
    assert!(claims.subjects.is_empty());
}

#[tokio::test]
async fn a_mandates_ceiling_narrows_what_is_asked_for() {
    let family = Family::start(may_grant()).await;
    family
        .mandated(&mandate_with(
            "scope",
            json!("patient/Observation.rs patient:audit.read"),
        ))
        .await;
    let (_, answer) = family.for_child(&[]).await;
    assert_eq!(
        answer.body["scope"],
        "openid launch/patient patient/Observation.rs"
    );
}

#[tokio::test]
async fn an_app_may_push_for_whom_it_asks() {
    let (family, mandate) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let parent = family.parent(&[Amr::Pop]).await;
    let form = request_of(PORTAL.0, &[FOR_CHILD]);
    let pushed = service.post_as("/oauth2/par", PORTAL.0, &form).await;
    assert_eq!(pushed.status, 201, "{}", pushed.body);
    let query = [
        ("client_id", PORTAL.0),
        ("request_uri", &*pushed.token("request_uri")),
    ];
    let path = format!("/oauth2/authorize?{}", encode(&query));
    let code = service.browse(&path, &parent.cookie).await.code();
    let answer = service.redeem(PORTAL.0, &code, &[]).await;
    assert_eq!(service.claims(&answer, INDEXER).await.sub, mandate);
}

#[tokio::test]
async fn without_a_mandate_the_answer_does_not_tell_whether_there_is_such_a_patient() {
    let family = Family::start(may_grant()).await;
    let service = &family.service;
    let parent = family.parent(&[Amr::Pop]).await;
    let ask = async |patient: &str| {
        let asked = [ALL, ("patient", patient)];
        let answer = service.authorize(&parent.cookie, PORTAL.0, &asked).await;
        assert_eq!(answer.told(), "access_denied", "{patient}");
        assert!(answer.location().as_str().starts_with(PORTAL_BACK));
        answer.location().to_string()
    };
    let nobody = ask("nobody-1").await;
    assert!(!nobody.contains("nobody"), "{nobody}");
    assert_eq!(ask("child-1").await, nobody, "of a patient without mandate");
    for not_now in [
        mandate_with("validFrom", json!("2031-01-01T00:00:00Z")),
        mandate_with("validTo", json!("2030-03-17T17:46:40Z")),
    ] {
        family.mandated(&not_now).await;
        assert_eq!(ask("child-1").await, nobody, "{not_now}");
    }
    family.mandated(&mandate()).await;
    assert_eq!(family.end_mandate().await.status, 204);
    assert_eq!(ask("child-1").await, nobody, "of a mandate that was ended");
    // Somebody else's mandate helps nobody.
    family.mandated(&mandate()).await;
    let other = service.a_patient().await;
    let refused = service
        .authorize(&other.cookie, PORTAL.0, &[FOR_CHILD])
        .await;
    assert_eq!(refused.told(), "access_denied");
}

#[tokio::test]
async fn only_patients_apps_ask_and_only_for_an_id() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let parent = family.parent(&[Amr::Pop]).await;
    for bad in [
        "Patient/child-1",
        "child_1",
        "https://ehr.example/Patient/child-1",
    ] {
        let asked = [("patient", bad)];
        let answer = service.authorize(&parent.cookie, PORTAL.0, &asked).await;
        assert_eq!(answer.told(), "invalid_request", "{bad}");
    }
    let person = service.sign_in(clinician(), &[Amr::Pop]).await;
    let answer = service
        .authorize(&person.cookie, CLINICIANS.0, &[FOR_CHILD])
        .await;
    assert_eq!(answer.told(), "invalid_request");
}

/// Attack 12.
#[tokio::test]
async fn a_proxy_asks_for_consent_write_without_grant_on_chain() {
    let (family, _) = Family::with_mandate(delegate("ACTIVE", &["REVOKE", "DENY"])).await;
    let service = &family.service;
    let (parent, answer) = family.for_child(&[]).await;
    assert!(!may_write(service, &answer).await);
    let claims = service.claims(&answer, INDEXER).await;
    assert!(claims.scope.allows_persona("patient:consent.read"));
    // Where that is all, nothing is given.
    let only = [FOR_CHILD, ("scope", WRITE)];
    let refused = service.authorize(&parent.cookie, PORTAL.0, &only).await;
    assert_eq!(refused.told(), "access_denied");
}

/// Attack 12, later on: the chain is asked at each refresh.
#[tokio::test]
async fn consent_write_comes_and_goes_with_grant_on_chain() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let (_, answer) = family.for_child(&[]).await;
    assert!(may_write(&family.service, &answer).await);
    let mut token = answer.token("refresh_token");
    for (row, expected) in [
        (delegate("VOID", &["GRANT"]), false),
        (may_grant(), true),
        (delegate("ACTIVE", &["REVOKE"]), false),
    ] {
        family.chain_says(row);
        let answer = family.refresh(&token).await;
        assert_eq!(may_write(&family.service, &answer).await, expected);
        token = answer.token("refresh_token");
    }
}

#[tokio::test]
async fn while_the_projection_is_down_nothing_is_given_that_rests_on_it_and_the_rest_is() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let (parent, all) = family.for_child(&[]).await;
    let (_, only) = family.for_child(&[("scope", WRITE)]).await;
    family.chain_says(None);

    let answer = family.refresh(&all.token("refresh_token")).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(!may_write(service, &answer).await);
    // Whoever has nothing else is to come back: nothing has ended.
    let token = only.token("refresh_token");
    let refused = family.refresh(&token).await;
    assert_eq!(refused.error(), (503, "temporarily_unavailable"));
    let more = [("scope", WRITE)];
    let next = answer.token("refresh_token");
    let refused = service.refresh(PORTAL.0, &next, &more).await;
    assert_eq!(refused.error(), (503, "temporarily_unavailable"));
    let asked = [FOR_CHILD, ("scope", WRITE)];
    let page = service.authorize(&parent.cookie, PORTAL.0, &asked).await;
    assert_eq!(page.status, 503);
    // What rests on nothing there does not wait for it.
    let (_, read) = family.for_child(&[("scope", "patient:consent.read")]).await;
    assert_eq!(read.body["scope"], "patient:consent.read");

    family.chain_says(may_grant());
    let answer = family.refresh(&token).await;
    assert!(may_write(service, &answer).await);
}

#[tokio::test]
async fn introspection_and_userinfo_say_what_the_token_says() {
    let (family, mandate) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let (parent, answer) = family.for_child(&[]).await;
    let access = answer.token("access_token");
    let asked = async |token: &str| {
        let form = [("token", token)];
        service
            .post_as("/oauth2/introspect", PORTAL.0, &form)
            .await
            .body
    };
    let said = asked(&access).await;
    assert_eq!(said["sub"], mandate);
    assert_eq!(said["act"], json!({"sub": PARENT}));
    assert_eq!(said["patient"], "child-1");
    assert_eq!(asked(&answer.token("refresh_token")).await["sub"], mandate);
    let info = service.get("/oauth2/userinfo", &access).await;
    assert_eq!(info.body, json!({"sub": mandate}));

    // A token that names the mandate and somebody else as who acts is nobody's.
    let forged = crate::support::patient_token_with("child-1", 10, |claims| {
        claims["sub"] = json!(mandate);
        claims["act"] = json!({"sub": Uuid::from_u128(1)});
        claims["scope"] = json!("openid");
    });
    assert_eq!(service.get("/oauth2/userinfo", &forged).await.status, 401);

    // Whoever signs the parent out of the child's context signs out the parent.
    let form = [("id_token_hint", &*answer.token("id_token"))];
    let path = format!("/oauth2/logout?{}", encode(&form));
    service.browse(&path, &parent.cookie).await;
    assert!(!service.is_active(PORTAL.0, &access).await);
}

#[tokio::test]
async fn nobody_exchanges_a_proxys_token() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let (parent, proxied) = family.for_child(&[]).await;
    let own = service.let_in(&parent, PORTAL.0, &[]).await;
    let exchange = async |answer: &Answer, client: &str| {
        let token = answer.token("access_token");
        let form = [
            ("grant_type", EXCHANGE),
            ("subject_token", &*token),
            ("subject_token_type", ACCESS_TOKEN),
            ("resource", GATEWAY),
        ];
        service.post_as("/oauth2/token", client, &form).await
    };
    assert_eq!(exchange(&own, PORTAL.0).await.status, 200);
    for client in [PORTAL.0, BACKEND.0] {
        let refused = exchange(&proxied, client).await;
        assert_eq!(refused.error(), (400, "invalid_request"), "{client}");
    }
}

#[tokio::test]
async fn a_proxys_sign_in_has_to_be_as_sure_and_as_fresh_as_a_patients() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let weak = family.parent(&[Amr::Pwd]).await;
    let step_up = [FOR_CHILD, ("acr_values", "aal2"), ("max_age", "300")];
    let answer = service.authorize(&weak.cookie, PORTAL.0, &step_up).await;
    assert_eq!(answer.location().path(), "/sign-in");
    assert!(
        !answer.location().as_str().contains("child"),
        "not in an address"
    );
    let back = answer.parameter("return_to").unwrap();
    let strong = family.parent(&[Amr::Pop]).await;
    let code = service.browse(&back, &strong.cookie).await.code();
    let answer = service.redeem(PORTAL.0, &code, &[]).await;
    let claims = service.claims(&answer, INDEXER).await;
    assert_eq!(claims.patient.as_deref(), Some("child-1"));
    assert_eq!(claims.sign_in.unwrap().acr, Acr::Aal2);
    service.set_time(NOW + 301);
    let stale = service.authorize(&strong.cookie, PORTAL.0, &step_up).await;
    assert_eq!(stale.location().path(), "/sign-in");
    let answer = service.let_in(&weak, PORTAL.0, &[FOR_CHILD]).await;
    let sign_in = service.claims(&answer, INDEXER).await.sign_in.unwrap();
    assert_eq!(sign_in.acr, Acr::Aal1);
}

#[tokio::test]
async fn what_only_the_patient_may_do_no_proxy_does() {
    let (family, _) = Family::with_mandate(may_grant()).await;
    let service = &family.service;
    let (_, answer) = family.for_child(&[("resource", ISSUER)]).await;
    let token = answer.token("access_token");
    assert!(
        may_write(service, &answer).await,
        "it is not for lack of a scope"
    );
    let bind = json!({"binding": binding("child-1", &subject(7), 1)});
    let veto = format!("/v1/rebindings/{}/veto", Uuid::from_u128(3));
    for (path, body) in [
        ("/v1/bindings", &bind),
        ("/v1/stop", &Value::Null),
        (&*veto, &Value::Null),
    ] {
        let refused = service.post(path, &token, body).await;
        assert_eq!(refused.problem(), (403, "insufficient-scope"), "{path}");
    }
    for path in ["/v1/bindings", "/v1/stop", "/v1/rebindings"] {
        let refused = service.get(path, &token).await;
        assert_eq!(refused.problem(), (403, "insufficient-scope"), "{path}");
    }
    // Nor is it the parent's for what is theirs.
    assert_eq!(service.get("/v1/sessions", &token).await.status, 401);
    assert_eq!(
        service.get("/v1/patients/child-1", &token).await.status,
        403
    );
}
