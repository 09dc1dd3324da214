//! People who are signed in, apps that send them to us, and what comes back.

use access_token::dpop::{self, Expected};
use access_token::{Amr, Claims, Verifier};
use auth_service::account::{self, Account, Role};
use auth_service::random_id;
use auth_service::session::{self, Proven, Session};
use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use url::Url;

use super::{ADMIN, Answer, CLINIC_A, GATEWAY, INDEXER, ISSUER, Service, at, clients, key};

/// The custodian's portal for patients: its own, with a key.
pub const PORTAL: (&str, u8) = ("patient-portal", 10);
/// An app of somebody else for patients, without a key.
pub const APP: &str = "walk-app";
/// A portal for clinicians.
pub const CLINICIANS: (&str, u8) = ("clinician-portal", 11);
/// A console for administrators.
pub const CONSOLE: (&str, u8) = ("admin-console", 12);
/// An app whose tokens are bound to a key.
pub const BOUND: &str = "bound-app";
/// A clinic's backend that receives clinicians' tokens and acts for them.
pub const BACKEND: (&str, u8) = ("clinic-a-service", 13);
/// What that backend is called in tokens.
pub const BACKEND_AUDIENCE: &str = "https://clinic-a.example/api";

pub const PORTAL_BACK: &str = "https://portal.example/callback";
pub const APP_BACK: &str = "http://127.0.0.1/callback";
pub const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters";

/// The clients of every test, and those that people sign in to.
pub fn with_apps() -> Value {
    let mut all = clients().as_array().unwrap().clone();
    let with_key = |client: (&str, u8)| json!({"keys": [key(client.1).public()]});
    all.extend([
        json!({
            "clientId": PORTAL.0, "name": "Patient portal", "persona": "patient", "firstParty": true,
            "jwks": with_key(PORTAL), "audiences": [INDEXER, GATEWAY],
            "scopes": ["patient:consent.read", "patient:consent.write", "patient/*.rs", "openid", "fhirUser", "launch/patient"],
            "grantTypes": ["authorization_code", "refresh_token"],
            "redirectUris": [PORTAL_BACK], "postLogoutRedirectUris": ["https://portal.example/bye"],
        }),
        json!({
            "clientId": APP, "name": "Walk <b>app</b>", "persona": "patient", "tokenEndpointAuthMethod": "none",
            "audiences": [GATEWAY], "grantTypes": ["authorization_code", "refresh_token"],
            "scopes": ["patient/Observation.rs", "patient/Condition.rs", "openid", "fhirUser", "launch/patient",
                       "offline_access", "online_access", "patient:consent.read"],
            "redirectUris": [APP_BACK, "https://walk.example/callback"],
        }),
        json!({
            "clientId": BOUND, "persona": "patient", "tokenEndpointAuthMethod": "none", "requireDpop": true,
            "firstParty": true, "audiences": [GATEWAY], "grantTypes": ["authorization_code", "refresh_token"],
            "scopes": ["patient/*.rs", "openid"], "redirectUris": [APP_BACK],
        }),
        json!({
            "clientId": CLINICIANS.0, "persona": "provider", "firstParty": true, "jwks": with_key(CLINICIANS),
            "audiences": [BACKEND_AUDIENCE, GATEWAY], "purposes": ["TREAT"],
            "scopes": ["provider:records.read", "provider:consent.request", "user/*.rs", "openid", "fhirUser"],
            "grantTypes": ["authorization_code", "refresh_token"], "redirectUris": ["https://clinicians.example/cb"],
        }),
        json!({
            "clientId": CONSOLE.0, "persona": "admin", "firstParty": true, "jwks": with_key(CONSOLE),
            "audiences": [ISSUER], "scopes": ["admin:*", "openid"],
            "grantTypes": ["authorization_code", "refresh_token"], "redirectUris": ["https://console.example/cb"],
        }),
        json!({
            "clientId": BACKEND.0, "persona": "provider", "organization": "clinic-a", "jwks": with_key(BACKEND),
            "audiences": [GATEWAY], "purposes": ["TREAT"], "resources": [BACKEND_AUDIENCE],
            "scopes": ["provider:records.read", "user/Observation.rs"],
            "grantTypes": ["client_credentials", "urn:ietf:params:oauth:grant-type:token-exchange"],
        }),
    ]);
    Value::Array(all)
}

pub async fn start() -> Service {
    Service::start_with_clients(&with_apps(), |_| {}).await
}

