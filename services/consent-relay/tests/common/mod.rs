//! The real things a test needs: a chain, a database of its own, the relay's process; and neighbours that can be down.
#![allow(dead_code, unused_imports)] // each test file uses its own part

pub mod anvil;
pub mod database;
pub mod neighbours;
pub mod relay;
pub mod sign;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Child;
use std::time::{Duration, Instant};

pub use anvil::Anvil;
pub use database::Database;
pub use neighbours::Neighbours;
pub use relay::{Relay, Reply, Settings};
pub use sign::{Patient, bound};

/// How long a condition may take to come true on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A chain with the contracts, a database and neighbours; the relay is started by the test.
pub struct World {
    pub anvil: Anvil,
    pub database: Database,
    pub neighbours: Neighbours,
}

impl World {
    pub async fn new(args: &[&str]) -> Self {
        let (anvil, database, neighbours) =
            tokio::join!(Anvil::start(args), Database::create(), Neighbours::start());
        anvil.deploy().await;
        anvil.fund(relay::account()).await;
        Self {
            anvil,
            database,
            neighbours,
        }
    }

    pub fn settings(&self) -> Settings {
        Settings::new(&self.anvil.url, &self.database, &self.neighbours)
    }

    pub async fn relay(&self) -> Relay {
        Relay::start(&self.settings()).await
    }
}

/// Waits until a condition holds; fails naming it.
pub async fn until<F: Future<Output = bool>>(what: &str, mut condition: impl FnMut() -> F) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < PATIENCE, "waited too long for {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// A variable that `scripts/test` sets. Without it a test would prove nothing, so it fails.
pub fn required(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set; run the tests by scripts/test, which sets it")
    })
}

/// An address nobody listens on right now.
pub fn free_address() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, local_stack::ports::any_free().unwrap()).into()
}

/// A child process that does not outlive its test.
pub struct Process(pub Child);

impl Process {
    /// SIGKILL, and gone when this returns.
    pub fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}
