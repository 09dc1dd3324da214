//! What stands in for the services: tells what reached it, and answers as the path says.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::sync::Notify;

/// A request that reached a service.
#[derive(Debug, Clone)]
pub struct Seen {
    pub method: Method,
    pub path: String,
    pub headers: HeaderMap,
    pub body: String,
}

impl Seen {
    /// The access token that came with it.
    pub fn token(&self) -> Option<&str> {
        let value = self.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        value.strip_prefix("Bearer ")
    }

    /// What it says.
    pub fn claims(&self) -> Value {
        let token = self.token().expect("a token");
        let payload = token.split('.').nth(1).expect("a JWT");
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
    }
}

#[derive(Default)]
struct Shared {
    seen: Mutex<Vec<Seen>>,
    /// Tokens that are refused from now on.
    refused: Mutex<Vec<String>>,
    /// A stream goes on when this is rung.
    go_on: Notify,
}

pub struct Services {
    address: String,
    shared: Arc<Shared>,
}

impl Services {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(answer).with_state(shared.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, shared }
    }

    /// Where a service is reached.
    pub fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.address)
    }

    /// All that arrived.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The last that arrived.
    pub fn last(&self) -> Seen {
        self.seen().pop().expect("nothing reached a service")
    }

    /// Answers 401 to this token from now on.
    pub fn refuses(&self, token: &str) {
        self.shared.refused.lock().unwrap().push(token.to_owned());
    }

    /// Lets a stream go on.
    pub fn go_on(&self) {
        self.shared.go_on.notify_one();
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let path = parts.uri.path_and_query().unwrap().to_string();
    let seen = Seen {
        method: parts.method,
        path: path.clone(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    };
    let token = seen.token().map(str::to_owned);
    shared.seen.lock().unwrap().push(seen);
    let refused = token.is_some_and(|token| shared.refused.lock().unwrap().contains(&token));
    if refused {
        let challenge = [(header::WWW_AUTHENTICATE, "Bearer error=\"invalid_token\"")];
        return (StatusCode::UNAUTHORIZED, challenge).into_response();
    }
    match path.rsplit('/').next().unwrap_or_default() {
        "step-up" => {
            let challenge =
                "Bearer error=\"insufficient_user_authentication\", acr_values=\"aal2\"";
            (
                StatusCode::UNAUTHORIZED,
                [(header::WWW_AUTHENTICATE, challenge)],
            )
                .into_response()
        }
        "silence" => std::future::pending().await,
        "flood" => Body::from(vec![b'a'; 64 * 1024]).into_response(),
        // Without saying beforehand how long it is.
        "endless" => {
            let bytes = Bytes::from(vec![b'a'; 1024]);
            let pieces = futures::stream::repeat(Ok::<_, Infallible>(bytes));
            Body::from_stream(pieces).into_response()
        }
        "stream" => {
            let events = futures::stream::unfold((0, shared), |(n, shared)| async move {
                if n > 0 {
                    shared.go_on.notified().await;
                }
                let event = Bytes::from(format!("event: state\ndata: {n}\n\n"));
                Some((Ok::<_, Infallible>(event), (n + 1, shared)))
            });
            let kind = [(header::CONTENT_TYPE, "text/event-stream")];
            (kind, Body::from_stream(events)).into_response()
        }
        "busy" => {
            let headers = [
                (header::RETRY_AFTER, "7"),
                (header::CONTENT_TYPE, "application/problem+json"),
            ];
            (StatusCode::TOO_MANY_REQUESTS, headers, "{}").into_response()
        }
        _ => {
            let mut response = (StatusCode::ACCEPTED, "{\"done\":true}").into_response();
            let headers = response.headers_mut();
            let own = [
                (header::CONTENT_TYPE, "application/json"),
                (header::LOCATION, "/v1/intents/0x12"),
                (header::SET_COOKIE, "session=evil"),
                (header::CACHE_CONTROL, "public, max-age=600"),
                (header::SERVER, "secret-machine"),
                (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
                (header::CONTENT_SECURITY_POLICY, "default-src *"),
            ];
            for (name, value) in own {
                headers.insert(name, HeaderValue::from_static(value));
            }
            response
        }
    }
}
