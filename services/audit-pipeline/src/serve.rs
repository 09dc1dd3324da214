//! Puts the service together.

use std::sync::{Arc, RwLock};
use std::time::Duration;

use anyhow::Context as _;
use audit_core::pseudonym::PseudonymKey;
use service_kit::{Readiness, Shutdown, http_client, server, telemetry};

use crate::Clock;
use crate::archive::{Limits, Store};
use crate::config::Config;
use crate::ingest::consumer::BusConfig;
use crate::ingest::poison::DeadLetters;
use crate::ingest::{Ingest, Rules};
use crate::query::{Index, Reader};
use crate::routes::{self, AppState};
use crate::status::Status;

/// Serves and archives until the process is told to stop.
///
/// # Errors
/// When a file cannot be read, an address is taken or a client cannot be made.
pub async fn run(config: Config, clock: Clock) -> anyhow::Result<()> {
    // First, so that nothing is counted before there is something to count with.
    telemetry::metrics_handle()?;
    let pseudonyms = read_pseudonym_key(&config)?;
    let store = Store::new(&config.bucket);
    let index = Arc::new(RwLock::new(Index::default()));
    let status = Status::default();
    let shutdown = Shutdown::on_signals()?;

    let ingest = Ingest {
        bus: BusConfig {
            brokers: config.kafka_brokers.clone(),
            topic: config.topic.clone(),
            group: config.group.clone(),
            session_timeout_ms: config.session_timeout_ms,
        },
        store: store.clone(),
        index: Arc::clone(&index),
        status: status.clone(),
        rules: Rules {
            limits: Limits {
                records: config.flush_records,
                bytes: config.flush_bytes,
            },
            flush_after: config.flush_after(),
            retention: config.retention_days.duration(),
        },
        clock,
    };
    let http = http_client::build(Duration::from_secs(2))?;
    let tokens = config.issuer.check(&http)?;
    let readiness = readiness(&config, &store, &status)?;
    tokens.needed(&readiness, clock);
    tokens.follow(&shutdown, clock);
    let state = AppState {
        index,
        reader: Reader::new(store),
        pseudonyms,
        tokens,
        status,
        clock,
    };
    shutdown.spawn("ingest", ingest.run(shutdown.clone()));
    server::run(&config.server, routes::router(state), readiness, shutdown).await
}

fn read_pseudonym_key(config: &Config) -> anyhow::Result<PseudonymKey> {
    let path = &config.pseudonym_key_file;
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {} (PSEUDONYM_KEY_FILE)", path.display()))?;
    PseudonymKey::from_hex(&text)
        .with_context(|| format!("{} (PSEUDONYM_KEY_FILE)", path.display()))
}

fn readiness(config: &Config, store: &Store, status: &Status) -> anyhow::Result<Readiness> {
    let readiness = Readiness::default();
    let bus = DeadLetters::new(&config.kafka_brokers, &config.topic)?;
    readiness.add("kafka", move || {
        let bus = bus.clone();
        async move { bus.check().await }
    });
    let store = store.clone();
    readiness.add("s3", move || {
        let store = store.clone();
        async move {
            store
                .check_bucket()
                .await
                .map_err(|error| error.to_string())
        }
    });
    let status = status.clone();
    readiness.add("archive", move || {
        let status = status.clone();
        async move { status.ready() }
    });
    Ok(readiness)
}
