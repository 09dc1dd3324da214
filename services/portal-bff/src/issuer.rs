//! The issuer, as one of its clients meets it: pushed requests (RFC 9126), codes, refresh tokens, the way out.

use access_token::assertion::ASSERTION_TYPE;
use access_token::{AssertionClaims, Claims, SigningKey, Verifier};
use anyhow::Context as _;
use reqwest::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use service_kit::http_client;
use service_kit::issuer::without_slash;
use time::OffsetDateTime;
use url::Url;
use uuid::Uuid;

use crate::config::Config;
use crate::session::sign_in::{UiLocales, Wish};

/// The longest answer.
const MAX_BODY: usize = 64 * 1024;
/// Seconds that an assertion lives.
const ASSERTION_LIFETIME: i64 = 60;

/// The issuer of tokens.
pub struct Issuer {
    http: reqwest::Client,
    name: String,
    reached: String,
    client_id: String,
    client_key: Option<SigningKey>,
    redirect_uri: String,
    origin: String,
    scopes: String,
    verifier: Verifier,
}

/// What came of a code or a refresh token.
#[derive(Deserialize)]
pub struct Tokens {
    /// The access token.
    pub access_token: String,
    /// The next refresh token.
    pub refresh_token: Option<String>,
    /// Seconds until the access token expires.
    pub expires_in: i64,
    token_type: String,
}

#[derive(Deserialize)]
struct Pushed {
    request_uri: String,
}

#[derive(Deserialize)]
struct Refused {
    error: String,
}

/// Why the issuer gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerError {
    /// What the request rested on does not count any more.
    #[error("the grant has ended")]
    Ended,
    /// No answer, or none for now.
    #[error("the issuer cannot be reached, or is not ready")]
    Unavailable,
    /// Something else is wrong with the request: settings, most likely.
    #[error("the issuer refuses: HTTP {0} {1}")]
    Refused(u16, String),
    /// The answer, or a token in it, is not what it should be.
    #[error("the issuer's answer cannot be used: {0}")]
    Unusable(&'static str),
}

impl Issuer {
    /// The issuer that the settings name.
    ///
    /// # Errors
    /// When its address cannot be extended.
    pub fn new(config: &Config, http: reqwest::Client) -> anyhow::Result<Self> {
        let (name, reached) = (without_slash(&config.issuer), config.auth_reached());
        let reached = without_slash(reached);
        let keys: Url = format!("{reached}/oauth2/jwks")
            .parse()
            .context("AUTH_URL or ISSUER cannot be a base URL")?;
        let origin = config.origin_text();
        Ok(Self {
            verifier: Verifier::new(name, reached, keys, http.clone()),
            http,
            name: name.to_owned(),
            reached: reached.to_owned(),
            client_id: config.client_id.clone(),
            client_key: config.client_key.clone(),
            redirect_uri: format!("{origin}/callback"),
            origin: origin.to_owned(),
            scopes: config.scopes.clone(),
        })
    }

    /// Its name, as it stands in its answers.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is called itself in tokens.
    pub fn audience(&self) -> &str {
        &self.reached
    }

    /// Whether its keys are there.
    pub async fn ready(&self, now: OffsetDateTime) -> Result<(), String> {
        let ready = self.verifier.ready(now).await;
        ready.map_err(|_| "its keys are not available".to_owned())
    }

