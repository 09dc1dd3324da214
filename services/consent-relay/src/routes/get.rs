//! `GET /v1/intents/{digest}`, once or as a stream of changes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::B256;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use service_kit::Problem;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::refusal;
use crate::queue::{self, IntentView};
use crate::relay::Relay;

/// How often a stream looks for a change.
const LOOK: Duration = Duration::from_millis(200);
/// After this time a stream ends, and the client asks again.
const LONGEST: Duration = Duration::from_secs(600);
const KEEP_ALIVE: Duration = Duration::from_secs(10);

/// Ask how far an intent has come.
///
/// With `Accept: text/event-stream`: an event `state` with the same body now and at each change, until it is final or
/// failed (or for ten minutes).
#[utoipa::path(
    get,
    path = "/v1/intents/{digest}",
    operation_id = "getIntent",
    params(("digest" = String, Path, description = "The EIP-712 digest that was signed, 0x and 64 hex digits.")),
    responses(
        (status = 200, description = "How far it has come.", content((IntentView = "application/json"), (String = "text/event-stream"))),
        (status = 400, description = "Not a digest.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "It was never taken in here.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "The database is not available, or too many streams are open.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub async fn get(
    State(relay): State<Arc<Relay>>,
    Path(digest): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let digest: B256 = digest
        .strip_prefix("0x")
        .and_then(|digits| digits.parse().ok())
        .ok_or_else(|| {
            Problem::bad_request(
                "invalid-id",
                "The digest in the path must be 0x and 64 hex digits.",
            )
        })?;
    let view = queue::find(&relay.pool, digest)
        .await
        .map_err(|error| refusal::queue(&error))?
        .ok_or_else(|| Problem::not_found("No intent of this digest was taken in."))?;
    if !wants_stream(&headers) {
        return Ok(Json(view).into_response());
    }
    let place = relay.streams.clone().try_acquire_owned().map_err(|_| {
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "overloaded",
            "Too many streams are open; ask without text/event-stream.",
        )
    })?;
    let keep_alive = KeepAlive::new().interval(KEEP_ALIVE);
    Ok(Sse::new(changes(relay, view, place))
        .keep_alive(keep_alive)
        .into_response())
}

fn wants_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/event-stream"))
}

struct Watch {
    relay: Arc<Relay>,
    digest: B256,
    told: Option<IntentView>,
    next: Option<IntentView>,
    until: Instant,
    _place: OwnedSemaphorePermit,
}

fn changes(
    relay: Arc<Relay>,
    view: IntentView,
    place: OwnedSemaphorePermit,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let watch = Watch {
        relay,
        digest: view.digest,
        told: None,
        next: Some(view),
        until: Instant::now() + LONGEST,
        _place: place,
    };
    futures::stream::unfold(watch, |mut watch| async move {
        let view = watch.next_change().await?;
        let event = Event::default().event("state").json_data(&view).ok()?;
        watch.told = Some(view);
        Some((Ok(event), watch))
    })
}

impl Watch {
    /// The next state that was not told yet; nothing after the last, at the end of the time, or when we stop.
    async fn next_change(&mut self) -> Option<IntentView> {
        if self.told.as_ref().is_some_and(|told| told.state.is_last()) {
            return None;
        }
        loop {
            if let Some(view) = self.next.take()
                && self.told.as_ref() != Some(&view)
            {
                return Some(view);
            }
            let stop = self.relay.shutdown.sleep(LOOK).await;
            if stop || Instant::now() >= self.until {
                return None;
            }
            // An outage of the database shows as silence.
            self.next = queue::find(&self.relay.pool, self.digest)
                .await
                .ok()
                .flatten();
        }
    }
}
