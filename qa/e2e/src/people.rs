//! People as they sign in: at a browser in front of auth-service's own pages, sent there by an app.

use std::time::{Duration, Instant};

use alloy::hex;
use anyhow::{Context, Result, ensure};
use http::{Request, Response, StatusCode};
use local_stack::endpoints::App;
use rand::RngCore;
use serde_json::Value;
use test_support::browser::{Browser, Page, encoded};
use test_support::person::{Authenticator, PASSWORD, challenge};
use time::OffsetDateTime;
use url::Url;

use crate::api::{Answer, Api};

/// Redirects that a browser follows at one go.
const MOST_REDIRECTS: usize = 5;

/// A new one-time code, made by an administrator. `who` is the body of `POST /v1/enrolments`.
///
/// # Errors
/// When none is made.
pub async fn one_time_code(api: &Api, who: &Value) -> Result<(String, Answer)> {
    let auth = &api.endpoints().auth;
    let scope = "admin:accounts.write";
    let (token, _) = api.token("admin-tool", auth, scope).await?;
    let request = api.http().post(format!("{auth}/v1/enrolments"));
    let answer = api.send(request.bearer_auth(token).json(who)).await?;
    ensure!(answer.status == 201, "{}", answer.outline());
    let code = answer.json()["code"].as_str().map(str::to_owned);
    Ok((code.context("no code in the answer")?, answer))
}

/// Somebody at a browser, at auth-service's pages.
pub struct Visitor {
    browser: Browser,
    site: String,
    http: reqwest::Client,
    /// Pages and forms so far.
    pub requests: usize,
    /// How long they took together.
    pub waited: Duration,
}

