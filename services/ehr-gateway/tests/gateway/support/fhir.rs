//! A FHIR server that holds a few resources, and that a test can make hostile or broken.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// Answers instead of the server, or lets it answer.
type Script = Box<dyn Fn(&str) -> Option<Scripted> + Send + Sync>;

/// What a script does.
pub enum Scripted {
    /// Sends this.
    Send(Response),
    /// Never answers.
    Hang,
}

#[derive(Default)]
pub struct FhirServer {
    base: Mutex<String>,
    resources: Mutex<Vec<Value>>,
    /// Path, query and headers of every request.
    pub seen: Mutex<Vec<(String, HeaderMap)>>,
    script: Mutex<Option<Script>>,
    /// Resources in a page.
    pub page: Mutex<Option<usize>>,
}

impl FhirServer {
    pub fn set_base(&self, base: &str) {
        *self.base.lock().unwrap() = base.to_owned();
    }

    pub fn base(&self) -> String {
        self.base.lock().unwrap().clone()
    }

    pub fn put(&self, resource: Value) {
        self.resources.lock().unwrap().push(resource);
    }

    /// What happens at every request; `None` lets the server answer.
    pub fn script(&self, script: impl Fn(&str) -> Option<Scripted> + Send + Sync + 'static) {
        *self.script.lock().unwrap() = Some(Box::new(script));
    }

    /// Answers every request with this body.
    pub fn always(&self, status: u16, kind: &'static str, body: String) {
        self.script(move |_| {
            let status = StatusCode::from_u16(status).unwrap();
            Some(Scripted::Send(
                (status, [("content-type", kind)], body.clone()).into_response(),
            ))
        });
    }

    pub fn paths(&self) -> Vec<String> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .map(|(path, _)| path.clone())
            .collect()
    }

    fn search(&self, name: &str, query: &str) -> Response {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let value = |key: &str| {
            pairs
                .iter()
                .find(|(name, _)| name == key)
                .map(|(_, value)| value.as_str())
        };
        let about = |resource: &Value, patient: &str| {
            let reference = resource["subject"]["reference"]
                .as_str()
                .or(resource["patient"]["reference"].as_str());
            reference == Some(&format!("Patient/{patient}"))
        };
        let ids: Option<Vec<&str>> = value("_id").map(|ids| ids.split(',').collect());
        let all = self.resources.lock().unwrap();
        let found: Vec<&Value> = all
            .iter()
            .filter(|resource| resource["resourceType"] == name)
            .filter(|resource| value("patient").is_none_or(|patient| about(resource, patient)))
            .filter(|resource| {
                ids.as_ref()
                    .is_none_or(|ids| ids.contains(&resource["id"].as_str().unwrap()))
            })
            .collect();
        let offset: usize = value("_offset")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        let size = self.page.lock().unwrap().unwrap_or(usize::MAX);
        let shown = found.iter().skip(offset).take(size);
        let entries: Vec<Value> = shown
            .map(|resource| json!({"resource": resource, "search": {"mode": "match"}}))
            .collect();
        let mut links = vec![json!({"relation": "self", "url": "x"})];
        if offset.saturating_add(size) < found.len() {
            let url = format!(
                "{}/{name}?patient={}&_offset={}",
                self.base(),
                value("patient").unwrap(),
                offset + size
            );
            links.push(json!({"relation": "next", "url": url}));
        }
        bundle_response(json!({
            "resourceType": "Bundle", "type": "searchset", "total": found.len(), "link": links, "entry": entries,
        }))
    }

    fn read(&self, name: &str, id: &str) -> Response {
        let all = self.resources.lock().unwrap();
        match all
            .iter()
            .find(|resource| resource["resourceType"] == name && resource["id"] == id)
        {
            Some(resource) => bundle_response(resource.clone()),
            None => (StatusCode::NOT_FOUND, "the server's own words").into_response(),
        }
    }
}

fn bundle_response(body: Value) -> Response {
    (
        [("content-type", "application/fhir+json; charset=utf-8")],
        body.to_string(),
    )
        .into_response()
}

/// A searchset of these resources.
pub fn searchset(resources: &[Value]) -> String {
    let entries: Vec<Value> = resources
        .iter()
        .map(|resource| json!({"resource": resource}))
        .collect();
    json!({"resourceType": "Bundle", "type": "searchset", "entry": entries}).to_string()
}

pub fn router(server: Arc<FhirServer>) -> Router {
    Router::new().fallback(answer).with_state(server)
}

async fn answer(State(server): State<Arc<FhirServer>>, request: Request<Body>) -> Response {
    let path = request.uri().path_and_query().unwrap().to_string();
    server
        .seen
        .lock()
        .unwrap()
        .push((path.clone(), request.headers().clone()));
    let scripted = server
        .script
        .lock()
        .unwrap()
        .as_ref()
        .and_then(|script| script(&path));
    match scripted {
        Some(Scripted::Send(response)) => return response,
        Some(Scripted::Hang) => std::future::pending().await,
        None => {}
    }
    let segments: Vec<&str> = request
        .uri()
        .path()
        .trim_start_matches("/fhir/")
        .split('/')
        .collect();
    match segments.as_slice() {
        [name] => server.search(name, request.uri().query().unwrap_or_default()),
        [name, id] => server.read(name, id),
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
