//! Logs and metrics.
//!
//! Logging rules: a fixed message plus fields; never a path, a query, a header, a body, or any
//! identifier of a person. Whoever needs the request behind a line follows `corr_id`.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use std::sync::OnceLock;
use std::time::Instant;
use tracing_subscriber::EnvFilter;

use crate::CorrId;

static METRICS: OnceLock<PrometheusHandle> = OnceLock::new();

/// Seconds; fine below 10 ms, where a decision should be.
const LATENCY_BUCKETS: [f64; 13] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
];

/// JSON lines on standard output, filtered by the `LOG` variable (default `info`).
pub fn init_logs(service: &'static str) {
    let filter = EnvFilter::try_from_env("LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let started = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_env_filter(filter)
        .with_target(false)
        .try_init();
    if started.is_ok() {
        tracing::info!(service, version = env!("CARGO_PKG_VERSION"), "starting");
    }
}

/// Installs the process-wide metrics recorder once and returns its handle.
pub fn metrics_handle() -> anyhow::Result<PrometheusHandle> {
    if let Some(handle) = METRICS.get() {
        return Ok(handle.clone());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &LATENCY_BUCKETS)?
        .install_recorder()?;
    Ok(METRICS.get_or_init(|| handle).clone())
}

/// The `/metrics` route, for a port of its own.
pub(crate) fn metrics_routes(handle: PrometheusHandle) -> Router {
    Router::new()
        .route(
            "/metrics",
            get(|State(handle): State<PrometheusHandle>| async move { handle.render() }),
        )
        .with_state(handle)
}

/// Middleware: one log line and one observation a request, by matched route only.
pub async fn observe(request: Request, next: Next) -> Response {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "unmatched".to_owned(), |path| path.as_str().to_owned());
    let method = method_name(request.method());
    let started = Instant::now();
    let response = next.run(request).await;
    let elapsed = started.elapsed();
    let status = response.status().as_u16();
    metrics::counter!("http_requests_total", "route" => route.clone(), "method" => method, "status" => status.to_string())
        .increment(1);
    metrics::histogram!("http_request_duration_seconds", "route" => route.clone(), "method" => method)
        .record(elapsed.as_secs_f64());
    if !route.starts_with("/health/") {
        let corr_id = CorrId::current();
        tracing::info!(%corr_id, method, route, status, latency_us = elapsed.as_micros() as u64, "request");
    }
    response
}

/// A method by its well-known name. Any other is the caller's own text: it could be anything, and each new one would
/// be kept as a label for good.
fn method_name(method: &Method) -> &'static str {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    known
        .into_iter()
        .find(|name| *name == method.as_str())
        .unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn a_made_up_method_is_not_in_the_metrics() {
        let handle = metrics_handle().unwrap();
        let app = Router::new()
            .route("/records", get(|| async {}))
            .layer(axum::middleware::from_fn(observe));
        for method in ["GET", "PATIENT-P1"] {
            let request = Request::builder().method(method).uri("/records");
            let request = request.body(Body::empty()).unwrap();
            app.clone().oneshot(request).await.unwrap();
        }
        let shown = handle.render();
        assert!(shown.contains(r#"method="GET""#), "{shown}");
        assert!(!shown.contains("PATIENT-P1"), "{shown}");
        assert!(shown.contains(r#"method="other""#), "{shown}");
    }
}