impl Visitor {
    /// Somebody at a browser that was never here before.
    ///
    /// # Errors
    /// When there can be no HTTP client.
    pub fn new(api: &Api) -> Result<Self> {
        let site = api.endpoints().auth.clone();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(20))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self {
            browser: Browser::at(&site),
            site,
            http,
            requests: 0,
            waited: Duration::ZERO,
        })
    }

    /// Enters a one-time code, and makes an account with a name and a password.
    ///
    /// # Errors
    /// When a page does not lead on.
    pub async fn enrol(&mut self, code: &str, login: &str) -> Result<()> {
        let page = self.chooses_a_password(code, login).await?;
        leads_to(&page, "/account?done=enrolled")
    }

    /// The same for who works for an organisation, of whom an authenticator app is asked as well. They are signed in then,
    /// by two factors.
    ///
    /// # Errors
    /// When a page does not lead on.
    pub async fn enrol_twofold(&mut self, code: &str, login: &str) -> Result<()> {
        let page = self.chooses_a_password(code, login).await?;
        leads_to(&page, "/enrol/app")?;
        let page = self.get("/enrol/app").await?;
        let authenticator = Authenticator::reads(&page).context("no key for an app")?;
        let code = authenticator.code(OffsetDateTime::now_utc().unix_timestamp());
        let page = self.post("/enrol/app", &[("code", &code)]).await?;
        leads_to(&page, "/account?done=enrolled")
    }

    async fn chooses_a_password(&mut self, code: &str, login: &str) -> Result<Page> {
        self.chooses_a_name(code, login).await?;
        self.get("/enrol/password").await?;
        let fields = [("password", PASSWORD), ("repeat", PASSWORD)];
        self.post("/enrol/password", &fields).await
    }

    /// Enters a one-time code and chooses a name. What comes back is the page that asks how to sign in.
    ///
    /// # Errors
    /// When a page does not lead on.
    pub async fn chooses_a_name(&mut self, code: &str, login: &str) -> Result<Page> {
        self.get("/enrol").await?;
        let page = self.post("/enrol", &[("code", code)]).await?;
        leads_to(&page, "/enrol/name")?;
        self.get("/enrol/name").await?;
        let page = self.post("/enrol/name", &[("login", login)]).await?;
        leads_to(&page, "/enrol/proof")?;
        self.get("/enrol/proof").await
    }

    /// Follows an app's link. What comes back is a page of ours, or the redirect back to the app.
    ///
    /// # Errors
    /// When there is no answer, or no end of redirects.
    pub async fn arrives(&mut self, asked: &Asked) -> Result<Page> {
        let page = self.get(&asked.link).await?;
        self.follow(page).await
    }

    /// Signs in by name and password at a page that asks for it; where a second factor is wanted, sets up an authenticator
    /// app. What comes back is the redirect to whoever sent them.
    ///
    /// # Errors
    /// When a page does not lead on.
    pub async fn signs_in_twofold(&mut self, page: &Page, login: &str) -> Result<Page> {
        let action = page.action().context("no form to sign in by")?;
        let fields = [("login", login), ("password", PASSWORD)];
        let page = self.post(&action, &fields).await?;
        let page = self.follow(page).await?;
        let link = page.link("/account/app").with_context(|| {
            format!(
                "HTTP {}: no second factor was asked for",
                page.status.as_u16()
            )
        })?;
        let page = self.get(&link).await?;
        let authenticator = Authenticator::reads(&page).context("no key for an app")?;
        let action = page.action().context("no form for the app's code")?;
        let code = authenticator.code(OffsetDateTime::now_utc().unix_timestamp());
        let page = self.post(&action, &[("code", &code)]).await?;
        let page = self.follow(page).await?;
        // A page of ours comes between the form and another site.
        let on = page.link("/oauth2/authorize").context("no way back")?;
        let page = self.get(&on).await?;
        self.follow(page).await
    }

    /// A click on a link.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn get(&mut self, path: &str) -> Result<Page> {
        self.send(self.browser.get(path)).await
    }

    /// A form with what its page carries.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Page> {
        self.send(self.browser.form(path, fields)).await
    }

    /// What the passkey script sends.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn script(&mut self, path: &str, body: &Value) -> Result<Page> {
        self.send(self.browser.script(path, body)).await
    }

    async fn follow(&mut self, mut page: Page) -> Result<Page> {
        for _ in 0..MOST_REDIRECTS {
            let location = page.location().to_owned();
            if page.status != StatusCode::SEE_OTHER || !location.starts_with('/') {
                return Ok(page);
            }
            page = self.get(&location).await?;
        }
        anyhow::bail!("redirects without end")
    }

    async fn send(&mut self, request: Request<String>) -> Result<Page> {
        let (parts, body) = request.into_parts();
        let url = format!("{}{}", self.site, parts.uri);
        let started = Instant::now();
        let sent = self
            .http
            .request(parts.method, url)
            .headers(parts.headers)
            .body(body);
        let response = sent.send().await.context("no answer")?;
        let mut shown = Response::new(String::new());
        *shown.status_mut() = response.status();
        *shown.headers_mut() = response.headers().clone();
        *shown.body_mut() = response.text().await.context("the answer broke off")?;
        self.requests += 1;
        self.waited += started.elapsed();
        Ok(self.browser.shows(shown))
    }
}

fn leads_to(page: &Page, path: &str) -> Result<()> {
    let location = page.location();
    ensure!(
        page.status == StatusCode::SEE_OTHER && location == path,
        "HTTP {} leads to `{location}` instead of {path}",
        page.status.as_u16()
    );
    Ok(())
}

/// An app that people sign in to: a public client, so that PKCE is all that proves it is still the same.
pub struct Portal<'a> {
    api: &'a Api,
    app: &'a App,
}

/// What an app has asked, and what it remembers to recognise the answer by.
pub struct Asked {
    /// Where the browser is sent, at the issuer.
    link: String,
    state: String,
    verifier: String,
}

impl<'a> Portal<'a> {
    /// The custodian's own portal for patients.
    ///
    /// # Errors
    /// When the stack has none.
    pub fn for_patients(api: &'a Api) -> Result<Self> {
        Self::of(api, "patient")
    }

