//! Soft, then hard: on SIGTERM or SIGINT new work stops, what is under way gets a bounded time.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long work under way may go on after the signal.
pub const GRACE: Duration = Duration::from_secs(10);

/// A shared stop signal and the list of background tasks that must end before the process does.
#[derive(Clone, Default)]
pub struct Shutdown {
    token: CancellationToken,
    tasks: TaskTracker,
}

impl Shutdown {
    /// A signal that fires on SIGTERM or SIGINT.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::default();
        let mut term = signal(SignalKind::terminate())?;
        let mut int = signal(SignalKind::interrupt())?;
        let token = shutdown.token.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = term.recv() => {}
                _ = int.recv() => {}
            }
            tracing::info!("stopping");
            token.cancel();
        });
        Ok(shutdown)
    }

    /// Fires the signal from within, for example because a background task failed for good.
    pub fn trigger(&self) {
        self.token.cancel();
    }

    /// True once the signal has fired.
    pub fn is_triggered(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits for the signal.
    pub async fn triggered(&self) {
        self.token.cancelled().await;
    }

    /// Waits for `duration` or the signal; true when the signal fired.
    pub async fn sleep(&self, duration: Duration) -> bool {
        tokio::select! {
            () = self.token.cancelled() => true,
            () = tokio::time::sleep(duration) => false,
        }
    }

    /// Starts a background task that [`Shutdown::finished`] waits for. The task must watch the
    /// signal itself. Should it fail, the whole service stops: half a service is a wrong service.
    pub fn spawn<F>(&self, name: &'static str, task: F)
    where
        F: Future<Output = anyhow::Result<()>> + Send + 'static,
    {
        let token = self.token.clone();
        self.tasks.spawn(async move {
            if let Err(error) = task.await {
                tracing::error!(
                    task = name,
                    error = format!("{error:#}"),
                    "a background task failed"
                );
                token.cancel();
            }
        });
    }

    /// Waits until every background task has ended, at most [`GRACE`].
    pub async fn finished(&self) {
        self.tasks.close();
        if tokio::time::timeout(GRACE, self.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("some background tasks did not end in time and are abandoned");
        }
    }
}
