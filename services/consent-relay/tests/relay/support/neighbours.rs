//! Token endpoint, keys, revocations and directory in one small server that can be down.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use access_token::SigningKey;
use alloy::primitives::Address;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use test_support::Feed;
use time::OffsetDateTime;
use uuid::Uuid;

/// What tokens name; nobody is there. Keys are published elsewhere.
pub const ISSUER: &str = "https://auth.example";
pub const AUDIENCE: &str = "http://consent-relay.test";
const TENANT: &str = "general-hospital";

#[derive(Default)]
struct Known {
    enrolled: Mutex<HashSet<Address>>,
    down: AtomicBool,
}

pub struct Neighbours {
    pub url: String,
    key: SigningKey,
    known: Arc<Known>,
    pub feed: Feed,
}

impl Neighbours {
    pub async fn start() -> Self {
        let secret = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let key = SigningKey::from_jwk(&secret.to_jwk_string()).unwrap();
        let keys = json!({"keys": [key.public()]});
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let known = Arc::<Known>::default();
        let feed = Feed::default();
        let routes = Router::new()
            .route("/oauth2/jwks", get(move || async move { Json(keys) }))
            .route("/v1/subjects/{address}", get(subject))
            .with_state(known.clone())
            .merge(feed.routes());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self {
            url,
            key,
            known,
            feed,
        }
    }

    pub fn enrol(&self, subject: Address) {
        self.known.enrolled.lock().unwrap().insert(subject);
    }

    pub fn set_down(&self, down: bool) {
        self.known.down.store(down, Ordering::SeqCst);
    }

    /// A provider's token.
    pub fn provider(&self, scope: &str, grantees: &[Address]) -> String {
        self.token(
            "provider",
            scope,
            json!({"org": "clinic-a", "grantees": grantees}),
        )
    }

    /// A token of a persona, with `more` among its claims.
    pub fn token(&self, persona: &str, scope: &str, more: Value) -> String {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "clinic-a", "client_id": "clinic-a", "jti": Uuid::now_v7(),
            "iat": now - 1, "exp": now + 250, "scope": scope, "tenant": TENANT, "persona": persona,
        });
        let more = more.as_object().unwrap().clone();
        claims.as_object_mut().unwrap().extend(more);
        self.key.sign("at+jwt", &claims).unwrap()
    }
}

async fn subject(
    State(known): State<Arc<Known>>,
    Path(address): Path<Address>,
) -> Result<Json<Value>, StatusCode> {
    if known.down.load(Ordering::SeqCst) {
        return Err(StatusCode::SERVICE_UNAVAILABLE);
    }
    let enrolled = known.enrolled.lock().unwrap().contains(&address);
    enrolled
        .then(|| Json(json!({"subject": address, "tenant": TENANT})))
        .ok_or(StatusCode::NOT_FOUND)
}