/// Somebody who is signed in in a browser.
pub struct Person {
    pub account: Account,
    pub session: Session,
    /// What the browser sends.
    pub cookie: String,
}

pub fn patient(id: &str) -> Role {
    Role::Patient {
        fhir_id: id.to_owned(),
    }
}

pub fn clinician() -> Role {
    Role::Provider {
        organization: "clinic-a".to_owned(),
        practitioner: Some("dr-7".to_owned()),
    }
}

impl Service {
    /// A new account, signed in by these.
    pub async fn sign_in(&self, role: Role, amr: &[Amr]) -> Person {
        let id = random_id(&self.app.random);
        let account = Account {
            id,
            tenant: self.app.tenant.clone(),
            login: id.to_string(),
            role,
            disabled: false,
            version: 0,
        };
        let mut connection = self.db.acquire().await.unwrap();
        account::store::create(&mut connection, &account, at(self.time()))
            .await
            .unwrap();
        self.sign_in_again(account, amr).await
    }

    /// Another session of an account.
    pub async fn sign_in_again(&self, account: Account, amr: &[Amr]) -> Person {
        let proven = Proven { amr: amr.to_vec() };
        let mut connection = self.db.acquire().await.unwrap();
        let now = at(self.time());
        let random = &self.app.random;
        let (session, secret) =
            session::store::start(&mut connection, account.clone(), proven, random, now)
                .await
                .unwrap();
        let set = secret.set();
        let cookie = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        Person {
            account,
            session,
            cookie,
        }
    }

    /// The patient with a passkey.
    pub async fn a_patient(&self) -> Person {
        self.sign_in(patient("p-1"), &[Amr::Pop]).await
    }

    /// What a browser gets.
    pub async fn browse(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, cookie);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// What a browser gets for a form of our own page.
    pub async fn submit(&self, path: &str, cookie: &str, form: &[(&str, &str)]) -> Answer {
        let request = Request::post(path)
            .header(header::COOKIE, cookie)
            .header(header::ORIGIN, &self.app.issuer)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(encode(form)));
        self.send(request.unwrap()).await
    }

    /// Sends a browser to the authorization endpoint with these in place of the usual parameters (left out, if empty).
    pub async fn authorize(&self, cookie: &str, client: &str, changes: &[(&str, &str)]) -> Answer {
        let query = encode(&request_of(client, changes));
        self.browse(&format!("/oauth2/authorize?{query}"), cookie)
            .await
    }

    /// A form to an endpoint.
    pub async fn post_form(
        &self,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(encode(form))).unwrap())
            .await
    }

    /// The same, authenticated as a client: with an assertion where it has a key.
    pub async fn post_as(&self, path: &str, client: &str, form: &[(&str, &str)]) -> Answer {
        self.post_with(path, client, form, &[]).await
    }

    pub async fn post_with(
        &self,
        path: &str,
        client: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answer {
        let with_key = [PORTAL, CLINICIANS, CONSOLE, BACKEND, ADMIN, CLINIC_A]
            .into_iter()
            .find(|known| known.0 == client);
        let assertion = with_key.map(|client| self.assertion(client));
        let mut all = form.to_vec();
        match &assertion {
            Some(assertion) => all.extend([
                ("client_assertion_type", super::ASSERTION_TYPE),
                ("client_assertion", assertion.as_str()),
            ]),
            None => all.push(("client_id", client)),
        }
        self.post_form(path, &all, headers).await
    }

    /// Redeems a code, with these in place of the usual parameters.
    pub async fn redeem(&self, client: &str, code: &str, changes: &[(&str, &str)]) -> Answer {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back_of(client)),
            ("code_verifier", VERIFIER),
        ];
        change(&mut form, changes);
        self.post_as("/oauth2/token", client, &form).await
    }

    /// The whole way of a person into an app of ours: the answer of the token endpoint.
    pub async fn let_in(&self, person: &Person, client: &str, changes: &[(&str, &str)]) -> Answer {
        let code = self.authorize(&person.cookie, client, changes).await.code();
        let answer = self.redeem(client, &code, &[]).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer
    }

    pub async fn refresh(&self, client: &str, token: &str, more: &[(&str, &str)]) -> Answer {
        let mut form = vec![("grant_type", "refresh_token"), ("refresh_token", token)];
        form.extend_from_slice(more);
        self.post_as("/oauth2/token", client, &form).await
    }

    /// Whether a client learns that a token is active.
    pub async fn is_active(&self, client: &str, token: &str) -> bool {
        let answer = self
            .post_as("/oauth2/introspect", client, &[("token", token)])
            .await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        answer.body["active"].as_bool().unwrap()
    }

    /// A proof of key `n` for a request to an endpoint.
    pub fn proof(&self, n: u8, jti: &str, method: &str, path: &str, token: Option<&str>) -> String {
        let url: Url = format!("{}{path}", self.app.issuer).parse().unwrap();
        let expected = Expected {
            method,
            url: &url,
            token,
        };
        dpop::prove(&key(n), jti, expected, at(self.time())).unwrap()
    }

    /// What an access token says, without the proof that a verifier would ask for.
    pub async fn read(&self, token: &str) -> Claims {
        let jwks = self
            .send(Request::get("/oauth2/jwks").body(Body::empty()).unwrap())
            .await;
        let jwks = access_token::Jwks::parse(jwks.body.to_string().as_bytes()).unwrap();
        Verifier::with_jwks(&self.app.issuer, "", &jwks)
            .inspect(token, at(self.time()))
            .await
            .unwrap()
            .claims
    }

    /// Asks the database directly.
    pub async fn sql(&self, statement: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&self.db)
            .await
            .unwrap();
    }

    /// How many rows there are.
    pub async fn count(&self, from: &str) -> i64 {
        let text = format!("select count(*) from {from}");
        sqlx::query_scalar(sqlx::AssertSqlSafe(text))
            .fetch_one(&self.db)
            .await
            .unwrap()
    }
}

