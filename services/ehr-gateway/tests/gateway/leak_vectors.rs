//! The ways around the rules that FHIR and HTTP offer: 4xx, and the FHIR server is never asked.

use crate::support::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

async fn world() -> World {
    World::sharing(
        shared(&["Observation", "Patient"]),
        vec![observation("o1", PATIENT)],
    )
    .await
}

#[tokio::test]
async fn leak_vectors_are_refused_and_the_server_is_not_asked() {
    let world = world().await;
    for (path, status) in [
        ("/fhir/R4/Observation", 400),
        (
            "/fhir/R4/Observation?patient=p1&_include=Observation:subject",
            400,
        ),
        (
            "/fhir/R4/Observation?patient=p1&_include:iterate=Observation:subject",
            400,
        ),
        (
            "/fhir/R4/Observation?patient=p1&_revinclude=Provenance:target",
            400,
        ),
        (
            "/fhir/R4/Observation?patient=p1&_has:Observation:patient:code=x",
            400,
        ),
        ("/fhir/R4/Observation?subject.name=x", 400),
        ("/fhir/R4/Observation?patient=p1&_filter=x", 400),
        ("/fhir/R4/Observation?patient=p1&_summary=count", 400),
        ("/fhir/R4/Observation?patient=p1&_elements=code", 400),
        ("/fhir/R4/Observation?patient=p1&_total=accurate", 400),
        ("/fhir/R4/Observation?patient=p1&patient=p2", 400),
        ("/fhir/R4/Observation?patient=p1,p2", 400),
        ("/fhir/R4/Patient?name=x", 400),
        ("/fhir/R4/Patient/p1/Observation", 404),
        ("/fhir/R4/Patient/p1/$everything", 404),
        ("/fhir/R4/Patient/$everything", 404),
        ("/fhir/R4/Observation/o1/_history", 404),
        ("/fhir/R4/Observation/o1/_history/1", 404),
        ("/fhir/R4/Observation/_history", 404),
        ("/fhir/R4/$export", 404),
        ("/fhir/R4/Binary/1", 404),
        ("/fhir/R4/Group?patient=p1", 404),
        ("/fhir/R4/", 404),
        ("/fhir/R4/observation?patient=p1", 404),
        ("/fhir/R4/Observation/%2e%2e", 400),
        ("/fhir/R4/Observation/%252f", 400),
        ("/fhir/R4/Observation/..", 400),
        ("/fhir/R4//Observation?patient=p1", 400),
        ("/fhir/R4/Observation;x=1?patient=p1", 400),
    ] {
        let answer = world.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
        assert_eq!(answer.json()["resourceType"], "OperationOutcome", "{path}");
        answer.assert_no_phi();
    }
    assert!(world.fhir.paths().is_empty());
    assert!(world.records().is_empty(), "garbage is not a decision");
}

#[tokio::test]
async fn nothing_can_be_written() {
    let world = world().await;
    for method in ["POST", "PUT", "PATCH", "DELETE", "HEAD"] {
        for path in [
            "/fhir/R4/Observation",
            "/fhir/R4/Observation/o1",
            "/fhir/R4/Observation/_search",
        ] {
            let request = axum::http::Request::builder().method(method).uri(path);
            let request = request.header("authorization", format!("Bearer {}", world.token()));
            let answer = world
                .send(request.body(axum::body::Body::empty()).unwrap())
                .await;
            assert_eq!(answer.status.as_u16(), 405, "{method} {path}");
        }
    }
    assert!(world.fhir.paths().is_empty());
}

#[tokio::test]
async fn garbage_evaluations_are_400_with_a_clear_body() {
    let world = world().await;
    let good = r#"{"subject":{"type":"organization","id":"clinic-a"},"action":{"name":"read"},"resource":{"type":"Observation","properties":{"patient":"p1"}}}"#;
    let token = world.token();
    let send = |body: String| {
        let request = axum::http::Request::post("/access/v1/evaluation")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        request.body(axum::body::Body::from(body)).unwrap()
    };
    assert_eq!(world.send(send(good.to_owned())).await.status.as_u16(), 200);
    for body in [
        String::new(),
        "{".to_owned(),
        "[]".to_owned(),
        good.replace("read", "write"),
        good.replace("organization", "user"),
        good.replace("\"p1\"", "\"p 1\""),
        good.replace("\"p1\"", "17"),
        good.replace("clinic-a", "../clinic-a"),
        good.replace("clinic-a", ".."),
        good.replace("Observation", "Binary"),
        good.replace(
            "\"patient\":\"p1\"",
            "\"patient\":\"p1\",\"patient\":\"p2\"",
        ),
        good.replace("\"patient\":\"p1\"", "\"patient\":\"p1\",\"x\":1"),
        good.replacen('{', "{\"context\":{\"purpose\":\"HRESCH\"},", 1),
    ] {
        let answer = world.send(send(body.clone())).await;
        assert_eq!(answer.status.as_u16(), 400, "{body}: {}", answer.body);
        assert_eq!(
            answer.headers["content-type"], "application/problem+json",
            "{body}"
        );
    }
    let answer = world.send(send(" ".repeat(100_000))).await;
    assert_eq!(answer.status.as_u16(), 413);
}

/// Sends bytes over a connection and returns everything that comes back until it closes.
async fn raw(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let read = stream.read_to_end(&mut answer);
    tokio::time::timeout(std::time::Duration::from_secs(10), read)
        .await
        .expect("the connection stays open")
        .unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn requests_that_two_readers_may_split_differently_are_refused_and_the_connection_closed() {
    let world = world().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = world.app.clone();
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let token = world.token();
    let head = |line: &str, more: &str| {
        format!("{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n{more}\r\n")
    };
    let target = "GET /fhir/R4/Observation?patient=p1";
    let hidden = "GET /fhir/R4/Observation/o1 HTTP/1.1\r\nHost: x\r\n\r\n";
    for request in [
        head(target, &format!("Content-Length: {}\r\n", hidden.len())) + hidden,
        head(target, "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n",
        head(
            target,
            "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        ) + "0\r\n\r\n"
            + hidden,
        head(target, "Transfer-Encoding: xchunked\r\n") + hidden,
        head(
            "GET http://other.example/fhir/R4/Observation?patient=p1",
            "",
        ),
        head(target, &format!("X-Long: {}\r\n", "x".repeat(20_000))),
    ] {
        let answer = raw(address, &request).await;
        let status: Vec<&str> = answer
            .lines()
            .filter(|line| line.starts_with("HTTP/1.1 "))
            .collect();
        assert_eq!(status.len(), 1, "more than one answer: {answer}");
        assert!(status[0].starts_with("HTTP/1.1 4"), "{answer}");
        assert!(!answer.contains(MARK));
    }
    assert!(world.fhir.paths().is_empty());
}

#[tokio::test]
async fn metadata_says_what_is_offered_and_needs_no_token() {
    let world = world().await;
    let request = axum::http::Request::get("/fhir/R4/metadata")
        .body(axum::body::Body::empty())
        .unwrap();
    let answer = world.send(request).await;
    assert_eq!(answer.json()["resourceType"], "CapabilityStatement");
    let types = answer.json()["rest"][0]["resource"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(types, consent_core::resource::TYPES.len());
}