    /// The custodian's own console for clinicians.
    ///
    /// # Errors
    /// When the stack has none.
    pub fn for_clinicians(api: &'a Api) -> Result<Self> {
        Self::of(api, "provider")
    }

    fn of(api: &'a Api, persona: &str) -> Result<Self> {
        let mut apps = api.endpoints().apps.iter();
        let app = apps.find(|app| app.persona == persona);
        Ok(Self {
            api,
            app: app.with_context(|| format!("no app for persona {persona} in the stack"))?,
        })
    }

    /// A request for a token towards `audience`. The sign-in has to be by two factors and five minutes old at most, as it
    /// is for whoever binds a key.
    pub fn asks(&self, audience: &str, scope: &str) -> Asked {
        let (state, verifier) = (unguessable(), unguessable());
        let query = encoded(&[
            ("client_id", &self.app.id),
            ("redirect_uri", &self.app.redirect_uri),
            ("response_type", "code"),
            ("scope", scope),
            ("resource", audience),
            ("state", &state),
            ("code_challenge", &challenge(&verifier)),
            ("code_challenge_method", "S256"),
            ("acr_values", "aal2"),
            ("max_age", "300"),
        ]);
        Asked {
            link: format!("/oauth2/authorize?{query}"),
            state,
            verifier,
        }
    }

    /// The code that a browser comes back with, once it is sure that it is the answer to what was asked, by this issuer.
    ///
    /// # Errors
    /// When it is not, or holds no code.
    pub fn takes_back(&self, asked: &Asked, page: &Page) -> Result<String> {
        let url = Url::parse(page.location())
            .with_context(|| format!("HTTP {} leads nowhere", page.status.as_u16()))?;
        let given = |name: &str| {
            let mut pairs = url.query_pairs().filter(|(known, _)| known == name);
            let (value, more) = (pairs.next(), pairs.next());
            value
                .filter(|_| more.is_none())
                .map(|(_, value)| value.into_owned())
        };
        if let Some(error) = given("error") {
            anyhow::bail!(
                "{error}: {}",
                given("error_description").unwrap_or_default()
            );
        }
        let mut back = url.clone();
        back.set_query(None);
        ensure!(
            back.as_str() == self.app.redirect_uri,
            "sent back to {back}"
        );
        ensure!(
            given("state").as_ref() == Some(&asked.state),
            "another state came back"
        );
        let issuer = &self.api.endpoints().auth;
        ensure!(
            given("iss").as_ref() == Some(issuer),
            "another issuer answered"
        );
        given("code").context("no code came back")
    }

    /// Redeems a code with the verifier whose hash was shown in advance.
    ///
    /// # Errors
    /// When no token comes of it.
    pub async fn redeems(&self, asked: &Asked, code: &str) -> Result<(String, Answer)> {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", &self.app.id),
            ("redirect_uri", &self.app.redirect_uri),
            ("code", code),
            ("code_verifier", &asked.verifier),
        ];
        let url = format!("{}/oauth2/token", self.api.endpoints().auth);
        let answer = self.api.send(self.api.http().post(url).form(&form)).await?;
        let body = answer.json();
        let token = body["access_token"].as_str().map(str::to_owned);
        let token = token.with_context(|| format!("HTTP {} {}", answer.status, body["error"]))?;
        Ok((token, answer))
    }

    /// A token for somebody who is signed in already: they are asked nothing.
    ///
    /// # Errors
    /// When they are not let through at once.
    pub async fn token_at_once(
        &self,
        visitor: &mut Visitor,
        audience: &str,
        scope: &str,
    ) -> Result<String> {
        let asked = self.asks(audience, scope);
        let page = visitor.arrives(&asked).await?;
        let code = self.takes_back(&asked, &page)?;
        Ok(self.redeems(&asked, &code).await?.0)
    }
}

/// 256 bits that nobody else knows.
fn unguessable() -> String {
    let mut bytes = [0; 32];
    rand::rng().fill_bytes(&mut bytes);
    hex::encode(bytes)
}
