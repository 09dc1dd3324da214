//! One id for one request, through every hop: HTTP, Kafka, the journal and the audit record.

use std::fmt;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use uuid::Uuid;

/// The header that carries the id in both directions.
pub const HEADER: HeaderName = HeaderName::from_static("x-correlation-id");
const TRACEPARENT: &str = "traceparent";

tokio::task_local! {
    static CURRENT: CorrId;
}

/// A correlation id: 32 lower-case hex digits, the form of a W3C trace id
/// (Trace Context §3.2.2.3), never all zeros.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CorrId(String);

impl CorrId {
    /// A new id, unique in time and place.
    pub fn generate() -> Self {
        Self(Uuid::now_v7().simple().to_string())
    }

    /// Accepts exactly 32 hex digits that are not all zero; upper case is lowered.
    pub fn parse(text: &str) -> Option<Self> {
        let valid = text.len() == 32
            && text.bytes().all(|byte| byte.is_ascii_hexdigit())
            && text.bytes().any(|byte| byte != b'0');
        valid.then(|| Self(text.to_ascii_lowercase()))
    }

    /// The caller's trace id when it sent a valid `traceparent`, else its valid
    /// `X-Correlation-Id`, else a new id.
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        header(TRACEPARENT)
            .and_then(trace_id)
            .or_else(|| header(HEADER.as_str()).and_then(Self::parse))
            .unwrap_or_else(Self::generate)
    }

    /// The id of the request being served by this task; a new one outside of a request.
    pub fn current() -> Self {
        CURRENT
            .try_with(Clone::clone)
            .unwrap_or_else(|_| Self::generate())
    }

    /// Runs `future` under this id, so that [`CorrId::current`] finds it.
    pub async fn scope<F: Future>(self, future: F) -> F::Output {
        CURRENT.scope(self, future).await
    }

    /// The 32 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a header value.
    pub fn header_value(&self) -> HeaderValue {
        // Hex digits are always a valid header value.
        HeaderValue::from_str(&self.0).unwrap_or(HeaderValue::from_static("invalid"))
    }
}

impl fmt::Display for CorrId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CorrId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `version-traceid-parentid-flags`, of which only the trace id is kept.
fn trace_id(traceparent: &str) -> Option<CorrId> {
    let mut parts = traceparent.split('-');
    let version = parts.next()?;
    let trace = parts.next()?;
    let parent = parts.next()?;
    parts.next()?;
    let well_formed = version.len() == 2 && version != "ff" && parent.len() == 16;
    well_formed.then(|| CorrId::parse(trace)).flatten()
}

/// Middleware: finds or makes the id, serves the request under it, and answers with it.
pub async fn middleware(request: Request, next: Next) -> Response {
    let id = CorrId::from_headers(request.headers());
    let header = id.header_value();
    let mut response = id.scope(next.run(request)).await;
    response.headers_mut().insert(HEADER, header);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn a_valid_traceparent_wins_over_the_correlation_header() {
        let parent = format!("00-{TRACE}-00f067aa0ba902b7-01");
        let other = "0123456789abcdef0123456789abcdef";
        let id = CorrId::from_headers(&headers(&[
            ("traceparent", &parent),
            ("x-correlation-id", other),
        ]));
        assert_eq!(id.as_str(), TRACE);
    }

    #[test]
    fn malformed_ids_are_replaced_not_echoed() {
        for bad in [
            "",
            "patient-17",
            "00000000000000000000000000000000",
            "4bf92f3577b34da6a3ce929d0e0e473z",
        ] {
            let id = CorrId::from_headers(&headers(&[("x-correlation-id", bad)]));
            assert_ne!(id.as_str(), bad);
            assert!(CorrId::parse(id.as_str()).is_some());
        }
    }
}
