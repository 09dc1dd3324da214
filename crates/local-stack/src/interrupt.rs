//! Waiting to be told to end.

use tokio::signal::unix::{SignalKind, signal};

/// Returns when this process gets SIGINT (Ctrl-C), SIGTERM or SIGHUP, and from then on every time again.
pub async fn interrupted() {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let waits = kinds.into_iter().map(|kind| {
        Box::pin(async move {
            match signal(kind) {
                Ok(mut signals) => {
                    signals.recv().await;
                }
                // Cannot be listened to: then its default action ends us, and with us all children.
                Err(_) => std::future::pending().await,
            }
        })
    });
    futures::future::select_all(waits).await;
}
