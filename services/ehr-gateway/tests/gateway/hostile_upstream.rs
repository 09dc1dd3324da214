//! A FHIR server that lies, breaks or hangs: the caller gets a denial or 503, never a byte of it.

use std::io::Write as _;

use crate::support::fhir::{Scripted, searchset};
use crate::support::*;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde_json::{Value, json};

const SEARCH: &str = "/fhir/R4/Observation?patient=p1";

async fn world() -> World {
    World::sharing(shared(&["DiagnosticReport", "Observation"]), vec![]).await
}

async fn assert_answer_is(body: String, rule: &str) {
    let world = world().await;
    world.fhir.always(200, "application/fhir+json", body);
    world.get(SEARCH).await.assert_denied(403, rule);
    assert_eq!(world.only_record().rule, rule);
}

#[tokio::test]
async fn a_server_that_ignores_the_patient_parameter_is_denied_as_a_whole() {
    let everybody = [observation("o1", PATIENT), observation("o2", OTHER_PATIENT)];
    assert_answer_is(searchset(&everybody), "foreign-resource").await;
}

#[tokio::test]
async fn what_was_not_asked_for_is_denied_as_a_whole() {
    let with = |member: &str, value: Value| {
        let mut resource = observation("o2", PATIENT);
        resource[member] = value;
        searchset(&[observation("o1", PATIENT), resource])
    };
    for body in [
        with("resourceType", json!("Condition")),
        with("contained", json!([{"resourceType": "Patient", "id": "x"}])),
        with("performer", json!([{"reference": "Patient/p2"}])),
        with("subject", json!({"reference": "Group/p1"})),
        with(
            "subject",
            json!({"reference": "http://other.example/fhir/Patient/p1"}),
        ),
        json!({"resourceType": "Bundle", "type": "searchset", "entry": [
            {"resource": observation("o1", PATIENT), "search": {"mode": "include"}}]})
        .to_string(),
    ] {
        assert_answer_is(body, "foreign-resource").await;
    }
}

