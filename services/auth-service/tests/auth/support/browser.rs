//! The browser that tests share, in front of the service's router.

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::Value;
pub use test_support::browser::Page;
use tower::ServiceExt;

use super::{ISSUER, Service};

pub struct Browser<'a> {
    service: &'a Service,
    itself: test_support::browser::Browser,
    /// Where it is.
    pub address: &'static str,
    /// What it says that its owner reads.
    pub reads: &'static str,
}

/// Cookies, origin and what forms carry.
impl Deref for Browser<'_> {
    type Target = test_support::browser::Browser;

    fn deref(&self) -> &Self::Target {
        &self.itself
    }
}

impl DerefMut for Browser<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.itself
    }
}

impl Service {
    pub fn browser(&self) -> Browser<'_> {
        Browser {
            service: self,
            itself: test_support::browser::Browser::at(ISSUER),
            address: "192.0.2.1:4000",
            reads: "",
        }
    }
}

impl Browser<'_> {
    pub async fn get(&mut self, path: &str) -> Page {
        self.send(self.itself.get(path)).await
    }

    /// Sends a form with what its page carries.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(self.itself.form(path, fields)).await
    }

    /// Sends a form as it is.
    pub async fn post_bare(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        self.send(self.itself.bare_form(path, fields)).await
    }

    /// Sends what the passkey script sends.
    pub async fn script(&mut self, path: &str, body: &Value) -> Page {
        self.send(self.itself.script(path, body)).await
    }

    pub async fn delete(&mut self, path: &str) -> Page {
        self.send(self.itself.request(Method::DELETE, path, None))
            .await
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

    async fn send(&mut self, request: Request<String>) -> Page {
        let peer: SocketAddr = self.address.parse().unwrap();
        let mut request = request.map(Body::from);
        let reads = HeaderValue::from_static(self.reads);
        request.headers_mut().insert(header::ACCEPT_LANGUAGE, reads);
        request
            .extensions_mut()
            .insert(ConnectInfo::<SocketAddr>(peer));
        let response = self.service.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        self.itself.shows(Response::from_parts(parts, text))
    }
}
