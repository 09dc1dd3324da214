//! Starts the whole system natively on this machine: the real components on private ports and in
//! private folders, our services against them, and the data they need. The demo, the end-to-end tests
//! and the benchmarks all use this crate; there is no second way to start the system.
//!
//! ```no_run
//! # async fn f() -> Result<(), local_stack::Error> {
//! use local_stack::{Options, Progress, Stack, Style};
//!
//! let progress = Progress::stderr(Style::Lines);
//! let stack = Stack::start(Options::default(), &progress).await?;
//! println!("the gateway is at {}", stack.endpoints().gateway);
//! stack.component("kafka")?.stop().await;   // faults: stop, start, kill9, pause, resume
//! stack.stop().await;
//! # Ok(()) }
//! ```
//!
//! * [`layout`]: `infra/stack.toml`, the one place of names, ports and variables.
//! * [`setup`]: prerequisites, downloads, builds. Idempotent.
//! * [`component`]: chain, PostgreSQL, Kafka, S3, FHIR.
//! * [`service`]: our services.
//! * [`seed`]: contract, coins, bucket, clients, organisations, patients.
//! * [`options`], [`stack`]: all of it, in the order of needs.
//! * [`compose`]: keys and passwords for docker-compose.yml, the same system from images.
//! * [`endpoints`]: what a running stack tells its callers.
//! * [`unit`], [`process`], [`spawner`]: supervision. Every child ends with its parent, however that ends.

pub mod component;
pub mod compose;
pub mod endpoints;
mod error;
pub mod folders;
pub mod interrupt;
pub mod layout;
pub mod options;
mod parts;
pub mod ports;
pub mod probe;
pub mod process;
pub mod progress;
pub mod secrets;
pub mod seed;
pub mod service;
pub mod setup;
pub mod spawner;
pub mod stack;
pub mod stamp;
mod start;
pub mod topics;
pub mod unit;

pub use endpoints::Endpoints;
pub use error::Error;
pub use layout::Layout;
pub use options::{Fhir, Options, Services};
pub use progress::{Progress, Style};
pub use service::Overrides;
pub use setup::KafkaChoice;
pub use stack::Stack;
pub use unit::Unit;