#[tokio::test]
async fn what_two_readers_may_read_differently_is_denied() {
    let text = observation("o1", PATIENT).to_string();
    let bundle = |resource: &str| {
        format!(
            r#"{{"resourceType":"Bundle","type":"searchset","entry":[{{"resource":{resource}}}]}}"#
        )
    };
    let twice = text.replacen('{', r#"{"subject":{"reference":"Patient/p2"},"#, 1);
    let in_other_case = text.replacen('{', r#"{"Subject":{"reference":"Patient/p2"},"#, 1);
    for body in [
        bundle(&twice),
        bundle(&in_other_case),
        bundle("null"),
        bundle("[]"),
        "{".to_owned(),
        "[]".to_owned(),
        format!("{} trailing", bundle(&text)),
        json!({"resourceType": "Bundle", "type": "history", "entry": []}).to_string(),
        json!({"resourceType": "Observation", "id": "o1"}).to_string(),
        json!({"resourceType": "Bundle", "type": "searchset", "entry": [{"fullUrl": "x"}]}).to_string(),
        json!({"resourceType": "Bundle", "type": "searchset", "entry": {}}).to_string(),
        json!({"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next", "url": "http://evil.example/x"}]}).to_string(),
        json!({"resourceType": "Bundle", "type": "searchset", "link": [{"relation": "next"}]}).to_string(),
    ] {
        let world = world().await;
        world.fhir.always(200, "application/fhir+json", body.clone());
        let answer = world.get(SEARCH).await;
        assert_eq!(answer.status.as_u16(), 403, "{body}");
        answer.assert_no_phi();
        assert!(["unreadable-answer", "foreign-resource"].contains(&answer.rule().as_str()), "{body}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_plain_fhir_json_is_denied() {
    let body = searchset(&[observation("o1", PATIENT)]);
    for kind in [
        "text/html",
        "application/fhir+xml",
        "application/octet-stream",
        "application/json; charset=utf-16",
    ] {
        let world = world().await;
        world.fhir.always(200, kind, body.clone());
        world
            .get(SEARCH)
            .await
            .assert_denied(403, "unreadable-answer");
    }
    let world = world().await;
    let copy = body.clone();
    world.fhir.script(move |_| {
        let headers = [
            ("content-type", "application/json"),
            ("content-encoding", "gzip"),
        ];
        Some(Scripted::Send((headers, copy.clone()).into_response()))
    });
    world
        .get(SEARCH)
        .await
        .assert_denied(403, "unreadable-answer");
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_denied() {
    let mut big = observation("o1", PATIENT);
    big["note"] = json!([{"text": "x".repeat(5 << 20)}]);
    assert_answer_is(searchset(&[big]), "unreadable-answer").await;
}

#[tokio::test]
async fn pages_without_end_are_denied() {
    let world = world().await;
    let base = world.fhir.base();
    let body = json!({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": observation("o1", PATIENT)}],
        "link": [{"relation": "next", "url": format!("{base}/Observation?again")}]});
    world
        .fhir
        .always(200, "application/fhir+json", body.to_string());
    world
        .get(SEARCH)
        .await
        .assert_denied(403, "unreadable-answer");
    assert!(world.fhir.paths().len() < 32);
}

#[tokio::test]
async fn a_page_of_another_patient_denies_all_pages() {
    let world = world().await;
    let base = world.fhir.base();
    world.fhir.script(move |path| {
        let body = if path.contains("second") {
            searchset(&[observation("o2", OTHER_PATIENT)])
        } else {
            json!({"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": observation("o1", PATIENT)}],
                "link": [{"relation": "next", "url": format!("{base}/Observation?second")}]})
            .to_string()
        };
        Some(Scripted::Send(([("content-type", "application/fhir+json")], body).into_response()))
    });
    world
        .get(SEARCH)
        .await
        .assert_denied(403, "foreign-resource");
}

#[tokio::test]
async fn a_part_of_another_patient_denies_the_whole_answer() {
    let world = world().await;
    world.fhir.script(|path| {
        let body = if path.starts_with("/fhir/Observation") {
            searchset(&[observation("o1", OTHER_PATIENT)])
        } else {
            searchset(&[report("r1", PATIENT, &["o1"])])
        };
        Some(Scripted::Send(
            ([("content-type", "application/fhir+json")], body).into_response(),
        ))
    });
    world
        .get("/fhir/R4/DiagnosticReport?patient=p1")
        .await
        .assert_denied(403, "foreign-resource");
}

#[tokio::test]
async fn redirects_and_errors_are_503_in_our_own_words() {
    for status in [301, 302, 307, 400, 401, 403, 404, 429, 500, 502, 503] {
        let world = world().await;
        world.fhir.script(move |_| {
            let headers = [
                ("content-type", "application/fhir+json"),
                ("location", "http://evil.example/"),
            ];
            let body = observation("o1", PATIENT).to_string();
            Some(Scripted::Send(
                (StatusCode::from_u16(status).unwrap(), headers, body).into_response(),
            ))
        });
        let answer = world.get(SEARCH).await;
        answer.assert_denied(503, "upstream-unavailable");
        assert!(!answer.headers.contains_key("location"));
        assert_eq!(world.only_record().rule, "upstream-unavailable");
        assert_eq!(world.fhir.paths().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_hangs_or_breaks_off_is_503() {
    let world = world().await;
    world.fhir.script(|_| Some(Scripted::Hang));
    world
        .get(SEARCH)
        .await
        .assert_denied(503, "upstream-unavailable");

    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = stream;
            let mut buffer = [0; 4096];
            let _ = std::io::Read::read(&mut stream, &mut buffer);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-type: application/fhir+json\r\ncontent-length: 1000\r\n\r\n{\"resou");
        }
    });
    let upstream = ehr_gateway::release::upstream::Upstream::new(&format!("http://{address}/fhir"));
    let row = consent_core::resource::type_row("Observation").unwrap();
    let mut budget = ehr_gateway::release::upstream::Budget::start();
    let outcome = upstream.read(row, "o1", &mut budget).await;
    assert_eq!(outcome.unwrap_err().code(), "upstream-unavailable");
}

#[tokio::test]
async fn a_read_of_another_resource_than_asked_is_denied() {
    for body in [
        observation("other-id", PATIENT),
        report("o1", PATIENT, &[]),
        json!({"resourceType": "Bundle", "type": "searchset", "id": "o1", "entry": [{"resource": observation("o1", PATIENT)}]}),
    ] {
        let world = world().await;
        world
            .fhir
            .always(200, "application/fhir+json", body.to_string());
        world
            .get("/fhir/R4/Observation/o1")
            .await
            .assert_denied(403, "no-consent");
        assert_eq!(world.only_record().result, audit_core::Outcome::Deny);
    }
}

#[tokio::test]
async fn the_servers_own_remarks_are_not_relayed() {
    let world = world().await;
    let remark = json!({"resourceType": "OperationOutcome", "issue": [{"diagnostics": MARK}]});
    let body = json!({"resourceType": "Bundle", "type": "searchset", "id": MARK, "total": 4711, "entry": [
        {"resource": remark, "search": {"mode": "outcome"}}]});
    world
        .fhir
        .always(200, "application/fhir+json", body.to_string());
    let answer = world.get(SEARCH).await;
    assert!(answer.released().is_empty());
    assert!(!answer.body.contains(MARK) && !answer.body.contains("4711"));
}
