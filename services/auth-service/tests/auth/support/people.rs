//! People: how they get their accounts and sign in.

use serde_json::{Value, json};
use test_support::person::Authenticator;
pub use test_support::person::PASSWORD;

use super::browser::{Browser, Page};
use super::{Answer, Service, authenticator};

/// Another good password.
pub const OTHER_PASSWORD: &str = "seven lanterns by the canal";

pub fn patient() -> Value {
    json!({"persona": "patient", "fhirId": "p1"})
}

pub fn provider() -> Value {
    json!({"persona": "provider", "organization": "clinic-a", "practitioner": "dr-1"})
}

pub fn admin() -> Value {
    json!({"persona": "admin"})
}

impl Service {
    pub async fn ask_enrolment(&self, body: &Value) -> Answer {
        let token = self.admin().await;
        self.request(
            axum::http::Method::POST,
            "/v1/enrolments",
            &token,
            Some(body.to_string()),
        )
        .await
    }

    /// A new code.
    pub async fn code(&self, body: &Value) -> String {
        let answer = self.ask_enrolment(body).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        answer.body["code"].as_str().unwrap().to_owned()
    }

    /// A browser whose owner has entered a new code, and chosen a name.
    pub async fn named(&self, who: &Value, login: &str) -> Browser<'_> {
        let code = self.code(who).await;
        self.named_by(&code, login).await
    }

    /// The same with this code.
    pub async fn named_by(&self, code: &str, login: &str) -> Browser<'_> {
        let mut browser = self.browser();
        browser.get("/enrol").await;
        let page = browser.post("/enrol", &[("code", code)]).await;
        assert_eq!(page.location(), "/enrol/name", "{}", page.text);
        browser.get("/enrol/name").await;
        let page = browser.post("/enrol/name", &[("login", login)]).await;
        assert_eq!(page.location(), "/enrol/proof", "{}", page.text);
        browser.get("/enrol/proof").await;
        browser
    }

    /// A patient with a password, signed in.
    pub async fn patient(&self, login: &str) -> Browser<'_> {
        let mut browser = self.named(&patient(), login).await;
        let page = choose_password(&mut browser, PASSWORD).await;
        assert_eq!(page.location(), "/account?done=enrolled", "{}", page.text);
        browser
    }

    /// A provider with a password and an app, signed in, and the app.
    pub async fn provider(&self, login: &str) -> (Browser<'_>, App) {
        let mut browser = self.named(&provider(), login).await;
        let page = choose_password(&mut browser, PASSWORD).await;
        assert_eq!(page.location(), "/enrol/app", "{}", page.text);
        let app = App::scan(&browser.get("/enrol/app").await);
        let code = app.code(self.time());
        let page = browser.post("/enrol/app", &[("code", &code)]).await;
        assert_eq!(page.location(), "/account?done=enrolled", "{}", page.text);
        (browser, app)
    }

    /// The id of the account of this name.
    pub async fn account(&self, login: &str) -> String {
        let token = self.admin().await;
        let answer = self.get("/v1/accounts", &token).await;
        let accounts = answer.body["accounts"].as_array().unwrap();
        let found = accounts.iter().find(|account| account["login"] == login);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    }

    /// The kinds of security events so far, with what they are about.
    pub async fn events(&self) -> Vec<(String, String)> {
        sqlx::query_as("select kind, key from outbox where topic = 'auth.events.v1' order by id")
            .fetch_all(&self.db)
            .await
            .unwrap()
    }
}

/// Ends an enrolment with a passkey.
pub async fn choose_passkey(browser: &mut Browser<'_>, n: u8) -> Page {
    let options = browser.script("/enrol/passkey/options", &json!({})).await;
    let asked = options.json();
    let credential = authenticator::Authenticator::new(n).make(&asked["options"]);
    let made = json!({"id": asked["id"], "credential": credential});
    browser.script("/enrol/passkey", &made).await
}

pub async fn choose_password(browser: &mut Browser<'_>, password: &str) -> Page {
    browser.get("/enrol/password").await;
    let fields = [("password", password), ("repeat", password)];
    browser.post("/enrol/password", &fields).await
}

/// Opens the sign-in page and sends a name and a password.
pub async fn sign_in(browser: &mut Browser<'_>, login: &str, password: &str) -> Page {
    sign_in_at(browser, "/sign-in", login, password).await
}

pub async fn sign_in_at(
    browser: &mut Browser<'_>,
    path: &str,
    login: &str,
    password: &str,
) -> Page {
    let page = browser.get(path).await;
    assert_eq!(page.status, 200, "{}", page.text);
    let action = page.action().expect("a form");
    let fields = [("login", login), ("password", password)];
    browser.post(&action, &fields).await
}

/// An authenticator app.
pub struct App(Authenticator);

impl App {
    /// Reads the key that a page shows.
    pub fn scan(page: &Page) -> Self {
        Self(Authenticator::reads(page).expect("a key on the page"))
    }

    /// What it shows at a time.
    pub fn code(&self, seconds: i64) -> String {
        self.0.code(seconds)
    }
}
