//! A browser without a network: keeps cookies, fills in forms, says where its requests come from. Whoever uses it carries
//! its requests, into a router or over HTTP, and gives it the answers. It runs no scripts.

use std::collections::BTreeMap;

use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use serde_json::Value;

const FORM: &str = "application/x-www-form-urlencoded";

/// A browser that is at one site.
#[derive(Debug, Clone, Default)]
pub struct Browser {
    /// What the site has left here, by name.
    pub cookies: BTreeMap<String, String>,
    /// What it says its forms come from.
    pub origin: Option<String>,
    /// What the forms of the last page carry.
    pub csrf: String,
}

impl Browser {
    /// A new one, at the site of this origin.
    pub fn at(origin: &str) -> Self {
        Self {
            origin: Some(origin.to_owned()),
            ..Self::default()
        }
    }

    /// A click on a link.
    pub fn get(&self, path: &str) -> Request<String> {
        self.request(Method::GET, path, None)
    }

    /// A form with what its page carries.
    pub fn form(&self, path: &str, fields: &[(&str, &str)]) -> Request<String> {
        let mut fields = fields.to_vec();
        fields.push(("csrf", &self.csrf));
        self.bare_form(path, &fields)
    }

    /// A form as it is.
    pub fn bare_form(&self, path: &str, fields: &[(&str, &str)]) -> Request<String> {
        self.request(Method::POST, path, Some((FORM, encoded(fields))))
    }

    /// What a script of the page sends.
    pub fn script(&self, path: &str, body: &Value) -> Request<String> {
        let body = ("application/json", body.to_string());
        self.request(Method::POST, path, Some(body))
    }

    /// Any request.
    ///
    /// # Panics
    /// When the path is none.
    pub fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Request<String> {
        let mut request = Request::builder().method(&method).uri(path);
        if !self.cookies.is_empty() {
            let cookies = self.cookies.iter();
            let cookies: Vec<String> = cookies
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        if let Some((kind, _)) = body {
            request = request.header(header::CONTENT_TYPE, kind);
            request = request.header("x-csrf", &self.csrf);
        }
        if let Some(origin) = self.origin.as_ref().filter(|_| method != Method::GET) {
            request = request.header(header::ORIGIN, origin);
        }
        let body = body.map(|(_, body)| body).unwrap_or_default();
        request.body(body).expect("a path and header values")
    }

    /// Takes an answer in: its cookies, and what the forms on the page carry.
    pub fn shows(&mut self, response: Response<String>) -> Page {
        let (parts, text) = response.into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap_or_default();
            let pair = set.split(';').next().unwrap_or_default();
            let (name, value) = pair.split_once('=').unwrap_or_default();
            if set.contains("Max-Age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let page = Page {
            status: parts.status,
            headers: parts.headers,
            text,
        };
        for start in ["name=\"csrf\" value=\"", "data-csrf=\""] {
            if let Some(csrf) = page.find(start, "\"") {
                csrf.clone_into(&mut self.csrf);
            }
        }
        page
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub struct Page {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub text: String,
}

impl Page {
    /// Where the browser goes next; empty where it stays.
    pub fn location(&self) -> &str {
        let location = self.headers.get(header::LOCATION);
        location
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// Status and the last part of a problem's type.
    pub fn problem(&self) -> (u16, String) {
        let body = self.json();
        let kind = body["type"].as_str().unwrap_or("none");
        let kind = kind.rsplit('/').next().unwrap_or_default();
        (self.status.as_u16(), kind.to_owned())
    }

    /// What stands between two texts, the first time.
    pub fn find(&self, start: &str, end: &str) -> Option<&str> {
        let (_, rest) = self.text.split_once(start)?;
        Some(rest.split_once(end)?.0)
    }

    /// What stands between two texts.
    ///
    /// # Panics
    /// When they are not there.
    pub fn between(&self, start: &str, end: &str) -> &str {
        self.find(start, end)
            .unwrap_or_else(|| panic!("no {start} in {}", self.text))
    }

    /// Where the page's first form goes.
    pub fn action(&self) -> Option<String> {
        self.find("action=\"", "\"").map(unescaped)
    }

    /// The first link whose address begins so.
    pub fn link(&self, start: &str) -> Option<String> {
        let rest = self.find(&format!("href=\"{start}"), "\"")?;
        Some(format!("{start}{}", unescaped(rest)))
    }
}

/// Fields as a form or a query writes them.
pub fn encoded(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

fn unescaped(text: &str) -> String {
    text.replace("&#38;", "&").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(cookies: &[&str], text: &str) -> Response<String> {
        let mut response = Response::builder();
        for cookie in cookies {
            response = response.header(header::SET_COOKIE, *cookie);
        }
        response.body(text.to_owned()).unwrap()
    }

    #[test]
    fn a_cookie_is_shown_until_it_is_taken_away() {
        let mut browser = Browser::at("http://localhost:7001");
        browser.shows(answer(&["a=1; Path=/; Secure", "b=2"], ""));
        assert_eq!(browser.get("/").headers()[header::COOKIE], "a=1; b=2");
        browser.shows(answer(&["a=; Max-Age=0"], ""));
        assert_eq!(browser.get("/").headers()[header::COOKIE], "b=2");
    }

    #[test]
    fn a_form_carries_what_its_page_carries_and_says_where_it_comes_from() {
        let mut browser = Browser::at("http://localhost:7001");
        let form =
            "<form action=\"/x?a=1&#38;b=2\"><input name=\"csrf\" value=\"c\"><a href=\"/y?z\">";
        let page = browser.shows(answer(&[], form));
        assert_eq!(page.action().unwrap(), "/x?a=1&b=2");
        assert_eq!(page.link("/y").unwrap(), "/y?z");
        let sent = browser.form("/x", &[("a", "ö")]);
        assert_eq!(sent.body(), "a=%C3%B6&csrf=c");
        assert_eq!(sent.headers()[header::ORIGIN], "http://localhost:7001");
        assert!(!browser.get("/x").headers().contains_key(header::ORIGIN));
    }
}
