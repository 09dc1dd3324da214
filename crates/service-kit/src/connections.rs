//! Connections: accepted, served, and closed when their client keeps silent.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::Shutdown;

/// How long a connection may be without the whole head of a request, be it slow or idle. Our own clients let go of idle
/// connections earlier, see [`crate::http_client`].
pub(crate) const HEAD_TIME: Duration = Duration::from_secs(30);
/// Pause when no connection can be accepted, most likely for lack of descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves until the shutdown signal, then lets requests under way end.
pub(crate) async fn serve(
    listener: TcpListener,
    app: Router,
    head_time: Duration,
    shutdown: Shutdown,
) {
    let connections = TaskTracker::new();
    while !shutdown.is_triggered() {
        let accepted = tokio::select! {
            () = shutdown.triggered() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let one = serve_one(stream, peer, app.clone(), head_time, shutdown.clone());
                connections.spawn(one);
            }
            Err(error) => {
                tracing::warn!(kind = ?error.kind(), "a connection could not be accepted");
                shutdown.sleep(PAUSE).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
}

/// Handlers find the client's address as [`ConnectInfo`].
async fn serve_one(
    stream: TcpStream,
    peer: SocketAddr,
    app: Router,
    head_time: Duration,
    shutdown: Shutdown,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        app.clone().oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(head_time)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    // An error is a client that went away or spoke no HTTP: hyper has answered what can be answered.
    tokio::select! {
        _ = connection.as_mut() => return,
        () = shutdown.triggered() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test]
    async fn a_request_knows_who_sent_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::default();
        let show = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move {
            format!("{} sent it", peer.ip())
        };
        let app = Router::new().route("/", get(show));
        let server = tokio::spawn(serve(listener, app, HEAD_TIME, shutdown.clone()));
        let request = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n";
        let answer = answer_to(address, request).await;
        assert!(answer.ends_with("127.0.0.1 sent it"), "{answer}");
        shutdown.trigger();
        server.await.unwrap();
    }

    /// Sends these bytes and returns all that comes back until the server hangs up.
    async fn answer_to(address: std::net::SocketAddr, bytes: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(bytes.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let reading = stream.read_to_string(&mut answer);
        tokio::time::timeout(Duration::from_secs(20), reading)
            .await
            .expect("the server does not hang up")
            .unwrap();
        answer
    }

    #[tokio::test]
    async fn whoever_never_ends_a_request_is_hung_up_on() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = Shutdown::default();
        let app = Router::new().route("/", get(|| async { "served" }));
        let head_time = Duration::from_millis(200);
        let server = tokio::spawn(serve(listener, app, head_time, shutdown.clone()));
        let head = "GET / HTTP/1.1\r\nhost: a\r\n";
        for unfinished in ["", "G", head] {
            let answer = answer_to(address, unfinished).await;
            assert!(!answer.contains("served"), "{answer}");
        }
        // A whole request is answered; the idle connection is closed later.
        let answer = answer_to(address, &format!("{head}\r\n")).await;
        assert!(answer.ends_with("served"), "{answer}");
        let answer = answer_to(address, "no HTTP at all\r\n\r\n").await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
        shutdown.trigger();
        server.await.unwrap();
    }
}
