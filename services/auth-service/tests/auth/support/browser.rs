//! A browser: keeps cookies, fills in forms, says where its requests come from. It runs no scripts.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::{ISSUER, Service};

pub struct Browser<'a> {
    service: &'a Service,
    pub cookies: BTreeMap<String, String>,
    /// What it says its forms come from.
    pub origin: Option<String>,
    /// Where it is.
    pub address: &'static str,
    /// What the forms of the last page carry.
    pub csrf: String,
}

pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    /// Where the browser goes next.
    pub fn location(&self) -> &str {
        self.headers
            .get(header::LOCATION)
            .map(|value| value.to_str().unwrap())
            .unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The last part of a problem's type.
    pub fn problem(&self) -> (u16, String) {
        let kind = self.json()["type"].as_str().unwrap_or("none").to_owned();
        let kind = kind.rsplit('/').next().unwrap().to_owned();
        (self.status.as_u16(), kind)
    }

    /// What stands between two texts.
    pub fn between(&self, start: &str, end: &str) -> &str {
        let found = self.text.split_once(start);
        let (_, rest) = found.unwrap_or_else(|| panic!("no {start} in {}", self.text));
        rest.split_once(end).unwrap().0
    }
}

impl Service {
    pub fn browser(&self) -> Browser<'_> {
        Browser {
            service: self,
            cookies: BTreeMap::new(),
            origin: Some(ISSUER.to_owned()),
            address: "192.0.2.1:4000",
            csrf: String::new(),
        }
    }
}

impl Browser<'_> {
    pub async fn get(&mut self, path: &str) -> Page {
        let page = self.send(Method::GET, path, None, Body::empty()).await;
        self.learn(&page);
        page
    }

    /// Sends a form with what its page carries.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf.clone();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.post_bare(path, &fields).await
    }

    /// Sends a form as it is.
    pub async fn post_bare(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let kind = "application/x-www-form-urlencoded";
        let page = self
            .send(Method::POST, path, Some(kind), Body::from(body))
            .await;
        self.learn(&page);
        page
    }

    /// Sends what the passkey script sends.
    pub async fn script(&mut self, path: &str, body: &Value) -> Page {
        let body = Body::from(body.to_string());
        self.send(Method::POST, path, Some("application/json"), body)
            .await
    }

    pub async fn delete(&mut self, path: &str) -> Page {
        self.send(Method::DELETE, path, None, Body::empty()).await
    }

    /// Where the browser is when all redirects are followed.
    pub async fn follow(&mut self, page: Page) -> Page {
        let mut page = page;
        for _ in 0..5 {
            if page.status != StatusCode::SEE_OTHER {
                return page;
            }
            let location = page.location().to_owned();
            assert!(location.starts_with('/'), "{location}");
            page = self.get(&location).await;
        }
        panic!("redirects without end");
    }

    /// Whether it shows a session that counts.
    pub async fn is_signed_in(&mut self) -> bool {
        self.get("/account").await.status == StatusCode::OK
    }

    fn learn(&mut self, page: &Page) {
        for start in ["name=\"csrf\" value=\"", "data-csrf=\""] {
            if page.text.contains(start) {
                page.between(start, "\"").clone_into(&mut self.csrf);
            }
        }
    }

    async fn send(&mut self, method: Method, path: &str, kind: Option<&str>, body: Body) -> Page {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder().method(&method).uri(path);
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if let Some(kind) = kind {
            request = request.header(header::CONTENT_TYPE, kind);
            request = request.header("x-csrf", &self.csrf);
        }
        if let Some(origin) = self.origin.as_ref().filter(|_| method != Method::GET) {
            request = request.header(header::ORIGIN, origin);
        }
        let peer: SocketAddr = self.address.parse().unwrap();
        let request = request
            .extension(ConnectInfo::<SocketAddr>(peer))
            .body(body)
            .unwrap();
        let response = self.service.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        Page {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }
    }
}
