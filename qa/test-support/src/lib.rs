//! What tests of several services need: a database of their own, an issuer's feed of revocations, processes that do not
//! outlive them, conditions that are waited for, and a person at a browser.

pub mod browser;
mod database;
mod event_schema;
mod feed;
pub mod person;

use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::Child;
use std::time::{Duration, Instant};

pub use database::Database;
pub use event_schema::EventSchema;
pub use feed::Feed;

/// How long a condition may take to come true on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

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
    let port = local_stack::ports::any_free().expect("a free port");
    (Ipv4Addr::LOCALHOST, port).into()
}

/// A file with the private key of the service under test, as a client of its issuer.
pub fn client_key_file() -> tempfile::NamedTempFile {
    let key = p256::SecretKey::from_slice(&[8; 32]).expect("a key");
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), key.to_jwk_string().as_bytes()).expect("a temporary file");
    file
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
