//! A supervised child process: its log, its readiness, its end.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::future::Future;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::sync::watch;

use crate::spawner;

/// How long an end may take before it is forced.
pub const GRACE: Duration = Duration::from_secs(12);
const PROBE_TIMEOUT: Duration = Duration::from_secs(8);
const LOG_TAIL: u64 = 2_000;

/// A user to run as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RunAs {
    /// User id.
    pub uid: u32,
    /// Group id.
    pub gid: u32,
}

/// How a process is started and ended.
#[derive(Debug, Clone)]
pub struct Spec {
    /// Name in messages and of the log file.
    pub name: String,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Its whole environment, apart from `PATH`, `HOME`, `LANG` and `TZ`, which are passed on.
    pub env: BTreeMap<String, OsString>,
    /// Its working folder.
    pub folder: PathBuf,
    /// Standard output and error go here; appended to.
    pub log: PathBuf,
    /// Another user, when we are root and the program refuses to be.
    pub run_as: Option<RunAs>,
    /// The signal that asks it to end.
    pub stop_signal: Signal,
    /// The signal it gets when we die.
    pub death_signal: Signal,
}

impl Spec {
    /// A process that ends by SIGTERM and is killed when we die.
    pub fn new(name: &str, program: impl Into<PathBuf>, folder: &Path, logs: &Path) -> Self {
        Self {
            name: name.to_owned(),
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            folder: folder.to_owned(),
            log: logs.join(format!("{name}.log")),
            run_as: None,
            stop_signal: Signal::SIGTERM,
            death_signal: Signal::SIGKILL,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<S: Into<OsString>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Adds one variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.env.insert(name.to_owned(), value.into());
        self
    }

    fn command(&self) -> Result<Command> {
        let log = open_log(&self.log)?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .env_clear()
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        for name in ["PATH", "HOME", "LANG", "TZ"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        command.envs(&self.env);
        if let Some(user) = self.run_as {
            command.gid(user.gid).uid(user.uid);
        }
        Ok(command)
    }
}

/// A running (or ended) child. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: Pid,
    log: PathBuf,
    stop_signal: Signal,
    death_signal: Signal,
    ended: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// When the program cannot be started or its log cannot be written.
    pub fn spawn(spec: &Spec) -> Result<Self> {
        let mut child = spawner::spawn(spec.command()?, spec.death_signal)
            .with_context(|| format!("{}: cannot start {}", spec.name, spec.program.display()))?;
        let pid = Pid::from_raw(i32::try_from(child.id()).context("process id")?);
        let (tell, ended) = watch::channel(None);
        std::thread::spawn(move || {
            // An error here means that somebody else has reaped the child: it is gone in any case.
            let status = child.wait().unwrap_or_else(|_| ExitStatus::from_raw(0));
            tell.send_replace(Some(status));
        });
        Ok(Self {
            name: spec.name.clone(),
            pid,
            log: spec.log.clone(),
            stop_signal: spec.stop_signal,
            death_signal: spec.death_signal,
            ended,
        })
    }

    /// Process id.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw().unsigned_abs()
    }

    /// How it ended, if it did.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        *self.ended.borrow()
    }

    /// Waits for its end.
    pub async fn wait(&self) -> ExitStatus {
        let mut ended = self.ended.clone();
        match ended.wait_for(Option::is_some).await {
            Ok(status) => status.unwrap_or_default(),
            Err(_) => ExitStatus::default(),
        }
    }

    /// Polls `probe` until it succeeds. Fails at `deadline`, or at once when the process ends.
    ///
    /// # Errors
    /// With the probe's last words and the end of the log.
    pub async fn ready<F, Fut>(&self, deadline: Duration, mut probe: F) -> Result<()>
    where
        F: FnMut() -> Fut,
        Fut: Future<Output = Result<()>>,
    {
        let give_up = Instant::now() + deadline;
        let mut pause = Duration::from_millis(10);
        loop {
            let last = match tokio::time::timeout(PROBE_TIMEOUT, probe()).await {
                Ok(Ok(())) => return Ok(()),
                Ok(Err(error)) => format!("{error:#}"),
                Err(_) => "no answer in time".to_owned(),
            };
            if let Some(status) = self.exit_status() {
                bail!(
                    "{} ended before it was ready ({status}); its log, {}, ends with:\n{}",
                    self.name,
                    self.log.display(),
                    self.log_tail()
                );
            }
            if Instant::now() >= give_up {
                bail!(
                    "{} was not ready after {} s ({last}); its log, {}, ends with:\n{}",
                    self.name,
                    deadline.as_secs(),
                    self.log.display(),
                    self.log_tail()
                );
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = self.wait() => {}
            }
            pause = (pause * 2).min(Duration::from_millis(100));
        }
    }

    /// Asks it to end, waits for `grace`, then kills it.
    pub async fn stop(&self, grace: Duration) {
        self.signal(self.stop_signal);
        // A paused process has to run to end itself.
        self.signal(Signal::SIGCONT);
        if tokio::time::timeout(grace, self.wait()).await.is_err() {
            self.kill9();
            self.wait().await;
        }
        self.kill_group();
    }

    /// SIGKILL, to it and to all it has started.
    pub fn kill9(&self) {
        self.kill_group();
        self.signal(Signal::SIGKILL);
    }

    /// SIGSTOP: alive and silent.
    pub fn pause(&self) {
        self.signal(Signal::SIGSTOP);
    }

    /// SIGCONT.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        tail(&self.log).unwrap_or_else(|error| format!("(no log: {error})"))
    }

    fn signal(&self, signal: Signal) {
        if self.exit_status().is_none() {
            // It may end in between; then there is nobody to signal.
            let _ = kill(self.pid, signal);
        }
    }

    fn kill_group(&self) {
        // Fails when nobody of the group is left.
        let _ = killpg(self.pid, Signal::SIGKILL);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.exit_status().is_some() {
            return;
        }
        if self.death_signal != Signal::SIGKILL {
            // It has children outside of its group that it ends itself, given a moment.
            self.signal(self.death_signal);
            self.signal(Signal::SIGCONT);
            let give_up = Instant::now() + Duration::from_secs(3);
            while self.exit_status().is_none() && Instant::now() < give_up {
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        if self.exit_status().is_none() {
            self.kill9();
        }
    }
}

fn open_log(path: &Path) -> Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .with_context(|| format!("log file {}", path.display()))
}

fn tail(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_TAIL)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(12)..].join("\n"))
}

#[cfg(test)]
#[path = "process_tests.rs"]
mod tests;
