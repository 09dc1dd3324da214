//! A service's answer on its way to the browser.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt as _, Limited};
use service_kit::{Problem, Shutdown};
use tokio::sync::OwnedSemaphorePermit;

use super::Target;

/// What of a service's answer goes on; cookies do not.
const PASSED_ON: [HeaderName; 7] = [
    header::CONTENT_TYPE,
    header::RETRY_AFTER,
    header::WWW_AUTHENTICATE,
    header::ETAG,
    header::ALLOW,
    header::WARNING,
    // By it people and support name a decision.
    HeaderName::from_static("x-decision-id"),
];

/// Status, some headers, and the body as it comes, up to `most` bytes.
pub fn pass_on(
    target: Target,
    answer: reqwest::Response,
    most: usize,
    stream: Option<(OwnedSemaphorePermit, Shutdown)>,
) -> Result<Response, Problem> {
    let announced = answer.content_length().unwrap_or(0);
    if announced > most as u64 {
        return Err(Problem::new(
            StatusCode::BAD_GATEWAY,
            "answer-too-long",
            "The service's answer is longer than what is passed on; ask for less at once.",
        ));
    }
    let (status, headers) = (answer.status(), kept(target, answer.headers()));
    let body: reqwest::Body = answer.into();
    let body = match stream {
        Some((place, shutdown)) => Body::new(Stream {
            body,
            ended: Box::pin(async move { shutdown.triggered().await }),
            _place: place,
        }),
        None => Body::new(Limited::new(body, most).boxed_unsync()),
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

fn kept(target: Target, sent: &HeaderMap) -> HeaderMap {
    let mut headers: HeaderMap = PASSED_ON
        .into_iter()
        .filter_map(|name| sent.get(&name).cloned().map(|value| (name, value)))
        .collect();
    let location = sent
        .get(header::LOCATION)
        .and_then(|value| value.to_str().ok());
    // A path of the service is one below ours; an address of elsewhere is nothing for the browser.
    if let Some(path) = location.filter(|path| path.starts_with('/') && !path.starts_with("//"))
        && let Ok(path) = HeaderValue::try_from(format!("/api/{}{path}", target.as_str()))
    {
        headers.insert(header::LOCATION, path);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers
}

/// A stream of events: ends when we stop, and gives its place back when it ends.
struct Stream {
    body: reqwest::Body,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    _place: OwnedSemaphorePermit,
}

impl HttpBody for Stream {
    type Data = Bytes;
    type Error = reqwest::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, reqwest::Error>>> {
        if self.ended.as_mut().poll(context).is_ready() {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}
