use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use access_token::Revocation;
use access_token::revocation::{self, Kind, Page};
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use time::OffsetDateTime;

/// An issuer's feed of revocations, and the token endpoint at which its readers get their tokens. It can be down.
#[derive(Clone, Default)]
pub struct Feed(Arc<Told>);

#[derive(Default)]
struct Told {
    entries: Mutex<Vec<Revocation>>,
    down: AtomicBool,
}

#[derive(Deserialize)]
struct Place {
    after: u64,
}

impl Feed {
    /// Its routes, to be merged into an issuer's.
    pub fn routes(&self) -> Router {
        Router::new()
            .route("/oauth2/token", post(token))
            .route(revocation::PATH, get(read))
            .with_state(self.0.clone())
    }

    /// Revokes everything issued until now under a name, for all custodians.
    pub fn revoke(&self, kind: Kind, id: &str) {
        let mut entries = self
            .0
            .entries
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let seq = entries.last().map_or(0, |entry| entry.seq) + 1;
        entries.push(Revocation::new(
            seq,
            kind,
            id,
            None,
            OffsetDateTime::now_utc(),
        ));
    }

    /// Whether polls fail from now on.
    pub fn set_down(&self, down: bool) {
        self.0.down.store(down, Ordering::SeqCst);
    }
}

async fn token() -> Json<Value> {
    Json(json!({"access_token": "own", "token_type": "Bearer", "expires_in": 300}))
}

async fn read(
    State(told): State<Arc<Told>>,
    Query(Place { after }): Query<Place>,
) -> Result<Json<Page>, StatusCode> {
    if told.down.load(Ordering::SeqCst) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let entries = told.entries.lock().unwrap_or_else(PoisonError::into_inner);
    let new = entries.iter().filter(|entry| entry.seq > after).cloned();
    Ok(Json(Page {
        as_of: OffsetDateTime::now_utc(),
        next: entries.last().map_or(0, |entry| entry.seq),
        revocations: new.collect(),
        reset: false,
        more: Some(false),
    }))
}
