//! A component or service that can be stopped, started, paused and killed while the stack runs.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::sync::Mutex;

use crate::probe::Probe;
use crate::process::{GRACE, Process, Spec};

/// A process and how to tell that it is ready.
#[derive(Debug, Clone)]
pub struct Launch {
    /// The process.
    pub spec: Spec,
    /// What answers when it is ready.
    pub probe: Probe,
    /// How long that may take.
    pub deadline: Duration,
}

impl Launch {
    /// Starts the process and waits until it is ready.
    ///
    /// # Errors
    /// When it ends, or is not ready in time.
    pub async fn start(&self) -> Result<Process> {
        let process = Process::spawn(&self.spec)?;
        process.ready(self.deadline, || self.probe.ask()).await?;
        Ok(process)
    }
}

/// A part of the running stack. Cheap to clone; all clones steer the same process.
///
/// Some parts have processes behind the one that is spoken to (the object store's monitor and
/// storage daemon); those run until the stack ends, so that stopping and starting the front loses
/// nothing.
#[derive(Debug, Clone)]
pub struct Unit(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    name: String,
    address: String,
    launch: Launch,
    front: Mutex<Option<Process>>,
    behind: Mutex<Vec<Process>>,
}

impl Unit {
    /// A part that runs already.
    pub fn running(
        name: &str,
        address: String,
        launch: Launch,
        front: Process,
        behind: Vec<Process>,
    ) -> Self {
        Self(Arc::new(Inner {
            name: name.to_owned(),
            address,
            launch,
            front: Mutex::new(Some(front)),
            behind: Mutex::new(behind),
        }))
    }

    /// Starts a part that is one process.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn launch(name: &str, address: String, launch: Launch) -> Result<Self> {
        let front = launch.start().await?;
        Ok(Self::running(name, address, launch, front, Vec::new()))
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// `host:port`.
    pub fn address(&self) -> &str {
        &self.0.address
    }

    /// `http://host:port`.
    pub fn url(&self) -> String {
        format!("http://{}", self.0.address)
    }

    /// Its log.
    pub fn log(&self) -> &Path {
        &self.0.launch.spec.log
    }

    /// A variable of its environment.
    pub fn env(&self, name: &str) -> Option<String> {
        self.0
            .launch
            .spec
            .env
            .get(name)?
            .to_str()
            .map(str::to_owned)
    }

    /// A folder named by a variable of its environment.
    pub fn folder(&self, variable: &str) -> Option<PathBuf> {
        self.env(variable).map(PathBuf::from)
    }

    /// Its process id while it runs.
    pub async fn pid(&self) -> Option<u32> {
        let front = self.0.front.lock().await;
        front
            .as_ref()
            .filter(|process| process.exit_status().is_none())
            .map(Process::pid)
    }

    /// Whether its process runs (paused counts).
    pub async fn is_running(&self) -> bool {
        self.pid().await.is_some()
    }

    /// Asks it to end and waits for that; forced after some seconds. Does nothing when it is down.
    pub async fn stop(&self) {
        if let Some(process) = self.0.front.lock().await.take() {
            process.stop(GRACE).await;
        }
    }

    /// Starts it again as it was and waits until it is ready. Does nothing when it runs.
    ///
    /// # Errors
    /// When it does not become ready.
    pub async fn start(&self) -> Result<()> {
        let mut front = self.0.front.lock().await;
        if front
            .as_ref()
            .is_some_and(|process| process.exit_status().is_none())
        {
            return Ok(());
        }
        *front = Some(self.0.launch.start().await?);
        Ok(())
    }

    /// Starts it without waiting for readiness, for a test in which it cannot become ready.
    ///
    /// # Errors
    /// When it runs already or cannot be started.
    pub async fn start_unready(&self) -> Result<()> {
        let mut front = self.0.front.lock().await;
        if front
            .as_ref()
            .is_some_and(|process| process.exit_status().is_none())
        {
            bail!("{} runs already", self.0.name);
        }
        *front = Some(Process::spawn(&self.0.launch.spec)?);
        Ok(())
    }

    /// Waits until it is ready.
    ///
    /// # Errors
    /// When it is down, ends, or is not ready in time.
    pub async fn ready(&self) -> Result<()> {
        let front = self.0.front.lock().await;
        let process = front
            .as_ref()
            .with_context(|| format!("{} is down", self.0.name))?;
        process
            .ready(self.0.launch.deadline, || self.0.launch.probe.ask())
            .await
    }

    /// Stop, then start.
    ///
    /// # Errors
    /// When it does not become ready again.
    pub async fn restart(&self) -> Result<()> {
        self.stop().await;
        self.start().await
    }

    /// SIGKILL; returns when the process is gone.
    pub async fn kill9(&self) {
        if let Some(process) = self.0.front.lock().await.take() {
            process.kill9();
            process.wait().await;
        }
    }

    /// SIGSTOP: its connections stay open and nothing answers.
    pub async fn pause(&self) {
        if let Some(process) = self.0.front.lock().await.as_ref() {
            process.pause();
        }
    }

    /// SIGCONT.
    pub async fn resume(&self) {
        if let Some(process) = self.0.front.lock().await.as_ref() {
            process.resume();
        }
    }

    /// Waits for its process to end by itself. Returns at once when it is down.
    pub async fn ended(&self) {
        // Not held while waiting, so that others may stop it meanwhile.
        loop {
            if !self.is_running().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    }

    /// Kills it and what is behind it, without waiting, though others may still hold a handle.
    pub(crate) fn abandon(&self) {
        // Somebody who holds a lock is about to end or start it, and owns the process meanwhile.
        if let Ok(mut front) = self.0.front.try_lock() {
            front.take();
        }
        if let Ok(mut behind) = self.0.behind.try_lock() {
            behind.clear();
        }
    }

    /// Ends it and what is behind it.
    pub async fn shut_down(&self) {
        self.stop().await;
        for process in self.0.behind.lock().await.drain(..).rev() {
            process.stop(Duration::from_secs(3)).await;
        }
    }
}
