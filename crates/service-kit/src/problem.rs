//! The one error body of every route that no standard prescribes another for: RFC 9457.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::CorrId;

/// The media type of a [`Problem`] (RFC 9457 §3).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Problem details (RFC 9457). `detail` tells the caller what to do and never holds personal data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// A URI that names the kind of problem.
    #[serde(rename = "type")]
    #[schema(example = "https://consentry.example/problems/invalid-parameter")]
    pub kind: String,
    /// The kind of problem in words, the same for every occurrence.
    pub title: String,
    /// The HTTP status code.
    #[schema(example = 400)]
    pub status: u16,
    /// What is wrong this time, and what to do.
    pub detail: String,
    /// The correlation id of the request, to quote when asking for help.
    pub corr_id: String,
}

impl Problem {
    /// A problem of the given kind; `slug` becomes the last part of its type URI.
    pub fn new(status: StatusCode, slug: &str, detail: impl Into<String>) -> Self {
        let title = slug.replace('-', " ");
        Self {
            kind: format!("https://consentry.example/problems/{slug}"),
            title: title[..1].to_uppercase() + &title[1..],
            status: status.as_u16(),
            detail: detail.into(),
            corr_id: CorrId::current().to_string(),
        }
    }

    /// 400: the request as written cannot be understood.
    pub fn bad_request(slug: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, slug, detail)
    }

    /// 403: the token does not cover this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// 404: there is nothing here for this caller.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", detail)
    }

    /// 409: the request contradicts what is stored.
    pub fn conflict(slug: &str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, slug, detail)
    }

    /// 503: a dependency is missing; `detail` names it.
    pub fn unavailable(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail)
    }

    /// 500: our fault. The cause belongs in the log, not in the answer.
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal-error",
            "The service failed. Quote the correlation id when reporting this.",
        )
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, axum::Json(self)).into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        response
    }
}

/// Middleware: gives a problem body to errors that layers and the router answer without one
/// (404, 405, 408, 413, 503 …). Bodies in JSON of any kind, and pages, are left as they are.
pub async fn fill_bare_errors(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    if !(status.is_client_error() || status.is_server_error()) || is_written(&response) {
        return response;
    }
    let (slug, detail) = match status {
        StatusCode::NOT_FOUND => (
            "not-found",
            "No such route. The OpenAPI document lists all of them.",
        ),
        StatusCode::METHOD_NOT_ALLOWED => (
            "method-not-allowed",
            "This route does not take this method; see the Allow header.",
        ),
        StatusCode::REQUEST_TIMEOUT => ("timeout", "The request took too long and was abandoned."),
        StatusCode::PAYLOAD_TOO_LARGE => (
            "payload-too-large",
            "The body is larger than this service accepts.",
        ),
        StatusCode::SERVICE_UNAVAILABLE => (
            "overloaded",
            "Too many requests at once; try again shortly.",
        ),
        _ if status.is_client_error() => {
            ("bad-request", "The request cannot be processed as sent.")
        }
        _ => (
            "internal-error",
            "The service failed. Quote the correlation id when reporting this.",
        ),
    };
    let mut filled = Problem::new(status, slug, detail).into_response();
    let own = filled.headers_mut();
    for (name, value) in response.headers() {
        // What was said of the body that is replaced.
        let of_body =
            name.as_str().starts_with("content-") && *name != header::CONTENT_SECURITY_POLICY;
        if !of_body && *name != header::TRANSFER_ENCODING {
            own.append(name, value.clone());
        }
    }
    filled
}

/// Whether a handler wrote the body: layers and the router answer plain text, or nothing.
fn is_written(response: &Response) -> bool {
    response
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|kind| kind.contains("json") || kind.starts_with("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use tower::ServiceExt as _;

    #[tokio::test]
    async fn a_bare_error_gets_a_body_and_keeps_what_else_it_said() {
        let bare = || async {
            let headers = [
                (header::WWW_AUTHENTICATE, "Bearer"),
                (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
                (header::CONTENT_TYPE, "text/plain"),
                (header::CONTENT_LENGTH, "2"),
            ];
            (StatusCode::UNAUTHORIZED, headers, "no").into_response()
        };
        let app = Router::new()
            .route("/", get(bare))
            .layer(axum::middleware::from_fn(fill_bare_errors));
        let request = Request::get("/").body(Body::empty()).unwrap();
        let response = app.oneshot(request).await.unwrap();
        let headers = response.headers();
        assert_eq!(headers[header::CONTENT_TYPE], MEDIA_TYPE);
        assert_eq!(headers[header::WWW_AUTHENTICATE], "Bearer");
        assert_eq!(
            headers[header::CONTENT_SECURITY_POLICY],
            "default-src 'none'"
        );
        let body = axum::body::to_bytes(response.into_body(), 10_000).await;
        assert!(serde_json::from_slice::<Problem>(&body.unwrap()).is_ok());
    }
}
