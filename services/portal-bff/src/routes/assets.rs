//! The built application: files that never change under their name, and one page for every path of it.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::get_service;
use service_kit::Problem;
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

use crate::application::Application;

const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");

/// The built application.
#[derive(Clone)]
pub struct Assets {
    application: Application,
    folder: PathBuf,
}

impl Assets {
    /// The one in this folder, be it there already or not.
    pub fn new(application: Application, folder: &Path) -> Self {
        Self {
            application,
            folder: folder.to_owned(),
        }
    }

    /// Whether it is there.
    pub fn is_built(&self) -> bool {
        self.index().is_file()
    }

    /// Its routes, the one for everything else among them.
    pub fn router(&self) -> Router {
        let named = ServeDir::new(self.folder.join("assets"))
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip();
        let named = Router::new()
            .nest_service("/assets", get_service(named))
            .layer(middleware::from_fn(keep));
        let page = axum::routing::any(page).with_state(self.clone());
        Router::new().merge(named).fallback_service(page)
    }

    fn index(&self) -> PathBuf {
        self.folder.join("index.html")
    }

    /// A file beside the page, such as an icon.
    async fn file(&self, request: Request) -> Option<Response> {
        let files = ServeDir::new(&self.folder)
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip();
        let Ok(answer) = files.oneshot(request).await;
        let found = answer.status() != StatusCode::NOT_FOUND;
        let is_folder = answer.status().is_redirection();
        (found && !is_folder || answer.status() == StatusCode::NOT_MODIFIED).then(|| {
            let mut response = answer.map(axum::body::Body::new);
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, ASK_AGAIN);
            response
        })
    }
}

/// What a build names by its content is kept for good.
async fn keep(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED {
        response
            .headers_mut()
            .insert(header::CACHE_CONTROL, IMMUTABLE);
    }
    response
}

/// Any other path: a file of that name, or the page that finds out what the path means.
async fn page(State(assets): State<Assets>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let accepts_html = request
        .headers()
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.contains("text/html"));
    let is_index = matches!(request.uri().path(), "/" | "/index.html");
    if !is_index && let Some(file) = assets.file(request).await {
        return file;
    }
    if !accepts_html && !is_index {
        return Problem::not_found("There is no such file.").into_response();
    }
    let html = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    match tokio::fs::read(assets.index()).await {
        Ok(index) => (html, index).into_response(),
        Err(_) => {
            let text = not_built(assets.application);
            (StatusCode::SERVICE_UNAVAILABLE, html, text).into_response()
        }
    }
}

fn not_built(application: Application) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{application}</title>\n\
         <p>The application <b>{application}</b> is not built. Build it with\n\
         <p><code>frontends/tools/pnpm install &amp;&amp; frontends/tools/pnpm build</code>\n\
         <p>and load this page again.\n</html>\n"
    )
}
