//! Every page in every language: nothing of another one is left on it.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::apps::{self, APP, request_of, start};
use crate::support::browser::{Browser, Page};
use crate::support::people::{App, PASSWORD, admin, sign_in};
use crate::support::{Service, TENANT};

/// What is Latin on every page: names, ours and others', and what has no words of its own.
const NAMES: [&str; 7] = [
    TENANT,
    "clinic-a",
    "Walk <b>app</b>",
    "127.0.0.1",
    "Consentry",
    "English",
    "UTC",
];

/// What a page says, on it and to those who hear it.
fn said(page: &Page) -> String {
    let mut said = String::new();
    let mut rest = page.text.as_str();
    while let Some((before, after)) = rest.split_once('<') {
        let (tag, after) = after.split_once('>').unwrap();
        said.push_str(before);
        said.push(' ');
        for attribute in [
            "aria-label",
            "data-cancelled",
            "data-unsupported",
            "data-failed",
            "data-known",
        ] {
            if let Some((_, value)) = tag.split_once(&format!("{attribute}=\"")) {
                said.push_str(value.split('"').next().unwrap());
                said.push(' ');
            }
        }
        rest = after;
        // The key of an authenticator app is no word.
        if tag.starts_with("code") {
            rest = after.split_once("</code>").unwrap().1;
        }
    }
    for (written, meant) in [
        ("&#60;", "<"),
        ("&#62;", ">"),
        ("&#39;", "'"),
        ("&#34;", "\""),
        ("&#38;", "&"),
    ] {
        said = said.replace(written, meant);
    }
    said
}

/// A reader of one language, and what is said to them.
struct Reader<'a> {
    browser: Browser<'a>,
    language: &'a str,
    login: String,
    seen: BTreeSet<String>,
}

impl<'a> Reader<'a> {
    fn of(service: &'a Service, language: &'a str) -> Self {
        let mut browser = service.browser();
        browser
            .cookies
            .insert("__Host-language".to_owned(), language.to_owned());
        Self {
            browser,
            language,
            login: String::new(),
            seen: BTreeSet::new(),
        }
    }

    fn looks(&mut self, page: &Page, heading: &str) {
        let start = format!("<html lang=\"{}\" dir=\"rtl\"", self.language);
        assert!(page.text.contains(&start), "{heading}: {}", page.text);
        let mut text = said(page);
        for name in NAMES.iter().copied().chain([self.login.as_str()]) {
            if !name.is_empty() {
                text = text.replace(name, "");
            }
        }
        let words: Vec<&str> = text
            .split(|c: char| !c.is_ascii_alphabetic())
            .filter(|word| !word.is_empty())
            .collect();
        assert!(
            words.is_empty(),
            "{heading} in {}: {words:?}",
            self.language
        );
        assert!(
            !text.contains(['{', '}']),
            "{heading} in {}: {text}",
            self.language
        );
        self.seen.insert(page.between("<h1", "</h1>").to_owned());
    }

    async fn opens(&mut self, path: &str) -> Page {
        let page = self.browser.get(path).await;
        self.looks(&page, path);
        page
    }

    async fn sends(&mut self, path: &str, fields: &[(&str, &str)]) {
        let page = self.browser.post(path, fields).await;
        self.looks(&page, path);
    }

    /// From a code to the choice of how to sign in.
    async fn enrols(&mut self, code: &str, login: &str) {
        self.login = login.to_owned();
        self.opens("/enrol").await;
        self.browser.post("/enrol", &[("code", code)]).await;
        self.opens("/enrol/name").await;
        self.sends("/enrol/name", &[("login", "??")]).await;
        self.browser.post("/enrol/name", &[("login", login)]).await;
        self.opens("/enrol/proof").await;
    }

    async fn chooses_password(&mut self) {
        self.opens("/enrol/password").await;
        for wrong in [
            ("short", "short"),
            (PASSWORD, "another"),
            ("password2024", "password2024"),
        ] {
            self.sends(
                "/enrol/password",
                &[("password", wrong.0), ("repeat", wrong.1)],
            )
            .await;
        }
        let fields = [("password", PASSWORD), ("repeat", PASSWORD)];
        self.browser.post("/enrol/password", &fields).await;
    }