    /// Pushes the request of a sign-in; returns where the browser is to be sent.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub async fn push(
        &self,
        wish: &Wish,
        languages: Option<&UiLocales>,
        now: OffsetDateTime,
    ) -> Result<String, IssuerError> {
        let max_age = wish.max_age.map(|age| age.to_string());
        let challenge = wish.challenge();
        let mut form = vec![
            ("response_type", "code"),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("scope", &self.scopes),
            ("resource", &self.reached),
            ("state", &wish.state),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        form.extend(wish.acr.map(|acr| ("acr_values", acr.as_str())));
        form.extend(max_age.as_deref().map(|age| ("max_age", age)));
        form.extend(languages.map(|tags| ("ui_locales", tags.as_str())));
        let pushed: Pushed = self
            .ask("/oauth2/par", StatusCode::CREATED, form, now)
            .await?;
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", &self.client_id);
        query.append_pair("request_uri", &pushed.request_uri);
        Ok(format!("{}/oauth2/authorize?{}", self.name, query.finish()))
    }

    /// Redeems a code.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub async fn redeem(
        &self,
        code: &str,
        verifier: &str,
        now: OffsetDateTime,
    ) -> Result<Tokens, IssuerError> {
        let form = vec![
            ("grant_type", "authorization_code"),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("code", code),
            ("code_verifier", verifier),
        ];
        self.tokens(form, now).await
    }

    /// Takes a refresh token for another, and for an access token towards `audience`.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub async fn refresh(
        &self,
        refresh_token: &str,
        audience: &str,
        now: OffsetDateTime,
    ) -> Result<Tokens, IssuerError> {
        let form = vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", refresh_token),
            ("resource", audience),
        ];
        self.tokens(form, now).await
    }

    /// What a token towards the issuer itself says, once it is sure that it is one of this application's.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub async fn read(&self, token: &str, now: OffsetDateTime) -> Result<Claims, IssuerError> {
        let claims = self.verifier.verify(token, now).await.map_err(|error| {
            tracing::warn!(check = error.check(), "a token of the issuer's is refused");
            IssuerError::Unusable("its token is not valid")
        })?;
        if claims.client_id == self.client_id && claims.sign_in.is_some() {
            Ok(claims)
        } else {
            Err(IssuerError::Unusable("its token is somebody else's"))
        }
    }

    /// Gives a refresh token back, and all that came with it.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub async fn revoke(
        &self,
        refresh_token: &str,
        now: OffsetDateTime,
    ) -> Result<(), IssuerError> {
        let form = vec![
            ("token", refresh_token),
            ("token_type_hint", "refresh_token"),
        ];
        let answer = self.send("/oauth2/revoke", form, now).await?;
        expect(StatusCode::OK, answer).await.map(|_| ())
    }

    /// Ends the person's sign-in at the issuer, by a token towards it.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub async fn sign_out(&self, sid: &str, token: &str) -> Result<(), IssuerError> {
        let mut url: Url = self
            .reached
            .parse()
            .map_err(|_| IssuerError::Unusable("its address is no URL"))?;
        url.path_segments_mut()
            .map_err(|()| IssuerError::Unusable("its address is no base"))?
            .pop_if_empty()
            .extend(["v1", "sessions", sid]);
        let request = self
            .http
            .delete(url)
            .headers(http_client::correlation_headers());
        let answer = request.bearer_auth(token).send().await;
        let answer = answer.map_err(|_| IssuerError::Unavailable)?;
        expect(StatusCode::NO_CONTENT, answer).await.map(|_| ())
    }

    /// Where a browser that has signed out is sent, so that the issuer's own cookie goes as well.
    pub fn way_out(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.append_pair("client_id", &self.client_id);
        query.append_pair("post_logout_redirect_uri", &self.origin);
        format!("{}/oauth2/logout?{}", self.name, query.finish())
    }

    async fn tokens(
        &self,
        form: Vec<(&str, &str)>,
        now: OffsetDateTime,
    ) -> Result<Tokens, IssuerError> {
        let tokens: Tokens = self.ask("/oauth2/token", StatusCode::OK, form, now).await?;
        let usable = tokens.token_type.eq_ignore_ascii_case("bearer")
            && !tokens.access_token.is_empty()
            && (1..=86_400).contains(&tokens.expires_in);
        if usable {
            Ok(tokens)
        } else {
            Err(IssuerError::Unusable("no token as it should be"))
        }
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        path: &str,
        expected: StatusCode,
        form: Vec<(&str, &str)>,
        now: OffsetDateTime,
    ) -> Result<T, IssuerError> {
        let body = expect(expected, self.send(path, form, now).await?).await?;
        serde_json::from_slice(&body).map_err(|_| IssuerError::Unusable("not the expected JSON"))
    }

    /// Sends a form as this client: with the proof of its key where it has one, else by its name.
    async fn send(
        &self,
        path: &str,
        mut form: Vec<(&str, &str)>,
        now: OffsetDateTime,
    ) -> Result<reqwest::Response, IssuerError> {
        form.push(("client_id", &self.client_id));
        let assertion = self.assertion(now)?;
        if let Some(assertion) = &assertion {
            form.push(("client_assertion_type", ASSERTION_TYPE));
            form.push(("client_assertion", assertion));
        }
        let request = self
            .http
            .post(format!("{}{path}", self.reached))
            .headers(http_client::correlation_headers())
            .form(&form);
        request.send().await.map_err(|_| IssuerError::Unavailable)
    }

    fn assertion(&self, now: OffsetDateTime) -> Result<Option<String>, IssuerError> {
        let Some(key) = &self.client_key else {
            return Ok(None);
        };
        let jti = Uuid::now_v7().simple().to_string();
        let claims =
            AssertionClaims::new(&self.client_id, &self.name, jti, now, ASSERTION_LIFETIME);
        let signed = claims.sign(key).map(Some);
        signed.map_err(|_| IssuerError::Unusable("the client's key cannot sign"))
    }
}

/// The body of an answer of this status.
async fn expect(
    expected: StatusCode,
    mut answer: reqwest::Response,
) -> Result<Vec<u8>, IssuerError> {
    let status = answer.status();
    if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
        return Err(IssuerError::Unavailable);
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|_| IssuerError::Unavailable)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            return Err(IssuerError::Unusable("too long"));
        }
    }
    if status == expected {
        return Ok(body);
    }
    let error = serde_json::from_slice(&body).map_or_else(
        |_| "without a reason".to_owned(),
        |refused: Refused| word(&refused.error),
    );
    Err(match error.as_str() {
        "invalid_grant" => IssuerError::Ended,
        "temporarily_unavailable" => IssuerError::Unavailable,
        _ => IssuerError::Refused(status.as_u16(), error),
    })
}

/// An error code as OAuth has them, safe to be logged and shown.
pub fn word(code: &str) -> String {
    let is_code =
        (1..=64).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    if is_code {
        code.to_owned()
    } else {
        "unreadable".to_owned()
    }
}
