//! A FHIR server that does not do what it is asked. The stub stands for a hostile or broken server
//! and for nothing else; one that ignores `patient=` is a real one that was seen.

use anyhow::{Result, ensure};
use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use local_stack::Unit;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::world::{World, ensure_denied, ensure_no_phi};

fn observation(id: &str, patient: &str) -> Value {
    json!({
        "resourceType": "Observation", "id": id, "status": "final",
        "category": [{"coding": [{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}]}],
        "code": {"coding": [{"system": "http://loinc.org", "code": "8867-4"}]},
        "subject": {"reference": format!("Patient/{patient}")},
        "effectiveDateTime": "2026-01-02",
        "valueQuantity": {"value": 61, "unit": "/min"}
    })
}

fn bundle(resources: Vec<Value>) -> Value {
    let entries: Vec<Value> = resources
        .into_iter()
        .map(|resource| json!({"resource": resource, "search": {"mode": "match"}}))
        .collect();
    json!({"resourceType": "Bundle", "type": "searchset", "total": entries.len(), "entry": entries})
}

/// Answers everything with the same status, type and body.
async fn stub(status: u16, kind: &'static str, body: String) -> Result<String> {
    let answer = move || {
        let body = body.clone();
        async move {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let response: Response = (status, [("content-type", kind)], body).into_response();
            response
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    Ok(format!("http://{address}/fhir/R4"))
}

async fn ask(
    world: &World,
    gateway: &Unit,
    patient: &str,
    token: &str,
) -> Result<e2e::api::Answer> {
    world
        .api
        .get(
            &format!("{}/fhir/R4/Observation?patient={patient}", gateway.url()),
            token,
        )
        .await
}

pub async fn a_server_that_ignores_the_patient_is_refused_whole(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let everybody = bundle(vec![
        observation("o1", &patient.fhir_id),
        observation("o2", "somebody-else"),
    ]);
    let base = stub(200, "application/fhir+json", everybody.to_string()).await?;
    let gateway = world.gateway_against(&base).await?;
    let answer = ask(world, &gateway, &patient.fhir_id, &provider.token).await;
    gateway.shut_down().await;
    let decision = ensure_denied(&answer?, 403, "foreign-resource")?;
    world.archived(&[decision]).await?;
    world.revoke(&patient, which).await
}

pub async fn an_answer_that_cannot_be_read_is_not_relayed(world: &World) -> Result<()> {
    let (patient, provider) = (world.patient()?, world.provider(0).await?);
    let which = world.observations_consent(&patient, &provider).await?;
    let own = observation("o1", &patient.fhir_id).to_string();
    let twice = own.replacen(
        "\"status\"",
        "\"subject\":{\"reference\":\"Patient/other\"},\"status\"",
        1,
    );
    let big = format!("{{\"padding\":\"{}\"}}", "a".repeat(6 * 1024 * 1024));
    let cases = [
        (
            "html",
            200,
            "text/html",
            "<html>Observation/o1</html>".to_owned(),
        ),
        (
            "broken JSON",
            200,
            "application/fhir+json",
            "{\"resourceType\":\"Bundle\",".to_owned(),
        ),
        (
            "duplicate keys",
            200,
            "application/fhir+json",
            format!(
                "{{\"resourceType\":\"Bundle\",\"type\":\"searchset\",\"entry\":[{{\"resource\":{twice}}}]}}"
            ),
        ),
        ("oversized", 200, "application/fhir+json", big),
        (
            "error with data",
            500,
            "application/fhir+json",
            bundle(vec![observation("o1", &patient.fhir_id)]).to_string(),
        ),
        ("redirect", 302, "application/fhir+json", own),
    ];
    for (name, status, kind, body) in cases {
        let gateway = world
            .gateway_against(&stub(status, kind, body).await?)
            .await?;
        let answer = ask(world, &gateway, &patient.fhir_id, &provider.token).await;
        gateway.shut_down().await;
        let answer = answer?;
        ensure!(
            matches!(answer.status, 403 | 503),
            "{name}: HTTP {}",
            answer.status
        );
        ensure_no_phi(&answer)?;
    }
    world.revoke(&patient, which).await
}