impl Answer {
    pub fn location(&self) -> Url {
        let location = self.header("location");
        assert_eq!(self.status, 303, "{location} {}", self.body);
        Url::parse(ISSUER).unwrap().join(location).unwrap()
    }

    /// A parameter of the address that the browser is sent to.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let location = self.location();
        let mut pairs = location.query_pairs();
        pairs
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.into_owned())
    }

    pub fn code(&self) -> String {
        self.parameter("code")
            .unwrap_or_else(|| panic!("no code: {}", self.header("location")))
    }

    /// What an app is told at its redirect URI.
    pub fn told(&self) -> String {
        self.parameter("error").unwrap_or_default()
    }

    pub fn token(&self, name: &str) -> String {
        self.body[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {}", self.body))
            .to_owned()
    }
}

pub fn challenge() -> String {
    test_support::person::challenge(VERIFIER)
}

pub fn back_of(client: &str) -> &'static str {
    match client {
        id if id == PORTAL.0 => PORTAL_BACK,
        id if id == CLINICIANS.0 => "https://clinicians.example/cb",
        id if id == CONSOLE.0 => "https://console.example/cb",
        _ => APP_BACK,
    }
}

fn scope_of(client: &str) -> &'static str {
    match client {
        id if id == PORTAL.0 => "openid fhirUser launch/patient patient:consent.read patient/*.rs",
        id if id == CLINICIANS.0 => "openid provider:records.read user/*.rs",
        id if id == CONSOLE.0 => "openid admin:*",
        _ => "openid patient/Observation.rs offline_access",
    }
}

/// The usual authorization request of a client.
pub fn request_of<'a>(client: &'a str, changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    static CHALLENGE: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    let mut query = vec![
        ("client_id", client),
        ("redirect_uri", back_of(client)),
        ("response_type", "code"),
        ("scope", scope_of(client)),
        ("state", "state-1"),
        ("nonce", "nonce-1"),
        ("code_challenge", CHALLENGE.get_or_init(challenge)),
        ("code_challenge_method", "S256"),
    ];
    change(&mut query, changes);
    query
}

fn change<'a>(form: &mut Vec<(&'a str, &'a str)>, changes: &[(&'a str, &'a str)]) {
    for (name, value) in changes {
        form.retain(|(known, _)| known != name);
        if !value.is_empty() {
            form.push((name, value));
        }
    }
}

pub fn encode(form: &[(&str, &str)]) -> String {
    test_support::browser::encoded(form)
}

/// The value of a hidden field of a page.
pub fn field(page: &str, name: &str) -> String {
    let start = format!("name=\"{name}\" value=\"");
    let from = page.find(&start).unwrap_or_else(|| panic!("no {name}")) + start.len();
    page[from..].split('"').next().unwrap().to_owned()
}
