//! Extractors that answer garbage with a clear problem and never echo the values they were sent.

use std::convert::Infallible;

use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::Problem;

/// A JSON body. Refuses another media type (415), bytes beyond the limit (413), and anything that
/// is not exactly a `T` (400, naming the field). Give `T` `#[serde(deny_unknown_fields)]`.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|kind| {
                let kind = kind.trim().to_ascii_lowercase();
                kind == "application/json" || kind.ends_with("+json")
            });
        if !json {
            return Err(Problem::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "Send the body as application/json.",
            ));
        }
        let bytes = body_bytes(request, state).await?;
        let mut reader = serde_json::Deserializer::from_slice(&bytes);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            Problem::bad_request("invalid-body", describe(&path, error.inner()))
        })?;
        reader
            .end()
            .map_err(|error| Problem::bad_request("invalid-body", describe(".", &error)))?;
        Ok(Self(value))
    }
}

/// A request's head as its sender wrote it: what a token, and the proof of the key it is bound to, are checked against.
#[derive(Debug, Clone)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The address, whatever part of it a router has taken off.
    pub uri: Uri,
    /// The headers.
    pub headers: HeaderMap,
}

impl<S: Send + Sync> FromRequestParts<S> for Head {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let original = parts.extensions.get::<OriginalUri>();
        Ok(Self {
            method: parts.method.clone(),
            uri: original.map_or_else(|| parts.uri.clone(), |original| original.0.clone()),
            headers: parts.headers.clone(),
        })
    }
}

/// The raw body, within the server's limit; 413 beyond it.
pub async fn body_bytes<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Problem> {
    Bytes::from_request(request, state)
        .await
        .map_err(|rejection| {
            let status = axum::response::IntoResponse::into_response(rejection).status();
            if status == StatusCode::PAYLOAD_TOO_LARGE {
                Problem::new(
                    status,
                    "payload-too-large",
                    "The body is larger than this service accepts.",
                )
            } else {
                Problem::bad_request("invalid-body", "The body could not be read to its end.")
            }
        })
}

/// Query parameters as a `T`. Unknown, repeated or malformed parameters are refused (400).
/// Give `T` `#[serde(deny_unknown_fields)]`.
#[derive(Debug)]
pub struct QueryParams<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for QueryParams<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        serde_urlencoded::from_str(query)
            .map(Self)
            .map_err(|error| {
                Problem::bad_request("invalid-parameter", describe_message(&error.to_string()))
            })
    }
}

fn describe(path: &str, error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    if error.is_data() {
        let field = if path == "." {
            String::new()
        } else {
            format!("`{path}`: ")
        };
        format!(
            "{field}{} ({place}).",
            describe_message(&error.to_string()).trim_end_matches('.')
        )
    } else {
        format!("The body is not valid JSON ({place}).")
    }
}

/// Serde's messages quote values ("invalid type: string \"…\""); those stay out of answers.
fn describe_message(message: &str) -> String {
    let safe = [
        "missing field",
        "unknown field",
        "duplicate field",
        "unknown variant",
    ]
    .iter()
    .any(|kind| message.starts_with(kind));
    if safe {
        let message = message.split(" at line ").next().unwrap_or(message);
        format!("{message}.")
    } else {
        "A value has the wrong type or form.".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Sample {
        #[allow(dead_code)]
        count: u8,
    }

    async fn body(text: &'static str) -> Result<JsonBody<Sample>, Problem> {
        let request = Request::builder()
            .header(header::CONTENT_TYPE, "application/json; charset=utf-8")
            .body(Body::from(text))
            .unwrap();
        JsonBody::from_request(request, &()).await
    }

    #[tokio::test]
    async fn a_body_that_is_not_exactly_the_type_is_refused_without_echoing_values() {
        for (text, expected) in [
            ("{", "not valid JSON"),
            (
                "{\"count\":\"Jane Doe\"}",
                "`count`: A value has the wrong type",
            ),
            ("{}", "missing field `count`"),
            ("{\"count\":1,\"other\":2}", "unknown field `other`"),
            ("{\"count\":1} trailing", "not valid JSON"),
        ] {
            let problem = body(text).await.unwrap_err();
            assert_eq!(problem.status, 400, "{text}");
            assert!(
                problem.detail.contains(expected),
                "{text}: {}",
                problem.detail
            );
            assert!(!problem.detail.contains("Jane"), "{}", problem.detail);
        }
        assert!(body("{\"count\":1}").await.is_ok());
    }

    #[tokio::test]
    async fn unknown_query_parameters_are_refused() {
        let parts = |uri: &str| Request::builder().uri(uri).body(()).unwrap().into_parts().0;
        assert!(
            QueryParams::<Sample>::from_request_parts(&mut parts("/?count=1"), &())
                .await
                .is_ok()
        );
        for uri in ["/?count=1&other=2", "/?count=1&count=2", "/?count=x", "/"] {
            let outcome = QueryParams::<Sample>::from_request_parts(&mut parts(uri), &()).await;
            assert_eq!(outcome.unwrap_err().status, 400, "{uri}");
        }
    }
}
