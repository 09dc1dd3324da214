//! Answers in FHIR's words. Nothing of the upstream server's own words is in them, only released resources.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::{Value, json};
use uuid::Uuid;

use super::inspect::Released;
use crate::decision::rule::Rule;
use audit_core::Outcome;

/// FHIR's media type.
pub const FHIR_JSON: HeaderValue = HeaderValue::from_static("application/fhir+json; charset=utf-8");
/// Says which record a decision has.
pub const DECISION_ID: HeaderName = HeaderName::from_static("x-decision-id");
/// The code system of [`Rule::code`].
pub const RULE_SYSTEM: &str = "https://consentry.example/rule";

/// In every answer to a search, whether anything was withheld or not, so that it tells nobody anything.
pub const MAY_BE_WITHHELD: &str = "Some records may be withheld under the patient's choices.";
const MORE: &str = "More records may be released than were asked for at once.";

/// A FHIR answer with these bytes.
pub fn fhir(status: StatusCode, body: String) -> Response {
    let headers = [
        (header::CONTENT_TYPE, FHIR_JSON),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body).into_response()
}

/// An OperationOutcome.
pub fn outcome(severity: &str, code: &str, rule: Option<&str>, text: &str) -> Value {
    let mut details = json!({"text": text});
    if let Some(rule) = rule {
        details = json!({"coding": [{"system": RULE_SYSTEM, "code": rule}], "text": text});
    }
    json!({"resourceType": "OperationOutcome", "issue": [{"severity": severity, "code": code, "details": details}]})
}

/// A refusal that is not a decision.
pub fn refused(status: StatusCode, code: &str, text: &str) -> Response {
    fhir(status, outcome("error", code, None, text).to_string())
}

/// A decision that released nothing.
pub fn denied(rule: Rule) -> Response {
    let (status, code) = match rule.outcome() {
        Outcome::Indeterminate => (StatusCode::SERVICE_UNAVAILABLE, "transient"),
        _ => (StatusCode::FORBIDDEN, "forbidden"),
    };
    let mut response = fhir(
        status,
        outcome("error", code, Some(rule.code()), rule.text()).to_string(),
    );
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// One released resource, exactly as it is.
pub fn resource(text: String) -> Response {
    fhir(StatusCode::OK, text)
}

/// Released resources as a searchset. There is no total: it would tell what was withheld. `count` limits what was
/// released, never what was fetched, for the same reason.
pub fn bundle(
    base: &str,
    type_name: &str,
    self_link: &str,
    released: &Released,
    count: Option<usize>,
) -> Response {
    let shown = &released.resources[..released.resources.len().min(count.unwrap_or(usize::MAX))];
    let mut body = String::with_capacity(
        shown
            .iter()
            .map(|(_, text)| text.len() + 200)
            .sum::<usize>()
            + 600,
    );
    body.push_str(
        r#"{"resourceType":"Bundle","type":"searchset","link":[{"relation":"self","url":"#,
    );
    body.push_str(&quoted(self_link));
    body.push_str(r#"}],"entry":["#);
    for (id, text) in shown {
        body.push_str(r#"{"fullUrl":"#);
        body.push_str(&quoted(&format!("{base}/{type_name}/{id}")));
        body.push_str(r#","resource":"#);
        body.push_str(text);
        body.push_str(r#","search":{"mode":"match"}},"#);
    }
    let mut remark = outcome("information", "suppressed", None, MAY_BE_WITHHELD);
    if shown.len() < released.resources.len()
        && let Some(issues) = remark["issue"].as_array_mut()
    {
        issues
            .push(json!({"severity": "warning", "code": "incomplete", "details": {"text": MORE}}));
    }
    body.push_str(r#"{"resource":"#);
    body.push_str(&remark.to_string());
    body.push_str(r#","search":{"mode":"outcome"}}]}"#);
    fhir(StatusCode::OK, body)
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// Adds the decision's id.
pub fn with_decision(mut response: Response, id: Uuid) -> Response {
    if let Ok(value) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(DECISION_ID, value);
    }
    response
}
