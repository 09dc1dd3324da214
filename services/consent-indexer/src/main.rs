//! # consent-indexer
//!
//! Projects the events of the consent registry, and of the registries of organisations and practitioners, into Postgres
//! and serves them. A row is served only while the canonical
//! chain backs it and the head was confirmed recently; otherwise the answer is 503.
//!
//! Follow an event: [`chain::node`] → [`chain::verify`] → [`chain::stream`] → [`projection::fold`] →
//! [`projection::apply`] → outbox → `consent.events.v1`. Readers: [`query`].

mod chain;
mod config;
mod head;
mod ingest;
mod projection;
mod query;
mod routes;
mod row;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use service_kit::command::{self, Documents};
use service_kit::{Readiness, Shutdown, bus, http_client, outbox, server};
use time::OffsetDateTime;

use crate::config::Config;
use crate::query::{App, Shared};

fn main() -> ExitCode {
    let documents = Documents {
        openapi: routes::openapi,
        events: projection::emit::schemas,
    };
    command::run("consent-indexer", documents, serve)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let shutdown = Shutdown::on_signals()?;
    let pool = config.pool()?;
    let head = head::Head::default();
    let followed = config.followed();
    let chain_timeout = Duration::from_millis(config.chain_timeout_ms);
    let node = chain::node::Node::new(config.chain_rpc_url.clone(), followed, chain_timeout)?;
    let node = Arc::new(node);
    let ingest = ingest::Ingest {
        pool: pool.clone(),
        node: node.clone(),
        head: head.clone(),
        chain_id: config.chain_id,
        finality: config.finality,
        ring_blocks: config.ring_blocks,
        poll_interval: Duration::from_millis(config.poll_interval_ms),
        clock: OffsetDateTime::now_utc,
    };
    let http = http_client::build(Duration::from_secs(3))?;
    let app: Shared = Arc::new(App {
        tokens: config.issuer.check(&http)?,
        pool: pool.clone(),
        node,
        head,
        finality: config.finality,
        max_head_age: Duration::from_secs(config.max_head_age),
        chain_id: config.chain_id,
        followed,
    });
    let producer = bus::Producer::new(&config.kafka_brokers, "consent-indexer")?;
    app.tokens.follow(&shutdown, OffsetDateTime::now_utc);
    shutdown.spawn("ingest", ingest.run(shutdown.clone()));
    shutdown.spawn(
        "outbox relay",
        outbox::relay(pool, producer, shutdown.clone()),
    );
    server::run(
        &config.server,
        routes::router(app.clone()),
        readiness(app),
        shutdown,
    )
    .await
}

/// What must work before rows can be served. The bus is not among it: an outage there delays events, and
/// `/v1/changes` serves the same sequence.
fn readiness(app: Shared) -> Readiness {
    let readiness = Readiness::default();
    let state = app.clone();
    readiness.add("postgres", move || {
        let pool = state.pool.clone();
        async move {
            pool.acquire()
                .await
                .map(drop)
                .map_err(|_| "unreachable".to_owned())
        }
    });
    let state = app.clone();
    readiness.add("chain", move || {
        let view = state.head.view();
        let fresh = view
            .fresh(OffsetDateTime::now_utc(), state.max_head_age)
            .is_some();
        async move {
            if fresh {
                Ok(())
            } else {
                Err(view
                    .trouble
                    .unwrap_or_else(|| "head not confirmed".to_owned()))
            }
        }
    });
    let state = app.clone();
    readiness.add("ingest", move || {
        let halted = state.head.view().halted;
        async move { halted.map_or(Ok(()), |reason| Err(format!("halted: {reason}"))) }
    });
    app.tokens.needed(&readiness, OffsetDateTime::now_utc);
    readiness
}
