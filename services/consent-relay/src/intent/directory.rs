//! Whether a custodian has enrolled a subject, as the directory says.

use std::time::Duration;

use access_token::TokenSource;
use alloy::primitives::Address;
use reqwest::StatusCode;
use service_kit::http_client;
use thiserror::Error;
use time::OffsetDateTime;
use url::Url;

const TIMEOUT: Duration = Duration::from_secs(2);

/// The directory gave no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct DirectoryError(&'static str);

/// The directory of auth-service.
pub struct Directory {
    http: reqwest::Client,
    base: Url,
    tokens: TokenSource,
}

impl Directory {
    /// The directory at this address, asked with our own tokens.
    pub fn new(http: reqwest::Client, base: Url, tokens: TokenSource) -> Self {
        Self { http, base, tokens }
    }

    /// Whether a patient of a custodian has this address. The answer's body is of no interest: 200 or 404 is all.
    ///
    /// # Errors
    /// When the directory cannot be asked.
    pub async fn is_enrolled(
        &self,
        subject: Address,
        now: OffsetDateTime,
    ) -> Result<bool, DirectoryError> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| DirectoryError("AUTH_URL cannot be a base"))?
            .pop_if_empty()
            .extend(["v1", "subjects", &subject.to_checksum(None)]);
        let mut is_second_try = false;
        loop {
            let token = self
                .tokens
                .token(now)
                .await
                .map_err(|_| DirectoryError("there is no token for the directory"))?;
            let request = self
                .http
                .get(url.clone())
                .headers(http_client::correlation_headers())
                .bearer_auth(&token)
                .timeout(TIMEOUT);
            match request.send().await.map(|response| response.status()) {
                Ok(StatusCode::OK) => return Ok(true),
                Ok(StatusCode::NOT_FOUND) => return Ok(false),
                // A key of the issuer's, or its clock, may have changed.
                Ok(StatusCode::UNAUTHORIZED) if !is_second_try => {
                    self.tokens.invalidate(&token).await;
                }
                Ok(_) => return Err(DirectoryError("the directory refuses to answer")),
                Err(error) if is_second_try || error.is_timeout() => {
                    return Err(DirectoryError("the directory is unreachable"));
                }
                // A connection that broke.
                Err(_) => {}
            }
            is_second_try = true;
        }
    }
}
