//! The HTTP server around a service's routes: limits, error bodies, correlation, logs, probes.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use conf::Conf;
use http_body_util::{BodyExt, Limited};
use tokio::net::TcpListener;
use tower::ServiceBuilder;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::connections::{self, HEAD_TIME};
use crate::shutdown::GRACE;
use crate::{Problem, Readiness, Shutdown, correlation, health, problem, telemetry};

/// How much, and for how long, a body that is refused for its size is read all the same.
const DRAIN_BYTES: usize = 16 * 1024 * 1024;
const DRAIN_TIME: Duration = Duration::from_secs(2);

/// Settings of the HTTP server; flatten it into a service's own configuration.
#[derive(Conf, Debug, Clone)]
pub struct ServerConfig {
    /// Address and port of the API.
    #[arg(long, env)]
    pub listen: SocketAddr,
    /// Address and port of `/metrics`, apart from the API so that it need not be exposed.
    #[arg(long, env)]
    pub metrics_listen: SocketAddr,
    /// Requests served at the same time; more are answered 503.
    #[arg(long, env, default_value = "512")]
    pub max_concurrency: usize,
    /// Milliseconds after which a request is abandoned with 408.
    #[arg(long, env, default_value = "15000")]
    pub request_timeout_ms: u64,
    /// Bytes accepted in a request body.
    #[arg(long, env, default_value = "65536")]
    pub max_body_bytes: usize,
}

/// Wraps `api` in the common layers and adds the probes. Public for tests that need the real
/// answers without a socket.
pub fn app(config: &ServerConfig, api: Router, readiness: Readiness) -> Router {
    let limits = ServiceBuilder::new()
        .layer(axum::error_handling::HandleErrorLayer::new(overloaded))
        .load_shed()
        .concurrency_limit(config.max_concurrency)
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            Duration::from_millis(config.request_timeout_ms),
        ));
    // Probes stay outside the concurrency limit: a busy service is not a dead one.
    api.layer(limits)
        .merge(health::routes(readiness))
        .layer(DefaultBodyLimit::max(config.max_body_bytes))
        .layer(middleware::from_fn_with_state(
            config.max_body_bytes,
            refuse_oversized,
        ))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn(problem::fill_bare_errors))
        .layer(middleware::from_fn(telemetry::observe))
        .layer(middleware::from_fn(correlation::middleware))
}

/// Serves `api` and `/metrics` until the shutdown signal, then lets requests under way end and
/// waits for the background tasks.
///
/// # Errors
/// When an address cannot be bound (the message names it).
pub async fn run(
    config: &ServerConfig,
    api: Router,
    readiness: Readiness,
    shutdown: Shutdown,
) -> anyhow::Result<()> {
    let metrics = telemetry::metrics_routes(telemetry::metrics_handle()?);
    let api = app(config, api, readiness);
    let api_listener = bind(config.listen, "LISTEN").await?;
    let metrics_listener = bind(config.metrics_listen, "METRICS_LISTEN").await?;
    tracing::info!(listen = %config.listen, metrics = %config.metrics_listen, "serving");

    let serve = |listener, app| connections::serve(listener, app, HEAD_TIME, shutdown.clone());
    let serving =
        async { tokio::join!(serve(api_listener, api), serve(metrics_listener, metrics)) };
    let hard_stop = async {
        shutdown.triggered().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        _ = serving => {}
        () = hard_stop => tracing::warn!("requests still under way were cut off"),
    }
    shutdown.trigger();
    shutdown.finished().await;
    tracing::info!("stopped");
    Ok(())
}

async fn bind(address: SocketAddr, variable: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address} ({variable}); is the port taken?"))
}

/// Refuses a body that is announced as too large. It is read to its end first, within bounds:
/// a server that hangs up on a sender makes it see a broken connection in place of the reason.
async fn refuse_oversized(State(limit): State<usize>, request: Request, next: Next) -> Response {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse::<u64>().ok());
    if announced.is_none_or(|length| length <= limit as u64) {
        return next.run(request).await;
    }
    let mut body = Limited::new(request.into_body(), DRAIN_BYTES);
    let drained = async { while let Some(Ok(_)) = body.frame().await {} };
    // Whoever sends slower than this, or more, gets the broken connection.
    let _ = tokio::time::timeout(DRAIN_TIME, drained).await;
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "payload-too-large",
        format!("The body is larger than the {limit} bytes this service accepts."),
    )
    .into_response()
}

async fn overloaded(_: tower::BoxError) -> Response {
    Problem::new(
        StatusCode::SERVICE_UNAVAILABLE,
        "overloaded",
        "Too many requests at once; try again shortly.",
    )
    .into_response()
}

fn panicked(_: Box<dyn std::any::Any + Send>) -> Response {
    tracing::error!("a handler panicked");
    Problem::internal().into_response()
}
