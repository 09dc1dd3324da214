//! Counts, accesses and continuity, and who may ask for them.

use serde_json::{Value, json};

use crate::support::records::{Journal, PATIENT};
use crate::support::{Bench, Service, eventually};

const DAYS: &str = "from=2026-03-01&to=2026-03-02";

async fn until_committed(bench: &Bench, offset: i64) {
    eventually("not all is committed", || async {
        let committed = bench.committed(0).await;
        (committed == Some(offset))
            .then_some(())
            .ok_or(format!("{committed:?}"))
    })
    .await;
}

/// Ten records before midnight, ten after, the last eight of them sent again.
async fn with_resent_records() -> (Bench, Service) {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let lines = Journal::of("gateway-1").lines(20);
    bench.send(&lines).await;
    bench.send(&lines[12..]).await;
    until_committed(&bench, 28).await;
    (bench, service)
}

#[tokio::test]
async fn counts_count_what_was_sent_twice_once_also_after_a_restart() {
    let (bench, service) = with_resent_records().await;
    let expected = json!([
        {"date": "2026-03-01", "action": "search", "result": "permit", "count": 5},
        {"date": "2026-03-01", "action": "search", "result": "deny", "count": 5},
        {"date": "2026-03-02", "action": "search", "result": "permit", "count": 5},
        {"date": "2026-03-02", "action": "search", "result": "deny", "count": 5},
    ]);
    assert_eq!(
        service.get(&format!("/v1/counts?{DAYS}")).await["counts"],
        expected
    );
    let one_day = service
        .get("/v1/counts?from=2026-03-02&to=2026-03-02")
        .await;
    assert_eq!(one_day["counts"].as_array().unwrap().len(), 2);
    // The evidence keeps both copies, byte for byte.
    assert_eq!(bench.archived().await.len(), 28);

    service.kill();
    let service = Service::ready(&bench).await;
    assert_eq!(
        service.get(&format!("/v1/counts?{DAYS}")).await["counts"],
        expected
    );
}

#[tokio::test]
async fn continuity_names_the_missing_record_and_survives_a_restart() {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let mut lines = Journal::of("gateway-1").lines(10);
    lines.remove(6);
    bench.send(&lines).await;
    until_committed(&bench, 9).await;
    let expected = json!([{
        "gateway": "gateway-1", "epoch": 1, "seq": 9, "records": 9, "refusedUnrecorded": 0,
        "breakCount": 1, "breaks": [{"kind": "missing", "epoch": 1, "seq": 6}],
    }]);
    assert_eq!(service.get("/v1/continuity").await["gateways"], expected);
    assert_eq!(service.metric("audit_chain_breaks_total").await, Some(1.0));
    service.kill();
    let service = Service::ready(&bench).await;
    assert_eq!(service.get("/v1/continuity").await["gateways"], expected);
}

#[tokio::test]
async fn accesses_show_every_decision_about_the_patient_once_newest_first() {
    let (_bench, service) = with_resent_records().await;
    let mut rows: Vec<Value> = Vec::new();
    let mut path = format!("/v1/accesses?patient={PATIENT}&limit=4");
    loop {
        let page = service.get(&path).await;
        rows.extend(page["accesses"].as_array().unwrap().iter().cloned());
        let Some(cursor) = page["next"].as_str() else {
            break;
        };
        path = format!("/v1/accesses?patient={PATIENT}&limit=4&cursor={cursor}");
    }
    // Of twenty records every third is about nobody.
    assert_eq!(rows.len(), 14);
    let times: Vec<&str> = rows.iter().map(|row| row["ts"].as_str().unwrap()).collect();
    assert!(times.is_sorted_by(|a, b| a > b), "{times:?}");
    let newest_permit = rows.iter().find(|row| row["result"] == "permit").unwrap();
    assert_eq!(newest_permit["rule"], "consent-active");
    assert_eq!(newest_permit["actor"], "clinic-a");
    assert_eq!(newest_permit["resourceType"], "Observation");
    assert_eq!(newest_permit["chainRef"]["blockNo"], 7);
    assert!(
        newest_permit["object"]
            .as_str()
            .unwrap()
            .starts_with("events/v=1/")
    );
    assert!(newest_permit.get("subject").is_none());

    let nobody = service.get("/v1/accesses?patient=somebody-else").await;
    assert_eq!(nobody, json!({"accesses": [], "next": null}));
    assert!(
        !service.log().contains(PATIENT),
        "the patient's id is in the log"
    );
}

