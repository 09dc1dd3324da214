//! What every Consentry service has in common and no reader should have to learn twice:
//! configuration, logs and metrics, health, error bodies, correlation, start and stop,
//! the check of callers' tokens, calls to one another, the message bus and the transactional outbox.
//!
//! It holds no domain nouns: nothing here knows what a consent is.
//!
//! A service is wired like this:
//!
//! ```ignore
//! fn main() -> ExitCode {
//!     let documents = Documents { openapi: routes::openapi, events: Vec::new };
//!     service_kit::command::run("my-service", documents, |config: Config| async move {
//!         let readiness = Readiness::default();
//!         let shutdown = Shutdown::on_signals()?;
//!         server::run(&config.server, routes::router(state), readiness, shutdown).await
//!     })
//! }
//! ```

pub mod bus;
pub mod command;
mod connections;
pub mod correlation;
pub mod event_schema;
pub mod extract;
pub mod health;
pub mod http_client;
pub mod issuer;
pub mod outbox;
pub mod peer;
pub mod problem;
pub mod server;
pub mod shutdown;
pub mod telemetry;

pub use correlation::CorrId;
pub use health::Readiness;
pub use problem::Problem;
pub use server::ServerConfig;
pub use shutdown::Shutdown;
