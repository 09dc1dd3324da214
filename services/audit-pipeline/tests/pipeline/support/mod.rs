//! What every test needs: its own corner of the real components, and a service to run there.

pub mod bench;
pub mod fault_proxy;
pub mod records;
pub mod service;
pub mod tokens;

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

pub use bench::Bench;
pub use service::Service;

/// Far longer than anything takes; reaching it is a failure.
const DEADLINE: Duration = Duration::from_secs(60);

/// Awaits a condition; panics with the last reason why it did not hold.
pub async fn eventually<T, F, Fut>(what: &str, mut condition: F) -> T
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<T, String>>,
{
    let started = Instant::now();
    loop {
        match condition().await {
            Ok(value) => return value,
            Err(why) if started.elapsed() > DEADLINE => panic!("{what}: {why}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

/// The value of a variable that `scripts/test` sets.
pub fn given(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!(
            "{variable} is not set. These tests need a real Kafka and a real S3 store with Object \
             Lock; scripts/test starts both and sets it."
        )
    })
}
