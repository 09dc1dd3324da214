use access_token::SigningKey;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use test_support::Feed;
use time::OffsetDateTime;
use uuid::Uuid;

pub const TENANT: &str = "main-street-hospital";
/// What tokens name; nobody is there. Keys are published elsewhere.
pub const ISSUER: &str = "https://auth.example";
pub const AUDIENCE: &str = "http://consent-indexer.test";

/// Publishes a key set and what it revoked, and signs tokens.
pub struct Issuer {
    pub url: String,
    pub feed: Feed,
    key: SigningKey,
}

impl Issuer {
    pub async fn start() -> Self {
        let secret = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let key = SigningKey::from_jwk(&secret.to_jwk_string()).unwrap();
        let keys = json!({"keys": [key.public()]});
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let feed = Feed::default();
        let routes = Router::new()
            .route("/oauth2/jwks", get(move || async move { Json(keys) }))
            .merge(feed.routes());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, feed, key }
    }

    /// A token with these claims changed; null takes a claim away.
    pub fn token(&self, persona: &str, scope: &str, changes: Value) -> String {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let mut claims = json!({
            "iss": ISSUER, "aud": AUDIENCE, "sub": "client", "client_id": "client", "jti": Uuid::now_v7(),
            "iat": now - 1, "exp": now + 250, "scope": scope, "tenant": TENANT, "persona": persona,
        });
        for (name, value) in changes.as_object().unwrap() {
            match value {
                Value::Null => _ = claims.as_object_mut().unwrap().remove(name),
                value => claims[name] = value.clone(),
            }
        }
        self.key.sign("at+jwt", &claims).unwrap()
    }

    pub fn system(&self) -> String {
        self.token(
            "system",
            "system:consent.read system:policy.write",
            json!({}),
        )
    }

    pub fn patient(&self, subjects: &[&str]) -> String {
        let claims = json!({"sub": "account", "patient": "p-1", "subjects": subjects});
        self.token("patient", "patient:consent.read", claims)
    }

    /// Of somebody who acts by a mandate for the patient of these subjects.
    pub fn proxy(&self, scope: &str, subjects: &[&str]) -> String {
        let claims = json!({
            "sub": "mandate", "act": {"sub": "account"}, "patient": "child-1", "subjects": subjects,
        });
        self.token("patient", scope, claims)
    }

    pub fn provider(&self, organization: &str, grantees: &[&str]) -> String {
        let scope = "provider:records.read provider:consent.request";
        self.token(
            "provider",
            scope,
            json!({"org": organization, "sub": organization, "grantees": grantees}),
        )
    }
}
