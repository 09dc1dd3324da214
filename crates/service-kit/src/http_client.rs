//! The one way to make an HTTP client for calls between services.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::CorrId;

/// Below the time after which our servers close an idle connection: nobody sends on one that is just being closed.
const IDLE: Duration = Duration::from_secs(20);

/// A client with bounded connect and total time that follows no redirects and no proxy settings.
///
/// # Errors
/// When the TLS backend cannot be set up.
pub fn build(total: Duration) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .connect_timeout(Duration::from_millis(500))
        .timeout(total)
        .pool_idle_timeout(IDLE)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
}

/// The headers that carry the current request's correlation id to the next hop.
pub fn correlation_headers() -> HeaderMap {
    let id = CorrId::current();
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HeaderName::from_static("x-correlation-id"), value);
    }
    headers
}