#[tokio::test]
async fn only_the_tenant_of_the_token_is_visible() {
    let (_bench, service) = with_resent_records().await;
    let token =
        service
            .issuer
            .token_of("other-hospital", &service.url, "admin", "admin:audit.read");
    for (path, member) in [
        (format!("/v1/counts?{DAYS}"), "counts"),
        (format!("/v1/accesses?patient={PATIENT}"), "accesses"),
        ("/v1/continuity".to_owned(), "gateways"),
    ] {
        let answer = service.get_with(&path, Some(&token)).await;
        assert_eq!(answer.status(), 200);
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body[member], json!([]), "{path}");
    }
}

#[tokio::test]
async fn garbage_is_refused_with_a_clear_body() {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let token = service
        .issuer
        .token(&service.url, "system", "system:audit.read");
    let long = format!("/v1/accesses?patient={}", "x".repeat(65));
    for path in [
        "/v1/counts",
        "/v1/counts?from=2026-03-01",
        "/v1/counts?from=2026-02-30&to=2026-03-01",
        "/v1/counts?from=2026-03-02&to=2026-03-01",
        "/v1/counts?from=yesterday&to=2026-03-01",
        "/v1/counts?from=2026-03-01&to=2026-03-01&tenant=other",
        "/v1/counts?from=2026-03-01&to=2026-03-01&from=2026-03-01",
        "/v1/accesses",
        "/v1/accesses?patient=",
        "/v1/accesses?patient=a%2Fb",
        "/v1/accesses?limit=5",
        "/v1/accesses?patient=a&limit=0",
        "/v1/accesses?patient=a&limit=101",
        "/v1/accesses?patient=a&limit=-1",
        "/v1/accesses?patient=a&cursor=%00",
        "/v1/accesses?patient=a&cursor=AAAA",
        "/v1/accesses?patient=a&name=b",
        long.as_str(),
    ] {
        let answer = service.get_with(path, Some(&token)).await;
        assert_eq!(answer.status(), 400, "{path}");
        assert_eq!(
            answer.headers()["content-type"],
            "application/problem+json",
            "{path}"
        );
        let problem: Value = answer.json().await.unwrap();
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|text| text.len() > 10),
            "{problem}"
        );
        assert!(
            problem["corrId"].as_str().is_some_and(|id| id.len() == 32),
            "{problem}"
        );
    }
    assert_eq!(
        service.get_with("/v1/nothing", Some(&token)).await.status(),
        404
    );
}

#[tokio::test]
async fn without_a_good_token_of_the_right_persona_nothing_is_told() {
    let bench = Bench::new().await;
    let service = Service::ready(&bench).await;
    let issuer = &service.issuer;
    let url = service.url.as_str();
    let cases = [
        (401, None),
        (401, Some("garbage".to_owned())),
        (
            401,
            Some(issuer.token("http://another.example", "system", "system:audit.read")),
        ),
        (
            403,
            Some(issuer.token(url, "provider", "provider:records.read")),
        ),
        (
            403,
            Some(issuer.token(url, "patient", "patient:audit.read")),
        ),
        (
            403,
            Some(issuer.token(url, "system", "system:consent.read")),
        ),
        (
            403,
            Some(issuer.token(url, "admin", "admin:directory.read")),
        ),
        (200, Some(issuer.token(url, "admin", "admin:audit.read"))),
        (200, Some(issuer.token(url, "admin", "admin:*"))),
        (200, Some(issuer.token(url, "system", "system:audit.read"))),
    ];
    for path in [
        format!("/v1/counts?{DAYS}"),
        format!("/v1/accesses?patient={PATIENT}"),
        "/v1/continuity".to_owned(),
    ] {
        for (status, token) in &cases {
            let answer = service.get_with(&path, token.as_deref()).await;
            assert_eq!(answer.status(), *status, "{path} {token:?}");
            if *status != 200 {
                assert!(
                    answer.headers().contains_key("www-authenticate"),
                    "{path} {token:?}"
                );
                assert_eq!(answer.headers()["content-type"], "application/problem+json");
            }
        }
    }
}

#[test]
fn the_committed_api_description_is_the_one_the_code_gives() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../docs/api/audit-pipeline.json"
    );
    let committed = std::fs::read_to_string(path).unwrap();
    let generated = audit_pipeline::routes::openapi().to_pretty_json().unwrap();
    assert!(
        committed.trim_end() == generated,
        "docs/api/audit-pipeline.json is stale: write `audit-pipeline openapi` to it"
    );
}