    async fn is_a_visitor(&mut self) {
        self.opens("/sign-in").await;
        self.opens("/sign-in?acr=aal2").await;
        let wrong = sign_in(&mut self.browser, "0000", "not the password").await;
        self.looks(&wrong, "a wrong password");
        self.opens("/enrol").await;
        self.sends("/enrol", &[("code", "0000-0000-0000-0000")])
            .await;
        for fault in [
            "/sign-in?return_to=https://x.example",
            "/sign-in/continue?return_to=/account",
            "/enrol/name",
            "/oauth2/logout",
            "/oauth2/authorize?client_id=nobody",
            "/oauth2/authorize?client_id=walk-app&redirect_uri=https://x.example",
            "/oauth2/authorize?continue=x",
        ] {
            self.opens(fault).await;
        }
    }

    async fn is_a_patient(&mut self, service: &Service, code: &str, login: &str) {
        self.enrols(code, login).await;
        self.chooses_password().await;
        for done in [
            "password",
            "app",
            "app-removed",
            "passkey",
            "passkey-removed",
            "session",
            "enrolled",
            "kept",
        ] {
            self.opens(&format!("/account?done={done}")).await;
        }
        self.opens("/account/passkey").await;
        self.opens("/account/password").await;
        self.opens("/account/app").await;
        self.sends("/account/app", &[("code", "000000")]).await;
        self.opens("/account/apps").await;
        self.opens("/sign-in/second-step?acr=aal2").await;
        let scope = "openid fhirUser launch/patient offline_access online_access patient:consent.read \
                     patient/Observation.rs patient/Condition.rs";
        let query = apps::encode(&request_of(APP, &[("scope", scope)]));
        let ask = self.opens(&format!("/oauth2/authorize?{query}")).await;
        let waiting = apps::field(&ask.text, "continue");
        let fields = [
            ("continue", waiting.as_str()),
            ("decision", "allow"),
            ("scope", "patient/Observation.rs"),
        ];
        let allowed = self
            .browser
            .post("/oauth2/authorize/decision", &fields)
            .await;
        assert!(allowed.location().contains("code="), "{}", allowed.text);
        self.opens("/account/apps").await;
        self.opens(&format!("/oauth2/logout?client_id={APP}")).await;
        service.set_time(service.time() + 1);
        self.opens("/sign-in?max_age=0").await;
        self.opens("/sign-out").await;
        self.sends("/sign-out", &[]).await;
    }

    async fn is_a_provider(&mut self, service: &Service, code: &str, login: &str) {
        self.enrols(code, login).await;
        self.chooses_password().await;
        let page = self.opens("/enrol/app").await;
        let app = App::scan(&page);
        self.sends("/enrol/app", &[("code", "000000")]).await;
        let code = app.code(service.time());
        self.browser.post("/enrol/app", &[("code", &code)]).await;
        self.opens("/account").await;
        self.browser.post("/sign-out", &[]).await;
        let password = sign_in(&mut self.browser, login, PASSWORD).await;
        assert_eq!(password.location(), "/sign-in/code", "{}", password.text);
        self.opens("/sign-in/code").await;
        self.sends("/sign-in/code", &[("code", "000000")]).await;
    }
}

#[tokio::test]
async fn no_page_has_anything_of_another_language() {
    let service = start().await;
    for (language, n) in [("fa-AF", 1), ("ps", 2)] {
        let mut reader = Reader::of(&service, language);
        reader.is_a_visitor().await;
        let who = json!({"persona": "patient", "fhirId": format!("p{n}")});
        let code = service.code(&who).await;
        reader
            .is_a_patient(&service, &code, &format!("100{n}"))
            .await;
        let who = json!({"persona": "provider", "organization": "clinic-a", "practitioner": format!("dr-{n}")});
        let code = service.code(&who).await;
        let login = format!("200{n}");
        reader.is_a_provider(&service, &code, &login).await;
        reader
            .enrols(&service.code(&admin()).await, &format!("300{n}"))
            .await;
        let headings = reader.seen.len();
        assert!(headings >= 17, "{headings}: {:?}", reader.seen);
    }
}
