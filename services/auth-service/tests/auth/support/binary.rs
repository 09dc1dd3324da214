//! The real binary on a port of its own.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Setup;

/// Ends the service with the test.
pub struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Listens on this port in place of the setup's, for metrics on another.
pub fn listen(setup: &mut Setup, port: u16) {
    setup.variables.retain(|(name, _)| name != "LISTEN");
    setup
        .variables
        .push(("LISTEN".into(), format!("127.0.0.1:{port}")));
}

/// A service that is ready.
pub async fn start(setup: &Setup, port: u16) -> Running {
    let running = Command::new(env!("CARGO_BIN_EXE_auth-service"))
        .env_clear()
        .envs(setup.variables.iter().cloned())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running(running);
    let ready = format!("http://127.0.0.1:{port}/health/ready");
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match reqwest::get(&ready).await {
            Ok(response) if response.status() == 200 => return running,
            _ if Instant::now() > deadline => panic!("not ready in time"),
            _ => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}
