//! A browser as the portal meets it. It remembers all that it was ever told, so that a test can look for what it must not
//! be told.

use std::collections::BTreeMap;

use auth_service::session::Session;
use axum::http::{HeaderMap, Method, StatusCode, header};
use serde_json::Value;

use super::World;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// Status and the last part of the problem's type.
    pub fn problem(&self) -> (u16, String) {
        let body = self.json();
        let kind = body["type"].as_str().unwrap_or_default();
        let kind = kind.rsplit('/').next().unwrap_or_default();
        (self.status.as_u16(), kind.to_owned())
    }

    /// The cookie that it sets, with its attributes.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let start = format!("{name}=");
        let mut all = self.headers.get_all(header::SET_COOKIE).iter();
        all.find_map(|value| value.to_str().ok().filter(|text| text.starts_with(&start)))
    }
}

pub struct Browser<'a> {
    world: &'a World,
    /// The portal's cookies.
    pub cookies: BTreeMap<String, String>,
    /// The issuer's.
    issuer_cookies: BTreeMap<String, String>,
    /// The sign-in at the issuer.
    pub issuer_session: Option<Session>,
    /// What calls carry.
    pub csrf: String,
    /// All that the portal ever answered, heads and bodies.
    pub told: String,
}

impl<'a> Browser<'a> {
    pub fn new(world: &'a World) -> Self {
        Self {
            world,
            cookies: BTreeMap::new(),
            issuer_cookies: BTreeMap::new(),
            issuer_session: None,
            csrf: String::new(),
            told: String::new(),
        }
    }

    /// Its owner, a patient, has signed in at the issuer before.
    pub async fn is_known_at_the_issuer(&mut self) {
        let (session, (name, value)) = self.world.issuer.patient().await;
        self.issuer_session = Some(session);
        self.issuer_cookies.insert(name, value);
    }

    /// Follows a link that leads to the issuer, and there back; the answer is the one to what the issuer sent.
    pub async fn signs_in(&mut self, path: &str) -> Answer {
        let back = self.comes_back_with(path).await;
        self.get(&back).await
    }

    /// The path and query by which the issuer sends the browser back.
    pub async fn comes_back_with(&mut self, path: &str) -> String {
        let start = self.get(path).await;
        assert_eq!(start.status, 303, "{}", start.text);
        let answer = self.at_the_issuer(start.location()).await;
        let back = answer.location().strip_prefix(&self.world.origin);
        back.unwrap_or_else(|| panic!("not sent back: {answer:?}"))
            .to_owned()
    }

    /// What the issuer shows.
    pub async fn at_the_issuer(&self, url: &str) -> Answer {
        assert!(url.starts_with(&self.world.issuer.url), "{url}");
        let request = self.world.http.get(url);
        let request = request.header(header::COOKIE, cookies(&self.issuer_cookies));
        answer(request).await
    }

    /// Asks who is signed in, and notes what calls have to carry.
    pub async fn reads_session(&mut self) -> Value {
        let answer = self.get("/session").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let view = answer.json();
        self.csrf = view["csrf"].as_str().unwrap().to_owned();
        view
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        let request = self.request(Method::GET, path);
        self.send(request).await
    }

    /// A call as the application's own page makes it.
    pub async fn calls(&mut self, method: Method, path: &str) -> Answer {
        let call = self.call(method, path);
        self.send(call).await
    }

    /// The same, to be changed before it is sent.
    pub fn call(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request(method, path)
            .header("x-csrf-token", &self.csrf)
            .header("sec-fetch-site", "same-origin")
            .header(header::ORIGIN, &self.world.origin)
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let url = format!("{}{path}", self.world.origin);
        let request = self.world.http.request(method, url);
        request.header(header::COOKIE, cookies(&self.cookies))
    }

    pub async fn send(&mut self, request: reqwest::RequestBuilder) -> Answer {
        let answer = answer(request).await;
        self.takes(&answer);
        answer
    }

    /// Notes what it is told.
    fn takes(&mut self, answer: &Answer) {
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        self.told += &format!("{:?}\n{}\n", answer.headers, answer.text);
    }
}

fn cookies(jar: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = jar
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("; ")
}

async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap_or_default(),
    }
}
