//! Live and ready probes. Readiness names the dependency that is missing.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

/// How long one check may take before it counts as failed.
const CHECK_TIMEOUT: Duration = Duration::from_secs(2);

type Check =
    Arc<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), String>> + Send>> + Send + Sync>;

/// The dependencies that must answer before a service takes work. Clones share the list.
#[derive(Clone, Default)]
pub struct Readiness {
    checks: Arc<RwLock<Vec<Listed>>>,
}

#[derive(Clone)]
struct Listed {
    name: &'static str,
    check: Check,
    needed: bool,
}

#[derive(Serialize)]
struct Report {
    status: &'static str,
    checks: BTreeMap<&'static str, String>,
}

impl Readiness {
    /// Adds a dependency. `check` says in a few words, without addresses or personal data, why
    /// the dependency cannot be used.
    pub fn add<F, Fut>(&self, name: &'static str, check: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.list(name, check, true);
    }

    /// Adds a dependency that is reported without making the service unready: work is taken without it, and waits.
    pub fn add_optional<F, Fut>(&self, name: &'static str, check: F)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        self.list(name, check, false);
    }

    fn list<F, Fut>(&self, name: &'static str, check: F, needed: bool)
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<(), String>> + Send + 'static,
    {
        let check: Check = Arc::new(move || Box::pin(check()));
        self.checks
            .write()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .push(Listed {
                name,
                check,
                needed,
            });
    }

    async fn report(&self) -> Report {
        let checks = self
            .checks
            .read()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .clone();
        let outcomes = futures::future::join_all(checks.into_iter().map(|listed| async move {
            let outcome = match tokio::time::timeout(CHECK_TIMEOUT, (listed.check)()).await {
                Ok(Ok(())) => "ok".to_owned(),
                Ok(Err(reason)) => reason,
                Err(_) => "no answer in time".to_owned(),
            };
            (listed.name, listed.needed, outcome)
        }))
        .await;
        let ready = outcomes
            .iter()
            .all(|(_, needed, outcome)| !needed || outcome == "ok");
        let checks: BTreeMap<_, _> = outcomes
            .into_iter()
            .map(|(name, _, outcome)| (name, outcome))
            .collect();
        Report {
            status: if ready { "ready" } else { "unready" },
            checks,
        }
    }
}

/// `/health/live` and `/health/ready`.
pub(crate) fn routes(readiness: Readiness) -> Router {
    Router::new()
        .route(
            "/health/live",
            get(|| async { Json(serde_json::json!({"status": "live"})) }),
        )
        .route("/health/ready", get(ready))
        .with_state(readiness)
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    let report = readiness.report().await;
    let status = if report.status == "ready" {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(report)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_optional_is_reported_and_does_not_count() {
        let readiness = Readiness::default();
        readiness.add("needed", || async { Ok(()) });
        readiness.add_optional("optional", || async { Err("away".to_owned()) });
        let report = readiness.report().await;
        assert_eq!(report.status, "ready");
        assert_eq!(report.checks["optional"], "away");
        readiness.add("needed too", || async { Err("away".to_owned()) });
        assert_eq!(readiness.report().await.status, "unready");
    }
}
