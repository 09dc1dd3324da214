//! Between the service and the store: everything passes, but for the faults a test asks for.

use std::sync::{Arc, Mutex};

use aws_sdk_s3::primitives::{ByteStream, DateTime};
use aws_sdk_s3::types::ObjectLockMode;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use time::OffsetDateTime;
use tokio::net::TcpListener;

use super::Bench;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    None,
    /// So many writes are answered 503 and not done.
    Refused(usize),
    /// So many writes are done and answered 500.
    Ambiguous(usize),
    /// At the next write somebody else has stored the given lines under the key first; the store
    /// answers 412 when it honours If-None-Match, and stores ours too when it does not.
    Rival {
        lines: Vec<Vec<u8>>,
        honours: bool,
    },
    /// The store says that objects are locked in GOVERNANCE mode.
    WeakLock,
    /// Nobody answers.
    Down,
}

#[derive(Clone)]
pub struct FaultProxy {
    pub url: String,
    fault: Arc<Mutex<Fault>>,
    upstream: String,
    http: reqwest::Client,
    s3: aws_sdk_s3::Client,
    bucket: String,
}

impl FaultProxy {
    pub async fn start(bench: &Bench, fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            fault: Arc::new(Mutex::new(fault)),
            upstream: bench.access.endpoint.trim_end_matches('/').to_owned(),
            http: reqwest::Client::builder().no_proxy().build().unwrap(),
            s3: bench.s3.clone(),
            bucket: bench.bucket.clone(),
        };
        let routes = Router::new().fallback(handle).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        proxy
    }

    pub fn set(&self, fault: Fault) {
        *self.fault.lock().unwrap() = fault;
    }

    /// The fault that is left to happen.
    pub fn fault(&self) -> Fault {
        self.fault.lock().unwrap().clone()
    }

    async fn store_rival(&self, path: &str, lines: &[Vec<u8>]) {
        let key = path.trim_start_matches('/').split_once('/').unwrap().1;
        let body = lines.join(&b'\n');
        let until = OffsetDateTime::now_utc() + time::Duration::days(2);
        self.s3
            .put_object()
            .bucket(&self.bucket)
            .key(key.replace("%3D", "="))
            .object_lock_mode(ObjectLockMode::Compliance)
            .object_lock_retain_until_date(DateTime::from_secs(until.unix_timestamp()))
            .metadata("sha256", digest(&body))
            .body(ByteStream::from(body))
            .send()
            .await
            .unwrap();
    }
}

fn digest(body: &[u8]) -> String {
    use sha2::Digest as _;
    hex::encode(sha2::Sha256::digest(body))
}

async fn handle(State(proxy): State<FaultProxy>, request: Request) -> Response {
    let write = request.method() == Method::PUT;
    let fault = proxy.fault();
    match fault {
        Fault::Down => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Fault::Refused(left) if write && left > 0 => {
            proxy.set(Fault::Refused(left - 1));
            StatusCode::SERVICE_UNAVAILABLE.into_response()
        }
        Fault::Ambiguous(left) if write && left > 0 => {
            proxy.set(Fault::Ambiguous(left - 1));
            forward(&proxy, request).await;
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Fault::Rival { lines, honours } if write => {
            proxy.set(Fault::None);
            proxy.store_rival(request.uri().path(), &lines).await;
            if honours {
                assert_eq!(request.headers()["if-none-match"], "*");
                return StatusCode::PRECONDITION_FAILED.into_response();
            }
            forward(&proxy, request).await
        }
        Fault::WeakLock
            if request
                .uri()
                .query()
                .is_some_and(|query| query.contains("retention")) =>
        {
            let until = "2099-01-01T00:00:00.000Z";
            let body = format!(
                "<Retention><Mode>GOVERNANCE</Mode><RetainUntilDate>{until}</RetainUntilDate></Retention>"
            );
            ([(header::CONTENT_TYPE, "application/xml")], body).into_response()
        }
        _ => forward(&proxy, request).await,
    }
}

/// Passes the request on as it is: the signature covers the Host header.
async fn forward(proxy: &FaultProxy, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().unwrap().as_str();
    let answer = proxy
        .http
        .request(parts.method, format!("{}{target}", proxy.upstream))
        .headers(parts.headers)
        .body(to_bytes(body, 64 << 20).await.unwrap())
        .send()
        .await
        .unwrap();
    let mut headers: HeaderMap = answer.headers().clone();
    headers.remove(header::TRANSFER_ENCODING);
    headers.remove(header::CONNECTION);
    let status = answer.status();
    let body = Body::from(answer.bytes().await.unwrap());
    (status, headers, body).into_response()
}
