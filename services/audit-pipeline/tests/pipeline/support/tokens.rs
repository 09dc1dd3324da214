//! An issuer: a key, its publication, what it revoked, and tokens.

use access_token::SigningKey;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use test_support::Feed;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use uuid::Uuid;

use super::records::TENANT;

pub struct Issuer {
    pub url: String,
    pub feed: Feed,
    key: SigningKey,
}

impl Issuer {
    pub async fn start() -> Self {
        let secret = p256::SecretKey::from_slice(&[7; 32]).unwrap();
        let key = SigningKey::from_jwk(&secret.to_jwk_string()).unwrap();
        let jwks = json!({ "keys": [key.public()] });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let feed = Feed::default();
        let routes = Router::new()
            .route("/oauth2/jwks", get(|| async move { Json(jwks) }))
            .merge(feed.routes());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        Self { url, feed, key }
    }

    /// A token of the tests' tenant.
    pub fn token(&self, audience: &str, persona: &str, scope: &str) -> String {
        self.token_of(TENANT, audience, persona, scope)
    }

    pub fn token_of(&self, tenant: &str, audience: &str, persona: &str, scope: &str) -> String {
        let jti = Uuid::now_v7().to_string();
        self.sign(tenant, audience, persona, scope, &jti)
    }

    /// A patient's token by which they may see who looked, with these claims besides.
    pub fn patient_token(&self, audience: &str, tenant: &str, others: Value) -> String {
        let jti = Uuid::now_v7().to_string();
        let mut claims = self.claims(tenant, audience, "patient", "patient:audit.read", &jti);
        let Value::Object(others) = others else {
            panic!("claims are an object")
        };
        for (name, value) in others {
            claims[name] = value;
        }
        self.key.sign("at+jwt", &claims).unwrap()
    }

    /// A system's token with this id.
    pub fn token_with(&self, audience: &str, scope: &str, jti: &str) -> String {
        self.sign(TENANT, audience, "system", scope, jti)
    }

    fn sign(&self, tenant: &str, audience: &str, persona: &str, scope: &str, jti: &str) -> String {
        let mut claims = self.claims(tenant, audience, persona, scope, jti);
        if persona == "provider" {
            claims["org"] = json!("clinic-a");
        }
        self.key.sign("at+jwt", &claims).unwrap()
    }

    fn claims(&self, tenant: &str, audience: &str, persona: &str, scope: &str, jti: &str) -> Value {
        let now = OffsetDateTime::now_utc().unix_timestamp();
        json!({
            "iss": self.url, "aud": audience, "sub": "client", "client_id": "client",
            "jti": jti, "iat": now, "exp": now + 120,
            "scope": scope, "tenant": tenant, "persona": persona,
        })
    }
}
