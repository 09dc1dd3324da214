//! Keys, tokens by hand, and an HTTP server that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use access_token::{Claims, Jwks, Persona, SigningKey, Verifier};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey};
use p256::pkcs8::EncodePrivateKey;
use serde_json::{Value, json};
use time::OffsetDateTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

pub const ISSUER: &str = "https://auth.example";
pub const AUDIENCE: &str = "https://ehr.example";
pub const NOW: i64 = 1_900_000_000;

pub fn at(seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(seconds).unwrap()
}

pub fn secret(n: u8) -> p256::SecretKey {
    p256::SecretKey::from_slice(&[n; 32]).unwrap()
}

pub fn key(n: u8) -> SigningKey {
    SigningKey::from_jwk(&secret(n).to_jwk_string()).unwrap()
}

pub fn jwks(numbers: &[u8]) -> Jwks {
    Jwks::new(numbers.iter().map(|n| key(*n).public().clone()).collect())
}

pub fn verifier() -> Verifier {
    Verifier::with_jwks(ISSUER, AUDIENCE, &jwks(&[1]))
}

pub fn claims() -> Claims {
    Claims {
        iss: ISSUER.into(),
        aud: AUDIENCE.into(),
        sub: "clinic-a".into(),
        client_id: "clinic-a".into(),
        jti: "j-1".into(),
        iat: NOW,
        nbf: None,
        exp: NOW + 300,
        scope: "provider:records.read system/Observation.rs"
            .parse()
            .unwrap(),
        tenant: "general-hospital".into(),
        persona: Persona::Provider,
        org: Some("clinic-a".into()),
        grantees: vec!["0x70997970C51812dc3A010C7d01b50e0d17dc79C8".into()],
        purpose: Some("TREAT".into()),
        sign_in: None,
        patient: None,
        subjects: Vec::new(),
        fhir_user: None,
        act: None,
        cnf: None,
    }
}

/// The good claims with some members replaced (or removed, by null).
pub fn claims_with(changes: Value) -> Value {
    let mut claims = serde_json::to_value(claims()).unwrap();
    merge(&mut claims, changes);
    claims
}

pub fn header_with(changes: Value) -> Value {
    let mut header = json!({"alg": "ES256", "typ": "at+jwt", "kid": key(1).kid()});
    merge(&mut header, changes);
    header
}

fn merge(into: &mut Value, changes: Value) {
    let (Value::Object(into), Value::Object(changes)) = (into, changes) else {
        panic!("objects")
    };
    for (name, value) in changes {
        if value.is_null() {
            into.remove(&name)
        } else {
            into.insert(name, value)
        };
    }
}

/// Signs any header over any payload with ES256, whatever the header says.
pub fn forge(header: &Value, payload: &Value, n: u8) -> String {
    forge_text(&header.to_string(), &payload.to_string(), n)
}

pub fn forge_text(header: &str, payload: &str, n: u8) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(payload)
    );
    let der = secret(n).to_pkcs8_der().unwrap();
    let signing = EncodingKey::from_ec_der(der.as_bytes());
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &signing, Algorithm::ES256).unwrap();
    format!("{message}.{signature}")
}

/// An HTTP server that answers every request with what `answer` says and counts the requests.
pub struct Server {
    pub url: String,
    pub hits: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    pub async fn start(
        answer: impl Fn(usize, &str) -> (u16, String) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let hits = Arc::new(AtomicUsize::new(0));
        let (counter, answer) = (hits.clone(), Arc::new(answer));
        let task = tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (counter, answer) = (counter.clone(), answer.clone());
                tokio::spawn(async move {
                    let Some(request) = read_request(&mut stream).await else {
                        return;
                    };
                    let (status, body) = answer(counter.fetch_add(1, Ordering::SeqCst), &request);
                    let head = format!(
                        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\nlocation: /elsewhere\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                        body.len()
                    );
                    let _ = stream.write_all((head + &body).as_bytes()).await;
                });
            }
        });
        Self { url, hits, task }
    }

    pub fn hits(&self) -> usize {
        self.hits.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read_request(stream: &mut tokio::net::TcpStream) -> Option<String> {
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let n = stream.read(&mut buffer).await.ok()?;
        request.extend_from_slice(&buffer[..n]);
        let text = String::from_utf8_lossy(&request).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_ascii_lowercase()
                        .strip_prefix("content-length: ")?
                        .trim()
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        if n == 0 {
            return None;
        }
    }
}
