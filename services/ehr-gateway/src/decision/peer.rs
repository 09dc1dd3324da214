//! One call to another service of ours: with our own token, the correlation id, and limits on everything.

use std::time::Duration;

use access_token::TokenSource;
use reqwest::StatusCode;
use service_kit::http_client;
use time::OffsetDateTime;
use url::Url;

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

    /// GETs a path. One retry, for a refused token or a connection that broke before any answer.
    ///
    /// # Errors
    /// For anything but 200 and 404.
    pub async fn get(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        now: OffsetDateTime,
    ) -> Result<Answer, PeerError> {
        let url = self.url(path, query)?;
        let mut tries = 0;
        loop {
            tries += 1;
            let token = self
                .tokens
                .token(now)
                .await
                .map_err(|_| PeerError("no access token for this service"))?;
            let request = self
                .http
                .get(url.clone())
                .headers(http_client::correlation_headers())
                .bearer_auth(&token)
                .timeout(TIMEOUT);
            let response = match request.send().await {
                Ok(response) => response,
                Err(error) if tries == 1 && !error.is_timeout() => continue,
                Err(error) if error.is_timeout() => return Err(PeerError("no answer in time")),
                Err(_) => return Err(PeerError("unreachable")),
            };
            match response.status() {
                StatusCode::OK => return Ok(Answer::Found(body(response).await?)),
                StatusCode::NOT_FOUND => return Ok(Answer::NotFound),
                StatusCode::UNAUTHORIZED if tries == 1 => self.tokens.invalidate(&token).await,
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    return Err(PeerError("refuses our token"));
                }
                StatusCode::SERVICE_UNAVAILABLE => return Err(PeerError("not ready")),
                _ => return Err(PeerError("answers with an unexpected status")),
            }
        }
    }

    fn url(&self, path: &[&str], query: &[(&str, String)]) -> Result<Url, PeerError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| PeerError("its URL cannot be a base"))?
            .pop_if_empty()
            .extend(path);
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
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
