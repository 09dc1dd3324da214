//! One call to another service of ours: with our own token, the correlation id, and limits on everything.

use std::time::Duration;

use access_token::TokenSource;
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use time::OffsetDateTime;
use url::Url;

use crate::http_client;

/// The longest answer.
const MAX_BODY: usize = 1 << 20;
const TIMEOUT: Duration = Duration::from_secs(2);

/// The service gave no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PeerError(pub &'static str);

/// An answer: 200 with its body, or 404.
#[derive(Debug)]
pub enum Answer {
    /// 200.
    Found(Vec<u8>),
    /// 404.
    NotFound,
}

impl Answer {
    /// Its JSON; `None` for 404.
    ///
    /// # Errors
    /// When it is not what was expected.
    pub fn json<T: DeserializeOwned>(self) -> Result<Option<T>, PeerError> {
        match self {
            Self::NotFound => Ok(None),
            Self::Found(body) => serde_json::from_slice(&body)
                .map(Some)
                .map_err(|_| PeerError("its answer cannot be read")),
        }
    }
}

/// A service of ours.
pub struct Peer {
    http: reqwest::Client,
    base: Url,
    tokens: TokenSource,
}

impl Peer {
    /// The service below `base`.
    pub fn new(http: reqwest::Client, base: Url, tokens: TokenSource) -> Self {
        Self { http, base, tokens }
    }

    /// GETs a path.
    ///
    /// # Errors
    /// For anything but 200 and 404.
    pub async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        now: OffsetDateTime,
    ) -> Result<Answer, PeerError> {
        let url = at(&self.base, path, query)?;
        self.ask(self.http.request(Method::GET, url), now).await
    }

    /// POSTs a question, one that changes nothing and may be asked twice.
    ///
    /// # Errors
    /// For anything but 200 and 404.
    pub async fn post(
        &self,
        path: &[&str],
        question: &impl Serialize,
        now: OffsetDateTime,
    ) -> Result<Answer, PeerError> {
        let url = at(&self.base, path, &[])?;
        let request = self.http.request(Method::POST, url).json(question);
        self.ask(request, now).await
    }

    /// One retry, for a refused token or a connection that broke before any answer.
    async fn ask(
        &self,
        request: reqwest::RequestBuilder,
        now: OffsetDateTime,
    ) -> Result<Answer, PeerError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let token = self
                .tokens
                .token(now)
                .await
                .map_err(|_| PeerError("no access token for this service"))?;
            let request = request
                .try_clone()
                .ok_or(PeerError("the question cannot be asked twice"))?;
            let response = match with_token(request, &token).send().await {
                Ok(response) => response,
                Err(error) if tries == 1 && !error.is_timeout() => continue,
                Err(error) => return Err(unreachable(&error)),
            };
            if response.status() == StatusCode::UNAUTHORIZED && tries == 1 {
                self.tokens.invalidate(&token).await;
                continue;
            }
            return answer(response).await;
        }
    }
}

/// A path below a service's address.
///
/// # Errors
/// When the address cannot have one.
pub fn at(base: &Url, path: &[&str], query: &[(&str, String)]) -> Result<Url, PeerError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| PeerError("its URL cannot be a base"))?
        .pop_if_empty()
        .extend(path);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

/// Sends a request once, by a token that the caller made.
///
/// # Errors
/// For anything but 200 and 404.
pub async fn send(request: reqwest::RequestBuilder, token: &str) -> Result<Answer, PeerError> {
    let response = with_token(request, token).send().await;
    answer(response.map_err(|error| unreachable(&error))?).await
}

fn with_token(request: reqwest::RequestBuilder, token: &str) -> reqwest::RequestBuilder {
    request
        .headers(http_client::correlation_headers())
        .bearer_auth(token)
        .timeout(TIMEOUT)
}

fn unreachable(error: &reqwest::Error) -> PeerError {
    PeerError(if error.is_timeout() {
        "no answer in time"
    } else {
        "unreachable"
    })
}

async fn answer(response: reqwest::Response) -> Result<Answer, PeerError> {
    match response.status() {
        StatusCode::OK => Ok(Answer::Found(body(response).await?)),
        StatusCode::NOT_FOUND => Ok(Answer::NotFound),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(PeerError("refuses our token")),
        StatusCode::SERVICE_UNAVAILABLE => Err(PeerError("not ready")),
        _ => Err(PeerError("answers with an unexpected status")),
    }
}

async fn body(mut response: reqwest::Response) -> Result<Vec<u8>, PeerError> {
    let mut body = Vec::new();
    while let Some(chunk) = response
        .chunk()
        .await
        .map_err(|_| PeerError("its answer broke off"))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            return Err(PeerError("its answer is too long"));
        }
    }
    Ok(body)
}
