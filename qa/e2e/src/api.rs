//! HTTP calls to the services, as their real callers make them.

use std::time::{Duration, Instant};

use access_token::assertion::{ASSERTION_TYPE, AssertionClaims};
use access_token::key::SigningKey;
use anyhow::{Context, Result, bail, ensure};
use audit_core::counts::Count;
use local_stack::endpoints::{Client, Endpoints};
use reqwest::header::AUTHORIZATION;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

/// One HTTP answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status code.
    pub status: u16,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body as text.
    pub text: String,
    /// From sending the request to the last byte.
    pub latency: Duration,
}

impl Answer {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The gateway's decision id, when the answer carries one.
    pub fn decision_id(&self) -> Option<Uuid> {
        self.headers
            .get("x-decision-id")
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.parse().ok())
    }

    /// The rule an OperationOutcome names, or an empty text.
    pub fn rule(&self) -> String {
        self.json()["issue"][0]["details"]["coding"][0]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Status, rule and number of resources, never the body: it may hold data.
    pub fn outline(&self) -> String {
        let rule = self.rule();
        let body = self.json();
        let detail = body["detail"].as_str().unwrap_or_default();
        format!(
            "HTTP {} {rule}{detail} with {} resources",
            self.status,
            self.matches().len()
        )
    }

    /// The resources of a searchset Bundle that are matches, not outcomes.
    pub fn matches(&self) -> Vec<Value> {
        let bundle = self.json();
        let entries = bundle["entry"].as_array().cloned().unwrap_or_default();
        entries
            .into_iter()
            .filter(|entry| entry["search"]["mode"] != "outcome")
            .map(|mut entry| entry["resource"].take())
            .filter(|resource| resource["resourceType"] != "OperationOutcome")
            .collect()
    }
}

/// A caller of the services on a running stack.
#[derive(Clone)]
pub struct Api {
    endpoints: Endpoints,
    http: reqwest::Client,
}

impl Api {
    /// A caller for the given stack.
    ///
    /// # Errors
    /// When the HTTP client cannot be made.
    pub fn new(endpoints: Endpoints) -> Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(2))
            .timeout(Duration::from_secs(20))
            .no_proxy()
            .build()?;
        Ok(Self { endpoints, http })
    }

    /// Where everything is.
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// The HTTP client, for requests that no method covers.
    pub fn http(&self) -> &reqwest::Client {
        &self.http
    }

    /// A registered development client by id.
    ///
    /// # Errors
    /// When the stack has no such client.
    pub fn client(&self, id: &str) -> Result<&Client> {
        self.endpoints
            .clients
            .iter()
            .find(|client| client.id == id)
            .with_context(|| format!("the stack has no client `{id}`"))
    }

    /// A token for `client` towards `audience` with `scope`, and the answer it came in.
    ///
    /// # Errors
    /// When no token was issued; says status and OAuth error.
    pub async fn token(
        &self,
        client: &str,
        audience: &str,
        scope: &str,
    ) -> Result<(String, Answer)> {
        self.token_of(&self.endpoints.auth, client, audience, scope)
            .await
    }

    /// The same from any issuer that has the client registered.
    ///
    /// # Errors
    /// As [`Self::token`].
    pub async fn token_of(
        &self,
        issuer: &str,
        client: &str,
        audience: &str,
        scope: &str,
    ) -> Result<(String, Answer)> {
        let client = self.client(client)?;
        let token_url = format!("{issuer}/oauth2/token");
        let assertion = signed_assertion(client, &token_url)?;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
            ("scope", scope),
            ("resource", audience),
        ];
        let answer = self.send(self.http.post(&token_url).form(&form)).await?;
        match answer.json()["access_token"].as_str() {
            Some(token) => Ok((token.to_owned(), answer)),
            None => bail!(
                "no token for {}: HTTP {} {}",
                client.id,
                answer.status,
                answer.text
            ),
        }
    }

    /// Gives a token back (RFC 7009), as the client that it was issued to.
    ///
    /// # Errors
    /// When it was not taken back.
    pub async fn revoke(&self, client: &str, token: &str) -> Result<()> {
        let url = format!("{}/oauth2/revoke", self.endpoints.auth);
        let assertion = signed_assertion(self.client(client)?, &url)?;
        let form = [
            ("client_assertion_type", ASSERTION_TYPE),
            ("client_assertion", &assertion),
            ("token", token),
        ];
        let answer = self.send(self.http.post(&url).form(&form)).await?;
        ensure!(answer.status == 200, "revoke: HTTP {}", answer.status);
        Ok(())
    }

    /// GET with a bearer token.
    ///
    /// # Errors
    /// When there was no answer at all.
    pub async fn get(&self, url: &str, token: &str) -> Result<Answer> {
        self.send(
            self.http
                .get(url)
                .header(AUTHORIZATION, format!("Bearer {token}")),
        )
        .await
    }

    /// A FHIR request through the gateway, for example `Observation?patient=…`.
    ///
    /// # Errors
    /// When there was no answer at all.
    pub async fn fhir(&self, path: &str, token: &str) -> Result<Answer> {
        self.get(&format!("{}/fhir/R4/{path}", self.endpoints.gateway), token)
            .await
    }

    /// Sends a request and reads the answer to its end.
    ///
    /// # Errors
    /// When there was no answer at all.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer> {
        let started = Instant::now();
        let response = request.send().await.context("no answer")?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.context("the answer broke off")?;
        Ok(Answer {
            status,
            headers,
            text,
            latency: started.elapsed(),
        })
    }

    /// Daily counts from the gateway's journal or the archive: `base` is the service's URL.
    ///
    /// # Errors
    /// When the service does not answer with counts.
    pub async fn counts(&self, base: &str, token: &str) -> Result<Vec<Count>> {
        let today = OffsetDateTime::now_utc().date();
        let from = today.previous_day().unwrap_or(today);
        let answer = self
            .get(&format!("{base}/v1/counts?from={from}&to={today}"), token)
            .await?;
        if answer.status != 200 {
            bail!("counts from {base}: HTTP {} {}", answer.status, answer.text);
        }
        Ok(serde_json::from_value(answer.json()["counts"].clone())?)
    }
}

/// Who the client is, for one endpoint of an issuer (RFC 7523).
fn signed_assertion(client: &Client, endpoint: &str) -> Result<String> {
    let key = SigningKey::from_jwk(&client.private_jwk).context("the client's private JWK")?;
    let id = Uuid::now_v7().to_string();
    let now = OffsetDateTime::now_utc();
    Ok(AssertionClaims::new(&client.id, endpoint, id, now, 60).sign(&key)?)
}
